"""Runs a flow in this process and makes an answer of a state that tells of a mistake."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prefect.client.schemas.objects import State
from prefect.settings import get_current_settings

from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.logs import quiet
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.ending import Outcome
from flows.errors import BadBriefs, NotAsLanded, NothingLanded
from flows.refusing import problem_row
from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore
from tasks import studio

_SHOWN = 50


@dataclass(frozen=True)
class Ended:
    """How a flow run ended. `outcome` is what it returned, or what its error carries."""

    name: str
    message: str
    outcome: Outcome | None
    error: BaseException | None


def needs_prefect(screen: Screen) -> None:
    """To be called before Prefect is used: its log is kept off the screen."""
    quiet(screen)
    if get_current_settings().api.url is None:
        screen.busy("PREFECT_API_URL is not set: starting a temporary Prefect server")
    else:
        screen.busy("Opening the blocks")


async def open_store(screen: Screen, bucket: str) -> ObjectStore:
    """The bucket alone. Raises `StudioNotReady`."""
    needs_prefect(screen)
    return await studio.open_store(bucket)


async def ended(
    screen: Screen, flow: Callable[..., Awaitable[State[Outcome]]], **parameters: object
) -> Ended:
    """Run it to its end. Raises what Prefect raises when its server cannot be asked."""
    needs_prefect(screen)
    state = await flow(**parameters, return_state=True)
    if screen.stopping:  # Prefect may make a state of the cancelling
        raise asyncio.CancelledError
    data = await state.aresult(raise_on_failure=False)
    name, message = state.name or "", state.message or ""
    if isinstance(data, BaseException):
        report = data.report if isinstance(data, NothingLanded | NotAsLanded) else None
        return Ended(name, message, report, data)
    return Ended(name, message, data, None)


def without_outcome(run: Ended) -> Answer:
    """The answer when a run returned nothing: refused, not ready, or failed."""
    info = run.error.info() if isinstance(run.error, GlobalAIOPCError) else None
    exit_code = Exit.REFUSED if run.name in ("Refused", "NotReady") else Exit.FAILED
    if not isinstance(run.error, BadBriefs):
        return Answer(exit_code, run.name, run.message, error=info)
    found = run.error.problems
    rest = [f"{len(found) - _SHOWN:,} more in --json"] if len(found) > _SHOWN else []
    rest += [f"beyond them {kind}" for kind in run.error.others]
    return Answer(
        exit_code,
        run.name,
        f"{run.message.splitlines()[0]} {run.error.advice}",
        error=info,
        problems=tuple(one.model_dump(mode="json") for one in found),
        shown=(Rows([problem_row(one) for one in found[:_SHOWN]]), *(f"and {one}" for one in rest)),
    )
