"""What a log line belongs to: batch, brief, stage, job and flow run, on every line of a brief.

Whoever works on a brief says so once, and every record that its steps write carries it, whichever
module writes it. A formatter that prints a record's own fields, as JSON, then shows them.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

from opentelemetry import trace

_IDS: ContextVar[Mapping[str, str]] = ContextVar("globalaiopc_correlation", default={})  # noqa: B039 - never written to

NAMES = ("batch_id", "brief_id", "stage", "job_id", "flow_run_id", "trace_id", "span_id")
"""The fields that a record may get. `job_id` is the provider's."""


@contextmanager
def correlated(**ids: str | None) -> Iterator[None]:
    """Have the records of the block carry these besides those of the blocks around it."""
    token = also({name: value for name, value in ids.items() if value is not None})
    try:
        yield
    finally:
        no_more(token)


def also(ids: Mapping[str, str]) -> Token[Mapping[str, str]]:
    """The same where a block would cost too much: from here on, until `no_more`."""
    return _IDS.set({**_IDS.get(), **ids})


def no_more(token: Token[Mapping[str, str]]) -> None:
    """End what `also` began."""
    _IDS.reset(token)


def ids() -> Mapping[str, str]:
    """What is worked on here and now."""
    return _IDS.get()


class _Correlated(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Not a record factory: with one, a library that logs a field of the same name raises.
        for name, value in _IDS.get().items():
            record.__dict__.setdefault(name, value)
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            record.__dict__.setdefault("trace_id", trace.format_trace_id(span.trace_id))
            record.__dict__.setdefault("span_id", trace.format_span_id(span.span_id))
        return True


_CORRELATED = _Correlated()


def correlate_logs() -> None:
    """From here on what this process's handlers print carries what it belongs to."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_CORRELATED)
