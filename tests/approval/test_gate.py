"""Waves, answers and deaths at the gate: what is bought, however often and wherever a run ends.

Making is stood in for by a ledger of its own, which a second run finds as it was left; the sheets
and answers go through the real records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.approval import gate as gates
from flows.approval.desk import Given
from flows.approval.gate import Gate
from flows.approval.records import Remade, Row
from flows.approval.replies import Reply
from flows.approval.thumbs import Thumbs
from flows.briefs import Brief
from flows.report import ReportItem
from flows.work import Work
from globalaiopc import GlobalAIOPCError
from ledger import PriceBook
from tests.tasks.doubles import Bucket

BATCH = "batch"


class Killed(BaseException):
    """The process is gone."""


@dataclass
class World:
    """What outlives a run: the bucket, and what the provider was paid for."""

    bucket: Bucket = field(default_factory=Bucket)
    pictures: dict[tuple[str, int], str] = field(default_factory=dict)
    videos: dict[str, int] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)
    lives: int = 10**9
    """So many steps until the process dies."""

    def step(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed

    async def picture(self, _: object, work: Work) -> ReportItem:
        brief = work.brief
        prompt = brief.image_prompt or ""
        self.step()
        if prompt in self.spoilt:
            return failed(brief.id, "refused")
        assert self.pictures.setdefault((brief.id, brief.take), prompt) == prompt
        self.step()
        await asyncio.sleep(0)
        return ReportItem(id=brief.id, state="landed", take=brief.take, image="x")

    async def video(self, _: object, work: Work, __: str) -> ReportItem:
        self.step()
        self.videos[work.brief.id] = work.brief.take
        self.step()
        await asyncio.sleep(0)
        return ReportItem(id=work.brief.id, state="landed", take=work.brief.take, video="x")

    async def made(self, _: object, work: Work, __: object, make: Any) -> ReportItem:
        try:
            await make()
        except GlobalAIOPCError as error:
            return ReportItem(id=work.brief.id, state="pending", error=error.info())
        raise AssertionError("it is used for endings only")

    async def row(self, _: object, work: Work, number: int, __: object) -> Row:
        brief = work.brief
        prompt = self.pictures[brief.id, brief.take]
        return Row(
            number=number,
            id=brief.id,
            take=brief.take,
            sha256=prompt,
            prompt=prompt,
            motion=brief.video_prompt or "",
            model="m",
            cost=Decimal(1),
            basis="listed",
        )

    async def remade(self, _: object, __: Work, row: Row, prompt: str) -> Remade:
        takes = [take for brief, take in self.pictures if brief == row.id]
        return Remade(id=row.id, take=max(takes) + 1, image_prompt=prompt, video_prompt=row.motion)

    async def look(self, _: object) -> None:
        """Of receipts: here they do not say more than the rest."""


def failed(brief_id: str, code: str) -> ReportItem:
    error = GlobalAIOPCError("No.", code=code).info()
    return ReportItem(id=brief_id, state="failed", error=error)


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> dict[int, Thumbs]:
        return {}

    def quiet(*_: object) -> None:
        return None

    monkeypatch.setattr(gates, "show_page", nothing)
    monkeypatch.setattr(gates, "thumbs_of", nothing)
    monkeypatch.setattr(gates, "end", quiet)
    monkeypatch.setattr(gates, "get_run_logger", lambda: SimpleNamespace(warning=quiet))


def run(world: World, count: int, answers: Iterable[str] = (), *, wave: int = 50) -> list[str]:
    """Runs of the batch, the first without an answer; how its briefs stand at the end."""
    found: list[str] = []
    for answer in [None, *answers]:
        found = one_run(world, count, answer, wave=wave)
    return found


def one_run(
    world: World, count: int, answer: str | None, *, wave: int = 50, first: int = 1
) -> list[str]:
    works = [
        Work(BATCH, Brief(id=f"b{n}", image_prompt=f"p{n}", video_prompt="m"))
        for n in range(first, first + count)
    ]
    stands_in = {
        "run_to_picture": world.picture,
        "run_brief": world.video,
        "made": world.made,
        "row_of": world.row,
        "remade": world.remade,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, double in stands_in.items():
            patch.setattr(gates, name, double)
        gate = Gate(
            studio=studio(world),
            prices=PriceBook(),
            batch_id=BATCH,
            wave=wave,
            given=Given(answer, Reply.parse(answer)) if answer else None,
        )
        items = asyncio.run(gate_made(gate, works))
    return [one.state if one.error is None else one.error.code for one in items]


async def gate_made(gate: Gate, works: list[Work]) -> list[ReportItem]:
    return list(await gate.make(works))


def studio(world: World) -> Any:
    async def refresh() -> None:
        return None

    return SimpleNamespace(
        store=world.bucket,
        ledger=SimpleNamespace(look=world.look),
        purse=SimpleNamespace(refresh=refresh, account=None),
        client=SimpleNamespace(clock=SimpleNamespace(now=lambda: 0.0)),
    )


WAITS, NO = "awaiting_approval", "declined"


def test_a_sheet_has_a_wave_and_the_next_comes_once_it_is_answered():
    world = World()
    assert run(world, 5, wave=2) == [WAITS] * 5
    assert len(world.pictures) == 2
    assert run(world, 5, ["1"], wave=2) == ["landed", NO, WAITS, WAITS, WAITS]
    assert (len(world.pictures), world.videos) == (4, {"b1": 1})
    # The same answer again is about the sheet that it was about.
    assert run(world, 5, ["1", "1"], wave=2) == ["landed", NO, WAITS, WAITS, WAITS]
    assert run(world, 5, ["4"], wave=2) == ["landed", NO, NO, "landed", WAITS]
    assert run(world, 5, ["all"], wave=2) == ["landed", NO, NO, "landed", "landed"]
    assert set(world.videos) == {"b1", "b4", "b5"}


def test_all_given_beforehand_goes_through_every_wave():
    world = World()
    assert one_run(world, 5, "all", wave=2) == ["landed"] * 5


def test_the_best_given_beforehand_are_counted_over_the_whole_batch():
    world = World()
    assert one_run(world, 6, "best 3 under 50", wave=2) == ["landed"] * 3 + [NO] * 3
    assert one_run(world, 6, "best 3 under 50", wave=2) == ["landed"] * 3 + [NO] * 3


def test_a_picture_made_again_is_shown_before_its_video_is_made():
    world = World()
    run(world, 3, ["1\nagain 3: red"])
    assert world.pictures["b3", 2] == "red"
    assert world.videos == {"b1": 1}
    # Neither the same answer nor silence shows it through.
    assert run(world, 3, ["1\nagain 3: red"]) == ["landed", NO, WAITS]
    assert len(world.pictures) == 4
    assert run(world, 3, ["3"]) == ["landed", NO, "landed"]
    assert world.videos == {"b1": 1, "b3": 2}


def test_again_alone_shows_the_whole_sheet_once_more():
    world = World()
    assert run(world, 3, ["again 2: red"]) == [WAITS] * 3
    assert run(world, 3, ["all"]) == ["landed"] * 3
    assert world.videos == {"b1": 1, "b2": 2, "b3": 1}


def test_a_prompt_that_is_refused_leaves_the_old_picture_on_the_sheet():
    world = World(spoilt={"red"})
    assert run(world, 2, ["again 2: red"]) == [WAITS] * 2
    assert run(world, 2, ["2"]) == [NO, "landed"]
    assert world.videos == {"b2": 1}


def test_a_brief_without_a_picture_is_on_no_sheet_and_comes_later():
    world = World(spoilt={"p2"})
    assert run(world, 3, ["all"]) == ["landed", "refused", "landed"]
    world.spoilt.clear()
    assert run(world, 3) == ["landed", WAITS, "landed"]
    assert run(world, 3, ["2"]) == ["landed"] * 3


def test_a_list_without_the_waiting_briefs_does_not_wait_for_them():
    world = World()
    assert one_run(world, 1, None) == [WAITS]
    assert one_run(world, 1, "all", first=5) == ["landed"]
    assert one_run(world, 1, None) == [WAITS]
    assert one_run(world, 1, "1") == ["landed"]
    assert set(world.videos) == {"b1", "b5"}


REPLIES = ("1", "all", "2\nagain 1: red", "again 2: blue", "none", "best 2 under 9", None)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(REPLIES), st.integers(0, 40)), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_wherever_runs_die_nothing_is_bought_twice_or_unasked(
    lives: list[tuple[str | None, int]], wave: int
):
    world = World()
    for answer, steps in lives:
        world.lives = steps
        with pytest.MonkeyPatch.context() as patch:
            dying(world, patch)
            with suppress(Killed):
                one_run(world, 4, answer, wave=wave)
        approved = answers(world)
        assert {(one, take) for one, take in world.videos.items()} <= approved
    world.lives = 10**9
    before = dict(world.videos)
    one_run(world, 4, None, wave=wave)
    assert set(world.videos.items()) == answers(world)
    assert before.items() <= world.videos.items()


def dying(world: World, patch: pytest.MonkeyPatch) -> None:
    """Every write to the bucket is a step as well: a process dies before it, or after."""
    write = world.bucket.put_if_absent

    async def put_if_absent(key: str, body: bytes, *, content_type: str) -> str | None:
        world.step()
        done = await write(key, body, content_type=content_type)
        world.step()
        return done

    patch.setattr(world.bucket, "put_if_absent", put_if_absent)


def answers(world: World) -> set[tuple[str, int]]:
    """The briefs and takes that the answers in the bucket approve."""

    async def load() -> set[tuple[str, int]]:
        known = await gates.Records(world.bucket, BATCH).load()  # type: ignore[arg-type]
        return {
            (row.id, row.take)
            for one in known
            for row in one.sheet.rows
            if one.answer and row.id in one.answer.approved
        }

    return asyncio.run(load())
