"""A batch's gallery opened from a folder: searched, played, read, starred, also by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Download, Page, expect

from benchmarks.gallery import batch as batch_of
from flows.gallery_data import gallery_page
from flows.manifest import load_briefs
from flows.report import ReportItem
from globalaiopc.catalogue import Catalogue
from tests.browser.ui import chromium
from tests.flows.test_gallery_page import NASTY, nasty
from tests.gallery_folder import BATCH, gallery, item, spoken, troubled, with_media, written
from tests.nasty import BRIEF

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PHONE, DESK = (390, 844), (1280, 800)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, one of them tall, a speech, a refusal, and a brief of unknown outcome."""
    lost = troubled("night-train", "unknown", "No answer came back.")
    shown = gallery([item(0), item(1), spoken(), troubled("energy-drink"), lost])
    return with_media(shown, tmp_path_factory.mktemp("gallery"))


@pytest.fixture
def shown(browser: Browser) -> Iterator[Open]:
    """Opens a file; at the end, nothing may have gone wrong in the page."""
    wrong: list[str] = []
    contexts = []

    def show(
        path: Path, *, size: tuple[int, int] = DESK, scheme: str = "light", audit: bool = False
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            bypass_csp=audit,  # axe is no script of the page
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda told: wrong.append(told.text) if "policy" in told.text else None)
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert wrong == []


def names(page: Page) -> list[str]:
    return page.locator(".card .open").all_text_contents()


def test_a_batch_at_a_glance_and_what_is_looked_for(batch: Path, shown: Open):
    page = shown(batch)
    expect(page.get_by_role("heading", level=1)).to_have_text(BATCH)
    assert page.locator("#figures").inner_text().split() == [
        "Briefs", "5", "Landed", "3", "Not", "landed", "2", "Cost", "2.14",
    ]  # fmt: skip
    expect(page.locator(".frame img.is-shown")).to_have_count(2)
    assert page.locator("video, audio").count() == 0  # nothing is loaded that nobody asked for
    page.get_by_role("button", name="Failed 1").click()
    assert names(page) == ["energy-drink"]
    page.get_by_role("button", name="All 5").click()
    page.get_by_role("searchbox").fill("mountain STREAM")
    assert names(page) == ["trail-shoe"]
    expect(page.get_by_role("status").filter(has_text="of 5")).to_have_text("1 of 5 items")
    page.get_by_role("searchbox").fill("nothing of the kind")
    page.get_by_role("button", name="Show everything").click()
    page.get_by_role("combobox", name="Tag").select_option("sport")
    assert names(page) == ["trail-shoe"]
    page.get_by_role("combobox", name="Tag").select_option("")
    page.get_by_role("combobox", name="Model").select_option("soundCloningAudio")
    assert names(page) == ["welcome-words"]
    page.get_by_role("combobox", name="Model").select_option("")
    page.get_by_role("combobox", name="Order").select_option("trouble")
    assert names(page)[:2] == ["night-train", "energy-drink"]


def test_a_video_and_a_speech_play_where_they_are_asked_for(batch: Path, shown: Open):
    page = shown(batch)
    for name, tag in (("lighthouse-lamp", "video"), ("welcome-words", "audio")):
        page.get_by_role("button", name=f"Play {name}").click()
        page.wait_for_function("tag => document.querySelector(tag)?.currentTime > 0", arg=tag)
    assert page.evaluate("document.querySelector('video').paused")  # one at a time


def test_an_item_tells_how_it_was_made_and_a_failure_what_to_do(batch: Path, shown: Open):
    page = shown(batch)
    page.get_by_role("button", name="lighthouse-lamp", exact=True).click()
    dialog = page.get_by_role("dialog", name="lighthouse-lamp")
    steps = dialog.locator(".step h4").all_inner_texts()
    assert steps == ["Brief", "Script", "Image · nano-banana-2", "Video · openAiSora2Plus"]
    video = item(0).jobs[1]
    told = dialog.locator(".step").nth(3).inner_text()
    for fact in (video.prompt, video.sha256, video.task_id, "640 × 360 px", "Seed\n7", "64 s"):
        assert str(fact) in told
    assert dialog.locator("a", has_text="script.json").get_attribute("href") == (
        "./lighthouse-lamp/script.json"
    )
    page.keyboard.press("Escape")
    page.get_by_role("button", name="night-train", exact=True).click()
    told = page.locator(".failure").inner_text()
    for answer in ("No answer came back.", "Not known: perhaps", "No: it may cost again", "You"):
        assert answer in told


