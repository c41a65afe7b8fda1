"""What sets the automations off, told to a Prefect server as runs and batches tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from blocks.events import TAG, batch_resource

SHORTEST = 10.0
"""Seconds: Prefect waits no shorter for what does not come."""


class Trouble:
    """Runs and batches that nobody makes: only their states and events are there."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._flow = self._post("/flows/", {"name": "trouble"})["id"]

    def run(self, name: str, *states: dict[str, Any], due: timedelta = timedelta()) -> str:
        """A flow run, due so long ago, that passes through these states; its id."""
        scheduled = (datetime.now(UTC) - due).isoformat()
        first = {"type": "SCHEDULED", "state_details": {"scheduled_time": scheduled}}
        asked = {"flow_id": self._flow, "name": name, "tags": [TAG], "state": first}
        run_id = str(self._post("/flow_runs/", asked)["id"])
        for state in states:
            answer = self._post(f"/flow_runs/{run_id}/set_state", {"state": state})
            assert answer["status"] == "ACCEPT", answer
        return run_id

    def heartbeat(self, run_id: str) -> None:
        self._send("prefect.flow-run.heartbeat", {"prefect.resource.id": _resource(run_id)})

    def batch(
        self,
        name: str,
        event: str,
        run_id: str,
        *,
        label: dict[str, str] | None = None,
        **said: Any,
    ) -> None:
        resource = {"prefect.resource.id": batch_resource(name), **(label or {})}
        run = {"prefect.resource.id": _resource(run_id), "prefect.resource.role": "flow-run"}
        payload = {"batch_id": name, "briefs": 4, "landed": 1, "cost": "0.52", **said}
        self._send(event, resource, related=[run], payload=payload)

    def hasten(self, automation: str) -> None:
        """Have the automation of this name wait for as short as can be."""
        (found,) = (
            one for one in self._post("/automations/filter", {}) if one["name"] == automation
        )
        changed = {name: found[name] for name in ("name", "description", "enabled", "tags")}
        changed |= {name: value for name, value in found.items() if name.startswith("actions")}
        changed["trigger"] = {**found["trigger"], "within": SHORTEST}
        self._client.put(f"/automations/{found['id']}", json=changed).raise_for_status()

    def _send(
        self,
        event: str,
        resource: dict[str, str],
        related: list[dict[str, str]] | None = None,
        payload: dict[str, Any] | None = None,
    ) -> None:
        tag = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
        asked = {
            "id": str(uuid4()),
            "occurred": datetime.now(UTC).isoformat(),
            "event": event,
            "resource": resource,
            "related": [tag, *(related or [])],
            "payload": payload or {},
        }
        self._client.post("/events", json=[asked]).raise_for_status()

    def _post(self, path: str, asked: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=asked)
        assert answer.is_success, answer.text
        return answer.json()


def _resource(run_id: str) -> str:
    return f"prefect.flow-run.{run_id}"
