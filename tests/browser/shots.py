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
from tests.browser.ui import PrefectUI, chromium, opened

if TYPE_CHECKING:
    from sandbox.services import S3Access

FOLDER = ROOT / "docs" / "screenshots"
BATCH = "spring-launch"
_TILE_HEIGHT = 300
_GALLERY_SIZE: ViewportSize = {"width": 1440, "height": 1080}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, Stack(Path(home)) as stack:
        stack.start_servers()
        stack.set_up()
        with opened(stack.prefect.ui_url) as ui:
            _form(ui)
            _batch(ui)
            ui.open("/deployments", shows="content-batch")
            ui.page.get_by_text("Ready").nth(3).wait_for()
            ui.picture(FOLDER / "deployments.png")
        _posters(stack.s3.access, FOLDER / "posters.jpg")
        _gallery(stack.s3.access, Path(home) / "copy")
    for picture in sorted(FOLDER.iterdir()):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1024} KB")


def _form(ui: PrefectUI) -> None:
    form = ui.run_form("text-to-video/one-video")
    form.fill("Id", "lighthouse-01")
    form.fill("Topic", "A lighthouse on a cliff at dawn, waves below")
    ui.picture(FOLDER / "run-form.png")


def _batch(ui: PrefectUI) -> None:
    """The demo's six briefs, with the run's name in the form as a person would give it."""
    form = ui.run_form("content-batch/batch-of-videos")
    form.fill("Name of the batch", BATCH)
    form.name(BATCH)
    run = form.submitted()
    ui.finished(run)
    ui.open(f"/runs/flow-run/{run}", shows="PartlyLanded")
    ui.page.wait_for_timeout(3000)  # the graph is drawn on a canvas: nothing tells when it is done
    ui.picture(FOLDER / "batch-run.png")
    ui.open_artifact(f"batch-{BATCH}", shows="longjing-tea")
    ui.picture(FOLDER / "batch-table.png")


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
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "gallery-item.png", animations="disabled")


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
