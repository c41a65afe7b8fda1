"""One HTTP answer, read once: its fields, what it says, and the headers that matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from globalaiopc.fields import Fields, decode
from globalaiopc.scrub import scrub
from globalaiopc.waiting import parse_http_date, parse_retry_after

# docs: none; these three are what integrators read.
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-log-id")

_WORDS = 2000  # characters that are classified; an answer can be megabytes


@dataclass(frozen=True)
class Answer:
    """`secret` is the key: an answer may echo it, and then it must not get into a message."""

    status_code: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(default="", repr=False)
    wall: datetime | None = None

    @property
    def ok(self) -> bool:
        """202 with an id is an accepted job as well (seen: C4)."""
        return 200 <= self.status_code < 300

    @cached_property
    def fields(self) -> Fields | None:
        """The JSON object in the body; None for everything else (empty, HTML, cut off, a list)."""
        decoded = decode(self.body)
        return Fields(decoded) if isinstance(decoded, dict) else None

    @cached_property
    def words(self) -> str:
        """The provider's own words and code, as they came: to classify, never to show."""
        if self.fields is None:
            return ""
        return f"{self.fields.error_text[:_WORDS]} {self.fields.error_code}".strip()

    @cached_property
    def said(self) -> str:
        """What the provider said, fit to be shown; "" when it said nothing readable."""
        if self.fields is None:
            return ""
        text = scrub(self.fields.error_text, self.secret)
        code = scrub(self.fields.error_code, self.secret)
        return f"{text} (code {code})" if text and code and code not in text else text or code

    @property
    def what_came(self) -> str:
        """For a sentence about an answer that is not what it should be."""
        if self.status_code == 204 or not self.body.strip():
            return f"HTTP {self.status_code} with an empty body"
        if self.fields is not None:
            return f"HTTP {self.status_code}" + (f": {self.said}" if self.said else "")
        kind = "a web page" if self.body.lstrip()[:1] == b"<" else "a body that is not whole JSON"
        return f"HTTP {self.status_code} with {kind}"

    @property
    def request_id(self) -> str | None:
        """The provider's name of the request, from the headers or beside an error; to be quoted."""
        if named := request_id_in(self.headers, self.secret):
            return named
        # Anthropic's dialect; elsewhere a field of this name is the id of a job.
        told = self.fields.top.get("request_id") if self.fields and self.fields.error_text else None
        return scrub(told, self.secret) or None if isinstance(told, str) else None

    @property
    def retry_after(self) -> float | None:
        """Seconds, or None."""
        now = parse_http_date(self._header("date")) or self.wall or datetime.now(UTC)
        return parse_retry_after(self._header("retry-after"), now)

    def _header(self, name: str) -> str | None:
        return _header(self.headers, name)


def request_id_in(headers: Mapping[str, str], secret: str = "") -> str | None:
    """The provider's name of a request, as its answer's headers have it."""
    found = (_header(headers, name) for name in _REQUEST_ID_HEADERS)
    return next((scrub(value, secret) for value in found if value), None)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)
