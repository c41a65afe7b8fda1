"""`make chaos`: seeded schedules of faults and deaths, and the totals of what they cost.

    python -m tests.chaos.schedules --schedules 1000 --seed 1

One schedule is a small batch, a plan of faults for the stand-in API, and up to three workers that
die at drawn points; then the provider behaves, and workers run until nothing more can be done for
free. A schedule is repeated alone by its number: `--seed 417 --schedules 1`.
"""

import argparse
import random
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.services import S3Service, SandboxService
from tests.chaos.world import World
from tests.chaos.zygote import Life

LEASE_OVER = 3600.0
LAST_LIVES = 4
KILL_BEFORE = 110
KEY = "chaos-key-not-a-real-one"

CREATE_FAULTS = (
    "reset", "lose_answer", "close", "cut", "empty", "truncated_json", "error", "html",
    "rate_limited", "error_envelope", "accepted_202", "no_id", "failed_at_create",
)  # fmt: skip
RESULT_FAULTS = ("reset", "lose_answer", "error", "html", "empty", "rate_limited", "not_found")
FATES = ("moderated", "job_failed", "no_url", "unknown_status", "gone")
MEDIA_FAULTS = (
    "expired", "zero_bytes", "truncated_media", "short_media", "wrong_length", "corrupt_media",
    "wrong_media", "redirect", "reset", "error",
)  # fmt: skip
ENDED_BY_PROVIDER = {"job_failed", "job_moderated", "moderated", "refused", "task_gone"}


@dataclass
class Totals:
    """What all schedules came to; `wrong` names the schedules that broke a promise."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def text(self) -> str:
        lines = [f"{name:28}{count:>8,}" for name, count in self.counts.items()]
        return "\n".join([*lines, *self.wrong])


def run_schedules(world: World, first_seed: int, count: int) -> Totals:
    totals = Totals()
    # Named first, so that a zero is shown too.
    for name in ("schedules", "lives", "deaths", "jobs billed", "briefs landed", "briefs unknown"):
        totals.counts[name] = 0
    for name in ("double charges", "losses", "unreported unknowns"):
        totals.counts[name] = 0
    for seed in range(first_seed, first_seed + count):
        _run(world, seed, totals)
    return totals


def _run(world: World, seed: int, totals: Totals) -> None:
    draw = random.Random(seed)
    run = secrets.token_hex(3)
    batch = f"schedule-{seed}-{run}"
    briefs = [
        {"id": f"b{number}", "topic": f"tale {seed}-{run}-{number}."}
        for number in range(draw.randint(1, 3))
    ]
    world.chaos(*_plan(draw, briefs))
    lives = [
        world.live(batch, *briefs, kill_at=draw.randint(1, KILL_BEFORE), later_seconds=later)
        for later in _laters(draw.randint(0, 3))
    ]
    world.chaos()
    lives += _settle(world, batch, briefs, first=len(lives))
    totals.counts["schedules"] += 1
    totals.counts["lives"] += len(lives)
    totals.counts["deaths"] += sum(life.died for life in lives)
    for brief, item in zip(briefs, lives[-1].items, strict=True):
        _judge(world, f"seed {seed}, {brief['id']}", batch, brief, item, totals)


def _laters(count: int, *, first: int = 0) -> Iterator[float]:
    """Each worker comes when the claims of those before it have ended."""
    return (LEASE_OVER * number for number in range(first, first + count))


def _settle(world: World, batch: str, briefs: list[dict[str, Any]], *, first: int) -> list[Life]:
    lives: list[Life] = []
    for later in _laters(LAST_LIVES, first=first):
        lives.append(world.live(batch, *briefs, later_seconds=later))
        if not any(_worth_another(item) for item in lives[-1].items):
            break
    return lives


def _worth_another(item: dict[str, Any]) -> bool:
    return item["state"] != "landed" and bool(item["error"]["retry_is_free"])


def _plan(draw: random.Random, briefs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def rule() -> dict[str, Any]:
        match = draw.choice(briefs)["topic"]
        kind = draw.choice(("image", "video"))
        drawn = draw.random()
        if drawn < 0.35:
            route = {"image": "banana", "video": "sora"}[kind]
            fault = draw.choice(CREATE_FAULTS)
            return {"route": route, "match": match, "fault": fault, "times": draw.randint(1, 2)}
        if drawn < 0.45:
            return {"route": "chat", "match": match, "fault": draw.choice(CREATE_FAULTS[:9])}
        if drawn < 0.65:
            fault = draw.choice(RESULT_FAULTS)
            return {"route": "result", "match": match, "fault": fault, "times": draw.randint(1, 2)}
        if drawn < 0.8:
            fate = draw.choice(FATES)
            ends = {"no_url": {"looks": 2}, "unknown_status": {"looks": 2}}.get(fate, {})
            return {"kind": kind, "match": match, "fault": fate, **ends}
        fault = draw.choice(MEDIA_FAULTS)
        return {"route": "media", "match": match, "fault": fault, "times": draw.randint(1, 2)}

    return [rule() for _ in range(draw.randint(0, 5))]


def _judge(
    world: World,
    where: str,
    batch: str,
    brief: dict[str, Any],
    item: dict[str, Any],
    totals: Totals,
) -> None:
    billed = {
        kind: sum(bool(job["billed"]) for job in jobs)
        for kind, jobs in world.jobs(brief["topic"]).items()
    }
    states = world.receipt_states(batch, brief["id"])
    totals.counts["jobs billed"] += sum(billed.values())
    totals.counts["briefs landed"] += item["state"] == "landed"
    totals.counts["briefs unknown"] += item["state"] == "unknown"
    code = item["error"]["code"] if item["error"] else ""
    verdicts = {
        "double charges": any(count > 1 for count in billed.values()),
        "losses": item["state"] not in ("landed", "unknown") and code not in ENDED_BY_PROVIDER,
        "unreported unknowns": bool({"unknown", "intent"} & set(states.values()))
        and item["state"] != "unknown",
    }
    for name, broken in verdicts.items():
        totals.counts[name] += broken
        if broken:
            totals.wrong.append(f"{where}: {name}: {item['state']} {code} {billed} {states}")


def own_world(home: Path) -> tuple[S3Service, SandboxService]:
    """The real parts for a long run of one's own."""
    s3 = S3Service(
        home / "s3",
        access_key="chaos",
        secret_key=secrets.token_hex(16),
        bucket="chaos",
        log=home / "s3.log",
    )
    return s3, quick_sandbox(home / "sandbox.log")


def quick_sandbox(log: Path) -> SandboxService:
    return SandboxService(
        key=KEY,
        log=log,
        text_seconds=0.0,
        image_seconds=0.0,
        video_seconds=0.0,
        options=["--plain-media"],
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.schedules", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    totals = Totals()
    with tempfile.TemporaryDirectory() as home:
        s3, sandbox = own_world(Path(home))
        with s3.start(), sandbox.start(), World(s3.access, sandbox) as world:
            totals = run_schedules(world, options.seed, options.schedules)
    print(totals.text())
    return 1 if totals.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
