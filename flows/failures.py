"""Failure cards: what happened, what it cost, who acts and how, once for all briefs alike.

Three hundred briefs with one cause are one card. The card with most money at risk comes first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flows.cells import cell, escaped, money
from flows.report import BatchReport, ReportItem
from globalaiopc.errors import Charged, ErrorInfo, WhoActs
from tasks.timeline import Trouble

_CARDS = 6
_IDS = 10
_WORDS = 300

_CHARGED: Mapping[Charged, str] = {
    "no": "Nothing was charged for it.",
    "yes": "It was charged.",
    "unknown": "Perhaps it was charged.",
}
_WHO: Mapping[WhoActs, str] = {
    "user": "It is for you to act.",
    "operator": "Whoever runs the workers has to act.",
    "provider": "The provider has to act.",
    "nobody": "Nobody has to act.",
}


@dataclass(frozen=True)
class Card:
    """All briefs that did not land for one reason. `error` is that of the first of them.

    `at_risk` is what their jobs without a medium cost, or would have: 0 where nothing was charged,
    None where no price is known.
    """

    error: ErrorInfo
    briefs: tuple[str, ...]
    at_risk: Decimal | None

    @property
    def risk(self) -> str:
        """In words; empty where there is none."""
        if self.at_risk is None:
            return "an unknown amount at risk"
        return f"about {money(self.at_risk)} at risk" if self.at_risk else ""

    @property
    def title(self) -> str:
        many = "1 brief" if len(self.briefs) == 1 else f"{len(self.briefs):,} briefs"
        said = f"{many}: {self.error.code.replace('_', ' ')}"
        return f"{said}, {self.risk}" if self.risk else said

    def markdown(self) -> str:
        names = ", ".join(f"`{one}`" for one in self.briefs[:_IDS])
        hidden = len(self.briefs) - _IDS
        error = self.error
        parts = [
            f"### {escaped(self.title)}",
            f"> {escaped(cell(error.message, _WORDS))}",
            stakes(error),
            f"**What to do:** {escaped(cell(error.advice, _WORDS))}" if error.advice else "",
            names + (f" and {hidden:,} more" if hidden > 0 else ""),
        ]
        return "\n\n".join(part for part in parts if part)


def stakes(error: ErrorInfo) -> str:
    """Was it charged, is trying again free, who acts: three short sentences."""
    again = "Trying again is free." if error.retry_is_free else "Trying again is paid again."
    if error.charged == "no":
        again = ""
    return " ".join(part for part in (_CHARGED[error.charged], again, _WHO[error.who_acts]) if part)


def trouble_of(item: ReportItem) -> Trouble | None:
    """Why a brief has not landed; None for one that has, or that waits for a person's word."""
    error = item.error
    if error is None or (item.state == "pending" and error.charged == "no"):
        return None
    return Trouble(error, tuple((job.stage, job.cost) for job in item.jobs if job.key is None))


def cards(troubles: Mapping[str, Trouble], usual: Mapping[str, Decimal]) -> tuple[Card, ...]:
    """By cause, most money at risk first. `usual` is what a job of a stage costs in this batch."""
    alike: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for brief, trouble in troubles.items():
        error = trouble.error
        alike[error.code, error.charged, error.retry_is_free, error.who_acts].append(brief)
    found = [
        Card(
            error=troubles[briefs[0]].error,
            briefs=tuple(briefs),
            at_risk=_at_risk([troubles[brief] for brief in briefs], usual),
        )
        for briefs in alike.values()
    ]
    return tuple(sorted(found, key=_concern))


def page(found: Sequence[Card]) -> str:
    """The cards as markdown, as long for a thousand causes as for a few. Empty without any."""
    if not found:
        return ""
    parts = ["## What went wrong", *(card.markdown() for card in found[:_CARDS])]
    if rest := found[_CARDS:]:
        briefs = sum(len(card.briefs) for card in rest)
        parts.append(f"And {briefs:,} more briefs for {len(rest)} other reasons: see report.json.")
    return "\n\n".join(parts)


def first_step(report: BatchReport) -> str:
    """The first card in brief, for a state's message; empty when nothing went wrong."""
    troubles = {item.id: trouble for item in report.items if (trouble := trouble_of(item))}
    found = cards(troubles, usual_costs(report.items))
    if not found:
        return ""
    advice = cell(found[0].error.advice, _WORDS)
    return f"First look at {found[0].title}. {advice}".strip()


def usual_costs(items: Iterable[ReportItem]) -> dict[str, Decimal]:
    """What a job of each stage costs on average, where the provider has said it."""
    known: defaultdict[str, list[Decimal]] = defaultdict(list)
    for job in (job for item in items for job in item.jobs):
        if job.cost is not None:
            known[job.stage].append(job.cost)
    return {stage: sum(costs, Decimal(0)) / len(costs) for stage, costs in known.items()}


def _at_risk(troubles: Iterable[Trouble], usual: Mapping[str, Decimal]) -> Decimal | None:
    risks = [
        usual.get(stage) if cost is None else cost
        for trouble in troubles
        if trouble.error.charged != "no"
        for stage, cost in trouble.unlanded
    ]
    known = [risk for risk in risks if risk is not None]
    return sum(known, Decimal(0)) if known or not risks else None


def _concern(card: Card) -> tuple[object, ...]:
    charged = ("unknown", "yes", "no").index(card.error.charged)
    no_risk = card.at_risk is not None and not card.at_risk
    return no_risk, -(card.at_risk or 0), charged, -len(card.briefs), card.error.code
