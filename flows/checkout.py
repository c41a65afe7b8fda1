"""Where a worker finds these flows: wherever they are installed on its own machine."""

import os
from pathlib import Path


def enter() -> dict[str, str]:
    """Prefect pull step: run in the folder that holds the installed `flows` package.

    The deployment so stores no path of the machine that deployed it; any worker will do that has
    this project installed, from a checkout (`pip install -e .`) or not. A relative path of a file
    of briefs starts there. (Prefect's own `set_working_directory` takes a path of the deploying
    machine; a relative one is read from an empty temporary folder.)
    """
    folder = Path(__file__).resolve().parents[1]
    os.chdir(folder)
    return {"directory": str(folder)}
