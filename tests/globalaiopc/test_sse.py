"""The parser of event streams: any splitting of the bytes gives the same events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globalaiopc.sse import Event, EventReader


def read(*chunks: bytes) -> list[Event]:
    reader = EventReader()
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    return found + reader.end()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_three_ways(end):
    lines = [": a comment", "event: one", "data: a", "", "data: b", "data:c", "id: 7", ""]
    text = end.join([*lines, "retry: 3", "", "event: nothing", "", "data", ""]) + end
    assert read(text.encode()) == [Event("one", "a"), Event("", "b\nc"), Event("", "")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_event_is_there_as_soon_as_its_last_line_has_ended(end):
    reader = EventReader()
    assert reader.feed(f"data: a{end}".encode()) == []
    assert reader.feed(end.encode()) == [Event("", "a")]
    assert reader.end() == []


def test_an_end_without_its_blank_line_and_a_byte_order_mark():
    assert read(b"\xef\xbb\xbfdata: a\n\ndata: [DONE]") == [Event("", "a"), Event("", "[DONE]")]
    assert read(b"data: caf\xc3") == [Event("", "caf\ufffd")]
    assert read(b"") == []


LINES = st.lists(
    st.sampled_from(["data: a", "data:  b", "event: x", ": c", "", "", "data: 世界", "data"])
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_any_splitting_gives_the_same_events(lines, end, data):
    stream = "".join(line + end for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [
        stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    assert read(*chunks) == read(stream)


@given(st.lists(st.binary()))
def test_any_bytes_are_read(chunks):
    assert read(*chunks) == read(b"".join(chunks))
