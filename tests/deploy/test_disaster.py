"""The drill: Prefect's database is dropped in the middle of a batch, as docs/operations.md has it.

What the page says to type is typed here, in its order, on real parts.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from examples.demo.runs import DeploymentRun
from sandbox.prefect_parts import PrefectService, WorkerService, prepared_database
from sandbox.processes import descendants
from sandbox.services import S3Access
from tests.conftest import CACHE, ROOT, SandboxFactory
from tests.docs.commands import Command, fences, parsed
from tests.pipeline import Pipeline, until

PAGE = ROOT / "docs" / "operations.md"
HEADING = "### Prefect's database is gone"
POOL = "globalaiopc"
BATCH = "launch"
DEPLOYMENT = "content-batch/batch-of-videos"
MADE = 5  # of the list's six, whose last is refused on purpose
HELD = ("trail running shoe", "folding city bike")
# The provider cannot be seen to finish these, for as long as the plan is in force.
HOLD = [
    {"fault": "error", "status": 500, "route": "result", "times": None, "kind": "video", "match": m}
    for m in HELD
]


def drill() -> list[Command]:
    """What the page has a person type when the database is gone."""
    _, found, rest = PAGE.read_text("utf-8").partition(HEADING)
    assert found
    section = rest.partition("\n### ")[0].partition("\n## ")[0]
    typed = (parsed(fence.shell, f"{PAGE.name}:{fence.line}") for fence in fences(section))
    return [command for commands in typed for command in commands]


def test_the_drill_is_the_whole_way_back() -> None:
    typed = [" ".join(command.words) for command in drill()]
    assert [line for line in typed if not line.startswith("export ")] == [
        "prefect server start",
        "python -m blocks",
        "python -m blocks check",
        f"prefect work-pool create {POOL} --type process --overwrite",
        "prefect --no-prompt deploy --all",
        f"prefect worker start --pool {POOL}",
        f"prefect deployment run {DEPLOYMENT} -p batch_id={BATCH} --watch",
    ]


@pytest.fixture
def parts(
    tmp_path: Path, s3: S3Access, sandbox_factory: SandboxFactory
) -> Iterator[tuple[Pipeline, PrefectService]]:
    """A Prefect server of one's own, since it is taken away."""
    prefect = PrefectService(
        tmp_path / "prefect", log=tmp_path / "prefect.log", database=prepared_database(CACHE)
    )
    with prefect.start():
        pipeline = Pipeline(s3, prefect, sandbox_factory())
        pipeline.run("-m", "blocks")
        pipeline.run("-m", "prefect", "work-pool", "create", POOL, "--type", "process")
        pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", DEPLOYMENT)
        yield pipeline, prefect
        pipeline.close()


def videos(pipeline: Pipeline) -> Counter[str]:
    keys = [key for key in pipeline.objects(BATCH) if key.endswith("/receipts/video.json")]
    return Counter(pipeline.json(f"{BATCH}/{key}")["state"] for key in keys)


def lose_database(prefect: PrefectService) -> None:
    """As when the disk is gone: no signal that could be handled, and nothing left of the file."""
    below = descendants(prefect.child.pid)
    os.kill(prefect.child.pid, signal.SIGKILL)
    for process in below:
        process.signal(signal.SIGKILL)
    until(lambda: not prefect.child.alive, "the server's end")
    for file in prefect.home.glob("prefect.db*"):
        file.unlink()


@pytest.mark.exhaustive
@pytest.mark.stack
@pytest.mark.parametrize("worker", ["dies as well", "lives on"])
def test_a_lost_prefect_database_costs_nothing(
    parts: tuple[Pipeline, PrefectService], tmp_path: Path, worker: str
) -> None:
    """A worker that lives on makes the batch to its end, and the new run waits for that."""
    pipeline, prefect = parts
    pipeline.chaos(*HOLD)
    with ExitStack() as stack:
        old = WorkerService(POOL, env=pipeline.environment, log=tmp_path / "old.log", cwd=ROOT)
        stack.enter_context(old.start())
        DeploymentRun.start(
            prefect.api_url, DEPLOYMENT, parameters={"batch_id": BATCH}, name="before"
        )
        middle = Counter(landed=MADE - len(HELD), submitted=len(HELD))
        until(lambda: videos(pipeline) == middle, "the middle of the batch")
        lose_database(prefect)
        if worker == "dies as well":
            old.stop()
        pipeline.chaos()
        for command in drill():
            carry_out(command, pipeline, stack, tmp_path)

        assert videos(pipeline) == Counter(landed=MADE)
        report = pipeline.json(f"{BATCH}/report.json")
        assert Counter(item["state"] for item in report["items"]) == {"landed": MADE, "failed": 1}
        billed = [job for job in pipeline.account()["jobs"] if job["billed"]]
        assert Counter(job["kind"] for job in billed) == {"image": MADE, "video": MADE}
        assert len({(job["kind"], job["prompt"]) for job in billed}) == len(billed)
        # All of it is known to the new server: what was deployed, and the run.
        assert len(pipeline.all("deployments")) > 10
        (run,) = pipeline.all("flow_runs", flow_runs={"name": {"any_": [BATCH]}})
        assert run["state"]["name"] == "PartlyLanded"


def carry_out(command: Command, pipeline: Pipeline, stack: ExitStack, folder: Path) -> None:
    """Type it; the two that stay are started as services, to be stopped again."""
    match command.words:
        case ("export", *_):
            assert "PREFECT_API_URL" in str(command)  # which the environment has
        case ("prefect", "server", "start"):
            assert isinstance(pipeline.prefect, PrefectService)
            pipeline.prefect.relaunch().ready()
        case ("prefect", "worker", "start", *_):
            log = folder / "new.log"
            new = WorkerService(POOL, env=pipeline.environment, log=log, cwd=ROOT)
            stack.enter_context(new.start())
        case ("python", *arguments):
            pipeline.run(*arguments)
        case ("prefect", *arguments):
            pipeline.run("-m", "prefect", *arguments)
        case _:
            raise AssertionError(f"{command}: this test has no way to do it")
