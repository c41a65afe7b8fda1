"""Whether the files of a batch are still those that landed."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.artifacts import show_table
from flows.cells import escaped
from flows.ending import Outcome, stopped
from flows.errors import NotAsLanded
from flows.parameters import Bucket
from flows.run_names import name_of_batch, this_batch
from flows.verify_report import VerifyReport, name_of, sentence, table_rows
from flows.verifying import Verifier
from globalaiopc import GlobalAIOPCError
from tasks.studio import open_store


@flow(
    flow_run_name=name_of_batch,
    description="Reads every file of a batch and compares it with what was noted when it landed.",
)
async def verify(
    batch_id: Annotated[
        str,
        Field(examples=["spring-launch"], json_schema_extra={"title": "Name of the batch"}),
    ],
    *,
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Hash all files of a batch anew and compare them with the receipts and the manifest.

    Reads only: nothing is written, bought or asked of the provider.

    Args:
        batch_id: The batch. May hold {date}, filled from the scheduled time.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        counts of what was found, and each file that is changed, missing or not in the manifest.
        The state is Verified, NothingToVerify, NotAllVerified (failed) when something could not be
        read, or Damaged (failed) when a file is changed or missing.

    """
    try:
        report = await Verifier(await open_store(bucket), this_batch(batch_id)).verify()
    except GlobalAIOPCError as error:
        return stopped(error)
    await show_table("verify", report.batch_id, table_rows(report), escaped(sentence(report)))
    return _end(report)


def _end(report: VerifyReport) -> State[Outcome]:
    name, message = name_of(report), sentence(report)
    data: Outcome = report.model_dump(mode="json")
    if name in ("Verified", "NothingToVerify"):
        return Completed(name=name, message=message, data=data)
    return Failed(name=name, message=message, data=NotAsLanded(message, report=data))
