"""Makes what others wrote fit for a person, a log and a receipt.

Seen by integrators: upstream errors carry hosts, internal paths, signed links and keys.
"""

import logging
import re

_LIMIT = 300
_READ = 4000  # characters that are looked at; an answer can be megabytes
_SHORTEST_SECRET = 8  # a shorter "secret" is a test's, and a common word in an answer
_SECRETS = re.compile(r"(?i:bearer\s+)[^\s,;\"']+|\bsk-[A-Za-z0-9_*-]{6,}")
_LINKS = re.compile(r"(?i)\b(?:https?|wss?|oss|s3)://[^\s\"'<>，。；、）]+")
_HOSTS = re.compile(
    r"(?<![\w.@-])(?:(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|ai|xyz|top|dev|app|cloud|local|internal)"
    r"|\d{1,3}(?:\.\d{1,3}){3})(?![\w-])(?::\d+)?",
    re.IGNORECASE | re.ASCII,
)
_PATHS = re.compile(r"(?<![\w:./<])/(?:[\w.~%{}-]+/)+[\w.~%{}:-]*", re.ASCII)
# Of a whole address, and of a request's target ("GET /bucket/key?X-Amz-…").
_QUERY = re.compile(r"(?i)((?:https?:/)?/[^\s?#\"'<>]*)[?#][^\s\"'<>]*")


def scrub(text: str, secret: str = "") -> str:
    """One line of at most 300 characters without links, hosts, paths or keys.

    The key goes before anything is cut off, so that no half of it stays.
    """
    if len(secret) >= _SHORTEST_SECRET:
        text = text.replace(secret, "(key)")
    text = text[:_READ]
    for pattern, instead in (
        (_SECRETS, "(key)"),
        (_LINKS, "(link)"),
        (_HOSTS, "(host)"),
        (_PATHS, "(path)"),
    ):
        text = pattern.sub(instead, text)
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.split())
    return line if len(line) <= _LIMIT else line[: _LIMIT - 1] + "…"


class _WithoutQueries(logging.Filter):
    """Cuts the query off every URL in a record: that is where a signed link keeps its secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = _QUERY.sub(r"\1", message)
        if clean != message:
            record.msg, record.args = clean, None
        return True


without_queries = _WithoutQueries()


def quieten_http_loggers() -> None:
    """Keep signed URLs out of the log of httpx (INFO: each URL) and httpcore (DEBUG: Location).

    A filter, not a level: whoever turns those logs on still gets them.
    """
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
        logging.getLogger(name).addFilter(without_queries)
