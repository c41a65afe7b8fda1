"""One run of a deployment, started and watched over Prefect's REST API as by any other program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 30
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

    def __init__(self, api_url: str, run: _Run) -> None:
        self._api_url = api_url
        self._run = run

    @classmethod
    def start(
        cls, api_url: str, deployment: str, *, parameters: Mapping[str, JsonValue], name: str
    ) -> Self:
        """`deployment` is "flow name/deployment name", as in Prefect's UI."""
        found = _ask(api_url, "GET", f"/deployments/name/{deployment}").json()
        # With the key, asking again after a lost answer finds the run that was made.
        asked: dict[str, JsonValue] = {
            "name": name,
            "idempotency_key": name,
            "parameters": dict(parameters),
        }
        made = _ask(api_url, "POST", f"/deployments/{found['id']}/create_flow_run", asked)
        return cls(api_url, _Run.model_validate_json(made.content))

    def refresh(self) -> Self:
        answer = _ask(self._api_url, "GET", f"/flow_runs/{self._run.id}")
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


def _ask(api_url: str, method: str, path: str, body: JsonValue = None) -> httpx.Response:
    """Ask again while the server is too busy: SQLite has one writer, and it answers 503."""
    for tries_left in reversed(range(_TRIES)):
        try:
            answer = httpx.request(method, api_url + path, json=body, timeout=30, trust_env=False)
        except httpx.TransportError:
            if not tries_left:
                raise
        else:
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or not tries_left:
                return answer.raise_for_status()
        time.sleep(1)
    raise AssertionError("the last try returns or raises")
