"""How a batch is, read from its bucket alone: whoever runs it, wherever, even if nobody does.

Reports know briefs that never came to a receipt; receipts know what happened since. Nothing is
written and nothing is asked of the provider.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from flows.errors import AwaitingApproval, Declined
from flows.in_turn import Holder, place_of
from flows.pulse import SECONDS, Pulse
from flows.report import BatchReport, Cost, ReportItem, State
from flows.shards import Shard
from flows.spending import AmountIs, worth
from flows.watching import SILENT_BEATS
from flows.writing import STAGE as SCRIPT
from globalaiopc import ErrorInfo, InvalidRequest
from ledger import Budget, Ledger, ObjectStore, PriceBook, Receipt
from ledger import State as JobState
from tasks.prices import kept_prices

Stands = Literal[
    "landed",
    "partly landed",
    "nothing landed",
    "needs a decision",
    "under way",
    "awaits approval",
    "unfinished",
]
"""Of the batch as a whole. A decision that is needed goes before all else. `under way`: a run makes
it; `unfinished`: none does, and there is something left to do. What was declined is done."""

_MADE = ("video", "speech")
_GOING: tuple[JobState, ...] = ("intent", "submitted", "completed")
_STATES: tuple[State, ...] = ("landed", "pending", "failed", "blocked", "unknown")
_EXAMPLES = 3
_REPORT = "{}/report.json"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class OpenJob(_Kept):
    """A job whose outcome nobody knows. `job` is what `rescue --resubmit` takes."""

    job: str
    model: str
    since: AwareDatetime | None
    amount: Cost | None
    amount_is: AmountIs
    message: str


class Cause(_Kept):
    """Why briefs did not land; `briefs` counts them and `examples` names the first."""

    code: str
    briefs: int
    examples: tuple[str, ...]
    error: ErrorInfo


class BudgetStands(_Kept):
    """As `budget.json` has it."""

    limit: Cost
    currency: str
    spent: Cost
    reserved: Cost


class RunStands(_Kept):
    """The run that makes the batch, or did last. `alive`: it gave a sign of life just now."""

    name: str
    flow_run: UUID | None
    alive: bool


class ShardStands(_Kept):
    """One shard's runs: `done` if one of them said so; `left` are its briefs that did not land."""

    shard: str
    runs: int
    done: bool
    left: int


class BatchStatus(_Kept):
    """`briefs` by state and `jobs` by stage and state of the receipt, of what the bucket knows.

    `cost` adds up what the provider said of all jobs; `unpriced` counts those of which it said
    nothing. `last_change` is that of the latest receipt, `reported` the end of the latest run.
    `over`: a run of the whole batch has ended, none makes it now, and no job is under way.
    """

    schema_version: Literal[1] = 1
    batch_id: str
    stands: Stands
    over: bool
    briefs: Mapping[State, int]
    jobs: Mapping[str, Mapping[JobState, int]]
    cost: Cost
    unpriced: int
    unknown: tuple[OpenJob, ...]
    causes: tuple[Cause, ...]
    budget: BudgetStands | None
    run: RunStands | None
    shards: tuple[ShardStands, ...]
    last_change: AwareDatetime | None
    reported: AwareDatetime | None
    unreadable: tuple[str, ...]


class NoSuchBatch(InvalidRequest):
    code = "no_such_batch"
    advice = "Check the name, and the bucket and its prefix in the MediaBucket block."


