"""A worker dies at every point between a brief and its landed video, and is started again."""

import os
from collections.abc import Iterator

import pytest

from sandbox.services import S3Access
from tests.chaos.world import World
from tests.conftest import SandboxFactory

AN_HOUR = 3600.0
EVERY_POINT = os.environ.get("EVERY_MODEL") == "1"
LEAVE_A_TRACE = (
    *("before create http", "after create http"),
    *("after bucket create", "after bucket replace", "after bucket write"),
)


@pytest.fixture(scope="module")
def world(s3: S3Access, sandbox_factory: SandboxFactory) -> Iterator[World]:
    sandbox = sandbox_factory(
        text_seconds=0.0, image_seconds=0.0, video_seconds=0.0, options=["--plain-media"]
    )
    with World(s3, sandbox) as world:
        yield world


def test_no_death_costs_twice_or_loses_anything(world: World) -> None:
    """At each point: billed at most once, and landed after the restart or reported as unknown.

    Between two steps that leave a trace outside, all points are one to anybody outside: `make test`
    takes the last of them, `make test-all` takes every one.
    """
    rehearsal = world.live("kill-000", {"id": "kill-000", "topic": "kill-000."})
    numbers = [
        number
        for number, point in enumerate(rehearsal.points, start=1)
        if EVERY_POINT or point.startswith(LEAVE_A_TRACE)
    ]
    deaths = [_dies_and_goes_on(world, number) for number in numbers]
    assert sum("create http" in point for point in deaths) == 6, "text, image and video, twice each"


def _dies_and_goes_on(world: World, kill_at: int) -> str:
    """The point at which a worker died; empty when this one needed fewer steps."""
    name = f"kill-{kill_at:03d}"
    brief = {"id": name, "topic": f"{name}."}
    life = world.live(name, brief, kill_at=kill_at)
    if not life.died:
        return ""
    [item] = world.live(name, brief, later_seconds=AN_HOUR).items
    billed = {kind: len(jobs) for kind, jobs in world.jobs(f"{name}.").items()}
    assert max(billed.values()) <= 1, (life.points[-1], billed)
    if _left_an_intent(life.points):
        assert item["state"] == "unknown", (life.points[-1], item)
        assert item["error"]["charged"] == "unknown"
    else:
        assert item["state"] == "landed", (life.points[-1], item)
        assert billed == {"image": 1, "video": 1}
    return life.points[-1]


def _left_an_intent(points: list[str]) -> bool:
    """Whether a worker died with a claim written and the provider's answer not yet noted."""
    for stage in ("image", "video"):
        receipt = f"receipts/{stage}.json"
        written = [point for point in points if receipt in point and "bucket re" not in point]
        noted = [point for point in points if receipt in point and "after bucket replace" in point]
        if any(point.startswith("after bucket create") for point in written) and not noted:
            return True
    return False
