"""Traces: one for each brief, brief -> stage -> step -> request, from what is noted in passing.

A trace is a brief's and not a batch's: a thousand briefs have twenty thousand spans, which no
viewer shows. Each carries its batch's name, and a link to the flow run's own span if Prefect makes
one. A span holds names, numbers and error codes: never a text, a prompt or an address with a query.
"""

import time
from contextvars import Token
from dataclasses import dataclass, field

from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer

from globalaiopc import GlobalAIOPCError
from globalaiopc.exchanges import Exchange
from tasks.correlation import ids
from tasks.instruments import ERROR, MODEL, REQUEST, STAGE, STATE, STEP
from tasks.timeline import End, Kind

JOB = "globalaiopc.job.id"
REQUEST_ID = "globalaiopc.request.id"
PROVIDER = "globalai_opc"
_NS = 1_000_000_000


def error_type(error: BaseException) -> str:
    """The code of an error of ours, else its class: never its text."""
    return error.code if isinstance(error, GlobalAIOPCError) else type(error).__name__


@dataclass(slots=True)
class OpenStep:
    """A step that is being taken; its span is the one that requests belong to."""

    span: Span
    stage: "_OpenStage"
    token: Token[context.Context]

    def end(self, error: BaseException | None) -> None:
        """Close it, and give the span before it its place back."""
        context.detach(self.token)
        if error is not None:
            _failed(self.span, error_type(error))
        self.stage.ended = time.time_ns()
        self.span.end(self.stage.ended)


@dataclass(slots=True)
class _OpenStage:
    span: Span
    ended: int


@dataclass(slots=True)
class _OpenBrief:
    span: Span
    stages: dict[str, _OpenStage] = field(default_factory=dict)


class Traces:
    """The traces of the briefs that one run works on."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._briefs: dict[str, _OpenBrief] = {}

    def begin(self, brief: str, stage: str, kind: Kind, job: str | None) -> OpenStep:
        """A step begins; what is requested in it becomes its child."""
        here = self._stage(self._brief(brief), brief, stage)
        span = self._tracer.start_span(
            f"{stage} {kind}",
            trace.set_span_in_context(here.span, context.Context()),
            attributes={STAGE: stage, STEP: kind, **({JOB: job} if job else {})},
        )
        return OpenStep(span, here, context.attach(trace.set_span_in_context(span)))

    def end(self, brief: str, end: End) -> None:
        """Nothing more is done for it."""
        if (known := self._briefs.pop(brief, None)) is not None:
            known.span.set_attributes({STATE: end.state, "globalaiopc.cost": float(end.cost)})
            if end.error:
                _failed(known.span, end.error)
            _close(known)

    def close(self) -> None:
        """The run is over: of a brief that is not, what there is is told."""
        for known in self._briefs.values():
            known.span.set_attribute(STATE, "unfinished")
            _close(known)
        self._briefs.clear()

    def _brief(self, brief: str) -> _OpenBrief:
        if (known := self._briefs.get(brief)) is None:
            about = {
                f"globalaiopc.{name.replace('_id', '.id')}": value
                for name, value in ids().items()
                if name in ("batch_id", "flow_run_id")
            }
            running = trace.get_current_span().get_span_context()
            span = self._tracer.start_span(
                "brief",
                context.Context(),
                attributes={"globalaiopc.brief.id": brief, **about},
                links=[Link(running)] if running.is_valid else [],
            )
            known = self._briefs[brief] = _OpenBrief(span)
        return known

    def _stage(self, known: _OpenBrief, brief: str, stage: str) -> _OpenStage:
        if (here := known.stages.get(stage)) is None:
            span = self._tracer.start_span(
                stage,
                trace.set_span_in_context(known.span, context.Context()),
                attributes={STAGE: stage, "globalaiopc.brief.id": brief},
            )
            here = known.stages[stage] = _OpenStage(span, time.time_ns())
        return here


def trace_request(tracer: Tracer, one: Exchange) -> None:
    """A request that is over, as a child of the step that it was made in."""
    end = time.time_ns()
    span = tracer.start_span(
        f"{one.method} {one.route}",
        kind=SpanKind.CLIENT,
        start_time=end - int(one.seconds * _NS),
        attributes=_attributes(one),
    )
    if one.error:
        span.set_status(Status(StatusCode.ERROR))
    span.end(end)


def _attributes(one: Exchange) -> dict[str, str | int]:
    known: dict[str, str | int | None] = {
        "http.request.method": one.method,
        "server.address": one.host,
        "server.port": one.port,
        "url.template": one.route,
        "http.response.status_code": one.status,
        ERROR: one.error or None,
        REQUEST: one.what,
        REQUEST_ID: one.request_id,
        JOB: one.job,
        MODEL: one.model or None,
        "gen_ai.usage.input_tokens": one.input_tokens,
        "gen_ai.usage.output_tokens": one.output_tokens,
    }
    if one.what == "chat":
        known |= {"gen_ai.operation.name": "chat", "gen_ai.provider.name": PROVIDER}
    return {name: value for name, value in known.items() if value is not None}


def _failed(span: Span, error: str) -> None:
    span.set_attribute(ERROR, error)
    span.set_status(Status(StatusCode.ERROR))


def _close(known: _OpenBrief) -> None:
    for stage in known.stages.values():
        stage.span.end(stage.ended)
    known.span.end()