async def batch_status(store: ObjectStore, batch_id: str) -> BatchStatus:
    """Read it all. Raises `NoSuchBatch` when there is nothing of it, and `StoreError`."""
    unreadable: list[str] = []
    ledger = Ledger(store)
    receipts = [
        held.receipt
        async for held in ledger.scan(
            f"{batch_id}/", unreadable=lambda error: unreadable.append(error.message)
        )
    ]
    reports, shards = await _reports(store, batch_id)
    if not receipts and not reports and not shards and not unreadable:
        raise NoSuchBatch(
            f"There is nothing of a batch {batch_id} in {store.uri('')}.", field="batch"
        )
    account = await Budget(store, batch_id).peek()
    prices = await kept_prices(store, batch_id)
    budget = account and BudgetStands(
        limit=account.limit,
        currency=account.currency,
        spent=account.spent_total,
        reserved=account.reserved_total,
    )
    run = await _run(store, batch_id)
    whole = await store.head(_REPORT.format(batch_id)) is not None
    return _status(
        batch_id,
        _Briefs(receipts, reports, ledger.now()),
        prices,
        reported=reports[-1].ended if reports else None,
        ended=whole or (bool(shards) and all(shard.done for shard in shards)),
        run=run,
    ).model_copy(update={"budget": budget, "shards": shards, "unreadable": tuple(unreadable)})


async def _run(store: ObjectStore, batch_id: str) -> RunStands | None:
    """By the store's clock alone: no two machines' clocks have to agree."""
    info, stored = await store.head(place_of(batch_id)), await store.get(place_of(batch_id))
    if stored is None:
        return None
    holder, now = Holder.parse(stored.body), await store.server_time()
    silent = (now - info.modified).total_seconds() if info and info.modified and now else 0.0
    return RunStands(
        name=holder.name,
        flow_run=holder.run,
        alive=not holder.over and silent < SILENT_BEATS * SECONDS,
    )


async def _reports(
    store: ObjectStore, batch_id: str
) -> tuple[list[BatchReport], tuple[ShardStands, ...]]:
    """The batch's report and those of its shards, the latest last; and how the shards stand."""
    pulses: dict[Shard, list[Pulse]] = {}
    keys = [_REPORT.format(batch_id)]
    async for key in store.iter_keys(f"{batch_id}/shards/"):
        name, _, rest = key.removeprefix(f"{batch_id}/shards/").partition("/")
        if not rest:
            continue
        shard = Shard.parse(name)
        if rest == "report.json":
            keys.append(key)
        elif rest.startswith("runs/") and (run := rest[5:].removesuffix(".json")):
            pulse = await Pulse.read(store, shard.folder(batch_id), run)
            pulses.setdefault(shard, []).extend([pulse] if pulse else [])
    found = [await _report(store, key) for key in keys]
    stands = [
        ShardStands(
            shard=str(shard),
            runs=len(beats),
            done=any(pulse.done for pulse in beats),
            left=min((pulse.left for pulse in beats if pulse.done), default=0),
        )
        for shard, beats in sorted(pulses.items(), key=lambda pair: pair[0].number)
    ]
    reports = sorted((one for one in found if one), key=lambda report: report.ended)
    return reports, tuple(stands)


async def _report(store: ObjectStore, key: str) -> BatchReport | None:
    stored = await store.get(key)
    try:
        return BatchReport.model_validate_json(stored.body) if stored else None
    except ValidationError:  # by another version of this program: the receipts tell as well
        return None


def _status(
    batch_id: str,
    seen: "_Briefs",
    prices: PriceBook,
    *,
    reported: datetime | None,
    ended: bool,
    run: RunStands | None,
) -> BatchStatus:
    receipts = seen.receipts
    paid = [one for one in receipts if one.job.stage != SCRIPT]
    unknown = [one for one in paid if seen.job_state(one) == "unknown"]
    jobs: dict[str, Counter[JobState]] = {}
    for one in paid:
        jobs.setdefault(one.job.stage, Counter())[seen.job_state(one)] += 1
    counts = Counter(seen.states.values())
    alive = run is not None and run.alive
    codes = Counter(error.code for error in seen.errors.values())
    declined = codes[Declined.code]
    over = ended and not alive and counts["pending"] == declined
    return BatchStatus(
        batch_id=batch_id,
        stands="needs a decision"
        if unknown
        else _stands(
            counts, declined, awaits=bool(codes[AwaitingApproval.code]), alive=alive, over=over
        ),
        over=over,
        briefs={state: counts[state] for state in _STATES},
        jobs=jobs,
        cost=sum((one.amount or Decimal(0) for one in receipts), Decimal(0)),
        unpriced=sum(one.amount is None and one.state in ("completed", "landed") for one in paid),
        unknown=tuple(_open(one, prices) for one in unknown),
        causes=_causes(seen.errors),
        budget=None,
        run=run,
        shards=(),
        last_change=max((_changed(one) for one in receipts), default=None),
        reported=reported,
        unreadable=(),
    )


