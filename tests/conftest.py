"""The real parts, each started when the first test asks for it and shared by the whole session.

Prefect reads its settings when it is imported, so its server's address is settled here, before any
test module is: a test that forgets to ask for `prefect_server` is refused at once instead of
reaching the user's own server, or waiting for a temporary one.
"""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sandbox.prefect_parts import PrefectService, prefect_environment, prepared_database
from sandbox.services import S3Access, S3Service, SandboxService, clean_environment

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".test"
KEY = "test-key-not-a-real-one"

SandboxFactory = Callable[..., SandboxService]


def _quiet_port() -> int:
    """A free port below those that outgoing connections are given, so that it stays free."""
    for port in range(21000 + os.getpid() % 8000, 32000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no free port between 21000 and 32000")


_HOME = Path(tempfile.mkdtemp(prefix="globalaiopc-tests-"))
_PORT = _quiet_port()
_ENVIRONMENT = clean_environment() | prefect_environment(
    _HOME / "prefect", f"http://127.0.0.1:{_PORT}/api"
)
os.environ.clear()
os.environ.update(_ENVIRONMENT)


# A machine that does something else as well draws slowly, which says nothing about the code. New
# examples are for `make test-all`: what lands is not for a throw of the dice to decide.
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("EVERY_MODEL") != "1",
)
settings.load_profile("shared")


def pytest_configure(config: pytest.Config) -> None:
    # Prefect's engine leaves its own connections to its server to the garbage collector.
    leak = rf"ignore:unclosed .*raddr=..127\.0\.0\.1., {_PORT}\)"
    config.addinivalue_line("filterwarnings", f"{leak}:ResourceWarning")


_SLOW_FIRST = ("chaos", "deploy", "browser", "flows")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, so that the two workers end together."""

    def turn(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return _SLOW_FIRST.index(folder) if folder in _SLOW_FIRST else len(_SLOW_FIRST)

    items.sort(key=turn)


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Access]:
    """A real S3 server that knows one key pair; take a prefix of your own in its bucket."""
    part = S3Service(
        _HOME / "s3",
        access_key="test-access",
        secret_key=secrets.token_hex(16),
        bucket="tests",
        log=_HOME / "s3.log",
    )
    with part.start():
        yield part.access


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[PrefectService]:
    """A real Prefect server; flows of this process and of children with our environment use it."""
    part = PrefectService(
        _HOME / "prefect",
        log=_HOME / "prefect.log",
        port=_PORT,
        database=prepared_database(CACHE),
    )
    with part.start():
        yield part


@pytest.fixture(scope="module")
def sandbox_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxFactory]:
    """Starts a stand-in API of one's own: the arguments are `SandboxService`'s, a key is given."""
    with ExitStack() as stack:

        def start(**arguments: object) -> SandboxService:
            log = tmp_path_factory.mktemp("sandbox") / "log"
            settings = {"key": KEY, "log": log, **arguments}
            return stack.enter_context(SandboxService(**settings)).start()

        yield start


@pytest.fixture(scope="module")
def sandbox(sandbox_factory: SandboxFactory) -> SandboxService:
    """A fast, well-behaved stand-in API for the module; count what *you* asked of it."""
    return sandbox_factory()