def test_the_stars_become_a_list_that_a_batch_takes(batch: Path, shown: Open, tmp_path: Path):
    page = shown(batch)
    for name in ("trail-shoe", "welcome-words"):
        page.get_by_role("button", name=f"Star {name}").click()
    page.reload()
    expect(page.locator("#starred")).to_contain_text("2 starred")
    expect(page.locator("#starred")).to_contain_text("1 spoken item cannot be in")
    (brief,) = load_briefs(exported(page, tmp_path), catalogue=Catalogue.load())
    asked = item(1)
    assert (brief.id, brief.image_prompt, brief.video_prompt) == (
        "trail-shoe", asked.jobs[0].prompt, asked.jobs[1].prompt,
    )  # fmt: skip
    assert (brief.ratio, brief.seconds, brief.tags) == ("9:16", 8, ["launch", "sport"])
    page.get_by_role("button", name="Show these").click()
    assert names(page) == ["trail-shoe", "welcome-words"]
    page.goto(written(gallery([item(1)], batch="another"), tmp_path).as_uri())
    expect(page.get_by_role("button", name="Star trail-shoe")).to_have_attribute(
        "aria-pressed", "false"
    )
    page.goto(batch.as_uri())
    page.get_by_role("button", name="Show these").click()
    for name in names(page):
        page.get_by_role("button", name=f"Star {name}").click()
    assert len(names(page)) == 5
    expect(page.locator("#starred")).to_be_hidden()


def test_no_cell_of_the_list_is_run_by_a_spreadsheet(shown: Open, tmp_path: Path):
    prompts = ['=HYPERLINK("http://x","y")', "+1", "-2 degrees, snow", "@SUM(A1)", "\t=1", "＝1"]
    # Where a list is parted by semicolons, each of these would begin a cell of its own.
    prompts += ["a fox;=1+1", "a fox\n=1+1", "a fox\t@SUM(A1)", "a fox; -1", "wink ;-)"]
    briefs = [
        item(number, name=f"b{number}").model_copy(
            update={"jobs": (), "brief": {"image_prompt": text, "video_prompt": 'a "b",\nc; d'}}
        )
        for number, text in enumerate(prompts)
    ]
    page = shown(written(gallery(briefs), tmp_path))
    for number in range(len(prompts)):
        page.get_by_role("button", name=f"Star b{number}", exact=True).click()
    path = exported(page, tmp_path)
    cells = re.findall(r'(?:^|,)"((?:[^"]|"")*)"', path.read_text("utf-8-sig"), re.MULTILINE)
    parts = [part for one in cells for part in re.split("[;\t\r\n]", one)]
    run = [one for one in parts if one.strip()[:1] in {*"=+-@＝"} and one[0] != "\xa0"]
    assert (len(cells) > 3 * len(prompts), run) == (True, [])
    read = load_briefs(path, catalogue=Catalogue.load())
    assert [brief.image_prompt for brief in read] == [text.strip() for text in prompts]
    assert {brief.video_prompt for brief in read} == {'a "b",\nc; d'}