class _Briefs:
    """Each brief's state and error: from the latest report, or from receipts newer than that."""

    def __init__(
        self, receipts: Sequence[Receipt], reports: Iterable[BatchReport], now: datetime
    ) -> None:
        self._now = now
        self.receipts = receipts
        self.states: dict[str, State] = {}
        self.errors: dict[str, ErrorInfo] = {}
        reported: dict[str, datetime] = {}
        for report in reports:
            for item in report.items:
                reported[item.id] = report.ended
                self._take(item)
        by_brief: dict[str, list[Receipt]] = {}
        for one in receipts:
            by_brief.setdefault(one.job.brief_id, []).append(one)
        for brief, its in by_brief.items():
            if brief not in reported or any(_changed(one) > reported[brief] for one in its):
                self._judge(brief, its)

    def job_state(self, receipt: Receipt) -> JobState:
        return state_at(receipt, self._now)

    def _take(self, item: ReportItem) -> None:
        self.states[item.id] = item.state
        self.errors.pop(item.id, None)
        if item.error:
            self.errors[item.id] = item.error

    def _judge(self, brief: str, receipts: Iterable[Receipt]) -> None:
        last: dict[str, Receipt] = {}
        for one in sorted(receipts, key=lambda receipt: receipt.job.take):
            last[one.job.stage] = one
        paid = {stage: self.job_state(one) for stage, one in last.items() if stage != SCRIPT}
        self.errors.pop(brief, None)
        if "unknown" in paid.values():
            self.states[brief] = "unknown"
        elif any(state in _GOING for state in paid.values()):
            self.states[brief] = "pending"
        elif "failed" in paid.values():
            self.states[brief] = "failed"
        else:
            done = any(stage in _MADE for stage in paid)
            self.states[brief] = "landed" if done else "pending"
        if self.states[brief] in ("failed", "unknown"):
            told = [one.error for one in last.values() if one.error and one.state != "landed"]
            if told:
                self.errors[brief] = told[-1]


_SLACK = timedelta(seconds=30)
"""What two machines' clocks may differ by, as in `ledger.rules.MARGIN`."""


def state_at(receipt: Receipt, now: datetime) -> JobState:
    """As the ledger would note it: who had time to send and did not say so is unknown."""
    claim = receipt.claim
    if receipt.state == "intent" and claim and claim.until + _SLACK < now:
        return "unknown"
    return receipt.state


def _changed(receipt: Receipt) -> datetime:
    return max(receipt.times.values(), default=datetime.min.replace(tzinfo=UTC))


def _stands(
    counts: Counter[State], declined: int, *, awaits: bool, alive: bool, over: bool
) -> Stands:
    if alive:
        return "under way"
    if not over:
        return "awaits approval" if awaits else "unfinished"
    if counts["landed"] + declined == counts.total():
        return "landed"
    return "partly landed" if counts["landed"] else "nothing landed"


def _open(receipt: Receipt, prices: PriceBook) -> OpenJob:
    amount, amount_is = worth(receipt, prices)
    return OpenJob(
        job=str(receipt.job),
        model=receipt.model,
        since=receipt.times.get("intent"),
        amount=amount,
        amount_is=amount_is,
        message=receipt.error.message if receipt.error else "Whoever sent it has not said so.",
    )


def _causes(errors: Mapping[str, ErrorInfo]) -> tuple[Cause, ...]:
    by_code: dict[str, list[str]] = {}
    for brief, error in errors.items():
        by_code.setdefault(error.code, []).append(brief)
    ranked = sorted(by_code.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(
        Cause(
            code=code,
            briefs=len(briefs),
            examples=tuple(briefs[:_EXAMPLES]),
            error=errors[briefs[0]],
        )
        for code, briefs in ranked
    )
