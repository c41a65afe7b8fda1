"""Where a run's time went, from spans written by hand: every sum is exact, every cause is found."""

import random
from collections.abc import Mapping, Sequence

import pytest

from flows.makespan import Makespan, Split
from flows.makespan_page import makespan_page
from flows.pieces import LANDING, Attribution
from flows.timing import SHOWN_STEPS, assembled
from tasks.timeline import Kind, Span

BEGAN = 1000.0
PLACES: Mapping[str, int | None] = {"script": 32, "image": 16, "video": 16, LANDING: 8}


def span(stage: str, kind: Kind, start: float, end: float, running: float | None = None) -> Span:
    return Span(stage, kind, BEGAN + start, BEGAN + end, running=running and BEGAN + running)


def report(
    spans: Mapping[str, Sequence[Span]],
    ended: Mapping[str, float],
    *,
    closed: Sequence[tuple[float, float]] = (),
    landings: int = 8,
    resumed: Sequence[tuple[str, str]] = (),
    places: Mapping[str, int | None] = PLACES,
) -> Makespan:
    attribution = Attribution(
        spans,
        began=BEGAN,
        closed=[(BEGAN + start, BEGAN + end) for start, end in closed],
        landings=landings,
    )
    pieces = {brief: attribution.pieces(brief, BEGAN + at) for brief, at in ended.items()}
    last = max(ended, key=lambda brief: ended[brief])
    return assembled(pieces, last=last, places=places, resumed=resumed)


def whole(*, queue: float = 0, made: float = 10, late: float = 0, land: float = 0) -> list[Span]:
    """One video; the last look before it was found done came `2 * late` earlier."""
    sent = queue + 1
    noticed = sent + made + late
    return [
        span("video", "queue", 0, queue),
        span("video", "send", queue, sent),
        span("video", "wait", sent, noticed, noticed - 2 * late if late else noticed - 0.0001),
        span("video", "land", noticed, noticed + land),
    ]


def test_each_moment_has_one_cause_and_they_add_up() -> None:
    spans = [
        span("script", "queue", 0.5, 2),
        span("script", "turn", 2, 3),
        span("script", "chat", 3, 4),
        span("image", "queue", 4.25, 6),
        span("image", "send", 6.5, 7),
        span("image", "wait", 7, 15, running=11),  # made between 11 and 15: at 13
        span("image", "land", 15.5, 17),
    ]
    found = report({"a": spans}, {"a": 18.0}, closed=[(6, 6.25), (14, 14.5)])
    assert found.split == Split(
        queueing=1.5 + 1.75,
        generation=1 + 0.5 + 6,
        poll_lag=1.5,
        landing=1.5,
        rate_limits=1 + 0.25 + 0.5,
        orchestration=0.5 + 0.25 + 0.25 + 0.5 + 1,
    )
    assert found.seconds == 18.0
    assert sum(step.seconds for step in found.path) == pytest.approx(18.0)
    assert found.split.person == 0


def test_any_spans_add_up_exactly() -> None:
    draw = random.Random(7)
    kinds: tuple[Kind, ...] = ("queue", "turn", "chat", "send", "wait", "land")
    for _ in range(100):
        spans = []
        for _ in range(draw.randint(0, 30)):  # in any order, overlapping, some after the end
            start, length = draw.uniform(0, 100), draw.uniform(0, 20)
            running = draw.choice([None, start + length / 3])
            spans.append(span("video", draw.choice(kinds), start, start + length, running))
        closed = sorted((at, at + draw.uniform(0, 5)) for at in range(0, 100, 10))
        found = report({"a": spans}, {"a": 90.0}, closed=closed)
        parts = found.split.parts.values()
        assert round(1000 * sum(parts)) == 90_000
        assert all(part >= 0 for part in parts)


def test_a_seat_for_landing_is_waited_for() -> None:
    spans = {
        name: [span("video", "land", 0, end)] for name, end in (("a", 4.0), ("b", 6.0), ("c", 9.0))
    }
    found = report(spans, {"a": 4.0, "b": 6.0, "c": 9.0}, landings=1)
    assert found.last_brief == "c"
    assert (found.split.queueing, found.split.landing) == (6.0, 3.0)
    (landing,) = (one for one in found.stages if one.stage == LANDING)
    assert (landing.places, landing.held, landing.longest_wait) == (8, 2, 6.0)


