"""The benchmarks' own arithmetic. Nothing here measures anything."""

import json
import random
from pathlib import Path

import httpx
import pytest

from benchmarks import __main__ as runner
from benchmarks import table, works
from benchmarks.arms.program import SYSTEM
from benchmarks.bounds import durations, ideal_run, lower_bound
from benchmarks.efficiency import MODELS
from benchmarks.in_flight import Window
from benchmarks.media_host import MediaHost
from benchmarks.meter import cores_used, percentile
from benchmarks.poll_lag import Noticing
from benchmarks.results import Amount, Result
from sandbox.services import SandboxService
from sandbox.settings import Settings
from tasks.landing.boxes import BoxWalk
from tests.conftest import SandboxFactory
from tests.pipeline import until

SHORT = Result.at_most("one", "memory", Amount(97, "MB"), Amount(96, "MB"))
HOLDS = Result.at_most("one", "memory", Amount(95, "MB"), Amount(96, "MB"))
SHOWN = Result.shown("two", "time", Amount(9, "s"), Amount(1, "s"), other_name="somebody")


@pytest.mark.parametrize(
    ("briefs", "limit", "bound", "ideal"),
    [
        ([(1, 4, 20)], 5, 25, 25),  # one brief: its own stages, one after the other
        ([(1, 4, 20)] * 2, 2, 25, 25),  # a place for each
        ([(1, 4, 20)] * 2, 1, 45, 45),  # the video stage: 5 before it, then 2 x 20
        ([(6, 1, 1)] * 3, 1, 20, 20),  # the text stage: 3 x 6, then 2 after it
        ([(0, 0, 4), (0, 0, 4), (0, 0, 8)], 2, 8, 12),  # foresight would start the long one first
    ],
)
def test_bounds_by_hand(
    briefs: list[tuple[float, ...]], limit: int, bound: float, ideal: float
) -> None:
    assert lower_bound(briefs, limit) == pytest.approx(bound)
    assert ideal_run(briefs, limit) == pytest.approx(ideal)


def test_no_run_is_shorter_than_the_lower_bound() -> None:
    draw = random.Random(5)
    for _ in range(200):
        briefs = [tuple(draw.uniform(0.5, 9) for _ in range(3)) for _ in range(draw.randint(1, 12))]
        limit = draw.randint(1, 4)
        assert lower_bound(briefs, limit) <= ideal_run(briefs, limit) + 1e-9


def test_the_durations_are_those_of_the_stand_in(sandbox_factory: SandboxFactory) -> None:
    sandbox = sandbox_factory(seed=1, image_seconds=0.2)
    (topic,) = works.topics(1)
    ((_, image, _),) = durations([topic], Settings(seed=1, image_seconds=0.2), MODELS)
    asked = {"model": works.IMAGE_MODEL, "prompt": _script(sandbox, topic), "size": "16:9"}
    _post(sandbox, "GLOBALAIOPC_MEDIA_BASE_URL", "/v1/banana/images", asked)
    until(lambda: _job(sandbox)["completed"] is not None, "the picture")
    job = _job(sandbox)
    assert job["completed"] - job["created"] == pytest.approx(image, abs=0.001)


def _script(sandbox: SandboxService, topic: str) -> str:
    """The image prompt that the stand-in writes when it is asked as the rivals ask."""
    turns = (("system", SYSTEM), ("user", f"Topic: {topic}"))
    asked = {
        "model": works.TEXT_MODEL,
        "messages": [{"role": role, "content": text} for role, text in turns],
        "response_format": {"type": "json_object"},
    }
    answer = _post(sandbox, "GLOBALAIOPC_TEXT_BASE_URL", "/v1/chat/completions", asked)
    return json.loads(answer["choices"][0]["message"]["content"])["image_prompt"]


def _job(sandbox: SandboxService) -> dict:
    (job,) = httpx.get(f"{sandbox.url}/sandbox/jobs").json()["jobs"]
    return job


def _post(sandbox: SandboxService, base: str, path: str, body: dict) -> dict:
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    answer = httpx.post(sandbox.environment()[base] + path, json=body, headers=headers, timeout=30)
    return answer.raise_for_status().json()


