"""The metrics of this project: what each counts, in which unit, and by what it can be split.

A batch's name is on every span and on no metric: a schedule makes a new one every day, and each
would be a time series of its own for ever. Models, stages and error codes are few.

Until OpenTelemetry's SDK is configured all of these do nothing.
"""

from dataclasses import dataclass
from typing import Literal

from opentelemetry import metrics

SCOPE = "globalaiopc-pipelines"
METER = metrics.get_meter(SCOPE)

MODEL = "gen_ai.request.model"
STAGE = "globalaiopc.stage"
STEP = "globalaiopc.step"
REQUEST = "globalaiopc.request"
STATE = "globalaiopc.state"
CURRENCY = "globalaiopc.currency"
ERROR = "error.type"

Kind = Literal["counter", "histogram", "gauge"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """`name`, `unit` (UCUM) and `attributes` as OpenTelemetry has them."""

    name: str
    kind: Kind
    unit: str
    attributes: tuple[str, ...]
    description: str

    @property
    def prometheus(self) -> str:
        """The name that OpenTelemetry's translation gives it in Prometheus (no `_bucket`)."""
        unit = {"s": "_seconds", "By": "_bytes"}.get(self.unit, "")
        unit = unit or ("_ratio" if (self.unit, self.kind) == ("1", "gauge") else "")
        total = "_total" if self.kind == "counter" else ""
        return self.name.replace(".", "_") + unit + total


INSTRUMENTS: dict[str, Instrument] = {}
"""By name: all that there are."""


def _noted(kind: Kind, name: str, unit: str, by: tuple[str, ...], text: str) -> Instrument:
    one = INSTRUMENTS[name] = Instrument(name, kind, unit, by, text)
    return one


def _counter(name: str, unit: str, by: tuple[str, ...], text: str) -> metrics.Counter:
    _noted("counter", name, unit, by, text)
    return METER.create_counter(name, unit=unit, description=text)


def _histogram(
    name: str, unit: str, by: tuple[str, ...], text: str, buckets: tuple[float, ...]
) -> metrics.Histogram:
    _noted("histogram", name, unit, by, text)
    return METER.create_histogram(
        name, unit=unit, description=text, explicit_bucket_boundaries_advisory=buckets
    )


def _gauge(name: str, unit: str, by: tuple[str, ...], text: str) -> "metrics._Gauge":
    _noted("gauge", name, unit, by, text)
    return METER.create_gauge(name, unit=unit, description=text)


_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
_TOKENS = (1.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0)

SUBMITS = _counter(
    "globalaiopc.submits",
    "{request}",
    (REQUEST, MODEL, ERROR),
    "Paid POSTs that reached the wire, however they ended.",
)
POLLS = _counter("globalaiopc.polls", "{request}", (MODEL, ERROR), "Looks at a job. They are free.")
RATE_LIMITS = _counter(
    "globalaiopc.rate_limits", "{response}", (REQUEST, MODEL), "Answers that said 429."
)
REQUEST_SECONDS = _histogram(
    "http.client.request.duration",
    "s",
    (
        "http.request.method",
        "server.address",
        "server.port",
        "url.template",
        "http.response.status_code",
        ERROR,
    ),
    "Requests to the provider, from sending to the whole answer.",
    _SHORT,
)
POLL_LAG = _histogram(
    "globalaiopc.poll.lag",
    "s",
    (STAGE,),
    "From a medium's being made, as well as that can be known, to the look that saw it.",
    _LONG,
)
STEP_SECONDS = _histogram(
    "globalaiopc.step.duration",
    "s",
    (STAGE, STEP, ERROR),
    "Steps of stages: queue, turn, chat, send, wait, land.",
    _LONG,
)
BRIEFS = _counter(
    "globalaiopc.briefs", "{brief}", (STATE, ERROR), "Briefs for which a run has done all it can."
)
LANDINGS = _counter(
    "globalaiopc.landings", "{object}", (STAGE, MODEL), "Media that landed whole in the bucket."
)
LANDED_BYTES = _counter("globalaiopc.landing.size", "By", (STAGE, MODEL), "Bytes of these media.")
COST = _counter(
    "globalaiopc.cost",
    "{currency}",
    (STAGE, MODEL, CURRENCY),
    "What the provider said that jobs cost. The currency is that of the batch's price file.",
)
UNKNOWNS = _counter(
    "globalaiopc.unknowns", "{job}", (STAGE, MODEL, ERROR), "Paid POSTs whose answer was lost."
)
TOKENS = _histogram(
    "gen_ai.client.token.usage",
    "{token}",
    ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.token.type", MODEL),
    "Tokens of text calls, as the provider counts them.",
    _TOKENS,
)

HEALTH = _gauge("globalaiopc.health", "{level}", (), "By `flows health`: 0 ok, 1 degraded, 2 down.")
UNKNOWN_JOBS = _gauge(
    "globalaiopc.unknown.jobs", "{job}", (), "By `flows health`: jobs that await a decision."
)
UNKNOWN_COST = _gauge(
    "globalaiopc.unknown.cost",
    "{currency}",
    (CURRENCY,),
    "By `flows health`: the money at risk with them, as far as their prices are known.",
)
UNLANDED_JOBS = _gauge(
    "globalaiopc.unlanded.jobs",
    "{job}",
    (),
    "By `flows health`: jobs bought and not landed whose file will soon be gone.",
)
TROUBLED_RUNS = _gauge(
    "globalaiopc.troubled.runs", "{run}", (STATE,), "By `flows health`: flow runs late or crashed."
)