def test_the_bound_is_of_the_generations_and_their_places() -> None:
    spans = {
        "a": whole(made=9),
        "b": whole(queue=10, made=9),
    }
    found = report(spans, {"a": 10.0, "b": 20.0}, places={**PLACES, "video": 1})
    assert found.bound == pytest.approx(20, abs=0.01)
    assert found.efficiency == pytest.approx(1, abs=0.001)
    two = report(spans, {"a": 10.0, "b": 20.0})
    assert two.bound == pytest.approx(10, abs=0.01)
    assert two.ideal >= two.bound


def test_what_was_bought_before_is_counted_as_such() -> None:
    landed = [span("video", "land", 0.2, 1.2)]
    found = report({"a": landed}, {"a": 1.5}, resumed=[("a", "script"), ("a", "video")])
    assert (found.resumed, found.bound, found.efficiency) == (2, 0, None)
    assert found.advice == "Nothing was generated in this run: 2 jobs were bought before it."
    video = next(one for one in found.stages if one.stage == "video")
    assert video.resumed == 1


def test_a_path_of_many_retries_stays_short() -> None:
    spans = [span("video", "send", at, at + 0.5) for at in range(200)]
    found = report({"a": spans}, {"a": 200.0})
    assert len(found.path) == SHOWN_STEPS
    assert len(makespan_page(found, "b")) < 6_000


def advice_on(spans: list[Span], **options: object) -> str:
    end = max(one.end for one in spans) - BEGAN
    others = {f"b{n}": whole(queue=5, made=1) for n in range(3)}
    ended = dict.fromkeys(others, 7.5) | {"a": end}
    return report({"a": spans, **others}, ended, **options).advice  # type: ignore[arg-type]


def test_advice_names_the_limit_that_held_briefs_back() -> None:
    assert advice_on(whole(queue=720, made=100)) == (
        "The video limit of 16 held 1 brief back, the last one for 12 min: raise video_in_flight "
        "as far as the account allows."
    )
    assert advice_on(whole(queue=40, made=10)).startswith("The video limit of 16 held 4 briefs")


def test_advice_on_landings_is_about_landings() -> None:
    found = report(
        {name: [*whole(made=1), span("video", "land", 2, end)] for name, end in
         (("a", 20.0), ("b", 40.0), ("c", 60.0))},
        {"a": 20.0, "b": 40.0, "c": 60.0},
        landings=1,
        places={**PLACES, LANDING: 1},
    )  # fmt: skip
    assert found.advice.startswith("The landing limit of 1 held 2 briefs back, the last one for 38")
    assert "raise landings as far as the memory allows" in found.advice


@pytest.mark.parametrize(
    ("spans", "options", "said"),
    [
        (whole(made=10, late=30), {}, "Noticing that jobs were done took 73 %"),
        (whole(made=10, land=30), {}, "Landing took 73 %"),
        (
            [*whole(made=10), span("video", "turn", 11, 50)],
            {},
            "The provider's 429s held the batch back for 39 s (78 %)",
        ),
        ([*whole(made=5), span("video", "land", 30, 31)], {"closed": [(6, 30)]}, "The provider's"),
        ([*whole(made=5), span("video", "land", 30, 31)], {}, "Our own steps and the pauses"),
        (whole(made=80, land=10), {}, "Generating took 89 % (video: "),
        (whole(made=80, land=10), {}, "faster models would shorten it most; then landing (10 s)"),
        (whole(made=80), {}, "no order of the same jobs is faster"),
    ],
)
def test_advice_is_about_what_took_most(
    spans: list[Span], options: dict[str, object], said: str
) -> None:
    assert said in advice_on(spans, **options)


def test_the_page_shows_the_split_that_adds_up() -> None:
    found = report({"a": whole(queue=3, made=10, late=2, land=1)}, {"a": 17.0})
    page = makespan_page(found, "night")
    assert page.startswith("# Makespan of batch night: 17 s\n\nGenerating took 65 %")
    assert "| poll lag | 2.0 s | 11.8 % |" in page
    assert "| all | 17 s | 100 % |" in page


def test_our_own_steps_belong_to_the_stage_that_comes_next() -> None:
    spans = {
        "a": [span("image", "land", 1, 3), span("video", "send", 5, 6)],
        "b": [span("image", "land", 0, 2)],
    }
    found = report(spans, {"a": 7.0, "b": 2.0}, landings=1)
    steps = [(step.stage, step.cause, step.seconds) for step in found.path]
    assert steps == [
        ("image", "orchestration", 1.0),
        (LANDING, "queueing", 1.0),
        ("image", "landing", 1.0),
        ("video", "orchestration", 2.0),
        ("video", "generation", 1.0),
        ("video", "orchestration", 1.0),
    ]
