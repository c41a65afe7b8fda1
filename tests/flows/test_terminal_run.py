"""`python -m flows` as people and scripts use it, on the real parts."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.pipeline import Pipeline, until
from tests.terminal import Terminal

pytestmark = pytest.mark.stack

BRIEFS = """id,image_prompt,video_prompt,seconds
fox,A fox on a hill,It runs off,4
owl,[moderate] An owl,It flies off,4
eel,An eel in a brook,It slips away unheard,4
"""


def piped(pipeline: Pipeline, *arguments: str, given: str = "") -> tuple[int, dict[str, Any]]:
    """Run it as a script does; its exit code, and the one document on its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", *arguments, "--json"],
        cwd=ROOT,
        env=pipeline.environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode
    return done.returncode, document


def test_plan_run_status_and_rescue(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.chaos({"fault": "lose_answer", "route": "sora", "match": "unheard", "times": 1})
    code, plan = piped(pipeline, "plan", "-", "--batch-id", "t", given=BRIEFS)
    assert (code, plan["state"], plan["result"]["counts"]["run"]) == (0, "Planned", 3)
    assert sum(pipeline.posts().values()) == 0

    briefs = tmp_path / "briefs.csv"
    briefs.write_text(BRIEFS)
    run = ["-m", "flows", "run", str(briefs), "--batch-id", "t"]
    with Terminal(*run, env=pipeline.environment) as terminal:
        assert terminal.end() == 4
    seen = terminal.text
    for bar in (r"image +[━╸╺]+ 2/3 +1 not", r"video +[━╸╺]+ 1/3 +1 not", r"landing +[━╸╺]+ 1/3"):
        assert re.search(bar, seen), seen
    assert "1 landed, 1 failed, 1 unknown · cost" in seen
    assert "job_moderated" in seen
    assert "python -m flows rescue t" in seen
    assert "Flow run" not in seen, "Prefect's log stays off the terminal"
    assert "\x1b[?25h" in terminal.raw, "the cursor is given back"
    posts = pipeline.posts()

    code, status = piped(pipeline, "status", "t")
    assert (code, status["state"]) == (4, "needs a decision")
    assert status["result"]["briefs"] | {"blocked": 0} == {
        "landed": 1,
        "pending": 0,
        "failed": 1,
        "blocked": 0,
        "unknown": 1,
    }
    assert [one["job"] for one in status["result"]["unknown"]] == ["t/eel/video"]

    code, checked = piped(pipeline, "verify", "t")
    assert (code, checked["state"]) == (0, "Verified")

    code, unasked = piped(pipeline, "rescue", "t", "--resubmit", "t/eel/video")
    assert (code, unasked["state"]) == (2, "Refused")
    assert pipeline.posts() == posts

    resubmit = ["-m", "flows", "rescue", "t", "--resubmit", "t/eel/video"]
    with Terminal(*resubmit, env=pipeline.environment) as terminal:
        terminal.until(r"\[y/n\]")
        assert "t/eel/video" in terminal.text
        terminal.type("y\n")
        assert terminal.end() == 3
    assert pipeline.posts() == {**posts, "video": posts["video"] + 1}


def test_ctrl_c_loses_nothing_and_the_same_command_goes_on(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.chaos({"fault": "slow", "kind": "image", "match": "snail", "factor": 60})
    briefs = tmp_path / "briefs.csv"
    briefs.write_text("image_prompt,video_prompt\nA snail,It crawls\n")
    run = ["-m", "flows", "run", str(briefs), "--batch-id", "s"]
    with Terminal(*run, env=pipeline.environment, columns=50) as terminal:
        terminal.until(r"0/1 *\n? *landing")
        until(lambda: len(pipeline.jobs("A snail")) == 1, "the picture's job")
        terminal.child.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert "Nothing is lost" in terminal.text
    assert "--batch-id s" in terminal.text
    assert "Traceback" not in terminal.text

    code, again = piped(pipeline, *run[2:])
    assert (code, again["state"]) == (0, "Completed")
    assert len(pipeline.jobs("A snail")) == 1, "bought once"
    totals = again["result"]["totals"]
    assert (totals["briefs"], totals["landed"]) == (1, 1)
