"""What the page of a batch says, for a thousand briefs as for one; and when it will be done."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from flows.briefs import Brief
from flows.eta import Estimate
from flows.following import Board
from flows.progress import Progress
from flows.report import ReportItem
from flows.work import Work
from globalaiopc import JobFailed, OutcomeUnknown
from ledger import BudgetReached
from tasks import Studio
from tasks.timeline import Kind, Trouble
from tests.globalaiopc.doubles import FakeClock
from tests.tasks.doubles import Provider, studio_for

STAGES = ("writing", "image", "video", "landing")


def works(count: int) -> list[Work]:
    return [Work("b", Brief(id=f"n{number}", topic="A fox")) for number in range(count)]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def studio(clock: FakeClock) -> Studio:
    return studio_for(Provider(), clock=clock)


@contextmanager
def at(studio: Studio, steps: dict[str, tuple[str, Kind]]) -> Iterator[None]:
    """These briefs are in these steps."""
    spans = [studio.timeline.span(brief, *step) for brief, step in steps.items()]
    for span in spans:
        span.__enter__()
    yield
    for span in spans:
        span.__exit__(None, None, None)


def numbers(page: str) -> dict[str, int]:
    return {row: int(count) for row, count in re.findall(r"^\| ([\w ]+) \| (\d+) \|", page, re.M)}


def test_every_brief_is_counted_once_wherever_it_is(studio: Studio) -> None:
    progress = Progress(studio, works(12), "night")
    steps: dict[str, tuple[str, Kind]] = {
        "n0": ("script", "chat"),
        "n1": ("image", "queue"),
        "n2": ("image", "wait"),
        "n3": ("video", "wait"),
        "n4": ("image", "land"),
    }
    with at(studio, steps):
        studio.timeline.end("n5", "landed", cost=Decimal("0.52"))
        studio.timeline.end("n6", "failed", "job_moderated", Decimal("0.1"))
        studio.timeline.end("n7", "unknown", "outcome_unknown")
        studio.timeline.end("n8", "blocked", BudgetReached.code)
        studio.timeline.end("n9", "blocked", "request_changed")
        page, percent = progress.markdown(), progress.percent()
    assert numbers(page) == {
        "waiting": 2,
        "writing": 1,
        "image": 2,
        "video": 1,
        "landing": 1,
        "landed": 1,
        "failed": 1,
        "unknown": 1,
        "left out": 1,
        "blocked": 1,
        "all": 12,
    }
    assert "| image | 2 | 1 |" in page
    assert "| image | 2 |  |" in progress.markdown(), "the place was given"
    assert "Cost so far: 0.62." in page
    assert percent == pytest.approx(100 * (5 + 2 / 3 + 2 / 3 + 5 / 6) / 12, abs=0.1)


def test_the_briefs_that_are_done_next_are_named_with_when(
    studio: Studio, clock: FakeClock
) -> None:
    progress = Progress(studio, works(30), "night")
    steps: dict[str, tuple[str, Kind]] = {
        **{f"n{number}": ("video", "wait") for number in range(8)},
        "n8": ("image", "wait"),
        "n9": ("video", "queue"),
        "n10": ("video", "land"),
    }
    with at(studio, steps):
        begun = Estimate(studio, works(30)).begun()
        page = progress.markdown()
    assert set(begun) == {*(f"n{number}" for number in range(9)), "n10"}
    assert begun["n10"].high == 0
    assert begun["n0"].low < begun["n0"].likely < begun["n0"].high
    assert begun["n8"].likely > begun["n0"].likely, "its picture comes before its video"
    rows = re.findall(r"^\| `(n\d+)` \| (\S+) \| (\S+) \| (\S+) \|$", page, re.M)
    assert [row[0] for row in rows] == ["n10", "n0", "n1", "n2", "n3"]
    assert "done next" not in progress.markdown(), "nothing is being made any more"


def test_the_page_is_as_long_for_a_thousand_failures(studio: Studio) -> None:
    many = works(1000)
    progress = Progress(studio, many, "night")
    for number, work in enumerate(many):
        cause = f"cause_{number % 40}"
        studio.timeline.end(work.brief.id, "failed", cause)
        studio.timeline.troubled(work.brief.id, Trouble(JobFailed("It failed.", code=cause).info()))
    page = progress.markdown()
    assert len(page) < 5_000
    assert "### 25 briefs: cause 0" in page
    assert "`n0`, `n40`, " in page
    assert "And 850 more briefs for 34 other reasons: see report.json." in page
    assert progress.percent() == 100


def test_briefs_of_other_runs_are_told_at_the_end(studio: Studio) -> None:
    progress = Progress(studio, works(2), "night", shared=True)
    studio.timeline.end("n0", "landed")
    assert numbers(progress.markdown())["other runs"] == 1
    assert progress.percent() == 50
    lost = OutcomeUnknown("No answer came.").info()
    progress.told([ReportItem(id="n1", state="unknown", error=lost)])
    assert "### 1 brief: outcome unknown" in progress.markdown()
    studio.timeline.ended.clear()
    progress.told([ReportItem(id=f"n{n}", state="landed") for n in range(2)])
    page = progress.markdown()
    assert "What went wrong" not in page
    found = numbers(page)
    assert (found["landed"], found.get("other runs")) == (2, None)


def test_the_eta_follows_from_places_and_typical_times(studio: Studio, clock: FakeClock) -> None:
    many = works(80)
    estimate = Estimate(studio, many)
    scale = studio.client.time_scale
    catalogue = studio.client.catalogue
    brief = many[0].brief
    typical = catalogue.model(brief.video_model).typical_seconds
    eta = estimate.eta()
    assert 10 * scale * typical[0] < eta.low < eta.likely < eta.high
    assert eta.likely >= 10 * scale * sum(typical) / 2  # 80 videos on 8 places
    for work in many[:40]:
        studio.timeline.end(work.brief.id, "landed")
    half = estimate.eta()
    assert half.likely == pytest.approx(eta.likely / 2, rel=0.2)
    assert half.high - half.low < (eta.high - eta.low) / 2
    for work in many[40:]:
        studio.timeline.end(work.brief.id, "landed")
    assert estimate.eta().high == 0


def test_a_job_that_is_under_way_needs_less_than_a_new_one(
    studio: Studio, clock: FakeClock
) -> None:
    estimate = Estimate(studio, works(1))
    with at(studio, {"n0": ("video", "wait")}):
        new = estimate.eta()
        clock.seconds += new.low / 2
        assert estimate.eta().likely < new.likely


def test_the_page_says_when_it_will_be_done(studio: Studio) -> None:
    begun = datetime.now(UTC)
    page = Progress(studio, works(1), "night").markdown()
    found = re.search(r"at (\S+) UTC \(between (\S+) and (\S+)\)", page)
    assert found
    likely, low, high = (_after(begun, moment) for moment in found.groups())
    assert timedelta(0) < low < likely < high


def _after(begun: datetime, moment: str) -> timedelta:
    hour, minute, second = map(int, moment.split(":"))
    then = begun.replace(hour=hour, minute=minute, second=second, microsecond=0)
    return (then - begun) % timedelta(days=1)


class Away:
    """A Prefect server that does not answer at first; counts what it is asked."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked: list[str] = []

    async def create_artifact(self, artifact: Any) -> Any:
        self._ask(f"create {artifact.key}")
        return type("Created", (), {"id": artifact.key})

    async def update_artifact(self, artifact_id: str, artifact: Any) -> None:
        self._ask(f"update {artifact_id}")

    def _ask(self, what: str) -> None:
        if self.is_away:
            raise httpx.ConnectError("away")
        self.asked.append(what)


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow:FutureWarning")
async def test_a_server_that_is_away_is_told_later_and_each_update_is_one_request(
    studio: Studio,
) -> None:
    server: Any = Away()
    board = Board(server, Progress(studio, works(1), "Night_1"))
    await board.write()
    server.is_away = False
    await board.write()
    await board.write()
    keys = ("progress-night-1", "status-night-1")
    assert server.asked == [f"{what} {key}" for what in ("create", "update") for key in keys]
