"""What became of a batch: `report.json`, `manifest.jsonl`, and the words and tables for people."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer
from pydantic_core import to_jsonable_python

from flows.cells import cell, escaped, money
from flows.errors import AwaitingApproval, Declined, ScriptUnanswered
from flows.makespan import Makespan
from globalaiopc.errors import ErrorInfo, GlobalAIOPCError
from tasks.lineage import InputMedium

State = Literal["landed", "failed", "unknown", "blocked", "pending"]
Verdict = Literal["all", "some", "none"]

Cost = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""The provider's `amount`: a decimal in its undocumented unit (yuan-like); a number in JSON."""

# Money at risk first, what went well last.
_BY_CONCERN: tuple[State, ...] = ("unknown", "failed", "blocked", "pending", "landed")


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Job(_Kept):
    """One paid generation of a brief. What is excluded goes to the manifest, not to the report.

    `size` is bytes, `width` and `height` pixels, `seconds` the length of what landed; `seed` what
    was asked for. `inputs` are the media that it was made from.
    """

    stage: str
    model: str
    prompt: str = Field(default="", exclude=True, repr=False)
    task_id: str | None = None
    key: str | None = None
    sha256: str | None = None
    size: int | None = None
    cost: Cost | None = None
    submitted: AwareDatetime | None = None
    landed: AwareDatetime | None = None
    take: int = Field(default=1, exclude=True)
    endpoint: str | None = Field(default=None, exclude=True)
    seed: int | None = Field(default=None, exclude=True)
    content_type: str | None = Field(default=None, exclude=True)
    width: int | None = Field(default=None, exclude=True)
    height: int | None = Field(default=None, exclude=True)
    seconds: float | None = Field(default=None, exclude=True)
    completed: AwareDatetime | None = Field(default=None, exclude=True)
    inputs: tuple[InputMedium, ...] = Field(default=(), exclude=True)


class ReportItem(_Kept):
    """One brief. `script` to `speech` are object keys; `seconds` is the length of what was made.

    `voice` is the id of the voice that speaks, to be named by other briefs. `would_cost` is what a
    brief that the budget left out needs, by its quotes. `brief` is what was asked for, as it was
    given (`flows.given`); it goes to the manifest, not to the report.
    """

    id: str
    state: State
    take: int = 1
    script: str | None = None
    image: str | None = None
    video: str | None = None
    poster: str | None = None
    speech: str | None = None
    voice: str | None = None
    cost: Cost | None = None
    would_cost: Cost | None = None
    seconds: float | None = None
    error: ErrorInfo | None = None
    jobs: tuple[Job, ...] = ()
    brief: Mapping[str, JsonValue] | None = Field(default=None, exclude=True, repr=False)

    @property
    def made(self) -> str | None:
        """The object that the brief is about, as far as it came."""
        return self.video or self.speech or self.image


class Spent(_Kept):
    """`unpriced` counts the jobs whose cost the provider did not say."""

    jobs: int = 0
    cost: Cost = Decimal(0)
    unpriced: int = 0


class Totals(_Kept):
    """`by_day` goes by the UTC day of submitting, "unknown" where that is not recorded."""

    briefs: int = 0
    landed: int = 0
    failed: int = 0
    unknown: int = 0
    blocked: int = 0
    pending: int = 0
    cost: Cost = Decimal(0)
    by_model: Mapping[str, Spent] = Field(default_factory=dict)
    by_day: Mapping[str, Spent] = Field(default_factory=dict)

    @classmethod
    def of(cls, items: Iterable[ReportItem]) -> Self:
        counts = dict.fromkeys(_BY_CONCERN, 0)
        cost = Decimal(0)
        by_model: dict[str, Spent] = {}
        by_day: dict[str, Spent] = {}
        for item in items:
            counts[item.state] += 1
            cost += item.cost or 0
            for job in item.jobs:
                day = f"{job.submitted:%Y-%m-%d}" if job.submitted else "unknown"
                by_model[job.model] = _plus(by_model.get(job.model), job)
                by_day[day] = _plus(by_day.get(day), job)
        return cls(
            briefs=sum(counts.values()),
            cost=cost,
            by_model=dict(sorted(by_model.items())),
            by_day=dict(sorted(by_day.items())),
            **counts,
        )


class BudgetFacts(_Kept):
    """The batch's budget when the run ended. `reserved` is still at stake: sent, not settled."""

    limit: Cost
    currency: str
    spent: Cost
    reserved: Cost
    left_out: int
    left_out_cost: Cost


class BatchReport(_Kept):
    """`report.json`. Build it with `of`, which adds up the totals."""

    schema_version: Literal[1] = 1
    batch_id: str
    flow_run: str | None = None
    started: AwareDatetime
    ended: AwareDatetime
    totals: Totals
    budget: BudgetFacts | None = None
    makespan: Makespan | None = None
    items: tuple[ReportItem, ...]

    @classmethod
    def of(
        cls,
        batch_id: str,
        items: Iterable[ReportItem],
        *,
        started: datetime,
        ended: datetime,
        flow_run: str | None = None,
        budget: BudgetFacts | None = None,
        makespan: Makespan | None = None,
    ) -> Self:
        kept = tuple(items)
        return cls(
            batch_id=batch_id,
            flow_run=flow_run,
            started=started,
            ended=ended,
            totals=Totals.of(kept),
            budget=budget,
            makespan=makespan,
            items=kept,
        )

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"


