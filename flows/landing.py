"""Landing in a flow: at once, and as a task with retries when that does not succeed."""

from dataclasses import replace

from flows.orchestration import orchestrated
from globalaiopc import GlobalAIOPCError
from ledger import Landed
from tasks import Bought, Studio, heals_by_itself, land


async def landed(studio: Studio, bought: Bought) -> Landed:
    """Bring a bought medium into the bucket. Raises what the task `land` raises.

    Most land at the first try, and a task run of their own for that would be two of five that the
    Prefect server records of a brief. One that meets trouble gets one, with its retries.
    """
    try:
        return await land.fn(studio, bought)
    except GlobalAIOPCError as error:
        if not heals_by_itself(error):
            raise
    # By now it may lie in the bucket: the first try may have failed at the note of it alone.
    return await orchestrated(land, studio, replace(bought, just_done=False))
