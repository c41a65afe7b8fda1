"""Every fault of the media's addresses as a client sees it."""

from io import BytesIO

import av
import httpx
import pytest
from PIL import Image

from tests.sandbox.running import Running, frames_of


@pytest.fixture
def url(box: Running) -> str:
    found = str(box.finished(box.image())["image_url"])
    assert box.plain.get(found).status_code == 200
    return found


@pytest.mark.parametrize("status", [403, 404, 410])
def test_links_that_ended_too_early(box: Running, url: str, status: int) -> None:
    box.chaos({"fault": "expired", "status": status})
    assert box.plain.get(url).status_code == status
    assert box.plain.get(url).status_code == 200


@pytest.mark.parametrize(("fault", "share"), [("truncated_media", 0.5), ("wrong_length", 1)])
def test_files_shorter_than_their_content_length(
    box: Running, url: str, fault: str, share: float
) -> None:
    whole = box.plain.get(url).content
    box.chaos({"fault": fault})
    declared = len(whole) + (1000 if fault == "wrong_length" else 0)
    received = f"received {int(len(whole) * share)} bytes, expected {declared}"
    with pytest.raises(httpx.RemoteProtocolError, match=received):
        box.plain.get(url)


def test_files_that_are_broken_though_every_byte_arrives(box: Running, url: str) -> None:
    whole = box.plain.get(url).content
    box.chaos(*({"fault": fault} for fault in ("short_media", "corrupt_media", "zero_bytes")))

    short, corrupt, nothing = (box.plain.get(url).content for _ in range(3))

    assert short == whole[: len(whole) // 2]
    assert len(corrupt) == len(whole)
    for broken in (short, corrupt):
        with pytest.raises((OSError, SyntaxError)), Image.open(BytesIO(broken)) as image:
            image.load()
    assert nothing == b""


def test_html_under_the_media_s_type(box: Running, url: str) -> None:
    box.chaos({"fault": "wrong_media"})
    answer = box.plain.get(url)
    assert (answer.headers["content-type"], answer.content[:6]) == ("image/png", b"<html>")


def test_a_redirect_leads_to_another_host_name(box: Running, url: str) -> None:
    box.chaos({"fault": "redirect", "times": None}, {"fault": "redirect", "location": "http://x/"})
    answer = box.plain.get(url)
    assert answer.status_code == 302
    assert httpx.URL(answer.headers["location"]).host == "localhost"
    assert box.plain.get(url, follow_redirects=True).content[:4] == b"\x89PNG"


def test_a_file_that_never_ends(box: Running, url: str) -> None:
    whole = box.plain.get(url).content
    box.chaos({"fault": "endless_media"})
    got = 0
    with box.plain.stream("GET", url) as answer:
        assert "content-length" not in answer.headers
        for part in answer.iter_raw():
            got += len(part)
            if got > len(whole) + 2000:
                break
    assert box.plain.get(url).content == whole


def test_videos_that_are_truncated_corrupt_or_of_another_length(box: Running) -> None:
    url = box.finished(box.video())["video_url"]
    box.chaos(*({"fault": fault} for fault in ("short_media", "corrupt_media", "wrong_seconds")))

    short, corrupt, other = (box.plain.get(url).content for _ in range(3))

    for broken in (short, corrupt):
        with pytest.raises(av.error.InvalidDataError):
            frames_of(broken)
    assert len(frames_of(other)) == 48
    assert len(frames_of(box.plain.get(url).content)) == 96
