"""One spoken brief from beginning to end."""

from prefect.client.schemas.objects import State

from flows.describing import made
from flows.ending import Outcome, end_of_brief, stopped
from flows.errors import BadBriefs
from flows.report import ReportItem
from flows.run_names import this_batch
from flows.saying import (
    bring,
    check_words,
    make_head,
    make_speech,
    make_voice,
    make_words,
    plainly_named,
)
from flows.spoken import SpokenBrief, SpokenWork
from flows.spoken_checks import Spoken, validate_spoken
from globalaiopc import GlobalAIOPCError
from tasks import Studio, open_studio


async def run_spoken(
    brief: SpokenBrief, batch_id: str | None, *, makes: Spoken, connection: str, bucket: str
) -> State[Outcome]:
    """Make one spoken brief and end in a state that says how it went and what to do."""
    try:
        async with open_studio(connection, bucket) as studio:
            if problems := validate_spoken(brief, studio.client.catalogue, makes):
                raise BadBriefs(problems)
            item = await say(studio, SpokenWork(this_batch(batch_id), brief), makes)
    except GlobalAIOPCError as error:
        return stopped(error)
    return end_of_brief(item)


async def say(studio: Studio, work: SpokenWork, makes: Spoken) -> ReportItem:
    """Go through the stages of a brief that is checked. Raises nothing."""
    work = SpokenWork(work.batch_id, plainly_named(work.brief, studio.client.catalogue))

    async def make() -> None:
        brought = await bring(studio, work, person=makes == "video")
        words = await make_words(studio, work)
        check_words(studio, work.brief, words)
        voice = await make_voice(studio, work, brought.sample)
        speech = await make_speech(studio, work, words, voice)
        if makes == "video":
            await make_head(studio, work, speech, brought.person)

    stages = ("voice", "speech", *(("video",) if makes == "video" else ()))
    item = await made(studio, work, stages, make)
    return item.model_copy(update={"voice": item.voice or work.brief.voice})
