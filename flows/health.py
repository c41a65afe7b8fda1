"""Is all well? For monitors: the Prefect server, the blocks, the provider, the bucket, the runs.

Nothing is bought: a made-up job is looked up, which is free, and small objects are written to the
bucket and removed again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.settings import get_current_settings
from pydantic import AwareDatetime, BaseModel, ConfigDict

from blocks import GlobalAIOPC, MediaBucket
from blocks.reaching import unreachable
from flows.cells import money
from flows.report import Cost
from flows.unlanded import SOON, Unlanded, names, unlanded
from globalaiopc import GlobalAIOPCError
from ledger import Verdict
from ledger.probe import CLOCK, CONDITIONS
from tasks import instruments as m
from tasks import telemetry

Level = Literal["ok", "degraded", "down"]
"""`down`: nothing can be bought or landed; `degraded`: it works, and somebody should look."""

LEVELS: tuple[Level, ...] = ("ok", "degraded", "down")
FLOWS = (
    *("text-to-image", "image-to-video", "text-to-video", "fan-out", "content-batch", "backfill"),
    *("speech", "talking-head", "assets", "rescue", "gallery", "verify"),
)
"""The flows of this project, by Prefect's names."""

PATIENCE = 60.0
"""Seconds for each part: a monitor wants an answer."""
CRASHED_WITHIN = timedelta(hours=24)
_MOST_RUNS = 50


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class Check(_Kept):
    """One question and its answer; `advice` is what to do about it, or ""."""

    name: str
    level: Level
    detail: str
    advice: str = ""


class Health(_Kept):
    """How all is. Counts are None where nobody could be asked.

    `at_risk` is the money of unknown jobs by currency ("" where no price file names one), as far
    as prices are known; `unpriced` counts those without. `expires` is when the provider deletes the
    first file that is paid for and not landed.
    """

    schema_version: Literal[1] = 1
    level: Level
    at: AwareDatetime
    checks: tuple[Check, ...]
    unknown_jobs: int | None = None
    at_risk: dict[str, Cost] | None = None
    unpriced: int | None = None
    expiring_jobs: int | None = None
    expires: AwareDatetime | None = None
    late_runs: int | None = None
    crashed_runs: int | None = None


async def health(connection: str, bucket: str) -> Health:
    """Ask everybody. Raises nothing that a monitor would have to understand."""
    if get_current_settings().api.url is None:
        away = Check(
            name="Prefect server",
            level="down",
            detail="PREFECT_API_URL is not set, so there is no server to ask.",
            advice="Set it as the workers have it.",
        )
        return _health([away])
    async with get_client() as client:
        server = await _server(client)
        if server.level == "down":
            return _health([server])
        blocks, store, runs = await asyncio.gather(
            _within("connection", lambda: _connection(connection)),
            _within("bucket", lambda: _bucket(bucket)),
            _within("flow runs", lambda: _runs(client)),
        )
    return _health([server, *blocks[0], *store[0], *runs[0]], **store[1], **runs[1])


_Facts = dict[str, object]
_Found = tuple[list[Check], _Facts]


