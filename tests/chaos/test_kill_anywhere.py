"""A worker dies at every point between a brief and its landed video, and is started again."""

from collections.abc import Iterator

import pytest

from sandbox.services import S3Access
from tests.chaos.world import World
from tests.conftest import SandboxFactory

AN_HOUR = 3600.0


@pytest.fixture(scope="module")
def world(s3: S3Access, sandbox_factory: SandboxFactory) -> Iterator[World]:
    sandbox = sandbox_factory(
        text_seconds=0.0, image_seconds=0.0, video_seconds=0.0, options=["--plain-media"]
    )
    with World(s3, sandbox) as world:
        yield world


def test_no_death_costs_twice_or_loses_anything(world: World) -> None:
    """At each point: billed at most once, and landed after the restart or reported as unknown."""
    deaths: list[str] = []
    while True:
        name = f"kill-{len(deaths) + 1:03d}"
        brief = {"id": name, "topic": f"{name}."}
        life = world.live(name, brief, kill_at=len(deaths) + 1)
        if not life.died:
            break
        deaths.append(life.points[-1])
        [item] = world.live(name, brief, later_seconds=AN_HOUR).items
        billed = {kind: len(jobs) for kind, jobs in world.jobs(f"{name}.").items()}
        assert max(billed.values()) <= 1, (life.points[-1], billed)
        if _left_an_intent(life.points):
            assert item["state"] == "unknown", (life.points[-1], item)
            assert item["error"]["charged"] == "unknown"
        else:
            assert item["state"] == "landed", (life.points[-1], item)
            assert billed == {"image": 1, "video": 1}
    assert sum("create http" in point for point in deaths) == 6, "text, image and video, twice each"


def _left_an_intent(points: list[str]) -> bool:
    """Whether a worker died with a claim written and the provider's answer not yet noted."""
    for stage in ("image", "video"):
        receipt = f"receipts/{stage}.json"
        written = [point for point in points if receipt in point and "bucket re" not in point]
        noted = [point for point in points if receipt in point and "after bucket replace" in point]
        if any(point.startswith("after bucket create") for point in written) and not noted:
            return True
    return False
