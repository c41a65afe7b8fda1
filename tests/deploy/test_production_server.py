"""A production Prefect server as `deploy/` sets it up: real PostgreSQL, Redis, nginx, two APIs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from blocks.events import BEGUN, BUDGET_REACHED, ENDED, JOB_UNKNOWN, LANDED, VERDICT
from deploy.processes import ApiService, ProductionServer
from deploy.settings import SERVER, read_settings
from sandbox.prefect_parts import WorkerService, api_client
from sandbox.processes import descendants
from sandbox.services import clean_environment
from tests.browser.ui import SHOW_MS, chromium
from tests.conftest import ROOT
from tests.deploy.guards import SOCKETS, listening, rows, save_secret, socket_lets_in
from tests.deploy.trouble import SHORTEST, Trouble
from tests.hook import Hook
from tests.pipeline import until

pytestmark = pytest.mark.stack

TASKS = 6
# `steps` writes down that it is under way, and goes on when it is told to.
FLOW = """
import asyncio, sys
from pathlib import Path
from prefect import flow, task

here = Path(sys.argv[1])

@task
async def step(number):
    return number

@flow
async def steps():
    await asyncio.gather(*[step(number) for number in range({tasks} // 2)])
    (here / "halfway").touch()
    while not (here / "go-on").exists():
        await asyncio.sleep(0.05)
    await asyncio.gather(*[step(number) for number in range({tasks} // 2)])

if __name__ == "__main__":
    asyncio.run(steps.with_options(flow_run_name=sys.argv[2])())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductionServer]:
    with ProductionServer(tmp_path_factory.mktemp("server-logs")) as running:
        children = [part.child for part in running.parts()]
        below = {process for child in children for process in descendants(child.pid)}
        assert below, "PostgreSQL and nginx have processes of their own"
        yield running
        folder = running.postgres.folder.parent
    assert not any(child.alive for child in children)
    assert not any(process.exists() for process in below)
    assert not folder.exists()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """PREFECT_HOME of the clients."""
    return tmp_path / "home"


class _Run:
    """A flow in a process of its own, as a worker would start it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.name = f"steps-{uuid4().hex}"
        self._folder = folder
        script = folder / "steps.py"
        script.write_text(FLOW.format(tasks=TASKS))
        self.log = folder / "steps.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(script), str(folder), self.name],
                env=clean_environment() | dict(env),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def until_halfway(self) -> None:
        def halfway() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return (self._folder / "halfway").exists()

        until(halfway, "the flow's first half")

    def go_on(self) -> None:
        (self._folder / "go-on").touch()
        assert self.process.wait(timeout=180) == 0, self.log.read_text()


def _environment(server: ProductionServer, home: Path, api: ApiService) -> dict[str, str]:
    return server.environment(home, api_url=api.api_url)


def _seen(env: Mapping[str, str], run: str) -> tuple[str, list[str]]:
    """The state of the flow run of that name and those of its task runs, as one server has them."""
    with api_client(env) as client:
        named = {"flow_runs": {"name": {"any_": [run]}}}
        flow_runs = client.post("/flow_runs/filter", json=named).json()
        task_runs = client.post("/task_runs/filter", json=named).json()
    return (
        flow_runs[0]["state"]["type"] if flow_runs else "",
        [task_run["state"]["type"] for task_run in task_runs],
    )


DONE = ("COMPLETED", ["COMPLETED"] * TASKS)


def test_nobody_gets_in_without_the_password(server: ProductionServer) -> None:
    for api_url in (server.api_url, *(api.api_url for api in server.apis)):
        assert httpx.get(f"{api_url}/health").status_code == 200
        assert httpx.get(f"{api_url}/flows/count").status_code == 401
        assert httpx.post(f"{api_url}/flows/filter", json={}).status_code in (401, 403)
        assert httpx.get(f"{api_url}/admin/settings", auth=("admin", "wrong")).status_code == 401


def test_a_page_of_somebody_elses_cannot_change_anything(server: ProductionServer) -> None:
    name, _, password = server.auth.partition(":")
    answer = httpx.post(f"{server.api_url}/flows/filter", json={}, auth=(name, password))
    assert answer.status_code == 403
    assert "CSRF" in answer.text


def test_the_settings_are_those_of_the_file(server: ProductionServer, home: Path) -> None:
    for api in server.apis:
        with api_client(_environment(server, home, api)) as client:
            said = client.get("/admin/settings").json()["server"]
        assert said["services"]["task_run_recorder"] == {
            "enabled": True,
            "read_batch_size": 100,
            "batch_size": 100,
            "flush_interval": 1.0,
        }
        assert said["events"]["messaging_broker"] == "prefect_redis.messaging"
        assert said["events"]["causal_ordering"] == "prefect_redis.ordering"
        assert said["concurrency"]["lease_storage"] == "prefect_redis.lease_storage"
        assert said["worker_channel"]["cleanup_queue_storage"] == "prefect_redis.cleanup_queue"
        assert said["database"]["sqlalchemy"]["pool_size"] == 15
        assert said["database"]["migrate_on_start"] is False
        assert said["analytics_enabled"] is False
    # The background services have no API to ask.
    environ = Path(f"/proc/{server.background.child.pid}/environ").read_text().split("\0")
    assert {f"{name}={value}" for name, value in read_settings(SERVER).items()} <= set(environ)


def test_what_runs_against_one_server_is_seen_on_the_other(
    server: ProductionServer, home: Path, tmp_path: Path
) -> None:
    first, second = (_environment(server, home, api) for api in server.apis)
    before = _events_read(server)
    run = _Run(tmp_path, first)
    run.until_halfway()
    assert _seen(second, run.name)[0] == "RUNNING"
    run.go_on()
    # Task runs are events: API 1 puts them into Redis, the background services into the database.
    until(lambda: _seen(second, run.name) == DONE, "the task runs on the second server")
    assert _seen(first, run.name) == DONE
    assert _events_read(server) >= before + TASKS


def _events_read(server: ProductionServer) -> int:
    """How many events the recorder of task runs has taken from Redis."""
    with server.redis.client() as client:
        groups: Any = client.xinfo_groups("events")
    return next(group["entries-read"] for group in groups if group["name"] == "task-run-recorder")


def test_a_slot_of_one_server_is_given_back_to_the_other(
    server: ProductionServer, home: Path
) -> None:
    first, second = (_environment(server, home, api) for api in server.apis)
    slot = {"names": ["shards"], "slots": 1, "mode": "concurrency"}
    with api_client(first) as one, api_client(second) as two:
        made = one.post("/v2/concurrency_limits/", json={"name": "shards", "limit": 1})
        assert made.status_code == 201
        held = one.post("/v2/concurrency_limits/increment-with-lease", json=slot)
        assert held.status_code == 200
        assert two.post("/v2/concurrency_limits/increment-with-lease", json=slot).status_code == 423
        lease = {"lease_id": held.json()["lease_id"]}
        given_back = two.post("/v2/concurrency_limits/decrement-with-lease", json=lease)
        assert given_back.status_code == 204
        assert two.post("/v2/concurrency_limits/increment-with-lease", json=slot).status_code == 200


def test_the_front_lets_through_what_prefect_sends(server: ProductionServer, home: Path) -> None:
    now = datetime.now(UTC).isoformat()
    line = {"name": "test", "level": 20, "message": "x" * 900_000, "timestamp": now}
    with api_client(server.environment(home)) as client:
        answer = client.post("/logs/", json=[line | {"flow_run_id": str(uuid4())}] * 4)
        assert answer.status_code == 201, answer.text
        assert client.get(f"{server.front.url}/v2/").status_code == 200


def test_a_worker_works_with_the_password(
    server: ProductionServer, home: Path, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    with WorkerService("globalaiopc", env=server.environment(home), log=log).start() as worker:
        for api in server.apis:
            with api_client(_environment(server, home, api)) as client:
                seen = client.post("/work_pools/globalaiopc/workers/filter", json={}).json()
            assert [one["name"] for one in seen] == [worker.worker_name]


def _save_automations(env: Mapping[str, str], hook: Hook) -> list[str]:
    """`python -m blocks.automations` with the shortest patience; what it says of each."""
    minutes = str(round(SHORTEST / 60, 3))
    said = subprocess.run(
        [sys.executable, "-m", "blocks.automations"],
        cwd=ROOT,
        env=clean_environment()
        | dict(env)
        | {
            "NOTIFY_WEBHOOK": hook.url,
            "NOTIFY_LATE_MINUTES": minutes,
            "NOTIFY_NOTHING_LANDED_MINUTES": minutes,
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line.split()[0] for line in said.splitlines()]


def test_each_automation_tells_people_once(server: ProductionServer, home: Path) -> None:
    env = server.environment(home)
    running = {"type": "RUNNING"}
    with Hook() as hook, api_client(env) as client:
        assert set(_save_automations(env, hook)) == {"created"}
        trouble = Trouble(client)
        trouble.hasten("GlobalAI OPC: a run is silent")
        silent = trouble.run("silent", running)
        trouble.heartbeat(silent)
        runs = {
            "silent crashed": silent,
            "tardy is late": trouble.run("tardy", due=timedelta(hours=1)),
            "empty failed: NothingLanded": trouble.run(
                "empty", running, {"type": "FAILED", "name": "NothingLanded"}
            ),
            "killed crashed": trouble.run("killed", running, {"type": "CRASHED"}),
            "sheet waits for your approval": trouble.run(
                "sheet", running, {"type": "PAUSED", "name": "Suspended"}
            ),
        }
        fine = trouble.run("fine", running, {"type": "COMPLETED"})
        for event in (BEGUN, LANDED):
            trouble.batch("fine", event, fine)
        trouble.batch("fine", ENDED, fine, label={VERDICT: "all"}, message="all landed")
        part = trouble.run("part", running)
        for batch, event in (("held", BEGUN), ("part", BUDGET_REACHED), ("part", JOB_UNKNOWN)):
            trouble.batch(batch, event, part, limit="1.56", currency="CNY", unknown=1)
        trouble.batch("part", ENDED, part, label={VERDICT: "some"}, message="Run it again.")
        runs |= {
            "Batch held: nothing has landed": part,
            "Batch part: the budget is reached": part,
            "Batch part: 1 with an unknown outcome": part,
            "Batch part: 1 of 4 landed": part,
        }
        until(lambda: len(hook.heard) >= len(runs), f"all of {set(runs)}", 120)
        assert sorted(one["subject"] for one in hook.heard) == sorted(runs), "each is told once"
        for one in hook.heard:
            assert one["body"].endswith(f"Run: {runs[one['subject']]}"), one
        assert {one["path"] for one in hook.heard} == {f"/{Hook.secret}"}


def test_blocks_are_read_with_the_password_alone(server: ProductionServer, home: Path) -> None:
    secret = f"canary-{uuid4().hex}"
    everything = {"include_secrets": True}
    with api_client(server.environment(home)) as client:
        block = save_secret(client, "guarded", secret)
        read = client.post("/block_documents/filter", json=everything).text
        assert secret in read, "whoever has the password reads every Secret: docs/production.md"
        assert secret not in client.post("/block_documents/filter", json={}).text
    for api_url in (server.api_url, *(api.api_url for api in server.apis)):
        for auth in (None, ("admin", "wrong"), ("", "")):
            for path in (
                f"/block_documents/{block}?include_secrets=true",
                "/block_types/slug/secret",
            ):
                assert httpx.get(f"{api_url}{path}", auth=auth).status_code == 401
            asked = httpx.post(f"{api_url}/block_documents/filter", json=everything, auth=auth)
            assert asked.status_code in (401, 403)
            assert secret not in asked.text
    # A backup of the database opens none of them: the key lies elsewhere.
    (kept,) = rows(
        server.postgres.address, "SELECT data::text FROM block_document WHERE name = 'guarded'"
    )
    assert secret not in kept
    assert "ENCRYPTION_KEY" not in rows(server.postgres.address, "SELECT key FROM configuration")


@pytest.mark.parametrize("path", SOCKETS)
def test_events_and_logs_ask_for_the_password_too(server: ProductionServer, path: str) -> None:
    for token in (None, "", "admin:wrong"):
        assert not socket_lets_in(server.api_url, path, token), token
    assert socket_lets_in(server.api_url, path, server.auth)


def test_every_part_is_reached_from_its_own_machine_alone(server: ProductionServer) -> None:
    for part in server.parts():
        found = listening([part.child.pid])
        assert found <= {"127.0.0.1"}, part.name
        assert found or part is server.background, part.name


def test_no_other_page_reads_or_frames_anything(server: ProductionServer) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    ask = {**origin, "Access-Control-Request-Method": "POST"}
    for path in ("/api/health", "/api/flows/count", "/"):
        answer = httpx.get(f"{server.front.url}{path}", headers=origin)
        preflight = httpx.options(f"{server.front.url}{path}", headers=ask)
        assert "access-control-allow-origin" not in {*answer.headers, *preflight.headers}, path
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["server"] == "nginx", "and not which one"


@pytest.mark.browser
def test_the_ui_asks_for_the_password_and_works_with_it(
    server: ProductionServer, home: Path
) -> None:
    flow = f"guarded-{uuid4().hex[:8]}"
    with api_client(server.environment(home)) as client:
        client.post("/flows/", json={"name": flow}).raise_for_status()
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(SHOW_MS)
        posts = list[tuple[str, int]]()
        page.on(
            "response",
            lambda it: posts.append((it.url, it.status)) if it.request.method == "POST" else None,
        )
        page.goto(f"{server.front.url}/flows")
        box = page.get_by_placeholder("admin:pass")
        box.wait_for()
        assert not posts, "nothing is shown before"
        box.fill(server.auth)
        page.get_by_role("button", name="Login", exact=True).click()
        box.wait_for(state="hidden")
        page.goto(f"{server.front.url}/flows")
        page.get_by_text(flow).first.wait_for()
    # The lists are POSTs, each with a token against foreign pages.
    assert posts
    assert {status for _, status in posts} == {200}, posts


def test_one_api_server_dies_and_its_clients_go_on(
    server: ProductionServer, home: Path, tmp_path: Path
) -> None:
    through_the_front = server.environment(home)
    run = _Run(tmp_path, through_the_front)
    run.until_halfway()
    victim = server.apis[1]
    os.kill(victim.child.pid, signal.SIGKILL)
    until(lambda: not victim.child.alive, "its end")
    run.go_on()
    until(lambda: _seen(through_the_front, run.name) == DONE, "all task runs")
