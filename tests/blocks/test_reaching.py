"""What a person reads when there is no Prefect server to ask."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.reaching import WITHOUT_SERVER, exit_code
from tests.conftest import ROOT

SETTINGS = {"GLOBALAIOPC_API_KEY": "a-key-of-nobody", "MEDIA_BUCKET": "media-one"}


@pytest.mark.parametrize(
    "own",
    [
        {"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"},
        pytest.param(
            {
                "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
                "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1",
            },
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=["no server of its own", "one that is too slow"],
)
def test_without_a_server_one_sentence_says_how_to_have_one(
    tmp_path: Path, own: dict[str, str]
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    ran = subprocess.run(
        [sys.executable, "-m", "blocks"],
        cwd=ROOT,
        env=env | SETTINGS | own | {"PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert WITHOUT_SERVER in ran.stderr.splitlines()
    assert "Traceback" not in ran.stderr
    assert SETTINGS["GLOBALAIOPC_API_KEY"] not in ran.stderr


def test_another_error_is_not_taken_for_that() -> None:
    async def broken() -> int:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        exit_code(broken())