def test_verdicts() -> None:
    ours, script = Amount(100, "s"), Amount(96, "s")

    def at_least(least: float) -> str:
        return Result.at_least("f", "m", ours, script, other_name="it", least=least).verdict

    assert (at_least(0.97), at_least(0.95)) == ("short", "holds")
    assert Result.at_most("f", "m", ours, script, most=1.15).verdict == "holds"
    assert Result.at_most("f", "m", ours, script, most=1.04).verdict == "short"
    assert Result.at_most("f", "m", Amount(1), Amount(0)).verdict == "short"
    assert Result.equal("f", "m", Amount(199), Amount(200), other_name="briefs").verdict == "short"
    assert Result.equal("f", "m", Amount(0), Amount(0), other_name="briefs").verdict == "holds"


@pytest.mark.parametrize(
    ("found", "code"), [((HOLDS, SHOWN), 0), ((HOLDS, SHORT), 1), ((SHOWN,), 0)]
)
def test_the_exit_code_follows_the_verdicts(
    found: tuple[Result, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.main(["--quick"], {"one": lambda *, quick: found}) == code
    told = capsys.readouterr()
    assert all(result.measured in told.out for result in found)
    assert ("97 MB against 96 MB" in told.err) == (code == 1)


def test_only_what_is_named_runs_and_quick_leaves_growth_out() -> None:
    ran: list[tuple[str, bool]] = []

    def figure(name: str) -> runner.Figure:
        def measure(*, quick: bool) -> tuple[Result, ...]:
            ran.append((name, quick))
            return (HOLDS,)

        return measure

    figures = {name: figure(name) for name in runner.FIGURES}
    runner.main(["--quick"], figures)
    assert ran == [(name, True) for name in runner.FIGURES if name not in runner.SLOW]
    ran.clear()
    runner.main(["--quick", "--only", "growth", "landing"], figures)
    assert ran == [("growth", True), ("landing", True)]


def test_a_full_run_writes_its_own_table_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table.PAGE.read_text()
    page = tmp_path / "performance.md"
    page.write_text(before)
    monkeypatch.setattr(table, "PAGE", page)

    def run(figure: str, found: Result) -> None:
        runner.main(["--only", figure], {figure: lambda *, quick: (found,)})

    run("landing", SHORT)
    run("growth", SHOWN)
    run("landing", HOLDS)
    written = page.read_text()
    assert "| 97 MB |" not in written
    assert "| 95 MB |" in _between(written, "landing")
    assert "| somebody |" in _between(written, "growth")
    assert _between(written, "efficiency") == _between(before, "efficiency")
    assert set(before.splitlines()) - set(_tables(before)) <= set(written.splitlines())


def test_the_page_has_a_place_for_every_figure() -> None:
    for figure in runner.FIGURES:
        assert "| 95 MB |" in _between(
            table.written(table.PAGE.read_text(), figure, table.markdown([HOLDS], "", "")), figure
        )


def _between(page: str, figure: str) -> str:
    begin, end = table.markers(figure)
    return page.partition(begin)[2].partition(end)[0]


def _tables(page: str) -> list[str]:
    return [line for figure in runner.FIGURES for line in _between(page, figure).splitlines()]


def test_the_window_in_which_all_wait() -> None:
    jobs = [{"created": at, "completed": at + 10} for at in (0.0, 1.0, 4.0)]
    assert Window.of({"jobs": jobs}) == Window(since=4.0, until=10.0, together=3)
    late = {"created": 11.5, "completed": 21.5}
    assert Window.of({"jobs": [*jobs, late]}) == Window(since=11.5, until=10.0, together=3)


def test_cpu_of_a_window() -> None:
    samples = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.2), (3.0, 1.4), (4.0, 9.0)]
    assert cores_used(samples, 1.0, 3.0) == pytest.approx(0.2)
    assert cores_used(samples, 1.2, 1.8) is None
    assert percentile([float(value) for value in range(100)], 0.99) == 99


def test_noticing_is_about_the_jobs_of_the_measured_batch() -> None:
    def job(prompt: str, late: float) -> dict:
        times = {"created": 0.0, "completed": 10.0, "noticed": 10.0 + late}
        return {**times, "prompt": prompt, "result_polls": 4}

    account = {"jobs": [job("Clouds", 9), job("Waves 1", 1), job("Waves 2", 2), job("Waves 3", 5)]}
    assert Noticing.of(account, "Waves") == Noticing(lag_share=0.2, looks=4)


def test_the_media_hosts_films_are_whole_and_as_long_as_asked(tmp_path: Path) -> None:
    with MediaHost(tmp_path / "log").start() as host:
        film = httpx.get(f"{host.url}/film?size=3000000", timeout=30).content
    walk = BoxWalk()
    walk.feed(film)
    walk.finish()
    assert len(film) == 3_000_000
    assert walk.moov is not None