def exported(page: Page, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Next batch (CSV)").click()
    download: Download = waiting.value
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def test_what_others_wrote_runs_and_fetches_nothing(shown: Open, tmp_path: Path):
    """All of the list, in every place that shows it, with the dialog of each item opened."""
    listed = [whole_of(number, text) for number, text in enumerate(BRIEF)]
    page = shown(written(gallery(listed), tmp_path))
    page.on("dialog", lambda _: pytest.fail("a prompt was run"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    for one in listed:
        page.evaluate("id => openDetails(byKey.get(id))", one.id)
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.protocol)")
    assert set(links) <= {"file:"}
    assert page.locator("script").count() == 2
    assert all(url.startswith("file:") for url in asked)
    assert page.locator("iframe, object, embed, base, form, img[src*='evil']").count() == 0


def whole_of(number: int, text: str) -> ReportItem:
    """An item with the text in every field that somebody else may have written."""
    text = text.encode("utf-8", "replace").decode()
    one = nasty(text)
    brief = dict.fromkeys(("topic", "ratio", "resolution", "quality", "image", "text_model"), text)
    job = one.jobs[0].model_copy(update={"model": text, "stage": text, "sha256": text})
    return one.model_copy(
        update={
            "id": f"n{number}",
            "brief": {"id": f"n{number}", **brief, "tags": [text], "reference_images": [text]},
            "jobs": (job, *one.jobs),
        }
    )


def test_prompts_of_others_run_nothing(shown: Open, tmp_path: Path):
    page = shown(written(gallery([nasty()]), tmp_path))
    page.on("dialog", lambda _: pytest.fail("a prompt was run"))
    assert page.locator(".about").text_content() == NASTY
    page.get_by_role("button", name="nasty", exact=True).click()
    page.get_by_role("dialog").locator(".failure").get_by_text("alert(1)").wait_for()
    assert page.locator("script").count() == 2


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", PHONE)])
def test_nothing_is_in_the_way_of_anybody(
    batch: Path, shown: Open, scheme: str, size: tuple[int, int]
):
    page = shown(batch, size=size, scheme=scheme, audit=True)
    page.evaluate(AXE)
    page.get_by_role("button", name="Star trail-shoe").click()
    page.get_by_role("button", name="Play welcome-words").click()
    assert complaints(page) == []
    for name in ("lighthouse-lamp", "night-train"):
        page.get_by_role("button", name=name, exact=True).click()
        assert complaints(page) == []
        page.keyboard.press("Escape")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0], "it scrolls sideways"


def complaints(page: Page) -> list[str]:
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def test_all_of_it_with_the_keyboard_alone(batch: Path, shown: Open):
    page = shown(batch)
    focused = "document.activeElement.textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the items"
    page.keyboard.press("Enter")
    while not page.evaluate("document.activeElement.closest('.card')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    for key, name in (("ArrowRight", "trail-shoe"), ("End", "night-train"), ("ArrowUp", None)):
        page.keyboard.press(key)
        assert name in (None, page.evaluate(focused))
    for _ in range(3):  # its star, then out of the cards: the others are reached by the arrows
        page.keyboard.press("Tab")
    assert not page.evaluate("!!document.activeElement.closest('.card')")
    page.get_by_role("button", name="night-train", exact=True).focus()
    page.keyboard.press("Home")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Star lighthouse-lamp")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="lighthouse-lamp").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("dialog", name="trail-shoe").wait_for()
    for _ in range(25):  # round the dialog and through the browser, never into the page below
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "trail-shoe"
    page.keyboard.press("p")
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0")


def test_a_page_without_its_media_says_so_kindly(shown: Open, tmp_path: Path):
    page = shown(written(gallery([item(0), item(1), troubled("energy-drink")]), tmp_path))
    expect(page.locator(".is-missing")).to_have_count(2)
    expect(page.locator(".notice")).to_have_count(1)  # once, not for each
    expect(page.locator(".notice")).to_contain_text(f"aws s3 sync s3://media/{BATCH}/ {BATCH}")
    page.get_by_role("button", name="lighthouse-lamp", exact=True).click()
    page.get_by_role("dialog").get_by_text("Cannot be read from here").first.wait_for()


def test_the_colours_are_the_reader_s(batch: Path, shown: Open):
    page = shown(batch, scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.get_by_role("button", name="Switch between light and dark").click()
    light = page.evaluate(colour)
    page.reload()
    assert page.evaluate(colour) == light != dark


def test_a_thousand_items_are_all_there(shown: Open, tmp_path: Path):
    whole = batch_of(1000)
    path = tmp_path / "index.html"
    path.write_bytes(gallery_page(whole))
    page = shown(path)
    expect(page.locator(".card")).to_have_count(1000)
    page.get_by_role("searchbox").fill(whole.items[777].id)
    assert names(page) == [whole.items[777].id]
