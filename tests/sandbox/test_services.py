"""The parts' life cycle: up when `start` returns, all gone after `stop`, gone too if we die."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.processes import Child, ServiceFailed, descendants, free_ports
from sandbox.services import S3Service, SandboxService, Service, clean_environment

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_the_s3_server_has_the_bucket_checks_the_key_and_leaves_nothing(tmp_path: Path) -> None:
    part = S3Service(
        tmp_path / "s3", access_key="demo", secret_key="right", bucket="media", log=tmp_path / "log"
    )
    with part.start():
        part.access.client().put_object(Bucket="media", Key="a", Body=b"1")
        stranger = type(part.access)(part.access.endpoint, "media", "demo", "wrong").client()
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            stranger.get_object(Bucket="media", Key="a")
        pid, port = part.child.pid, part.access.endpoint.rpartition(":")[2]
        assert list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))
    assert gone(pid)
    assert not list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))
    with part.start():  # other ports, same data
        assert part.access.client().get_object(Bucket="media", Key="a")["Body"].read() == b"1"


def test_stop_reaches_what_left_the_process_group_and_ignores_sigterm(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    parent = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {stubborn!r}], start_new_session=True)\n"
        "time.sleep(600)"
    )
    child = Child(
        "parent", [sys.executable, "-c", parent], env=clean_environment(), log=tmp_path / "log"
    )
    until(lambda: bool(descendants(child.pid)))
    (below,) = descendants(child.pid)
    child.stop(grace_seconds=0.5, politely_seconds=0.1)
    assert not child.alive
    until(lambda: gone(below.pid))


@pytest.mark.skipif(sys.platform != "linux", reason="a promise of the Linux kernel")
def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from sandbox.processes import Child
child = Child("sleeper", {SLEEP!r}, env={{}}, log=Path({str(tmp_path / "log")!r}))
print(child.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, contextlib.closing(parent.stdout):
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: gone(pid))


class Listener(Service):
    name = "The listener"
    awaited = "its port"

    def __init__(self, log: Path, *, first: int) -> None:
        super().__init__(log)
        self.first: int | None = first
        self.port = 0

    def spawn(self, ports: Sequence[int]) -> Child:
        self.port, self.first = self.first or ports[0], None
        code = f"import socket, time; s = socket.create_server(('127.0.0.1', {self.port})); "
        command = [sys.executable, "-c", code + "print('up', flush=True); time.sleep(600)"]
        return Child(self.name, command, env=clean_environment(), log=self.log)

    def answers(self) -> bool:
        return self.child.tail().endswith("up")


def test_a_port_that_was_taken_in_between_costs_another_try(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Listener(tmp_path / "log", first=taken.getsockname()[1]).start() as part,
    ):
        assert part.port != taken.getsockname()[1]
        assert part.child.alive


def test_a_part_that_ends_says_so_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
    child = Child("The part", program, env=clean_environment(), log=tmp_path / "log")
    with pytest.raises(ServiceFailed, match=r"(?s)The part ended with exit code 1.*no such luck"):
        child.wait_until(lambda: False, seconds=20, what="anything")


def test_a_part_that_is_late_says_what_was_missing(tmp_path: Path) -> None:
    with (
        Child("The part", SLEEP, env=clean_environment(), log=tmp_path / "log") as child,
        pytest.raises(ServiceFailed, match="The part: its answer not seen within 0 s"),
    ):
        child.wait_until(lambda: False, seconds=0, what="its answer")


def test_children_see_nobodys_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PREFECT_API_KEY", "x")
    monkeypatch.setenv("GLOBALAIOPC_API_KEY", "x")
    monkeypatch.setenv("UNRELATED", "kept")
    env = clean_environment()
    assert env["UNRELATED"] == "kept"
    assert not {"AWS_PROFILE", "PREFECT_API_KEY", "GLOBALAIOPC_API_KEY"} & env.keys()


def test_free_ports_are_different_ones() -> None:
    assert len(set(free_ports(50))) == 50


def test_the_stand_in_api_knows_models_of_one_s_own(tmp_path: Path) -> None:
    rows = tmp_path / "own.toml"
    rows.write_text('[[model]]\nnames = ["my-model"]\nendpoint = "vidu"\nseconds = [2]\n')
    part = SandboxService(key="k", log=tmp_path / "log", catalogues=[rows])
    with part.start():
        answer = httpx.post(
            f"{part.url}/kyyReactApiServer/v1/vidu/videos",
            headers={"Authorization": "Bearer k"},
            json={"model": "my-model", "prompt": "x", "duration": 2},
            trust_env=False,
        )
    assert answer.json()["status"] == "queued"
