"""The image and the video stage: say what is asked for, buy it, land it."""

from flows.briefs import Brief, resolution_for
from flows.orchestration import orchestrated
from flows.script import Script
from flows.work import Work
from globalaiopc.catalogue import ModelRow
from ledger import Landed
from tasks import Studio, land, nano_banana, sora
from tasks.adopt import adopt
from tasks.ordering import ImageAsked, VideoAsked, image_order, video_order


async def make_image(studio: Studio, work: Work, script: Script) -> Landed:
    """Buy the brief's image and land it; a brief with a start image has that one landed instead."""
    brief = work.brief
    if brief.image:
        return await adopt(studio, brief.image, work.job("image"))
    row = studio.client.catalogue.model(brief.image_model)
    order = image_order(work.job("image"), image_asked(brief, script, row))
    return await orchestrated(land, studio, await orchestrated(nano_banana, studio, order))


async def make_video(studio: Studio, work: Work, script: Script, image: Landed) -> Landed:
    """Buy the brief's video, which starts from the landed image, and land it with its poster."""
    row = studio.client.catalogue.model(work.brief.video_model)
    asked = video_asked(work.brief, script, image.sha256, row)
    order = await video_order(studio, work.job("video"), asked, image)
    return await orchestrated(land, studio, await orchestrated(sora, studio, order))


def image_asked(brief: Brief, script: Script, row: ModelRow) -> ImageAsked:
    """`row` is the image model's. The same image is asked for whether or not a video follows."""
    return ImageAsked(
        model=brief.image_model,
        prompt=script.image_prompt,
        ratio=brief.ratio,
        resolution=resolution_for(brief, row),
    )


def video_asked(brief: Brief, script: Script, first_frame: str, row: ModelRow) -> VideoAsked:
    """`first_frame` is the hash of the landed image; `row` the video model's."""
    return VideoAsked(
        model=brief.video_model,
        prompt=script.video_prompt,
        ratio=brief.ratio,
        seconds=video_seconds(brief, row),
        first_frame=first_frame,
    )


def video_seconds(brief: Brief, row: ModelRow) -> int | None:
    return brief.seconds or row.default_seconds
