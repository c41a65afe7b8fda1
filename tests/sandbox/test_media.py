"""The files: what they are, that they start from their reference, and the links they lie behind."""

from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageOps

from sandbox import films
from sandbox.films import Film
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.running import FAST, Running, difference, frames_of


def _png(size: tuple[int, int], kind: str = "PNG") -> bytes:
    # Something with edges everywhere, so that a wrong crop or a wrong scale would show.
    image = Image.effect_mandelbrot((1280, 720), (-2, -1, 1, 1), 60).convert("RGB")
    out = BytesIO()
    ImageOps.fit(image, size).save(out, kind)
    return out.getvalue()


def _download(box: Running, task: dict[str, str]) -> httpx.Response:
    return box.plain.get(task.get("image_url") or task["video_url"])


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [
        ("16:9", "1k", (1376, 768)),
        ("9:16", "1k", (768, 1376)),
        ("1:1", "1k", (1024, 1024)),
        ("21:9", "2k", (3168, 1344)),
    ],
)
def test_images_are_png_of_the_model_s_own_size(
    box: Running, ratio: str, resolution: str, size: tuple[int, int]
) -> None:
    answer = _download(box, box.finished(box.image(size=ratio, resolution=resolution)))

    assert answer.headers["content-type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", size)
        assert len(image.getcolors(1 << 24) or []) > 1000  # a picture, not a blank


@pytest.mark.parametrize(("size", "seconds"), [("1280x720", 4), ("720x1280", 8)])
def test_a_video_starts_as_its_reference_and_moves_for_exactly_its_length(
    box: Running, host: ReferenceHost, size: str, seconds: int
) -> None:
    width, height = map(int, size.split("x"))
    png = _png((width, height))
    url = host.put("ref.png", png)
    answer = _download(box, box.finished(box.video(size=size, duration=seconds, image_urls=[url])))

    frames = frames_of(answer.content)

    assert (len(frames), frames[0].size) == (24 * seconds, (width, height))
    with Image.open(BytesIO(png)) as reference:
        first, last = difference(frames[0], reference), difference(frames[-1], reference)
    assert first < 4
    assert last > 3 * first
    assert host.asked == ["/ref.png"]


def test_a_video_without_a_reference_is_painted_and_its_words_come_later(box: Running) -> None:
    frames = frames_of(_download(box, box.finished(box.video())).content)

    corner = (30, 30, 330, 90)
    early, late = frames[6].crop(corner), frames[-1].crop(corner)
    assert max(early.convert("L").getextrema()) < 200 < max(late.convert("L").getextrema())


def test_a_prompt_that_no_font_can_draw_still_makes_a_picture(box: Running) -> None:
    answer = _download(box, box.finished(box.image(prompt="夜雨中的江南古镇")))
    with Image.open(BytesIO(answer.content)) as image:
        image.load()


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (404, "HTTP 404"),
        (403, "HTTP 403"),
        (b"<html>no image</html>", "not a readable image"),
        (_png((1280, 720))[:5000], "not a readable image"),
        (_png((1376, 768)), "1376x768"),
        (_png((720, 1280)), "720x1280"),
    ],
)
def test_a_reference_that_cannot_be_used_fails_the_job_and_is_not_charged(
    box: Running, host: ReferenceHost, what: bytes | int, reason: str
) -> None:
    task = box.finished(box.video(image_urls=[host.put("ref", what)]))

    assert task["status"] == "failed"
    assert reason in task["error"]
    assert task["amount"] is None
    job = box.account()["jobs"][0]
    assert (job["billed"], job["amount"]) == (False, 0)


def test_a_reference_on_no_host_at_all_fails_the_job(box: Running) -> None:
    task = box.finished(box.video(input_reference="http://127.0.0.1:9/a.png"))
    assert "could not be fetched (ConnectError)" in task["error"]
    assert "127.0.0.1" not in task["error"]


def test_image_models_take_several_references_of_any_size(
    box: Running, host: ReferenceHost
) -> None:
    urls = [host.put("a.png", _png((300, 300))), host.put("b.jpg", _png((64, 900), "JPEG"))]
    assert box.finished(box.image(image_urls=urls))["status"] == "completed"
    assert host.asked == ["/a.png", "/b.jpg"]


def test_links_support_head_and_ranges(box: Running) -> None:
    url = box.finished(box.image())["image_url"]
    whole = box.plain.get(url)
    size = len(whole.content)

    head = box.plain.head(url)
    middle = box.plain.get(url, headers={"Range": "bytes=10-19"})
    tail = box.plain.get(url, headers={"Range": "bytes=-5"})
    beyond = box.plain.get(url, headers={"Range": f"bytes={size}-"})

    assert int(head.headers["content-length"]) == size
    assert head.content == b""
    assert (middle.status_code, middle.content) == (206, whole.content[10:20])
    assert middle.headers["content-range"] == f"bytes 10-19/{size}"
    assert tail.content == whole.content[-5:]
    assert beyond.status_code == 416


def test_a_link_that_was_tampered_with_is_refused(box: Running) -> None:
    url = box.finished(box.image())["image_url"]
    assert box.plain.get(url).status_code == 200
    assert box.plain.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    later = url.replace("Expires=1", "Expires=2")
    assert box.plain.get(later).status_code == 403
    assert box.plain.get(url.partition("?")[0]).status_code == 403


def test_links_expire_and_every_look_brings_a_fresh_one() -> None:
    running = Running.start(*FAST, "--url-ttl", "0")
    try:
        assert running.plain.get(running.finished(running.image())["image_url"]).status_code == 403
    finally:
        running.stop()


def test_a_key_that_is_sent_to_a_media_link_is_noticed(box: Running) -> None:
    url = box.finished(box.image())["image_url"]
    box.plain.get(url)
    assert box.account()["auth_leaks"] == 0
    box.http.get(url)
    assert box.account()["auth_leaks"] == 1
    assert box.account()["jobs"][0]["downloads"] == 2


def test_the_same_seed_and_requests_give_the_same_ids_times_and_bytes(box: Running) -> None:
    other = Running.start(*FAST, "--seed", "2")
    again = Running.start(*FAST)
    try:
        ids, files = [], []
        for running in (box, again, other):
            created = [running.image(), running.image()]
            ids.append([answer.json()["id"] for answer in created])
            files.append(_download(running, running.finished(created[0])).content)
    finally:
        other.stop()
        again.stop()
    assert ids[0] == ids[1] != ids[2]
    assert ids[0][0] != ids[0][1]
    assert files[0] == files[1] != files[2]


def test_videos_repeat_to_the_byte(tmp_path: Path) -> None:
    film = Film("a city", "16:9", (320, 180), 1, "seed", None)
    one, other = tmp_path / "one.mp4", tmp_path / "other.mp4"
    films.write(film, one)
    films.write(film, other)
    assert one.read_bytes() == other.read_bytes()


def test_another_take_of_the_same_prompt_is_another_picture(box: Running) -> None:
    first, second = (_download(box, box.finished(box.image())).content for _ in range(2))
    assert first != second


def test_plain_media_is_made_once_per_size() -> None:
    running = Running.start(*FAST, "--plain-media")
    try:
        files = {
            _download(running, running.finished(running.image(prompt=text))).content
            for text in ("a city", "the sea")
        }
    finally:
        running.stop()
    assert len(files) == 1
