"""Traces and metrics of a job, through OpenTelemetry's own SDK with what it exports in memory."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prefect.logging.configuration import DEFAULT_LOGGING_SETTINGS_PATH, load_logging_config
from pythonjsonlogger.json import JsonFormatter

from globalaiopc import OutcomeUnknown, RateLimited, exchanges
from ledger import Landed, Receipt
from tasks import instruments, telemetry
from tasks.correlation import correlate_logs, correlated
from tasks.paid import buy
from tests.globalaiopc.doubles import KEY as API_KEY
from tests.tasks.doubles import KEY, TASK, Bucket, Provider, fox, studio_for

JSON_LOGS = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "pythonjsonlogger.json.JsonFormatter",
    "PREFECT_LOGGING_FORMATTERS_JSON_FORMAT": "%(asctime)s %(levelname)s %(name)s %(message)s",
}
PRIVATE = ("a fox", API_KEY, "X-Amz-Signature", "canary", "?sig=", "x.test/a.png")


@dataclass
class Told:
    """What was exported."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def numbers(self) -> dict[str, dict[tuple[tuple[str, object], ...], float]]:
        """By metric and attributes: a counter's sum, a histogram's count."""
        data = self.reader.get_metrics_data()
        return {
            metric.name: {
                tuple(sorted(point.attributes.items())): getattr(point, "count", None)
                or getattr(point, "value", 0)
                for point in metric.data.data_points
            }
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def total(self, name: str) -> float:
        return sum(self.numbers().get(name, {}).values())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """The SDK for one test: its providers can be set but once in a process."""
    found = Told(InMemorySpanExporter(), InMemoryMetricReader())
    traces, numbers = TracerProvider(), MeterProvider([found.reader])
    traces.add_span_processor(SimpleSpanProcessor(found.exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: traces)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: numbers)
    meter = numbers.get_meter("test")
    create: dict[str, Callable[..., object]] = {
        "counter": meter.create_counter,
        "histogram": meter.create_histogram,
        "gauge": meter.create_gauge,
    }
    for name, value in vars(instruments).items():
        if one := instruments.INSTRUMENTS.get(getattr(value, "_name", "")):
            monkeypatch.setattr(instruments, name, create[one.kind](one.name, unit=one.unit))
    yield found
    exchanges.observe(None)
    traces.shutdown()
    numbers.shutdown()


def answers(request: httpx.Request) -> httpx.Response:
    headers = {"x-request-id": "req-77"}
    if request.method == "POST":
        return httpx.Response(200, json={"id": TASK, "status": "queued"}, headers=headers)
    made = {"id": TASK, "status": "completed", "amount": 0.25}
    url = "https://x.test/a.png?sig=canary"
    return httpx.Response(200, json=made | {"image_url": url}, headers=headers)


async def test_a_job_is_a_trace_of_brief_stage_step_and_request(told: Told) -> None:
    studio = studio_for(answers)
    with telemetry.watched(studio.timeline):
        with correlated(batch_id=KEY.batch_id, flow_run_id="run-1"):
            await buy(studio, fox())
        studio.timeline.end("fox", "landed", cost=Decimal("0.25"))
    spans = told.spans
    path = ["brief", "image", "image send", "POST /v1/banana/images"]
    for parent, child in pairwise(path):
        assert spans[child].parent.span_id == spans[parent].context.span_id
    assert spans["GET /v1/result/{id}"].parent.span_id == spans["image wait"].context.span_id
    assert spans["brief"].parent is None
    assert {span.context.trace_id for span in spans.values()} == {spans["brief"].context.trace_id}
    brief, sent = spans["brief"].attributes, spans["POST /v1/banana/images"].attributes
    assert brief["globalaiopc.batch.id"] == "b"
    assert brief["globalaiopc.flow_run.id"] == "run-1"
    assert brief["globalaiopc.state"] == "landed"
    assert sent["gen_ai.request.model"] == "nano-banana-2"
    assert sent["globalaiopc.request.id"] == "req-77"
    assert sent["globalaiopc.job.id"] == TASK
    assert sent["http.response.status_code"] == 200
    assert spans["image"].start_time <= spans["image queue"].start_time
    assert spans["image wait"].end_time <= spans["image"].end_time <= spans["brief"].end_time
    assert not spans["brief"].links


async def test_no_span_and_no_label_holds_what_is_private(told: Told) -> None:
    studio = studio_for(answers)
    with telemetry.watched(studio.timeline):
        await buy(studio, fox())
    shown = [span.to_json() for span in told.exporter.get_finished_spans()]
    data = told.reader.get_metrics_data()
    assert data
    whole = "\n".join([*shown, data.to_json()])
    assert "nano-banana-2" in whole
    for secret in PRIVATE:
        assert secret not in whole, secret
    assert "batch" not in data.to_json()


async def test_what_was_sent_is_what_is_counted(told: Told) -> None:
    provider = Provider()
    studio = studio_for(provider)
    with telemetry.watched(studio.timeline):
        for take in (1, 2, 3):
            await buy(studio, fox(take))
        await buy(studio, fox())  # bought already
    by = (("gen_ai.request.model", "nano-banana-2"), ("globalaiopc.request", "create"))
    assert told.numbers()["globalaiopc.submits"] == {by: provider.posts} == {by: 3}
    assert told.total("globalaiopc.polls") == 4
    assert told.total("globalaiopc.poll.lag") == 4
    assert told.total("http.client.request.duration") == 7
    steps = Counter[object]()
    for attributes, count in told.numbers()["globalaiopc.step.duration"].items():
        steps[dict(attributes)["globalaiopc.step"]] += int(count)
    assert steps == {"queue": 3, "turn": 3, "send": 3, "wait": 4}


async def test_what_a_job_cost_is_counted_once(told: Told) -> None:
    bucket = Bucket()
    for _ in range(2):
        studio = studio_for(answers, bucket)
        with telemetry.watched(studio.timeline):
            await buy(studio, fox())
    assert told.total("globalaiopc.cost") == 0.25
    receipt = Receipt.from_json(bucket.objects[KEY.receipt_key], "it")
    media = Landed(key="k", sha256="0" * 64, size=1234, content_type="image/png")
    telemetry.landed(receipt, media)
    assert (told.total("globalaiopc.landings"), told.total("globalaiopc.landing.size")) == (1, 1234)


async def test_a_429_and_a_lost_answer_are_counted_and_fail_their_spans(told: Told) -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={"error": "busy"}, headers={"x-log-id": "log-9"})

    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("https://secret.test/?sig=canary")

    for handler, error in ((busy, RateLimited), (lost, OutcomeUnknown)):
        studio = studio_for(handler)
        with telemetry.watched(studio.timeline):
            with pytest.raises(error) as raised:
                await buy(studio, fox())
            studio.timeline.end("fox", "failed", raised.value.code)
        span = told.spans["POST /v1/banana/images"]
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes["error.type"] == raised.value.code
        assert told.spans["image send"].attributes["error.type"] == raised.value.code
        assert told.spans["brief"].attributes["error.type"] == raised.value.code
        assert not any(one.events for one in told.spans.values())
    assert told.total("globalaiopc.rate_limits") == 1
    assert told.total("globalaiopc.unknowns") == 1
    assert told.total("globalaiopc.submits") == 2
    failed = {dict(by)["error.type"] for by in told.numbers()["globalaiopc.briefs"]}
    assert failed == {"rate_limited", "outcome_unknown"}


