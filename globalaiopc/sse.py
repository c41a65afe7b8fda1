"""Server-sent events, read as they come (the format is WHATWG's).

Bytes may be split anywhere: inside a line end, inside a character. What an event stream may hold
beyond `event` and `data` (ids, advice when to connect again, comments) means nothing here: a paid
call is never sent again.
"""

import codecs
import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is "" when the stream gave none."""

    name: str
    data: str


class EventReader:
    """Feed it bytes; it gives the events that they complete."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._partial: list[str] = []
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that end in this chunk."""
        return self._take(self._decoder.decode(chunk))

    def end(self) -> list[Event]:
        """What stands there at the end without its blank line, which some servers leave out."""
        return self._take(self._decoder.decode(b"", final=True) + "\n\n")

    def _take(self, text: str) -> list[Event]:
        if self._after_cr and text:
            # That line has ended already; this may be the second character of its end.
            text = text.removeprefix("\n")
            self._after_cr = False
        if not text:
            return []
        self._after_cr = text.endswith("\r")
        events: list[Event] = []
        first, *following = _LINE_END.split(text)
        self._partial.append(first)
        for begun in following:
            self._line("".join(self._partial), events)
            self._partial = [begun]
        return events

    def _line(self, line: str, events: list[Event]) -> None:
        if not line:
            if self._data:
                events.append(Event(self._name, "\n".join(self._data)))
            self._name, self._data = "", []
            return
        field, _, value = line.partition(":")
        if field == "event":
            self._name = value.removeprefix(" ")
        elif field == "data":
            self._data.append(value.removeprefix(" "))
