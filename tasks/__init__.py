"""One Prefect task for each endpoint of the API, and landing.

Tasks take a `Studio` (the client, the bucket, the ledger) and are used in flows:

    async with open_studio() as studio:
        bought = await PAID[order.request.endpoint](studio, order)  # or `nano_banana`, `sora`, …
        media = await land(studio, bought)
"""

from tasks.assets import AssetRecord, asset_delete, asset_for, asset_status, asset_upload
from tasks.center import model_center
from tasks.declare import heals_by_itself
from tasks.errors import KeptError, StudioNotReady
from tasks.image import gpt_image_2, nano_banana
from tasks.land import land
from tasks.limits import Limits
from tasks.orders import Bought, Order, media_stem, poster_key
from tasks.paid_tasks import PAID
from tasks.result import result
from tasks.studio import Studio, open_studio
from tasks.text import (
    TEXT_TASKS,
    chat_completions,
    generate_content,
    messages,
    responses,
    stream_generate_content,
)
from tasks.video import (
    digital_human,
    grok,
    happyhorse_edit,
    happyhorse_i2v,
    happyhorse_r2v,
    happyhorse_t2v,
    luxvid,
    omni_flash,
    sd2_manxue,
    seedance_1_5,
    seedance_2_0,
    seedance_discount,
    seedance_special,
    seedance_x1,
    sora,
    starvideos,
    veo,
    videos,
    vidu,
)
from tasks.voice import speech, voice_clone

__all__ = [
    "PAID",
    "TEXT_TASKS",
    "AssetRecord",
    "Bought",
    "KeptError",
    "Limits",
    "Order",
    "Studio",
    "StudioNotReady",
    "asset_delete",
    "asset_for",
    "asset_status",
    "asset_upload",
    "chat_completions",
    "digital_human",
    "generate_content",
    "gpt_image_2",
    "grok",
    "happyhorse_edit",
    "happyhorse_i2v",
    "happyhorse_r2v",
    "happyhorse_t2v",
    "heals_by_itself",
    "land",
    "luxvid",
    "media_stem",
    "messages",
    "model_center",
    "nano_banana",
    "omni_flash",
    "open_studio",
    "poster_key",
    "responses",
    "result",
    "sd2_manxue",
    "seedance_1_5",
    "seedance_2_0",
    "seedance_discount",
    "seedance_special",
    "seedance_x1",
    "sora",
    "speech",
    "starvideos",
    "stream_generate_content",
    "veo",
    "videos",
    "vidu",
    "voice_clone",
]
