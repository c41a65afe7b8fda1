"""The deployment runs that make shards: started once each, watched, ended. Knows Prefect alone."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run
from prefect.states import Cancelled, Crashed
from pydantic import JsonValue

from flows.shards import Shard
from tasks import Studio
from tasks.prices import prices_for_all

AWAY = (httpx.HTTPError, PrefectException)
"""What Prefect's client raises when the server is away, or refuses."""

TAKEN = "TakenOver"

log = logging.getLogger(__name__)


def this_deployment() -> UUID | None:
    """The deployment that the present flow run is a run of."""
    context = FlowRunContext.get()
    return context.flow_run.deployment_id if context and context.flow_run else None


async def shard_runs(
    studio: Studio,
    batch_id: str,
    budget: float | None,
    prices: str | None,
    blocks: Mapping[str, str],
) -> "ShardRuns":
    """The runs that the present run may start. A price file on this machine is handed on.

    Every parameter is given, since the deployment may have defaults for each.
    """
    deployment = this_deployment()
    if deployment is None:
        raise RuntimeError("a run of no deployment has no shards")
    parameters: dict[str, JsonValue] = {
        "batch_id": batch_id,
        "columns": None,
        "limit": None,
        "timezone": None,
        "budget": budget,
        "prices": await prices_for_all(studio, prices, f"{batch_id}/shards/prices.toml"),
        "plan": False,
        "approve": None,
        "approval": None,
        "shards": 1,
        "shard_size": None,
        **blocks,
    }
    return ShardRuns(deployment, str(flow_run.get_id()), batch_id, parameters)


@dataclass(frozen=True)
class ShardRuns:
    """The runs that the flow run `parent` starts. `parameters` are what they all are given."""

    deployment: UUID
    parent: str
    batch_id: str
    parameters: Mapping[str, JsonValue]

    async def start(self, shard: Shard, briefs: str, attempt: int) -> FlowRun:
        """The `attempt`th run of a shard, whose briefs lie at `briefs`; started once only.

        Asking again, also from a retry of the parent, finds the run that there is. It shows as the
        parent's subflow, and Prefect cancels it with its parent. Raises what is in `AWAY`.
        """
        again = f"-again-{attempt}" if attempt > 1 else ""
        return await arun_deployment(
            self.deployment,
            parameters={**self.parameters, "briefs": briefs, "shard": str(shard)},
            flow_run_name=f"{self.batch_id}-{shard}{again}",
            timeout=0,
            idempotency_key=f"{self.parent}/{shard}/{attempt}",
        )

    async def states(self, runs: Iterable[UUID]) -> dict[UUID, State] | None:
        """The states of those that Prefect knows; None while the server is away."""
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=list(runs)))
        try:
            async with get_client() as client:
                found = await client.read_flow_runs(flow_run_filter=wanted)
        except AWAY as error:
            log.warning("The Prefect server does not answer (%s)", type(error).__name__)
            return None
        return {run.id: run.state for run in found if run.state is not None}

    async def take_over(self, run: UUID) -> None:
        """A worker that comes to this run now leaves it alone, if Prefect can still tell it."""
        said = "No worker had begun it: the run of the batch makes this shard itself."
        await self._end(run, Cancelled(name=TAKEN, message=said))

    async def give_up(self, run: UUID) -> None:
        """Say of a run that it has died: Prefect does not notice when a machine is gone.

        One that lives all the same goes on, which costs nothing, and says itself how it ends.
        """
        said = "It showed no sign of life; its shard was made by another run."
        await self._end(run, Crashed(message=said))

    async def _end(self, run: UUID, state: State) -> None:
        try:
            async with get_client() as client:
                await client.set_flow_run_state(run, state)
        except AWAY as error:
            log.warning("%s could not be told of a run (%s)", state.name, type(error).__name__)
