"""One run of a deployment, started and watched over Prefect's REST API as by any other program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


class _State(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str
    name: str
    message: str | None = None


class _Run(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    name: str
    state: _State


class DeploymentRun:
    """A flow run that was made from a deployment; `refresh` reads its state anew."""

    def __init__(self, client: httpx.Client, run: _Run) -> None:
        self._client = client
        self._run = run

    @classmethod
    def start(
        cls, api_url: str, deployment: str, *, parameters: Mapping[str, JsonValue], name: str
    ) -> Self:
        """`deployment` is "flow name/deployment name", as in Prefect's UI."""
        client = httpx.Client(base_url=api_url, timeout=30, trust_env=False)
        found = client.get(f"/deployments/name/{deployment}").raise_for_status().json()
        asked = {"name": name, "parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        made = client.post(f"/deployments/{found['id']}/create_flow_run", json=asked)
        return cls(client, _Run.model_validate_json(made.raise_for_status().content))

    def refresh(self) -> Self:
        answer = self._client.get(f"/flow_runs/{self._run.id}").raise_for_status()
        self._run = _Run.model_validate_json(answer.content)
        return self

    @property
    def id(self) -> str:
        return self._run.id

    @property
    def name(self) -> str:
        return self._run.name

    @property
    def state(self) -> str:
        return self._run.state.name

    @property
    def message(self) -> str:
        return self._run.state.message or ""

    @property
    def over(self) -> bool:
        return self._run.state.type in _OVER
