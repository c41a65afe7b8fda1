"""The tasks that cost money, by the endpoint that they call."""

from collections.abc import Mapping
from types import MappingProxyType

from tasks import center, image, video, voice
from tasks.declare import PaidTask

PAID: Mapping[str, PaidTask] = MappingProxyType(
    {
        task.name: task
        for task in (
            image.nano_banana,
            image.gpt_image_2,
            video.sora,
            video.veo,
            video.seedance_1_5,
            video.seedance_2_0,
            video.seedance_x1,
            video.seedance_special,
            video.seedance_discount,
            video.vidu,
            video.grok,
            video.starvideos,
            video.videos,
            video.sd2_manxue,
            video.luxvid,
            video.omni_flash,
            video.happyhorse_t2v,
            video.happyhorse_i2v,
            video.happyhorse_r2v,
            video.happyhorse_edit,
            video.digital_human,
            voice.voice_clone,
            voice.speech,
            center.model_center,
        )
    }
)
"""One for each media endpoint: `await PAID[order.request.endpoint](studio, order)`."""
