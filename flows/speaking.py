"""One spoken brief from beginning to end."""

from prefect.client.schemas.objects import State

from flows.brief_page import show_brief
from flows.describing import made
from flows.ending import Outcome, end_of_brief, stopped
from flows.errors import BadBriefs
from flows.report import ReportItem
from flows.run_names import this_batch
from flows.running import end
from flows.saying import (
    bring,
    check_words,
    make_head,
    make_speech,
    make_voice,
    make_words,
    plainly_named,
)
from flows.spending import batch_purse
from flows.spoken import SpokenBrief, SpokenWork
from flows.spoken_checks import Spoken, validate_spoken
from globalaiopc import GlobalAIOPCError
from tasks import Studio, open_studio
from tasks.purse import Wanted


async def run_spoken(
    brief: SpokenBrief, batch_id: str | None, *, makes: Spoken, connection: str, bucket: str
) -> State[Outcome]:
    """Make one spoken brief and end in a state that says how it went and what to do."""
    try:
        async with open_studio(connection, bucket) as studio:
            if problems := validate_spoken(brief, studio.client.catalogue, makes):
                raise BadBriefs(problems)
            work = SpokenWork(this_batch(batch_id), brief)
            jobs = spoken_jobs(studio, work, makes)
            studio.purse = await batch_purse(studio, work.batch_id, jobs)
            item = await say(studio, work, makes)
            await show_brief(studio, work.batch_id, item)
    except GlobalAIOPCError as error:
        return stopped(error)
    return end_of_brief(item)


async def say(studio: Studio, work: SpokenWork, makes: Spoken) -> ReportItem:
    """Go through the stages of a brief that is checked. Raises nothing."""
    work = SpokenWork(work.batch_id, plainly_named(work.brief, studio.client.catalogue))

    async def make() -> None:
        async with studio.purse.brief(spoken_jobs(studio, work, makes)):
            await _said(studio, work, makes)

    stages = ("voice", "speech", *(("video",) if makes == "video" else ()))
    item = await made(studio, work, stages, make)
    end(studio, item)
    return item.model_copy(update={"voice": item.voice or work.brief.voice})


async def _said(studio: Studio, work: SpokenWork, makes: Spoken) -> None:
    brought = await bring(studio, work, person=makes == "video")
    words = await make_words(studio, work)
    check_words(studio, work.brief, words)
    voice = await make_voice(studio, work, brought.sample)
    speech = await make_speech(studio, work, words, voice)
    if makes == "video":
        await make_head(studio, work, speech, brought.person)


def spoken_jobs(studio: Studio, work: SpokenWork, makes: Spoken) -> tuple[Wanted, ...]:
    """The jobs that a brief pays for, its models named as receipts name them."""
    brief = plainly_named(work.brief, studio.client.catalogue)
    models = [("speech", brief.speech_model)]
    if not brief.voice:
        models.append(("voice", brief.clone_model))
    if makes == "video":
        models.append(("video", brief.video_model))
    return tuple(Wanted(work.job(stage), model, None, None) for stage, model in models)
