"""Where the numbers and the traces go: OpenTelemetry, configured by its own OTEL_* variables alone.

Off unless somebody asks for it: without an exporter in the environment and without a provider that
the program around us has set, nothing is watched. Every instrument is OpenTelemetry's own no-op
then, and not one span is made.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from typing import ParamSpec
from uuid import uuid4

from opentelemetry import metrics, trace

from globalaiopc import exchanges
from globalaiopc.exchanges import Exchange
from ledger import Landed, Receipt
from tasks import instruments as m
from tasks.timeline import End, Kind, Span, Timeline
from tasks.tracing import PROVIDER, OpenStep, Traces, error_type, trace_request

SERVICE = "globalaiopc-pipelines"

P = ParamSpec("P")

log = logging.getLogger(__name__)


def start() -> None:
    """Configure OpenTelemetry's SDK, if its variables ask for it and nobody else has. Idempotent.

    Asked for is OTLP over HTTP: an OTEL_EXPORTER_OTLP_ENDPOINT (or that of traces or of metrics),
    or `otlp` as OTEL_TRACES_EXPORTER or OTEL_METRICS_EXPORTER.
    """
    traces = _wanted("TRACES") and not _real(trace.get_tracer_provider())
    numbers = _wanted("METRICS") and not _real(metrics.get_meter_provider())
    if not traces and not numbers:
        return
    try:
        from tasks import telemetry_sdk  # noqa: PLC0415 - a third of a second, and an extra
    except ImportError:
        log.warning(
            "OTEL_* asks for telemetry, and the SDK is not installed: "
            "pip install 'globalaiopc-pipelines[otel]'. The work goes on without."
        )
        return
    telemetry_sdk.configure(_resource(os.environ), traces=traces, numbers=numbers)


def _wanted(signal: str) -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    if exporter:
        return "otlp" in exporter.split(",")
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    return any(os.environ.get(name) for name in endpoints)


def _resource(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment does not say of this process.

    Each process needs a name of its own, or the counters of two are taken for one that falls.
    """
    said = environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    told = {"service.instance.id": str(uuid4())}
    if not environment.get("OTEL_SERVICE_NAME"):
        told["service.name"] = SERVICE
    return {name: value for name, value in told.items() if f"{name}=" not in said}


def _real(provider: object) -> bool:
    """Whether somebody configured it: the API's own providers do nothing, or wait for that."""
    return not type(provider).__module__.startswith(
        ("opentelemetry.trace", "opentelemetry.metrics")
    )


@contextmanager
def watched(timeline: Timeline) -> Iterator[None]:
    """Watch a run's steps and requests for as long as the block runs, if anybody wants to know."""
    start()
    tracing = _real(trace.get_tracer_provider())
    if not tracing and not _real(metrics.get_meter_provider()):
        yield
        return
    tracer = trace.get_tracer(m.SCOPE) if tracing else None
    exchanges.observe(partial(_request, tracer))
    traces = Traces(tracer) if tracer is not None else None
    timeline.watcher = _Watcher(traces)
    try:
        yield
    finally:
        timeline.watcher = None
        if traces is not None:
            traces.close()


def _harmless(tell: Callable[P, None]) -> Callable[P, None]:
    """What goes wrong in telling is logged: it must never cost a paid job its id."""

    @wraps(tell)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            tell(*args, **kwargs)
        except Exception:
            log.exception("Something could not be counted.")

    return told


class _Step:
    def __init__(self, open_: OpenStep | None) -> None:
        self._open = open_

    @_harmless
    def end(self, span: Span, error: BaseException | None) -> None:
        if self._open is not None:
            self._open.end(error)
        failed = {m.ERROR: error_type(error)} if error is not None else {}
        m.STEP_SECONDS.record(
            span.end - span.start, {m.STAGE: span.stage, m.STEP: span.kind, **failed}
        )
        if span.kind == "wait" and error is None:
            # As the makespan reckons it: the middle between the last look that found it not done
            # and the one that found it done.
            seen = span.start if span.running is None else span.running
            m.POLL_LAG.record((span.end - seen) / 2, {m.STAGE: span.stage})


class _Watcher:
    """Tells metrics and, if there are any, traces what the timeline and the client tell it."""

    def __init__(self, traces: Traces | None) -> None:
        self._traces = traces

    def begin(self, brief: str, stage: str, kind: Kind, job: str | None) -> _Step:
        try:
            return _Step(self._traces.begin(brief, stage, kind, job) if self._traces else None)
        except Exception:
            log.exception("A step could not be traced.")
            return _Step(None)

    @_harmless
    def end(self, brief: str, end: End) -> None:
        m.BRIEFS.add(1, {m.STATE: end.state, **({m.ERROR: end.error} if end.error else {})})
        if self._traces is not None:
            self._traces.end(brief, end)


def _request(tracer: trace.Tracer | None, one: Exchange) -> None:
    """Count one, and trace it; of what was refused before it was sent nothing is told."""
    if not one.sent and one.error != "not_sent":
        return
    _count(one)
    if tracer is not None:
        trace_request(tracer, one)
    log.debug("%s %s: %s%s", one.method, one.route, one.status or one.error, _named(one.request_id))


def _named(request_id: str | None) -> str:
    return f", request {request_id}" if request_id else ""


def _count(one: Exchange) -> None:
    failed = {m.ERROR: one.error} if one.error else {}
    model = {m.MODEL: one.model} if one.model else {}
    where: dict[str, str | int] = {
        "http.request.method": one.method,
        "server.address": one.host,
        "url.template": one.route,
        **failed,
    }
    if one.port is not None:
        where["server.port"] = one.port
    if one.status is not None:
        where["http.response.status_code"] = one.status
    m.REQUEST_SECONDS.record(one.seconds, where)
    if one.sent and one.what in ("create", "chat"):
        m.SUBMITS.add(1, {m.REQUEST: one.what, **model, **failed})
    if one.what == "look":
        m.POLLS.add(1, {**model, **failed})
    if one.status == 429 or one.error == "rate_limited":
        m.RATE_LIMITS.add(1, {m.REQUEST: one.what, **model})
    for kind, tokens in (("input", one.input_tokens), ("output", one.output_tokens)):
        if tokens is not None:
            said = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": PROVIDER}
            m.TOKENS.record(tokens, {**said, "gen_ai.token.type": kind, **model})


@_harmless
def landed(receipt: Receipt, media: Landed) -> None:
    """A job's medium lies whole in the bucket."""
    by = _by(receipt)
    m.LANDINGS.add(1, by)
    m.LANDED_BYTES.add(media.size, by)


@_harmless
def charged(receipt: Receipt, currency: str) -> None:
    """A job was seen done, and its receipt says what it cost, in the price file's `currency`."""
    if receipt.amount is not None:
        m.COST.add(float(receipt.amount), {**_by(receipt), m.CURRENCY: currency})


@_harmless
def unknown(receipt: Receipt, code: str) -> None:
    """Whether a job was accepted is not known."""
    m.UNKNOWNS.add(1, {**_by(receipt), m.ERROR: code})


def _by(receipt: Receipt) -> dict[str, str]:
    return {m.STAGE: receipt.job.stage, m.MODEL: receipt.model}
