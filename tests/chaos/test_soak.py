"""The soak's own judgement, and a short soak; `make soak` runs an hour of it."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.soak import DEPLOYMENT, FAULTS, fault_plan, soak
from tests.chaos.soak_account import Bucket, settle
from tests.chaos.soak_meter import HOUR, look_at, trend_of
from tests.chaos.soak_page import BEGIN, END, PAGE, written

JOB = {"billed": True, "kind": "video", "prompt": "Tale <process-0003/b07> of a lighthouse"}
PLACE = ("process-0003", "b07")


def hour(rise: float, *, busy: float = 40.0) -> list[tuple[float, float]]:
    """A look every 5 s; each minute a batch holds more for 20 s."""
    return [
        (at, 100 + rise * at / HOUR + (busy if at % 60 < 20 else 0.0))
        for at in (5.0 * number for number in range(720))
    ]


@pytest.mark.parametrize(
    ("measure", "rise", "flat"),
    [("memory", 9, True), ("memory", 12, False), ("files", 2, True), ("files", 4, False),
     ("threads", 3, False), ("sockets", 4, False), ("memory", -30, True)],
)  # fmt: skip
def test_what_grows_is_found_whatever_batches_hold(measure: str, rise: float, flat: bool) -> None:
    trend = trend_of("ours", measure, hour(rise), judged=True)
    assert trend.flat is flat
    assert trend.rise_in_an_hour == pytest.approx(rise, abs=0.6)
    assert trend_of("theirs", measure, hour(rise), judged=False).flat


def test_a_look_sees_what_this_process_holds() -> None:
    before = look_at(os.getpid())
    with socket.socket(), Path(__file__).open(encoding="utf-8"):
        after = look_at(os.getpid())
    assert before is not None
    assert after is not None
    assert after.sockets == before.sockets + 1
    assert after.files == before.files + 2
    assert look_at(2**22 + 1) is None


def settled(*ids: str, item: str, **receipt: Any) -> dict[str, int]:
    """What is said of these billed jobs of one brief, whose video has this receipt."""
    whole = {"endpoint": "sora", "media": {"key": "video.mp4"}, **receipt}
    told = {"state": item, "error": None if item == "landed" else {"code": "x"}}
    bucket = Bucket({PLACE: {"video": whole}}, {PLACE: told}, frozenset({"video.mp4"}))
    found = settle([{**JOB, "id": one} for one in ids], bucket)
    assert bool(found.wrong) == bool(found.counts["lost"] + found.counts["billed twice"])
    return {name: found.counts[name] for name in ("landed", "reported", "billed twice", "lost")}


def test_each_billed_job_is_landed_or_told_of() -> None:
    landed = {"state": "landed", "task_id": "a"}
    assert settled("a", item="landed", **landed) == counts(landed=1)
    assert settled("a", "z", item="landed", **landed) == counts(landed=1, twice=1)
    assert settled("z", item="unknown", state="unknown") == counts(reported=1)
    assert settled("y", "z", item="unknown", state="unknown") == counts(reported=1, twice=1)
    # Held, and nobody was told: as good as lost.
    assert settled("z", item="landed", state="unknown") == counts(twice=1)
    waiting = {"state": "submitted", "task_id": "a"}
    assert settled("a", item="pending", **waiting) == counts(reported=1)
    assert settled("a", item="landed", **waiting) == counts(lost=1)
    gone = {**landed, "media": {"key": "elsewhere.mp4"}}
    assert settled("a", item="landed", **gone) == counts(lost=1)


def counts(*, landed: int = 0, reported: int = 0, twice: int = 0, lost: int = 0) -> dict[str, int]:
    return {"landed": landed, "reported": reported, "billed twice": twice, "lost": lost}


def test_the_page_has_a_place_for_the_figures() -> None:
    page = PAGE.read_text("utf-8")
    assert f"{BEGIN}\n\nnew\n\n{END}" in written(page, "new")
    with pytest.raises(ValueError, match="lacks the markers"):
        written("no page", "new")


def test_the_plan_has_nearly_every_fault() -> None:
    assert {"lose_answer", "rate_limited", "job_failed", "expired", "fenced"} <= set(FAULTS)
    assert fault_plan()[-1]["probability"] == 0.05
    assert DEPLOYMENT in PAGE.read_text("utf-8")


@pytest.mark.exhaustive
@pytest.mark.stack
def test_a_short_soak_bills_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    """Too short to say what grows; the money and what is left behind are judged as in the hour."""
    came = soak(1.5, tmp_path)
    told = [line for line in came.wrong if " rises by " not in line]
    assert not told
    assert came.counts["faults"] > 0
    assert came.counts["jobs billed"] > 40
    assert came.counts["landed"] > came.counts["reported"]
