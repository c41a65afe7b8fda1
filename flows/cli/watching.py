"""`status`: how a batch is by what lies in the bucket, once or again and again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import get_args

from rich.console import Group, RenderableType
from rich.text import Text

from flows.cells import cell, money, spell
from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.runs import open_store
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.rescue_report import age
from flows.status import BatchStatus, NoSuchBatch, Stands, batch_status
from ledger import ObjectStore, State

SECONDS = 5.0
_JOB_STATES: tuple[State, ...] = get_args(State)

_EXITS: Mapping[Stands, Exit] = {
    "landed": Exit.DONE,
    "partly landed": Exit.PARTLY,
    "nothing landed": Exit.FAILED,
    "needs a decision": Exit.DECIDE,
    "under way": Exit.PARTLY,
    "awaits approval": Exit.APPROVE,
    "unfinished": Exit.PARTLY,
}


async def status(screen: Screen, batch_id: str, *, bucket: str, watch: bool) -> Answer:
    """Raises `NoSuchBatch`, unless it is watched for: then it may still begin."""
    store = await open_store(screen, bucket)
    if not watch:
        return _answer(await batch_status(store, batch_id))
    screen.busy(f"Waiting for batch {batch_id}")
    seen = await _begun(store, batch_id)
    async with screen.drawing(lambda: _picture(seen), lambda: sentence(seen)):
        while not seen.over and seen.stands != "awaits approval":
            await asyncio.sleep(SECONDS)
            seen = await batch_status(store, batch_id)
    return _answer(seen)


async def _begun(store: ObjectStore, batch_id: str) -> BatchStatus:
    while True:
        with suppress(NoSuchBatch):
            return await batch_status(store, batch_id)
        await asyncio.sleep(SECONDS)


def sentence(status: BatchStatus) -> str:
    """How it is, in one line."""
    counts = [f"{count} {state}" for state, count in status.briefs.items() if count]
    said = [f"Batch {status.batch_id}: {status.stands}.", f"{', '.join(counts) or 'no briefs'}."]
    said.append(f"Cost {money(status.cost)}" + _unpriced(status) + ".")
    if status.budget:
        unit = f" {status.budget.currency}" if status.budget.currency else ""
        said.append(
            f"Budget {money(status.budget.limit)}{unit}: {money(status.budget.spent)} spent, "
            f"{money(status.budget.reserved)} reserved."
        )
    if status.last_change:
        ago = (datetime.now(UTC) - status.last_change).total_seconds()
        said.append(f"Last change {spell(max(0.0, ago))} ago.")
    if status.stands == "unfinished":
        said.append("No run makes it now: run it again, and it goes on.")
    elif status.stands == "awaits approval":
        said.append("Answer its sheet in the Prefect UI, or run it again with --approval.")
    elif status.run and status.run.alive:
        said.append(f"Run {status.run.name} makes it.")
    return " ".join(said)


def _unpriced(status: BatchStatus) -> str:
    jobs = "1 job" if status.unpriced == 1 else f"{status.unpriced} jobs"
    return f", and {jobs} whose cost was not said" if status.unpriced else ""


def _picture(status: BatchStatus) -> RenderableType:
    return Group(Text(sentence(status)), *_tables(status))


def _answer(status: BatchStatus) -> Answer:
    rescue = f"python -m flows rescue {status.batch_id}"
    return Answer(
        _EXITS[status.stands],
        status.stands,
        sentence(status),
        result=status.model_dump(mode="json"),
        shown=_tables(status),
        next=(rescue,) if status.unknown else (),
    )


def _tables(status: BatchStatus) -> tuple[RenderableType, ...]:
    jobs = [
        {"jobs": stage, **{state: str(counts.get(state, "")) for state in _JOB_STATES}}
        for stage, counts in status.jobs.items()
    ]
    unknown = [
        {
            "job": one.job,
            "model": one.model,
            "amount": "not known" if one.amount is None else f"{money(one.amount)} {one.amount_is}",
            "age": age((datetime.now(UTC) - one.since).total_seconds()) if one.since else "",
            "what happened": cell(one.message),
        }
        for one in status.unknown
    ]
    causes = [
        {
            "briefs": str(cause.briefs),
            "cause": cause.code,
            "charged": cause.error.charged,
            "who acts": cause.error.who_acts,
            "what to do": cell(cause.error.advice or cause.error.message, 300),
            "such as": ", ".join(cause.examples),
        }
        for cause in status.causes
    ]
    shards = [
        {
            "shard": one.shard,
            "runs": str(one.runs),
            "state": "done" if one.done else "not done",
            "not landed": str(one.left or ""),
        }
        for one in status.shards
    ]
    unreadable = [{"receipts that cannot be read": text} for text in status.unreadable]
    return (
        Rows(jobs),
        Rows(unknown, title="Unknown: perhaps charged, decide with rescue"),
        Rows(causes, title="Not landed"),
        Rows(shards, title="Shards"),
        Rows(unreadable),
    )
