"""Bytes of a stranger: media, or NotMediaError. And what a host says beside them."""

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from globalaiopc.waiting import LONGEST_RETRY_AFTER, parse_http_date, parse_retry_after
from ledger.store import ObjectInfo
from tasks.landing import Guard, MediaRefused
from tasks.landing.boxes import BoxWalk
from tasks.landing.errors import NotMediaError, TryAgainError
from tasks.landing.inspection import Inspection
from tasks.landing.label import Label
from tasks.landing.marking import Marking
from tasks.landing.metadata import recorded
from tasks.landing.room import LandingRoom
from tasks.landing.subtitles import _type_of
from tests.fuzzing import damaged, examples, in_words, texts
from tests.landing.makers import mp4, picture, sound
from tests.nasty import BRIEF

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LABEL = Label("a fox", "m", "t", "b/x/image", "b", "x", NOW)
SMALL = {
    "image": (picture("PNG", 16, 16), picture("JPEG", 16, 16)),
    "video": (mp4(seconds=0.25, width=32, height=32),),
    "audio": (sound("wav", seconds=0.2), sound("mp3", seconds=0.2)),
}
KINDS = st.sampled_from([(kind, body) for kind, bodies in SMALL.items() for body in bodies])
BOX = st.tuples(
    st.sampled_from([0, 1, 7, 8, 9, 16, 24, 2**32 - 1]),
    st.sampled_from([b"ftyp", b"moov", b"mdat", b"free", b"uuid", b"\x00bad", b"moof"]),
    st.binary(max_size=24),
).map(lambda box: box[0].to_bytes(4, "big") + box[1] + box[2])


@examples(60)
@given(st.lists(BOX, max_size=8).map(b"".join), st.integers(1, 40))
def test_boxes_are_walked_in_pieces_as_in_one(body: bytes, step: int) -> None:
    def walked(size: int) -> tuple[str, bool]:
        walk = BoxWalk()
        try:
            for at in range(0, len(body), size):
                walk.feed(body[at : at + size])
            walk.finish()
        except NotMediaError as error:
            return str(error), False
        return "", walk.may_go_on

    assert walked(step) == walked(max(1, len(body)))


@examples(30)
@given(KINDS.flatmap(lambda one: st.tuples(st.just(one[0]), damaged(one[1]))), st.integers(64, 900))
def test_damaged_media_are_media_or_refused(one: tuple[str, bytes], size: int) -> None:
    kind, body = one

    async def inspected() -> None:
        inspection = Inspection(kind, 1024 * 1024)  # type: ignore[arg-type]
        for at in range(0, len(body), size):
            await inspection.feed(body[at : at + size])
        await inspection.finish(LandingRoom())

    try:
        asyncio.run(inspected())
    except NotMediaError as error:
        in_words(error, 500)


@examples(60)
@given(KINDS.flatmap(lambda one: damaged(one[1])) | st.binary(max_size=60), texts)
def test_a_label_changes_nothing_but_adds_itself(body: bytes, prompt: str) -> None:
    label = Label(prompt, prompt, prompt, prompt, "b", "x", NOW)
    size = 100_000

    async def parts():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    async def marked() -> tuple[bytes, bytes]:
        marking, walk = Marking(label, size), BoxWalk()
        out = b"".join([part async for part in marking.parts(parts())])
        try:
            walk.feed(body)
        except NotMediaError:
            return out, b""
        return out, marking.tail(None, walk)

    out, tail = asyncio.run(marked())
    assert tail == b""
    at = next((n for n, (a, b) in enumerate(zip(out, body, strict=False)) if a != b), len(body))
    added = len(out) - len(body)
    assert any(out[:n] + out[n + added :] == body for n in range(max(0, at - 64), at + 1))


@examples(100)
@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ .*"))
def test_how_long_a_host_wants_us_to_wait(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER
    date = parse_http_date(value)
    assert date is None or date.tzinfo is not None


PIECES = st.sampled_from(
    [
        *("https://", "http://", "ftp://", "//", "@", ":", "/", "?", "#", "[", "]", "%", "\\"),
        *("127.0.0.1", "::1", "localhost", ".", "cdn.example", "65536", "443", "\x00", " "),
        *("xn--", "é", "。", "0x7f", "169.254.169.254", "%31"),
    ]
)


@examples(150)
@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30) | st.sampled_from(BRIEF))
def test_addresses_of_media(address: str) -> None:
    async def admitted() -> None:
        async def resolve(host: str, port: int) -> list[str]:
            host.encode("ascii")
            assert 0 < port < 65536
            return ["127.0.0.1" if host == "localhost" else host.strip("[]")]

        url = await Guard(resolve=resolve).admit(address)
        assert url.scheme == "http"  # no name in PIECES is public, so it is this machine
        assert url.host in ("localhost", "127.0.0.1", "::1")

    try:
        asyncio.run(admitted())
    except (MediaRefused, TryAgainError) as error:
        in_words(error, 400)


@examples(40)
@given(st.dictionaries(st.sampled_from(["sha256", "width", "height", "seconds"]), texts))
def test_what_an_object_says_of_itself(metadata: dict[str, str]) -> None:
    told = recorded("k", ObjectInfo(3, "e", "image/png", {"sha256": "0" * 64, **metadata}))
    assert told is None or told.width is None or told.width >= 0


@examples(40)
@given(texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40))
def test_subtitles(body: bytes) -> None:
    for given_ in (body, b"[" * 100_000, b"9" * 10_000):
        try:
            assert _type_of(given_)[0] in (".srt", ".vtt", ".json")
        except NotMediaError as error:
            in_words(error, 500)
