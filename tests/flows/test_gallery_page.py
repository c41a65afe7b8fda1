"""The page of a gallery as a file: what is in it, how big it is, and that nothing breaks out."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from benchmarks.gallery import batch
from flows.briefs import FIELDS
from flows.gallery_data import Links, gallery_page, page_item
from flows.report import ReportItem
from tests.gallery_folder import BATCH, gallery, item, spoken, troubled
from tests.nasty import BRIEF, short

NASTY = (
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&lt;b&gt; {{script}} \u2028"
)


class _Read(HTMLParser):
    """What a browser's parser sees of the page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._inside = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("type") or tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.text[self._inside] = self.text.get(self._inside, "") + data

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.text["application/json"])

    @property
    def policy(self) -> str:
        return next(
            values["content"] or ""
            for tag, values in self.tags
            if values.get("http-equiv") == "Content-Security-Policy"
        )


def read(page: bytes) -> _Read:
    return _Read(page)


def nasty(text: str = NASTY) -> ReportItem:
    one = troubled("nasty", message=text)
    return one.model_copy(
        update={
            "jobs": (one.jobs[0].model_copy(update={"prompt": text, "task_id": text}),),
            "brief": {"id": "nasty", "topic": text, "tags": [text]},
        }
    )


def test_what_others_wrote_stays_text():
    clean = read(gallery_page(gallery([troubled("nasty")])))
    page = read(gallery_page(gallery([nasty()])))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in clean.tags]
    assert page.text["script"] == clean.text["script"]
    (one,) = page.data["items"]
    assert one["error"]["message"] == one["jobs"][0]["prompt"] == one["brief"]["topic"] == NASTY


@pytest.mark.parametrize("text", BRIEF, ids=short)
def test_no_text_of_others_leaves_its_place(text: str):
    clean = read(gallery_page(gallery([nasty("plain")])))
    page = read(gallery_page(gallery([nasty(text)])))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in clean.tags]
    assert (page.text["script"], page.policy) == (clean.text["script"], clean.policy)
    if text:
        (one,) = page.data["items"]
        assert one["jobs"][0]["prompt"] == text.encode("utf-8", "replace").decode()


def test_half_a_character_does_not_keep_the_page_from_being_written():
    page = gallery_page(gallery([troubled("half", message="broken \ud83d")]))
    assert read(page).data["items"][0]["error"]["message"] == "broken ?"


def test_a_batch_may_be_called_anything_in_the_title():
    page = read(gallery_page(gallery([item()], batch="</title><script>")))
    assert page.text["title"] == "</title><script>: gallery"


def test_the_policy_names_the_script_and_the_style_and_allows_nothing_else():
    page = read(gallery_page(gallery([item()])))
    for name in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.text[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy
    assert [values for _, values in page.tags if "style" in values] == []
    assert [name for _, values in page.tags for name in values if name.startswith("on")] == []


def test_nothing_is_fetched_from_elsewhere():
    page = gallery_page(gallery([item()])).decode()
    known = {"http://www.w3.org/2000/svg"}  # the name of SVG, not an address
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) <= known
    assert "s3.amazonaws" not in page


def test_a_thousand_items_stay_under_three_megabytes():
    page = gallery_page(batch(1000))
    assert len(read(page).data["items"]) == 1000
    assert len(page) < 3_000_000


def test_a_page_holds_so_many_items_and_says_how_many_more_there_are(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("flows.gallery_data.MOST", 3)
    page = read(gallery_page(gallery([item()] * 10)))
    assert (len(page.data["items"]), page.data["left_out"]) == (3, 7)
    assert page.data["totals"]["briefs"] == 10


def test_an_item_says_nothing_twice_and_nothing_empty():
    entry = page_item(item(), BATCH)
    assert entry["video"] == "lighthouse-lamp/video.mp4"
    image, video = entry["jobs"]
    assert "key" not in image
    assert image["submitted"] == "2026-03-01T06:00:00Z"
    assert (video["seed"], video["width"], video["model"]) == (7, 640, "openAiSora2Plus")
    assert entry["brief"] == {
        "topic": "A brass table lamp shaped like a lighthouse, its beam in the mist",
        "ratio": "16:9", "seconds": 4, "text_model": "gpt-5.4", "tags": ["launch", "home"],
    }  # fmt: skip
    assert "error" not in entry
    assert "take" not in entry


def test_prompts_of_the_brief_s_own_are_told_by_their_jobs():
    own = item().jobs[0].prompt
    one = item().model_copy(update={"brief": {"id": "x", "image_prompt": own}, "take": 2})
    entry = page_item(one, BATCH)
    assert (entry["brief"], entry["take"]) == ({"own": ["image"]}, 2)


def test_a_medium_elsewhere_in_the_bucket_is_linked_from_here():
    entry = page_item(item().model_copy(update={"image": "uploads/shoe.png"}), BATCH)
    assert entry["image"] == "../uploads/shoe.png"


def test_a_line_of_an_older_manifest_is_an_item_too():
    old = {"id": "old", "state": "landed", "video": f"{BATCH}/old/video.mp4",
           "jobs": [{"stage": "video", "model": "openAiSora2Plus", "prompt": "p"}]}  # fmt: skip
    entry = page_item(ReportItem.model_validate(old), BATCH)
    assert entry["jobs"] == [{"stage": "video", "model": "openAiSora2Plus", "prompt": "p"}]
    assert "brief" not in entry


def test_the_next_batch_s_columns_are_the_fields_of_a_brief():
    columns = read(gallery_page(gallery([item()]))).data["columns"]
    assert set(columns) == set(FIELDS) - {"take"}


@pytest.mark.parametrize("query", ["X-Amz-Date=1&X-Amz-Signature=", "Expires=1&Signature="])
def test_a_shared_page_keeps_what_the_signatures_have_in_common_once(query: str):
    shown = gallery([item(0), item(1), spoken()])
    base = f"https://media.example/bucket/{BATCH}/"
    keys = sorted(shown.keys())
    signed = {key: f"https://media.example/bucket/{key}?{query}{n}" for n, key in enumerate(keys)}
    until = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    links = Links(until, base, signed)
    page = read(gallery_page(shown, links))
    assert page.data["until"] == "2026-03-02T06:00:00Z"
    assert page.data["signed"]["stems"] == [query]
    assert len(page.data["signed"]["links"]) == len(signed) == 9
    assert "img-src 'self' file: https://media.example;" in page.policy
    assert "media.example" not in repr(links)
    assert "signed" not in read(gallery_page(replace(shown, unreadable=1))).data
