"""The image and the video stage: say what is asked for, buy it, land it."""

from flows.briefs import Makes
from flows.script import Script
from flows.work import Work
from globalaiopc import NanoBananaRequest, SoraRequest
from ledger import Landed
from tasks import Order, Studio, land, nano_banana, sora
from tasks.adopt import adopt
from tasks.frames import first_frame


async def make_image(studio: Studio, work: Work, script: Script, makes: Makes) -> Landed:
    """Buy the brief's image and land it; a brief with a start image has that one landed instead."""
    brief = work.brief
    if brief.image:
        return await adopt(studio, brief.image, f"{work.folder}/image")
    resolution = brief.resolution if makes == "image" else None
    order = Order(
        key=work.job("image"),
        request=NanoBananaRequest(
            model=brief.image_model,
            prompt=script.image_prompt,
            size=brief.ratio,
            resolution=resolution,
        ),
        asked={
            "model": brief.image_model,
            "prompt": script.image_prompt,
            "ratio": brief.ratio,
            "resolution": resolution,
        },
    )
    return await land(studio, await nano_banana(studio, order))


async def make_video(studio: Studio, work: Work, script: Script, image: Landed) -> Landed:
    """Buy the brief's video, which starts from the landed image, and land it with its poster."""
    brief = work.brief
    row = studio.client.catalogue.model(brief.video_model)
    seconds = brief.seconds or row.default_seconds
    frame_url = await first_frame(studio, work.folder, image, row.pixels(brief.ratio))
    order = Order(
        key=work.job("video"),
        request=SoraRequest(
            model=brief.video_model,
            prompt=script.video_prompt,
            size=row.pixel_sizes[brief.ratio],
            seconds=seconds,
            image_urls=(frame_url,),
        ),
        asked={
            "model": brief.video_model,
            "prompt": script.video_prompt,
            "ratio": brief.ratio,
            "seconds": seconds,
            "first_frame": image.sha256,
        },
    )
    return await land(studio, await sora(studio, order))
