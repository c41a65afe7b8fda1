"""What the three flows of a single brief share."""

from prefect.client.schemas.objects import State

from flows.approval.opening import refuse_unasked
from flows.brief_page import show_brief
from flows.briefs import Brief, Makes
from flows.checks import refuse_typed, validate_brief
from flows.ending import Outcome, end_of_brief, stopped
from flows.errors import BadBriefs
from flows.run_names import this_batch
from flows.running import run_brief
from flows.spending import all_jobs, batch_purse
from flows.work import Work
from globalaiopc import GlobalAIOPCError
from tasks import open_studio


async def run_single(
    brief: Brief, batch_id: str | None, *, makes: Makes, connection: str, bucket: str
) -> State[Outcome]:
    """Make one brief and end in a state that says how it went and what to do."""
    try:
        async with open_studio(connection, bucket) as studio:
            problems = refuse_typed(brief)
            problems += validate_brief(brief, studio.client.catalogue, makes=makes)
            if problems:
                raise BadBriefs(problems)
            work = Work(this_batch(batch_id), brief)
            if makes != "image":
                await refuse_unasked(studio, work)
            jobs = all_jobs(studio, [work], makes)
            studio.purse = await batch_purse(studio, work.batch_id, jobs)
            item = await run_brief(studio, work, makes)
            await show_brief(studio, work.batch_id, item)
    except GlobalAIOPCError as error:
        return stopped(error)
    return end_of_brief(item)
