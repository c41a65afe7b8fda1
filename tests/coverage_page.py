"""`docs/api-coverage.md`: every endpoint of the API, and where this project has it.

    python -m tests.coverage_page --write

The provider's own list of endpoints, one row each. `tests/test_coverage_page.py` holds the page to
this table, and the table to the tasks, flows, routes and tests that it names.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api-coverage.md"

TEXT_FLOWS = ("text_to_image", "text_to_video", "content_batch")
IMAGE_FLOWS = ("text_to_image", "text_to_video", "content_batch", "fan_out")
VIDEO_FLOWS = ("text_to_video", "image_to_video", "content_batch", "fan_out")
RESULT_FLOWS = ("text_to_video", "content_batch", "rescue")
ASSET_FLOWS = ("text_to_video", "content_batch", "assets")

EVERY_MODEL = "tests/flows/test_every_model.py"
SPEECH = "tests/flows/test_speech_run.py"
TALKING = "tests/flows/test_talking_head_run.py"
SANDBOX = "tests/sandbox/test_every_endpoint.py"
DIALECTS = "tests/globalaiopc/test_dialects.py"
SDKS = "tests/sandbox/test_real_sdks.py"
EQUAL = "tests/sandbox/test_client_equals_sdks.py"
ONE_JOB = "tests/tasks/test_every_endpoint.py"


@dataclass(frozen=True)
class Row:
    """One endpoint. `path` is as the provider writes it, after the base of its host."""

    number: int
    area: str
    method: str
    path: str
    host: str
    task: str
    flows: tuple[str, ...]
    tests: tuple[str, ...]


def _text(number: int, path: str, task: str, *tests: str) -> Row:
    return Row(number, "text", "POST", path, "text", task, TEXT_FLOWS, (*tests, EQUAL, EVERY_MODEL))


def _media(number: int, area: str, path: str, task: str, flows: tuple[str, ...]) -> Row:
    run = {"talking_head": TALKING, "speech": SPEECH}.get(flows[0], EVERY_MODEL)
    tests = (SANDBOX, DIALECTS, ONE_JOB, run)
    return Row(number, area, "POST", path, "media", task, flows, tests)


def _asset(number: int, method: str, path: str, task: str) -> Row:
    tests = (
        "tests/globalaiopc/test_assets.py",
        "tests/sandbox/test_assets.py",
        "tests/tasks/test_assets.py",
        "tests/flows/test_assets_run.py",
    )
    flows = ("assets",) if method == "DELETE" else ASSET_FLOWS
    return Row(number, "asset", method, path, "media", task, flows, tests)


GEMINI = "tests/sandbox/test_gemini.py"

ROWS = (
    _text(1, "/v1/chat/completions", "chat_completions", SDKS),
    _text(2, "/v1/messages", "messages", SDKS),
    _text(3, "/v1/responses", "responses", SDKS),
    _text(4, "/v1/models/{model}:generateContent", "generate_content", GEMINI),
    _text(5, "/v1/models/{model}:streamGenerateContent", "stream_generate_content", GEMINI),
    _media(6, "image", "/v1/banana/images", "nano_banana", IMAGE_FLOWS),
    _media(7, "image", "/v1/image2/images", "gpt_image_2", IMAGE_FLOWS),
    _media(8, "video", "/v1/sora/videos", "sora", VIDEO_FLOWS),
    _media(9, "video", "/v1/veo/videos", "veo", VIDEO_FLOWS),
    _media(10, "video", "/v1/seedance/videos", "seedance_1_5", VIDEO_FLOWS),
    _media(11, "video", "/v1/kyyvideo2/videos", "seedance_2_0", VIDEO_FLOWS),
    _media(12, "video", "/v1/seedance-x1/videos", "seedance_x1", VIDEO_FLOWS),
    _media(13, "video", "/v1/seedance-special/videos", "seedance_special", VIDEO_FLOWS),
    _media(14, "video", "/v1/seedance-discount/videos", "seedance_discount", VIDEO_FLOWS),
    _media(15, "video", "/v1/vidu/videos", "vidu", VIDEO_FLOWS),
    _media(16, "video", "/v1/grok/videos", "grok", VIDEO_FLOWS),
    _media(17, "video", "/v1/starvideos/videos", "starvideos", VIDEO_FLOWS),
    _media(18, "video", "/v1/videos/videos", "videos", VIDEO_FLOWS),
    _media(19, "video", "/v1/sd2_manxue/videos", "sd2_manxue", VIDEO_FLOWS),
    _media(20, "video", "/v1/luxvid-video/videos", "luxvid", VIDEO_FLOWS),
    _media(21, "video", "/v1/omni-flash/videos", "omni_flash", VIDEO_FLOWS),
    _media(22, "video", "/v1/happyhorse-t2v/videos", "happyhorse_t2v", VIDEO_FLOWS),
    _media(23, "video", "/v1/happyhorse-i2v/videos", "happyhorse_i2v", VIDEO_FLOWS),
    _media(24, "video", "/v1/happyhorse-r2v/videos", "happyhorse_r2v", VIDEO_FLOWS),
    _media(25, "video", "/v1/happyhorse-edit/videos", "happyhorse_edit", VIDEO_FLOWS),
    _media(26, "lip-sync", "/v1/digitalHuman/videos", "digital_human", ("talking_head",)),
    _media(27, "voice", "/v1/soundCloning/clones", "voice_clone", ("speech", "talking_head")),
    _media(28, "voice", "/v1/soundCloning/audios", "speech", ("speech", "talking_head")),
    Row(29, "result", "GET", "/v1/result/{id}", "media", "result", RESULT_FLOWS, (SANDBOX,)),
    _media(30, "video, image", "/v2/model-center/tasks", "model_center", VIDEO_FLOWS),
    Row(
        31,
        "result",
        "GET",
        "/v2/model-center/tasks/{id}",
        "media",
        "result",
        RESULT_FLOWS,
        (SANDBOX,),
    ),
    _asset(32, "POST", "/kyyVideo2/asset/upload", "asset_upload"),
    _asset(33, "GET", "/kyyVideo2/asset/{assetId}", "asset_status"),
    _asset(34, "DELETE", "/kyyVideo2/asset/{assetId}", "asset_delete"),
    # The documents name an asset list and no path of it: the bucket's own notes are listed.
    Row(
        35, "asset", "", "", "media", "asset_list", ("assets",), ("tests/flows/test_assets_run.py",)
    ),
    _asset(36, "POST", "/asset/sd2Manxue/assetUpload", "asset_upload"),
    _asset(37, "POST", "/asset/sd2Manxue/assetStatus", "asset_status"),
    _asset(38, "POST", "/asset/seedance2/assetUpload", "asset_upload"),
    _asset(39, "POST", "/asset/seedance2/assetDetail", "asset_status"),
)

HEAD = """\
# Every endpoint of the API, and where it is here

All endpoints that the provider documents, or that integrators have seen. A model is chosen by its
name in any flow (see [the table of models](models.md)); `endpoint/model` names the endpoint as
well. This page is written by `python -m tests.coverage_page --write`; a test holds it to the code.

The result calls are asked by every task that waits; `rescue` asks them for what was left behind.

| # | area | endpoint | Prefect task | flows | stand-in's route | tests |
| --- | --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The page's text."""
    return HEAD + "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    for row in ROWS:
        if row.path:
            endpoint = route = f"`{row.method} {row.path}`"
            route = f"{row.host} host"
            task = f"`{row.task}`"
        else:
            endpoint = "asset list: named in the documents, its path is not"
            route = "none: nobody has seen it"
            task = "the notes in the bucket: `tasks.assets.known_assets`"
        flows = ", ".join(f"`{flow}`" for flow in row.flows)
        tests = ", ".join(f"[{_short(test)}](../{test})" for test in row.tests)
        cells = (str(row.number), row.area, endpoint, task, flows, route, tests)
        yield f"| {' | '.join(cells)} |"


def _short(test: str) -> str:
    return Path(test).stem.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