async def _within(name: str, ask: Callable[[], Awaitable[_Found]]) -> _Found:
    """What `ask` finds; nothing that goes wrong keeps the other parts from being told."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await ask()
    except TimeoutError:
        return [Check(name=name, level="down", detail=f"No answer within {PATIENCE:g} s.")], {}
    except GlobalAIOPCError as error:
        return [Check(name=name, level="down", detail=error.message, advice=error.advice)], {}
    except Exception as error:
        # The text of an exception that is not ours may hold anything.
        told = f"It could not be checked ({type(error).__name__})."
        return [Check(name=name, level="down", detail=told)], {}


def _health(checks: Sequence[Check], **facts: object) -> Health:
    level = max((one.level for one in checks), key=LEVELS.index)
    return Health.model_validate(
        {"level": level, "at": datetime.now(UTC), "checks": tuple(checks), **facts}
    )


async def _server(client: PrefectClient) -> Check:
    failure = await client.api_healthcheck()
    if failure is not None:
        return Check(name="Prefect server", level="down", detail=unreachable(failure))
    return Check(name="Prefect server", level="ok", detail="It answers.")


async def _connection(name: str) -> _Found:
    try:
        block: GlobalAIOPC = await GlobalAIOPC.aload(name)
    except (ValueError, RuntimeError):
        return [_no_block(f"globalaiopc/{name}")], {}
    return [_check(one) for one in await block.check()], {}


async def _bucket(name: str) -> _Found:
    try:
        block: MediaBucket = await MediaBucket.aload(name)
    except (ValueError, RuntimeError):
        return [_no_block(f"media-bucket/{name}")], {}
    bearable = (CLOCK, *(CONDITIONS if block.single_process else ()))
    checks = [_check(one, bearable) for one in await block.check()]
    if any(one.level == "down" for one in checks):
        return checks, {}
    found = await unlanded(block.store())
    return [*checks, *_asked_of_a_person(found)], {
        "unknown_jobs": len(found.unknown),
        "at_risk": found.at_risk,
        "unpriced": found.unpriced,
        "expiring_jobs": len(found.expiring),
        "expires": found.expiring[0].expires if found.expiring else None,
    }


def _no_block(name: str) -> Check:
    detail = f"{name} is not on the Prefect server, or does not load."
    return Check(name="block", level="down", detail=detail, advice="Run `python -m blocks`.")


def _check(verdict: Verdict, bearable: Iterable[str] = ()) -> Check:
    level: Level = "ok" if verdict.ok else "degraded" if verdict.name in bearable else "down"
    return Check(name=verdict.name, level=level, detail=verdict.detail, advice=verdict.advice)


def _asked_of_a_person(found: Unlanded) -> list[Check]:
    sums = [f"{money(amount)} {unit}".strip() for unit, amount in found.at_risk.items()]
    sums += [f"{found.unpriced} of unknown price"] if found.unpriced else []
    soon = f"{SOON.total_seconds() / 3600:g} h"
    return [
        _some(
            "jobs of unknown outcome",
            f"{len(found.unknown)} perhaps charged ({', '.join(sums)}): {names(found.unknown)}.",
            "Decide about each: `python -m flows rescue`.",
            there=bool(found.unknown),
        ),
        _some(
            "media landed in time",
            f"{len(found.expiring)} paid for and not landed, whose files go within {soon} or are "
            f"gone: {names(one.job for one in found.expiring)}.",
            "Bring them in, free: `python -m flows rescue`.",
            there=bool(found.expiring),
        ),
        _some(
            "receipts readable",
            f"{len(found.unreadable)} cannot be read: {' '.join(found.unreadable[:3])}",
            "See docs/failures.md.",
            there=bool(found.unreadable),
        ),
        _some(
            "receipts read",
            f"{found.unread:,} older ones without a medium were not read.",
            "Look at all of them: `python -m flows rescue`.",
            there=bool(found.unread),
        ),
    ]


def _some(name: str, detail: str, advice: str, *, there: bool) -> Check:
    if not there:
        return Check(name=name, level="ok", detail="Nothing to do.")
    return Check(name=name, level="degraded", detail=detail, advice=advice)


async def _runs(client: PrefectClient) -> _Found:
    ours = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
    late = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"]))
    crashed = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED]))
    recently = FlowRunFilterEndTime(after_=datetime.now(UTC) - CRASHED_WITHIN)
    counts: dict[str, int] = {}
    checks = []
    for what, wanted, advice in (
        ("late", FlowRunFilter(state=late), "Is a worker of its pool running? See the work pools."),
        (
            "crashed",
            FlowRunFilter(state=crashed, end_time=recently),
            "Run it again: what was bought is continued, and nothing is paid twice.",
        ),
    ):
        found = await client.read_flow_runs(
            flow_filter=ours, flow_run_filter=wanted, limit=_MOST_RUNS
        )
        counts[f"{what}_runs"] = len(found)
        told = ", ".join(run.name for run in found[:3])
        detail = f"{len(found)}{'+' * (len(found) == _MOST_RUNS)}: {told}."
        checks.append(_some(f"runs {what}", detail, advice, there=bool(found)))
    return checks, dict(counts)


def publish(found: Health) -> None:
    """Let a dashboard see it too, if OTEL_* says where one is."""
    telemetry.start()
    m.HEALTH.set(LEVELS.index(found.level))
    for gauge, count in (
        (m.UNKNOWN_JOBS, found.unknown_jobs),
        (m.UNLANDED_JOBS, found.expiring_jobs),
    ):
        if count is not None:
            gauge.set(count)
    for unit, amount in (
        found.at_risk or ({} if found.at_risk is None else {"": Decimal(0)})
    ).items():
        m.UNKNOWN_COST.set(float(amount), {m.CURRENCY: unit})
    for state, count in (("late", found.late_runs), ("crashed", found.crashed_runs)):
        if count is not None:
            m.TROUBLED_RUNS.set(count, {m.STATE: state})
