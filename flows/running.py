"""One brief from beginning to end."""

from contextlib import AbstractContextManager

from flows.briefs import Makes
from flows.checks import check_script
from flows.describing import made
from flows.inputs import land_inputs
from flows.making import Maker
from flows.report import ReportItem
from flows.spending import paid_jobs
from flows.stages import Stages, stages_of
from flows.work import Work
from flows.writing import make_script
from tasks import Studio
from tasks.private import keep_private, private

STAGES = ("image", "video")


async def run_brief(studio: Studio, work: Work, makes: Makes) -> ReportItem:
    """Make one brief, or as much of it as can be made, and say how it went. Raises nothing."""

    async def make() -> None:
        stages = stages_of(work.brief, makes, studio.client.catalogue)
        await _make(studio, work, stages, video=bool(stages.video))

    with words_of(work):
        item = await made(studio, work, STAGES, make)
    end(studio, item)
    return item


async def run_to_picture(studio: Studio, work: Work) -> ReportItem:
    """A brief that is to become a video, as far as the picture that the video will start from.

    Like `run_brief`, but the brief is not over then. Without a picture it ends at its script.
    """

    async def make() -> None:
        stages = stages_of(work.brief, "video", studio.client.catalogue)
        await _make(studio, work, stages, video=False)

    with words_of(work):
        return await made(studio, work, STAGES, make)


def words_of(work: Work) -> AbstractContextManager[None]:
    """What is said of the brief quotes nothing of it, if it is private."""
    brief = work.brief
    return private((brief.topic, brief.image_prompt, brief.video_prompt), when=brief.private)


def end(studio: Studio, item: ReportItem) -> None:
    """Note that nothing more is done for the brief in this run."""
    code = item.error.code if item.error else ""
    studio.timeline.end(item.id, item.state, code, item.cost)


async def _make(studio: Studio, work: Work, stages: Stages, *, video: bool) -> None:
    jobs = [job for job in paid_jobs(work, stages) if video or job.job.stage != "video"]
    async with studio.purse.brief(jobs):
        inputs = await land_inputs(studio, work, stages)
        script = await make_script(studio, work, stages)
        keep_private(script.image_prompt, script.video_prompt)
        check_script(stages, script)
        maker = Maker(studio, work, stages)
        if not video:
            await maker.image(script, inputs)
            return
        with studio.limits.makes_video():
            picture = await maker.image(script, inputs)
            await maker.video(script, inputs, picture)
