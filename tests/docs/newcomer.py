"""`python -m tests.docs.newcomer`: the tutorial as a stranger types it, from clone to own gallery.

Clones this repository (what is committed) into an empty folder, carries out the shell blocks of
docs/tutorial.md there, word for word, `make demo` in a terminal of its own, opens the link to the
gallery, and prints how long each step took, with the load that the machine had. Nothing is kept.
"""

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("PREFECT_", "AWS_", "GLOBALAIOPC_", "MEDIA_", "NOTIFY_")
# Before tests.conftest makes them those of the tests: a newcomer has none.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}

from tests.docs.commands import DOCS, fences  # noqa: E402

MINUTES = 30.0


class Terminal:
    """One program in a terminal of its own, as `make demo` stays up only there."""

    def __init__(self, command: str, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=CLEAN,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.said = ""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.said += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # its end
                return

    def until(self, words: str) -> None:
        end = time.monotonic() + MINUTES * 60
        while words not in self.said:
            if self._process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{self.said}\n{words!r} did not come.")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ctrl-C."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait(timeout=60)


@contextmanager
def step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds, load = time.monotonic() - began, os.getloadavg()[0]
    print(f"| {name} | {seconds:.0f} | {load:.1f} |", flush=True)


def typed(folder: Path, *commands: str) -> str:
    """What a second terminal says, to which nobody types anything."""
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)],
        cwd=folder,
        env=CLEAN | {"COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MINUTES * 60,
    )
    if done.returncode:
        raise SystemExit(f"{commands[-1]}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    print("| step | seconds | load |\n| --- | --- | --- |", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as empty:
        folder = Path(empty) / "clone"
        with step("`git clone`"):
            typed(Path(empty), f"git clone --quiet {ROOT} clone")
        page = list(fences((folder / DOCS.relative_to(ROOT) / "tutorial.md").read_text("utf-8")))
        demo, *blocks = [fence for fence in page if fence.shell or fence.title]
        first = Terminal(demo.shell, folder)
        try:
            with step("`make demo`, until its batch has landed"):
                first.until("All that could land has landed")
            said, where = "", ""
            for fence in blocks:
                if fence.title:
                    (folder / fence.title).write_text(fence.text, "utf-8")
                elif all(line.startswith(". ") for line in fence.shell.splitlines()):
                    where = fence.shell
                else:
                    with step(f"`{fence.shell.strip()}`"):
                        said = typed(folder, where, fence.shell)
            link = re.search(r"http://127\.0\.0\.1\S+", said)
            if link is None:
                raise SystemExit(f"No link to the gallery:\n{said}")
            with step("opening the gallery"), urllib.request.urlopen(link[0]) as answer:
                if "<html" not in answer.read().decode("utf-8"):
                    raise SystemExit("The link shows no page.")
        finally:
            first.stop()
    print(f"| **all** | {time.monotonic() - began:.0f} | |")


if __name__ == "__main__":
    sys.exit(main())
