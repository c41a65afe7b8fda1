"""Two processes make the same batch at the same time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.services import S3Access
from tests.chaos.schedules import quick_sandbox
from tests.chaos.world import World

BRIEFS = 200
VIDEO_EVERY = 10  # a video costs ten times the CPU of an image, and is claimed the same way


def test_two_processes_with_one_list_pay_for_each_job_once(s3: S3Access, tmp_path: Path) -> None:
    briefs = [
        {
            "id": f"brief-{number:03d}",
            "image_prompt": f"<{number:03d}> a paper boat",
            **({} if number % VIDEO_EVERY else {"video_prompt": f"<{number:03d}> it drifts"}),
        }
        for number in range(BRIEFS)
    ]
    with (
        quick_sandbox(tmp_path / "log").start() as sandbox,
        World(s3, sandbox) as one,
        World(s3, sandbox, prefix=one.prefix) as other,
        ThreadPoolExecutor() as threads,
    ):
        lives = [threads.submit(world.live, "both", *briefs) for world in (one, other)]
        reports = [life.result().items for life in lives]
        jobs = one.all_jobs()
    for report in reports:
        assert Counter(item["state"] for item in report) == {"landed": BRIEFS}
    billed = Counter((job["kind"], job["prompt"][:5]) for job in jobs if job["billed"])
    assert set(billed.values()) == {1}
    assert Counter(kind for kind, _ in billed) == {
        "image": BRIEFS,
        "video": BRIEFS // VIDEO_EVERY,
    }