def manifest_line(item: ReportItem) -> str:
    """One line of `manifest.jsonl`: the item of the report, and what is left out of that one."""
    line = item.model_dump(mode="json") | _left_out(item)
    line["jobs"] = [job.model_dump(mode="json") | _left_out(job) for job in item.jobs]
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _left_out(kept: _Kept) -> dict[str, JsonValue]:
    names = (name for name, field in type(kept).model_fields.items() if field.exclude)
    return {name: to_jsonable_python(getattr(kept, name)) for name in names}


def verdict(report: BatchReport) -> Verdict:
    if report.totals.landed == report.totals.briefs:
        return "all"
    return "some" if report.totals.landed else "none"


def sentence(report: BatchReport) -> str:
    """What happened and what to do, in one line, as a run's state says it."""
    totals = report.totals
    unanswered = _with_code(report, ScriptUnanswered)
    said = [f"{totals.landed} of {totals.briefs} briefs landed, cost {money(totals.cost)}."]
    if held := totals.unknown - unanswered:
        said.append(
            f"{held} with an unknown outcome, perhaps charged: decide with the rescue "
            "flow (resubmit or abandon)."
        )
    if unanswered:
        said.append(f"{unanswered} without a script: the next run asks the text model again.")
    if totals.failed:
        said.append(f"{totals.failed} failed ({_causes(report.items, 'failed')}).")
    if totals.blocked:
        said.append(f"{totals.blocked} blocked ({_causes(report.items, 'blocked')}).")
    declined, awaiting = _with_code(report, Declined), _with_code(report, AwaitingApproval)
    if awaiting:
        said.append(f"{awaiting} wait for approval; no video of theirs is paid for.")
    if declined:
        said.append(f"{declined} declined.")
    if unfinished := totals.pending - declined - awaiting:
        said.append(f"{unfinished} not finished.")
    if report.budget:
        said.append(_of_budget(report.budget))
    if totals.landed < totals.briefs - declined:
        said.append(
            f"Run batch {report.batch_id} again to continue; what has landed is not paid again."
        )
    return " ".join(said)


def _with_code(report: BatchReport, kind: type[GlobalAIOPCError]) -> int:
    return sum(item.error is not None and item.error.code == kind.code for item in report.items)


def table_rows(report: BatchReport, *, limit: int = 200) -> list[dict[str, str]]:
    """Rows for a table artifact, troubled briefs first; beyond `limit` one row says how many."""
    ranked = sorted(report.items, key=lambda item: _BY_CONCERN.index(item.state))
    rows = [
        {
            "brief": cell(item.id),
            "state": item.state,
            "object": cell(item.made or item.script or ""),
            "seconds": "" if item.seconds is None else f"{item.seconds:g}",
            "cost": "" if item.cost is None else money(item.cost),
            "charged": item.error.charged if item.error else "",
            "what to do": cell(_error(item.error)) if item.error else "",
        }
        for item in ranked[:limit]
    ]
    if hidden := len(ranked) - limit if len(ranked) > limit else 0:
        rest = dict.fromkeys(rows[0] if rows else ("brief",), "")
        rows.append({**rest, "brief": f"and {hidden} more in report.json"})
    return rows


def description(report: BatchReport) -> str:
    """What stands above the table, as markdown: the sentence, then the cost by model and by day."""
    parts = [escaped(sentence(report))]
    for title, spent in (("model", report.totals.by_model), ("day", report.totals.by_day)):
        rows = [
            {
                title: cell(name),
                "jobs": str(one.jobs),
                "cost": money(one.cost),
                "cost not said": str(one.unpriced),
            }
            for name, one in spent.items()
        ]
        parts.append(_markdown(rows))
    return "\n\n".join(part for part in parts if part)


def _of_budget(budget: BudgetFacts) -> str:
    unit = f" {budget.currency}" if budget.currency else ""
    said = f"Budget {money(budget.limit)}{unit}: {money(budget.spent)} spent"
    if budget.reserved:
        said += f", {money(budget.reserved)} still reserved"
    over = budget.spent + budget.reserved - budget.limit
    if over > 0:
        said += f", {money(over)} more than the limit"
    if budget.left_out:
        briefs = "1 brief" if budget.left_out == 1 else f"{budget.left_out} briefs"
        said += f"; {briefs} left out, at {money(budget.left_out_cost)}"
    return said + "."


def _plus(spent: Spent | None, job: Job) -> Spent:
    before = spent or Spent()
    return Spent(
        jobs=before.jobs + 1,
        cost=before.cost + (job.cost or 0),
        unpriced=before.unpriced + (job.cost is None),
    )


def _causes(items: Iterable[ReportItem], state: State) -> str:
    counts: dict[str, int] = {}
    for item in items:
        if item.state == state:
            code = item.error.code if item.error else "no reason recorded"
            counts[code] = counts.get(code, 0) + 1
    ranked = sorted(counts.items(), key=lambda cause: (-cause[1], cause[0]))
    return ", ".join(f"{count} {code}" for code, count in ranked[:5])


def _error(error: ErrorInfo) -> str:
    return " ".join(part for part in (error.message, error.advice) if part)


def _markdown(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[escaped(row[name]) for name in names] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
