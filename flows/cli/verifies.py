"""`verify`: whether a batch's files are still those that landed."""

from collections.abc import Mapping

from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.runs import ended, without_outcome
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.verify import verify as verify_flow
from flows.verify_report import VerifyReport, table_rows

_EXITS: Mapping[str, Exit] = {
    "Verified": Exit.DONE,
    "NothingToVerify": Exit.DONE,
    "NotAllVerified": Exit.PARTLY,
    "Damaged": Exit.FAILED,
}


async def verify(screen: Screen, batch_id: str, *, bucket: str) -> Answer:
    """Read every file of the batch anew."""
    run = await ended(screen, verify_flow, batch_id=batch_id, bucket=bucket)
    if run.outcome is None:
        return without_outcome(run)
    report = VerifyReport.model_validate(run.outcome)
    return Answer(
        _EXITS[run.name],
        run.name,
        run.message,
        result=run.outcome,
        shown=(Rows(table_rows(report)),) if report.files or report.unreadable else (),
    )
