"""A plan: what a run of a batch would reuse, continue, run and refuse, and what it would cost."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field

from flows.cells import cell, money
from flows.report import Cost
from ledger import Quote

Verdict = Literal["blocked", "changed", "run", "continue", "reuse"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""A brief's verdict is the first of these that one of its steps has."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedStep(_Kept):
    """One stage of a brief. `cost` is what a run would pay; `basis` how far to trust it.

    `basis`: "listed" in the price file, "seen" (a guess from earlier jobs), "unknown", or "free".
    `changes` maps a field to what it was and what it is now; `then` are the models that follow if
    this one refuses, which the cost does not tell of.
    """

    stage: str
    verdict: Verdict
    model: str = ""
    cost: Cost | None = Decimal(0)
    basis: Literal["listed", "seen", "unknown", "free"] = "free"
    why: str = ""
    then: tuple[str, ...] = ()
    changes: Mapping[str, tuple[str, str]] = Field(default_factory=dict)

    @classmethod
    def bought(cls, stage: str, model: str, quote: Quote, then: tuple[str, ...] = ()) -> Self:
        """A step that would be paid for."""
        return cls(
            stage=stage,
            verdict="run",
            model=model,
            cost=quote.amount,
            basis=quote.basis,
            why=quote.detail,
            then=then,
        )


class PlannedBrief(_Kept):
    """`cost` adds up what is known; `unpriced` counts the paid steps whose cost is not known."""

    id: str
    verdict: Verdict
    cost: Cost
    unpriced: int
    left_out: bool = False
    steps: tuple[PlannedStep, ...]

    @classmethod
    def of(cls, brief_id: str, steps: Iterable[PlannedStep]) -> Self:
        kept = tuple(steps)
        return cls(
            id=brief_id,
            verdict=min((step.verdict for step in kept), key=VERDICTS.index),
            cost=sum((step.cost or Decimal(0) for step in kept), Decimal(0)),
            unpriced=sum(step.cost is None for step in kept),
            steps=kept,
        )

    @property
    def media_cost(self) -> Decimal:
        """What the budget has to pay: a text call is no job."""
        media = (step.cost for step in self.steps if step.stage != "script")
        return sum((cost or Decimal(0) for cost in media), Decimal(0))


class PlannedBudget(_Kept):
    """`committed` is what earlier runs of the batch spent or may have spent; `left_out` the ids."""

    limit: Cost
    committed: Cost
    left_out: tuple[str, ...]


class Plan(_Kept):
    """`plan.json`. `refusal` says why the run would be refused as a whole, empty if not."""

    schema_version: Literal[1] = 1
    batch_id: str
    counts: dict[Verdict, int]
    cost: Cost
    currency: str
    guesses: int
    unpriced: int
    budget: PlannedBudget | None = None
    refusal: str = ""
    briefs: tuple[PlannedBrief, ...]

    @classmethod
    def of(
        cls,
        batch_id: str,
        briefs: Sequence[PlannedBrief],
        *,
        currency: str,
        budget: tuple[Decimal, Decimal] | None = None,
        refusal: str = "",
    ) -> Self:
        """`budget`: its limit, and what is committed already."""
        kept = tuple(briefs) if budget is None else _within(briefs, budget[0] - budget[1])
        steps = [step for brief in kept if not brief.left_out for step in brief.steps]
        return cls(
            batch_id=batch_id,
            counts={one: sum(brief.verdict == one for brief in kept) for one in VERDICTS},
            cost=sum((step.cost or Decimal(0) for step in steps), Decimal(0)),
            currency=currency,
            guesses=sum(step.basis == "seen" for step in steps),
            unpriced=sum(step.basis == "unknown" for step in steps),
            budget=PlannedBudget(
                limit=budget[0],
                committed=budget[1],
                left_out=tuple(brief.id for brief in kept if brief.left_out),
            )
            if budget
            else None,
            refusal=refusal,
            briefs=kept,
        )

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"


def sentence(plan: Plan) -> str:
    """What a run would do and cost, in one line."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in plan.counts.items() if count)
    said = [f"Batch {plan.batch_id}: {len(plan.briefs)} briefs: {counts}."]
    said.append(f"A run would cost {_total(plan)}. Nothing was sent.")
    if plan.budget and plan.budget.left_out:
        said.append(
            f"The budget of {money(plan.budget.limit)} ({money(plan.budget.committed)} committed) "
            f"leaves out {len(plan.budget.left_out)} briefs."
        )
    if plan.refusal:
        said.append(f"The run would be refused: {plan.refusal}")
    return " ".join(said)


def table_rows(plan: Plan, *, limit: int = 200) -> list[dict[str, str]]:
    """Rows for a table artifact, troubled briefs first; beyond `limit` one row says how many."""
    ranked = sorted(plan.briefs, key=lambda brief: VERDICTS.index(brief.verdict))
    rows = [
        {
            "brief": cell(brief.id),
            "plan": "left out by the budget" if brief.left_out else brief.verdict,
            **{stage: _step(brief, stage) for stage in ("script", "image", "video")},
            "cost": _cost(brief.cost, brief.unpriced),
            "why": cell("; ".join(reasons(brief)), 400),
        }
        for brief in ranked[:limit]
    ]
    if (hidden := len(ranked) - limit) > 0:
        rows.append({**dict.fromkeys(rows[0], ""), "brief": f"and {hidden} more in plan.json"})
    return rows


def _within(briefs: Iterable[PlannedBrief], free: Decimal) -> tuple[PlannedBrief, ...]:
    """In the list's order, as a run sets money aside: a brief that does not fit is left out."""
    kept: list[PlannedBrief] = []
    for brief in briefs:
        left_out = brief.media_cost > max(free, Decimal(0))
        free -= Decimal(0) if left_out else brief.media_cost
        kept.append(brief.model_copy(update={"left_out": left_out}))
    return tuple(kept)


def _step(brief: PlannedBrief, stage: str) -> str:
    step = next((step for step in brief.steps if step.stage == stage), None)
    if step is None:
        later = stage == "image" and any(one.stage == "video" for one in brief.steps)
        return "not needed" if later else "not reached"
    if step.verdict != "run":
        return step.verdict
    return "run: " + ("cost unknown" if step.cost is None else money(step.cost) + _guess(step))


def _guess(step: PlannedStep) -> str:
    return " (a guess)" if step.basis == "seen" else ""


def reasons(brief: PlannedBrief) -> Iterable[str]:
    """Why each step is planned as it is, or costs what it does."""
    for step in brief.steps:
        for name, (old, new) in step.changes.items():
            yield f"{step.stage}: {name} was {old}, now {new}"
        if step.why and not step.changes:
            yield f"{step.stage}: {step.why}"
        if step.then:
            yield f"{step.stage}: if {step.model} refuses, {', then '.join(step.then)}"


def _cost(cost: Decimal, unpriced: int) -> str:
    if not unpriced:
        return money(cost)
    return f"{money(cost)} and {unpriced} unknown" if cost else "unknown"


def _total(plan: Plan) -> str:
    unit = f" {plan.currency}" if plan.currency else ""
    told = f"{money(plan.cost)}{unit}"
    if plan.guesses:
        told += f" ({plan.guesses} of the quotes are guesses)"
    if plan.unpriced:
        told += (
            f" and {plan.unpriced} "
            + ("call" if plan.unpriced == 1 else "calls")
            + " whose price nobody knows"
        )
    return told
