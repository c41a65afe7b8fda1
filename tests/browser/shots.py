"""`python -m tests.browser.shots`: take the README's pictures anew, into docs/screenshots.

Starts the demo's parts in a folder of its own, runs the demo's batch from the run form, and looks.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import ViewportSize

from examples.demo.stack import ROOT, Stack
from tests.browser.ui import SIZE, PrefectUI, chromium, opened

if TYPE_CHECKING:
    from sandbox.services import S3Access

FOLDER = ROOT / "docs" / "screenshots"
BATCH = "spring-launch"
APPROVED = "spring-approved"
_TILE_HEIGHT = 300
_GALLERY_SIZE: ViewportSize = {"width": 1440, "height": 1080}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, Stack(Path(home)) as stack:
        stack.start_servers()
        stack.set_up()
        with opened(stack.prefect.ui_url) as ui:
            look(ui)
        _posters(stack.s3.access, FOLDER / "posters.jpg")
        _gallery(stack.s3.access, Path(home) / "copy")
    for picture in sorted(FOLDER.iterdir()):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1024} KB")


def look(ui: PrefectUI) -> None:
    """Everything but the posters; the six briefs of the demo are made on the way."""
    _form(ui)
    _batch(ui)
    _brief(ui)
    _approval(ui)
    ui.open("/deployments", shows="content-batch")
    ui.page.get_by_text("Ready").nth(3).wait_for()
    ui.picture(FOLDER / "deployments.png")


def _form(ui: PrefectUI) -> None:
    form = ui.run_form("text-to-video/one-video")
    form.fill("Id", "lighthouse-01")
    form.fill("Topic", "A lighthouse on a cliff at dawn, waves below")
    ui.picture(FOLDER / "run-form.png")
    form.field("Video model").locator(".p-select-button__icon").click()
    ui.page.locator(".p-select-option").first.wait_for()
    ui.page.screenshot(path=FOLDER / "model-choice.png", animations="disabled")


def _batch(ui: PrefectUI) -> None:
    """The demo's six briefs, with the run's name in the form as a person would give it."""
    form = ui.run_form("content-batch/batch-of-videos")
    form.fill("Name of the batch", BATCH)
    run = form.submitted()
    page = ui.artifact(f"status-{BATCH}", holds="data:image")
    ui.open(f"/artifacts/artifact/{page}", shows="Landed last")
    _tall(ui, "batch-page.png", width=1280)
    _tall(ui, "batch-page-phone.png", width=390)
    ui.page.set_viewport_size(SIZE)
    ui.finished(run)
    ui.open(f"/runs/flow-run/{run}", shows="PartlyLanded")
    ui.page.wait_for_timeout(3000)  # the graph is drawn on a canvas: nothing tells when it is done
    ui.picture(FOLDER / "batch-run.png")
    ui.open_artifact(f"batch-{BATCH}", shows="longjing-tea")
    ui.picture(FOLDER / "batch-table.png")


def _approval(ui: PrefectUI) -> None:
    """The demo's briefs with a sheet to approve: its artifact, and the form that asks."""
    form = ui.run_form("content-batch/batch-of-videos")
    form.fill("Name of the batch", APPROVED)
    form.choose("Approve before videos are made", "images")
    form.fill("Price file", "examples/prices.toml")
    run = form.submitted()
    ui.suspended(run)
    ui.open_artifact(f"sheet-{APPROVED}", shows=f"Sheet 1 of batch {APPROVED}")
    ui.picture(FOLDER / "approval-sheet.png")
    answer = ui.resume_form(run, shows=f"Sheet 1 of batch {APPROVED}")
    answer.fill("Reply", "1,3")
    answer.field("Reply").scroll_into_view_if_needed()
    ui.page.screenshot(path=FOLDER / "approval-reply.png", animations="disabled")
    ui.resume(run, shows=f"Sheet 1 of batch {APPROVED}", Reply="1,3")
    ui.finished(run)


def _gallery(access: S3Access, copy: Path) -> None:
    """The batch's page from a copied folder, and one item of it."""
    s3 = access.client()
    for found in s3.list_objects_v2(Bucket=access.bucket, Prefix=f"{BATCH}/")["Contents"]:
        path = copy / found["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(access.bucket, found["Key"], str(path))
    with chromium() as browser:
        page = browser.new_page(viewport=_GALLERY_SIZE, color_scheme="light", locale="en-GB")
        page.goto((copy / BATCH / "index.html").as_uri())
        page.wait_for_function("() => document.querySelectorAll('img.is-shown').length === 5")
        page.screenshot(path=FOLDER / "gallery.png", animations="disabled")
        page.get_by_role("button", name="longjing-tea", exact=True).click()
        page.locator(".stage-frame img.is-shown").wait_for()
        page.wait_for_timeout(3000)  # a player's own sign that it loads goes when nobody can tell
        page.screenshot(path=FOLDER / "gallery-item.png", animations="disabled")


def _brief(ui: PrefectUI) -> None:
    """A table that was pasted, and the page of a run of one brief."""
    form = ui.run_form("content-batch/batch-of-videos")
    form.fill("What to make", "id\ttopic\tseconds\nfox\tA fox in the snow\t4\n")
    form.field("What to make").locator("textarea").evaluate("box => box.style.height = '7rem'")
    ui.picture(FOLDER / "pasted-table.png")
    form = ui.run_form("text-to-video/one-video")
    form.fill("Id", "lighthouse-01")
    form.fill("Topic", "A lighthouse on a cliff at dawn, waves below")
    form.fill("Name of the batch", "singles")
    ui.finished(form.submitted())
    page = ui.artifact("brief-singles-lighthouse-01")
    ui.open(f"/artifacts/artifact/{page}", shows="where it lies")
    ui.picture(FOLDER / "brief-page.png")


def _tall(ui: PrefectUI, name: str, *, width: int) -> None:
    """A page to its end, which the UI scrolls inside the window."""
    ui.page.set_viewport_size({"width": width, "height": 1500})
    ui.picture(FOLDER / name)


def _posters(access: S3Access, path: Path) -> None:
    """What landed, side by side."""
    s3 = access.client()
    listed = s3.list_objects_v2(Bucket=access.bucket, Prefix=f"{BATCH}/")["Contents"]
    tiles = []
    for key in sorted(found["Key"] for found in listed if found["Key"].endswith("/poster.jpg")):
        body = s3.get_object(Bucket=access.bucket, Key=key)["Body"].read()
        with Image.open(io.BytesIO(body)) as poster:
            width = round(poster.width * _TILE_HEIGHT / poster.height)
            tiles.append(poster.convert("RGB").resize((width, _TILE_HEIGHT)))
    gap = 8
    sheet = Image.new("RGB", (sum(tile.width + gap for tile in tiles) - gap, _TILE_HEIGHT), "white")
    left = 0
    for tile in tiles:
        sheet.paste(tile, (left, 0))
        left += tile.width + gap
    sheet.save(path, quality=85)


if __name__ == "__main__":
    main()
