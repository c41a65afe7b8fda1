"""Making one batch after another: with what parameters, and as runs of what."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import DeploymentSchedule, State, StateType
from prefect.deployments.flow_runs import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.backfill_report import BatchRow
from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.occasions import Occasion
from flows.plan import Plan
from flows.report import BatchReport
from flows.shard_runs import AWAY
from globalaiopc import InvalidRequest
from ledger import ObjectStore

LOOK_SECONDS = 5.0
FLOW = "content-batch"
_REFUSED = ("Refused", "NotReady")


@dataclass(frozen=True)
class Recipe:
    """What every batch of a range is made with: the parameters of `content_batch`.

    `pattern` and `timezone` are for the batch's name. With a `deployment` ("flow/name") the batches
    are runs of it; without one they are made by the present run.
    """

    pattern: str
    timezone: str | None
    parameters: Mapping[str, object]
    deployment: str | None = None

    def block(self, kind: str) -> str:
        """Name of the `connection` or `bucket` block."""
        return str(self.parameters.get(kind) or "default")


async def deployed(
    name: str, slug: str | None
) -> tuple[dict[str, object], DeploymentSchedule | None]:
    """A deployment's parameters, with those of its schedule `slug` over them, and that schedule.

    Raises `InvalidRequest` when there is no such deployment of content_batch, or no such schedule.
    """
    try:
        async with get_client() as client:
            found = await client.read_deployment_by_name(name)
    except (ObjectNotFound, ValueError):
        found = None
    if found is None or name.partition("/")[0] != FLOW:
        raise InvalidRequest(
            f"There is no deployment {name!r} of content_batch.",
            field="deployment",
            allowed=f"such as {FLOW}/every-day; `prefect deployment ls` lists them",
        )
    if not slug:
        return dict(found.parameters), None
    schedules = {one.slug or str(one.id): one for one in found.schedules}
    if slug not in schedules:
        raise InvalidRequest(
            f"{name} has no schedule {slug!r}.",
            field="schedule",
            allowed=", ".join(schedules) or "none: it has no schedules",
        )
    chosen = schedules[slug]
    return {**found.parameters, **chosen.parameters}, chosen


class Filler:
    """Makes the batches of a range, so many at once."""

    def __init__(self, recipe: Recipe, store: ObjectStore, *, plan: bool, at_once: int) -> None:
        self._recipe = recipe
        self._store = store
        self._plan = plan
        self._places = asyncio.Semaphore(at_once)
        self._stopped = ""

    async def fill(self, occasions: Sequence[Occasion]) -> tuple[BatchRow, ...]:
        """A row for each. After one that is refused no other is begun: all are asked for alike."""
        return tuple(await asyncio.gather(*(self._one(one) for one in occasions)))

    async def _one(self, occasion: Occasion) -> BatchRow:
        day = f"{occasion.scheduled:%Y-%m-%d}"
        async with self._places:
            if self._stopped:
                said = f"Not begun, since {self._stopped} was refused."
                return BatchRow(
                    batch_id=occasion.batch_id, day=day, state="not begun", message=said
                )
            state, run = await self._made(occasion.batch_id)
            row = await self._row(occasion.batch_id, day, state, run)
            if row.state in _REFUSED:
                self._stopped = occasion.batch_id
        get_run_logger().info("%s: %s. %s", row.batch_id, row.state, row.message)
        return row

    async def _made(self, batch_id: str) -> tuple[State, UUID | None]:
        if self._recipe.deployment is None or self._plan:
            asked = {**self._recipe.parameters, "batch_id": batch_id, "plan": self._plan}
            state = await content_batch(**asked, return_state=True)
            return state, state.state_details.flow_run_id
        return await self._run_of_deployment(self._recipe.deployment, batch_id)

    async def _run_of_deployment(self, name: str, batch_id: str) -> tuple[State, UUID]:
        """Start it, once for each try of the present run, and wait for its end.

        A run that has asked a person is waited for no longer: it goes on when it is answered.
        """
        run = await arun_deployment(
            name,
            parameters={**_as_json(self._recipe.parameters), "batch_id": batch_id},
            flow_run_name=batch_id,
            timeout=0,
            idempotency_key=f"{flow_run.get_id()}/{flow_run.get_run_count()}/{batch_id}",
        )
        while run.state is None or not _over(run.state):
            await asyncio.sleep(LOOK_SECONDS)
            try:
                async with get_client() as client:
                    run = await client.read_flow_run(run.id)
            except AWAY as error:
                get_run_logger().warning("No word of %s (%s)", batch_id, type(error).__name__)
        return run.state, run.id

    async def _row(self, batch_id: str, day: str, state: State, run: UUID | None) -> BatchRow:
        """From what the run has left in the bucket; from its state alone when that is nothing."""
        name, message = state.name or state.type.value, state.message or ""
        if name == "Planned":
            stored = await self._store.get(f"{batch_id}/plan.json")
            if stored is not None:
                plan = Plan.model_validate_json(stored.body)
                return BatchRow.planned(day, plan, message)
        else:
            stored = await self._store.get(f"{batch_id}/report.json")
            report = BatchReport.model_validate_json(stored.body) if stored else None
            if report is not None and report.flow_run == str(run):
                return BatchRow.made(day, name, report, message)
        return BatchRow(batch_id=batch_id, day=day, state=name, message=message)


def _over(state: State) -> bool:
    return state.is_final() or state.type is StateType.PAUSED


def _as_json(parameters: Mapping[str, object]) -> dict[str, object]:
    """Briefs of the run form as they were filled in: what is empty there stays out."""
    briefs = parameters.get("briefs")
    if not isinstance(briefs, list):
        return dict(parameters)
    dumped = [
        one.model_dump(mode="json", exclude_unset=True) if isinstance(one, Brief) else one
        for one in briefs
    ]
    return {**parameters, "briefs": dumped}
