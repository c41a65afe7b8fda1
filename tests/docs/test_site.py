"""docs/ builds into a site in which every link holds, and which asks nobody for anything."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.docs.commands import pages


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


class Addresses(HTMLParser):
    """What a page links to, and what it loads by itself."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.linked: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.linked.append(given["href"])
        elif tag == "link" and given.get("rel") not in ("prev", "next", "canonical"):
            self.loaded.append(given["href"])
        elif tag in ("script", "img", "iframe", "source", "video") and given.get("src"):
            self.loaded.append(given["src"])


def test_every_page_is_built_and_what_it_refers_to_is_there(site: Path) -> None:
    for page in pages()[1:]:
        built = site / page.relative_to(ROOT / "docs").with_suffix(".html")
        found = Addresses(built)
        assert found.loaded
        for address in found.loaded:
            assert not urlsplit(address).netloc, f"{built.name} loads {address}"
        for address in (*found.loaded, *found.linked):
            parts = urlsplit(address)
            if not parts.scheme and not parts.netloc and parts.path:
                assert (built.parent / unquote(parts.path)).exists(), f"{built.name}: {address}"


def test_no_style_or_script_fetches_a_font(site: Path) -> None:
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\W?https?:", style.read_text("utf-8")), style
    assert "fonts.googleapis" not in (site / "index.html").read_text("utf-8")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_hold_in_the_repository_as_well(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        parts = urlsplit(address)
        if not parts.scheme and parts.path:
            assert (page.parent / unquote(parts.path)).exists(), address