async def test_a_429s_request_id_is_in_the_error_that_a_receipt_keeps() -> None:
    bucket = Bucket()

    def refuses(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "no"}, headers={"x-request-id": "req-1"})

    with pytest.raises(Exception, match="request req-1"):
        await buy(studio_for(refuses, bucket), fox())
    error = Receipt.from_json(bucket.objects[KEY.receipt_key], "it").error
    assert error is not None
    assert error.request_id == "req-1"


async def test_what_was_refused_before_it_was_sent_is_no_submit(told: Told) -> None:
    def dead(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    studio = studio_for(dead)
    with telemetry.watched(studio.timeline), pytest.raises(Exception, match="not sent"):
        await buy(studio, fox())
    assert told.total("globalaiopc.submits") == 0
    assert told.spans["POST /v1/banana/images"].attributes["error.type"] == "not_sent"


async def test_a_brief_that_a_run_leaves_unfinished_is_told_all_the_same(told: Told) -> None:
    studio = studio_for(answers)
    with telemetry.watched(studio.timeline):
        await buy(studio, fox())
    assert told.spans["brief"].attributes["globalaiopc.state"] == "unfinished"


async def test_telemetry_that_breaks_costs_no_job_its_id(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(telemetry, "_count", broken)
    monkeypatch.setattr(telemetry.Traces, "begin", broken)
    for name in ("STEP_SECONDS", "POLL_LAG"):
        monkeypatch.setattr(getattr(instruments, name), "record", broken)
    monkeypatch.setattr(instruments.COST, "add", broken)
    studio = studio_for(answers)
    with telemetry.watched(studio.timeline):
        bought = await buy(studio, fox())
    assert (bought.task_id, bought.held.receipt.state) == (TASK, "completed")


async def test_nothing_is_watched_unless_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    studio = studio_for(Provider())
    with telemetry.watched(studio.timeline):
        assert studio.timeline.watcher is None
        assert exchanges._observer is None


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, (False, False)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, (True, True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, (True, False)),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, (False, True)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, (False, False)),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"},
            (False, True),
        ),
    ],
)
def test_otels_own_variables_say_whether(
    environment: dict[str, str], wanted: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (telemetry._wanted("TRACES"), telemetry._wanted("METRICS")) == wanted


def test_each_process_has_a_name_of_its_own_unless_it_is_given_one() -> None:
    first, second = telemetry._resource({}), telemetry._resource({})
    assert first["service.instance.id"] != second["service.instance.id"]
    assert first["service.name"] == "globalaiopc-pipelines"
    told = {"OTEL_SERVICE_NAME": "x", "OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=1"}
    assert telemetry._resource(told) == {}


async def test_log_lines_say_what_they_belong_to(
    told: Told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in JSON_LOGS.items():
        monkeypatch.setenv(name, value)
    config = load_logging_config(DEFAULT_LOGGING_SETTINGS_PATH)
    assert config["handlers"]["console"]["formatter"] == "json"
    assert config["formatters"]["json"]["class"] == "pythonjsonlogger.json.JsonFormatter"
    formatter = JsonFormatter(config["formatters"]["json"]["format"])
    correlate_logs()
    log = logging.getLogger("tasks.test")
    studio = studio_for(answers)
    with (
        telemetry.watched(studio.timeline),
        correlated(batch_id="b", brief_id="fox"),
    ):
        with studio.timeline.span("fox", "image", "wait", job="t-1"):
            log.warning("a %s line", "good", extra={"stage": "of its own"})
        log.warning("after it")
    inside, after = (json.loads(formatter.format(record)) for record in caplog.records[-2:])
    assert inside["message"] == "a good line"
    assert (inside["batch_id"], inside["brief_id"], inside["job_id"]) == ("b", "fox", "t-1")
    assert inside["stage"] == "of its own"
    span = told.spans["image wait"].context
    assert inside["trace_id"] == trace.format_trace_id(span.trace_id)
    assert "job_id" not in after
    assert (inside["levelname"], inside["name"]) == ("WARNING", "tasks.test")
