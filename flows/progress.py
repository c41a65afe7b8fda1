"""How far a batch is: counts, money, time. However long the batch, the words stay as short."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flows.brief_page import to_open
from flows.cells import money, spell
from flows.coming import coming
from flows.errors import AwaitingApproval, Declined
from flows.eta import NOTHING, Estimate, Eta
from flows.failures import cards, page, trouble_of
from flows.passing import Passing, passing
from flows.pictures import Pictures
from flows.report import ReportItem
from flows.work import Work
from ledger import Account, BudgetReached
from tasks import Studio

_SHOWN = ("writing", "image", "video", "landing", "landed")
AWAITING = "awaiting approval"
_BY_ERROR = {
    BudgetReached.code: "left out",
    AwaitingApproval.code: AWAITING,
    Declined.code: "declined",
}
_TROUBLE = ("failed", "unknown", "left out", "blocked", "pending", AWAITING, "declined")
_ROWS = ("other runs", "waiting", *_SHOWN, *_TROUBLE)
_WAY = {"writing": 0.0, "image": 1 / 3, "video": 2 / 3, "landing": 5 / 6, AWAITING: 1 / 3}
_NOT_BEGUN = ("other runs", "waiting")


class Progress:
    """Of a batch, or of a shard. What other runs make of it (`shared`) is known at the end."""

    def __init__(
        self, studio: Studio, works: Sequence[Work], name: str, *, shared: bool = False
    ) -> None:
        self._studio = studio
        self.name = name
        self._untouched = "other runs" if shared else "waiting"
        self._briefs = [work.brief.id for work in works]
        self._estimate = Estimate(studio, works)
        self._started = datetime.now(UTC)
        self._began = studio.client.clock.now()
        self._batch_id = works[0].batch_id if works else name
        self._pictures = Pictures(studio.store, works)

    def told(self, items: Iterable[ReportItem]) -> None:
        """How the briefs ended, also those that other runs have made."""
        timeline = self._studio.timeline
        for item in items:
            if item.id not in timeline.ended:
                timeline.end(item.id, item.state, item.error.code if item.error else "", item.cost)
                timeline.troubled(item.id, trouble_of(item))

    def counts(self) -> Counter[str]:
        """Briefs by where they are (`_ROWS`)."""
        return Counter(self._row(brief) for brief in self._briefs)

    def percent(self) -> float:
        """0 to 100: briefs that are over count whole, others by the stage that they have reached.

        Of a brief that fails nothing more will come: it is over.
        """
        ways = sum(
            _WAY.get(row, float(row not in _NOT_BEGUN)) * n for row, n in self.counts().items()
        )
        return round(100 * ways / max(1, len(self._briefs)), 1)

    def stages(self) -> tuple[Passing, ...]:
        """How many briefs are through each stage, text first, landing last."""
        return passing(self._estimate.models, self._studio.timeline)

    def cost(self) -> Decimal:
        """What is known so far."""
        timeline = self._studio.timeline
        ends = timeline.ended
        return sum(
            (ends[one].cost if one in ends else timeline.cost(one) for one in self._briefs),
            Decimal(0),
        )

    @property
    def account(self) -> Account | None:
        """The batch's budget as it was last seen; None without one."""
        return self._studio.purse.account

    @property
    def over(self) -> bool:
        """Nothing more is done for any brief."""
        return all(brief in self._studio.timeline.ended for brief in self._briefs)

    def elapsed(self) -> float:
        """Seconds."""
        return self._studio.client.clock.now() - self._began

    def eta(self) -> Eta:
        """As of now."""
        return NOTHING if self.over else self._estimate.eta()

    async def look(self) -> None:
        """Fetch the pictures of the briefs that landed last. Raises nothing."""
        await self._pictures.look(self._studio.timeline.ended)

    def markdown(self) -> str:
        """For the artifact of the run."""
        now = datetime.now(UTC)
        parts = [
            f"# Batch {self.name}",
            self._times(now),
            self._money(),
            self._table(),
            coming(self._estimate.begun(), now),
            self._failures(),
            self._pictures.markdown(),
            to_open(self._studio.store, self._batch_id),
        ]
        return "\n\n".join(part for part in parts if part)

    def _row(self, brief: str) -> str:
        timeline = self._studio.timeline
        if end := timeline.ended.get(brief):
            return _BY_ERROR.get(end.error, end.state)
        where = timeline.where(brief)
        if where is None:
            return self._untouched
        if where.kind == "land":
            return "landing"
        return "writing" if where.stage == "script" else where.stage

    def _times(self, now: datetime) -> str:
        said = f"Started {self._started:%Y-%m-%d %H:%M:%S} UTC, {spell(self.elapsed())} ago"
        if self.over:
            asked = self.counts()[AWAITING]
            now_what = f"{asked} wait for approval" if asked else "all briefs are over"
            return f"{said}; {now_what}. As of {now:%H:%M:%S} UTC."
        eta = self.eta()
        if not eta.high:
            return f"{said}. All is made; what is left is landing. As of {now:%H:%M:%S} UTC."
        low, likely, high = (
            f"{now + timedelta(seconds=at):%H:%M:%S}" for at in (eta.low, eta.likely, eta.high)
        )
        return (
            f"{said}. Done in about {spell(eta.likely)}, at {likely} UTC (between {low} and "
            f"{high}). As of {now:%H:%M:%S} UTC."
        )

    def _money(self) -> str:
        said = f"Cost so far: {money(self.cost())}."
        account = self.account
        if account is None:
            return said
        unit = f" {account.currency}" if account.currency else ""
        return (
            f"{said} Budget {money(account.limit)}{unit}: {money(account.spent_total)} spent, "
            f"{money(account.reserved_total)} reserved."
        )

    def _table(self) -> str:
        timeline = self._studio.timeline
        counts, queued = self.counts(), Counter[str]()
        for brief in self._briefs:
            where = timeline.where(brief)
            if where and where.still and where.kind in ("queue", "turn"):
                queued[self._row(brief)] += 1
        lines = [
            f"| {row} | {counts[row]} | {queued[row] or ''} |"
            for row in _ROWS
            if counts[row] or row in _SHOWN
        ]
        head = "| | briefs | waiting for a place |\n| --- | --- | --- |"
        return "\n".join([head, *lines, f"| all | {len(self._briefs)} | |"])

    def _failures(self) -> str:
        timeline = self._studio.timeline
        return page(cards(timeline.troubles, timeline.usual_costs()))
