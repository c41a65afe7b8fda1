"""One brief from beginning to end."""

from flows.briefs import Makes
from flows.checks import check_script
from flows.describing import made
from flows.inputs import land_inputs
from flows.making import Maker
from flows.report import ReportItem
from flows.spending import paid_jobs
from flows.stages import stages_of
from flows.work import Work
from flows.writing import make_script
from tasks import Studio

STAGES = ("image", "video")


async def run_brief(studio: Studio, work: Work, makes: Makes) -> ReportItem:
    """Make one brief, or as much of it as can be made, and say how it went. Raises nothing."""

    async def make() -> None:
        stages = stages_of(work.brief, makes, studio.client.catalogue)
        async with studio.purse.brief(paid_jobs(work, stages)):
            inputs = await land_inputs(studio, work, stages)
            script = await make_script(studio, work, stages)
            check_script(stages, script)
            maker = Maker(studio, work, stages)
            picture = await maker.image(script, inputs)
            if stages.video:
                await maker.video(script, inputs, picture)

    item = await made(studio, work, STAGES, make)
    code = item.error.code if item.error else ""
    studio.timeline.end(work.brief.id, item.state, code, item.cost)
    return item
