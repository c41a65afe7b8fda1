"""`python -m release.dist`: sdist and wheel in dist/, looked into, installed, run; and an SBOM.

Exit code 1 and a sentence when anything of this does not hold:

- both files are the same bytes when they are built again, from the unpacked sdist in another folder
- the wheel holds what git knows of its packages and nothing else; neither file names this machine
  or holds anything that looks like a key
- twine and check-wheel-contents have nothing to say
- in a fresh environment of requirements.lock and the wheel, and in an empty folder, the programs
  start and a brief becomes a video (`release/installed.py`)

The time of the files is that of the last commit, or SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from benchmarks.say import say
from release import ROOT
from release.contents import Refused, check_archives, tracked

HOME = ROOT / ".release"
DIST = ROOT / "dist"
PACKAGES = ("blocks", "deploy", "flows", "globalaiopc", "ledger", "sandbox", "tasks")
LOCK = ROOT / "requirements.lock"
SBOM = "globalaiopc-pipelines.cdx.json"


def main() -> int:
    try:
        make()
    except Refused as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def make() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.rmtree(DIST, ignore_errors=True)
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _run("git", "log", "-1", "--format=%ct").strip()
    say("building twice")
    sdist, wheel = build(ROOT, DIST, epoch)
    again = build(unpacked(sdist, HOME / "again"), HOME / "again-dist", epoch)
    for one, other in zip((sdist, wheel), again, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise Refused(f"{one.name} comes out with other bytes when it is built again.")
    say("looking into them")
    check_archives(sdist, wheel, tracked(ROOT, PACKAGES))
    _run(sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel))
    names = ",".join(PACKAGES)
    _run(sys.executable, "-m", "check_wheel_contents", "--toplevel", names, str(wheel))
    say("installing the wheel")
    python = installed(wheel, HOME / "installed")
    say("running it")
    tried_out(python, HOME / "empty")
    write_sbom(python, DIST / SBOM, epoch)
    say("dist/ is ready: " + ", ".join(sorted(path.name for path in DIST.iterdir())))


def build(source: Path, into: Path, epoch: str) -> tuple[Path, Path]:
    """The sdist and the wheel; hatchling is the locked one, nothing is fetched."""
    into.mkdir(parents=True, exist_ok=True)
    given = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    _run(sys.executable, "-m", "hatchling", "build", "-d", str(into), cwd=source, env=given)
    return next(into.glob("*.tar.gz")), next(into.glob("*.whl"))


def unpacked(sdist: Path, folder: Path) -> Path:
    """The one folder that an sdist holds."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


def installed(wheel: Path, folder: Path) -> Path:
    """The Python of a fresh environment, which holds what the lock and the wheel name."""
    python = folder / "bin" / "python"
    uv = (str(ROOT / ".venv" / "bin" / "uv"), "--no-python-downloads")
    _run(*uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    into = ("pip", "install", "--quiet", "--python", str(python), "--compile-bytecode", "--no-deps")
    _run(*uv, *into, "--require-hashes", "-r", str(LOCK))
    # By name: from a path, the environment and so the SBOM would record this machine's folders.
    here = ("--no-index", "--find-links", str(wheel.parent))
    _run(*uv, *into, *here, f"globalaiopc-pipelines=={wheel.name.split('-')[1]}")
    _run(*uv, "pip", "check", "--python", str(python))
    return python


def tried_out(python: Path, folder: Path) -> None:
    """Run the installed programs in an empty folder, without anything of the checkout."""
    folder.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = str(ROOT / "release" / "installed.py")
    print(_run(str(python), "-P", program, str(ROOT), cwd=folder, env=kept), end="")


def write_sbom(python: Path, path: Path, epoch: str) -> None:
    """CycloneDX, of what is installed beside the wheel; the same bytes each time."""
    cyclonedx = Path(sys.executable).with_name("cyclonedx-py")
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    _run(
        *(str(cyclonedx), "environment", *options, "--output-file", str(path), str(python)),
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
    )
    if str(ROOT) in path.read_text("utf-8"):
        raise Refused("The SBOM names a folder of this machine.")


def _run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=1200
    )
    if done.returncode:
        name = " ".join(Path(word).name for word in command[:4])
        raise Refused(f"{name} failed.\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
