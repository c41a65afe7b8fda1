"""A few seeded schedules of faults and deaths; `make chaos` runs a thousand."""

from pathlib import Path

from sandbox.services import S3Access
from tests.chaos.schedules import quick_sandbox, run_schedules
from tests.chaos.world import World

SCHEDULES = 8


def test_no_schedule_of_faults_and_deaths_costs_twice_or_loses_anything(
    s3: S3Access, tmp_path: Path
) -> None:
    with quick_sandbox(tmp_path / "log").start() as sandbox, World(s3, sandbox) as world:
        totals = run_schedules(world, 1, SCHEDULES)
    assert not totals.wrong, totals.text()
    assert totals.counts["schedules"] == SCHEDULES
    assert totals.counts["deaths"] > SCHEDULES / 2, totals.text()
    assert totals.counts["briefs landed"] > SCHEDULES / 2, totals.text()
