"""The state a run ends in: what happened and what to do, told apart by its name."""

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import JsonValue

from flows.errors import BadBriefs, NothingLanded
from flows.failures import first_step, stakes
from flows.report import BatchReport, ReportItem, sentence, verdict
from globalaiopc import ConfigurationError, GlobalAIOPCError, InvalidRequest
from tasks import StudioNotReady

Outcome = dict[str, JsonValue]


def end_of_batch(report: BatchReport, told: str | None = None) -> State[Outcome]:
    """`Completed` when all landed, `PartlyLanded` when some did, `NothingLanded` when none did.

    `PartlyLanded` is of the type Completed, so that a caller gets the report; `NothingLanded` is
    of the type Failed, and its exception carries the report.
    """
    message = told or f"{sentence(report)} {first_step(report)}".strip()
    data: Outcome = report.model_dump(mode="json")
    match verdict(report):
        case "all":
            return Completed(message=message, data=data)
        case "some":
            return Completed(name="PartlyLanded", message=message, data=data)
        case "none":
            error = NothingLanded(message, report=data)
            return Failed(name="NothingLanded", message=message, data=error)


def end_of_brief(item: ReportItem) -> State[Outcome]:
    """`Completed` when the brief landed, else a Failed state named after how it stands."""
    data: Outcome = item.model_dump(mode="json")
    if item.error is None:
        return Completed(message=f"{item.id} landed: {item.made}", data=data)
    said = (f"{item.id}: {item.error.message}", stakes(item.error), item.error.advice)
    error = NothingLanded(" ".join(part for part in said if part), report=data)
    return Failed(name=item.state.capitalize(), message=str(error), data=error)


def stopped(error: GlobalAIOPCError) -> State[Outcome]:
    """The state of a run that ended before, or after, its briefs: the error's own words.

    `Refused` when what was asked for is wrong and nothing was sent, `NotReady` when a block or the
    key is. Returned instead of raised: a traceback of ours would tell the user nothing.
    """
    match error:
        case BadBriefs():  # its message is a list, which the advice would break
            return Failed(name="Refused", message=error.message, data=error)
        case InvalidRequest():
            name = "Refused"
        case StudioNotReady() | ConfigurationError():
            name = "NotReady"
        case _:
            name = "Failed"
    return Failed(name=name, message=f"{error.message} {error.advice}".strip(), data=error)
