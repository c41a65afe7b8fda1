"""The gallery that a real batch leaves: copied to a folder, by a link of its own, and shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.gallery import gallery
from tests.browser.ui import chromium
from tests.pipeline import Ended, Pipeline, pipeline, run

__all__ = ["pipeline"]

pytestmark = [pytest.mark.stack, pytest.mark.browser]

BATCH = "shown"
BRIEFS = (
    Brief(id="fox", topic="A fox in fresh snow", tags=["animals"]),
    Brief(id="kite", image_prompt="A red kite", video_prompt="It soars", ratio="9:16"),
    Brief(id="rude", topic="[moderate] A rude gesture"),
)


@dataclass(frozen=True)
class Shown:
    """The runs, and the link that only the bucket tells."""

    made: Ended
    shared: Ended
    without: Ended
    link: str


@pytest.fixture(scope="module")
def shown(pipeline: Pipeline) -> Shown:
    made = run(content_batch, briefs=list(BRIEFS), batch_id=BATCH)
    assert made.name == "PartlyLanded", made.message
    shared = run(gallery, batch_id=BATCH, share=2)
    (key,) = (key for key in pipeline.objects(BATCH) if key.endswith(".link.txt"))
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("flows.publishing.write_index", None)
        without = run(content_batch, briefs=[BRIEFS[0]], batch_id=BATCH)
    return Shown(made, shared, without, pipeline.body(f"{BATCH}/{key}").decode().strip())


@pytest.fixture(scope="module")
def browser(shown: Shown) -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_the_link_reaches_no_log_no_state_and_no_artifact(pipeline: Pipeline, shown: Shown):
    assert shown.shared.type == "COMPLETED", shown.shared.message
    assert "s3://" in shown.shared.message
    signature = re.search(r"X-Amz-Signature=(\w+)", shown.link)
    assert signature
    run_id = shown.shared.run_id
    states = pipeline.api.get("/flow_run_states/", params={"flow_run_id": run_id})
    told = [
        *pipeline.logs(shown.made.run_id, run_id),
        *(str(pipeline.all(what)) for what in ("flow_runs", "artifacts")),
        states.raise_for_status().text,
        str(shown.shared.outcome),
    ]
    assert all("X-Amz" not in one and signature[1] not in one for one in told)


def test_a_page_that_cannot_be_written_stops_no_batch(pipeline: Pipeline, shown: Shown):
    assert shown.without.name == "Completed", shown.without.message
    told = "\n".join(pipeline.logs(shown.without.run_id))
    assert f"Write it with the flow gallery, batch_id {BATCH}." in told


def test_a_copied_folder_shows_the_batch_years_later(
    pipeline: Pipeline, shown: Shown, page: Page, tmp_path: Path
):
    for key in pipeline.objects(BATCH):
        path = tmp_path / BATCH / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pipeline.body(f"{BATCH}/{key}"))
    page.goto((tmp_path / BATCH / "index.html").as_uri())
    expect(page.locator(".frame img.is-shown")).to_have_count(2)
    page.get_by_role("button", name="Play kite").click()
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0")
    page.get_by_role("button", name="fox", exact=True).click()
    video = pipeline.json(f"{BATCH}/fox/receipts/video.json")
    lineage = page.get_by_role("dialog", name="fox").locator(".lineage")
    for told in (video["task_id"], video["media"]["sha256"], video["asked"]["prompt"]):
        expect(lineage).to_contain_text(told)
    expect(lineage.locator(".tags")).to_have_text("animals")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="rude", exact=True).click()
    (rude,) = (one for one in shown.made.outcome["items"] if one["id"] == "rude")
    expect(page.locator(".failure")).to_contain_text(rude["error"]["advice"])


def test_a_shared_page_plays_for_whoever_has_its_link(shown: Shown, page: Page):
    page.goto(shown.link)
    expect(page.locator(".notice.shared")).to_contain_text("can be seen until")
    expect(page.locator(".frame img.is-shown")).to_have_count(2)
    page.get_by_role("button", name="Play fox").click()
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0")


def test_the_page_alone_says_what_is_missing_and_how_to_get_it(
    pipeline: Pipeline, shown: Shown, page: Page
):
    alone = pipeline.s3.client().generate_presigned_url(
        "get_object",
        Params={"Bucket": pipeline.s3.bucket, "Key": f"{pipeline.prefix}/{BATCH}/index.html"},
    )
    page.goto(alone)
    expect(page.locator(".notice")).to_contain_text("opened without access to its pictures")
    expect(page.locator(".notice code")).to_have_text(f"python -m flows gallery {BATCH} --share 24")
    expect(page.locator(".is-missing")).to_have_count(2)
    assert shown.made.outcome["totals"]["landed"] == 2
