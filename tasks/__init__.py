"""One Prefect task for each endpoint of the API, and landing.

Tasks take a `Studio` (the client, the bucket, the ledger) and are used in flows:

    async with open_studio() as studio:
        bought = await nano_banana(studio, order)
        media = await land(studio, bought)
"""

from tasks.errors import KeptError, StudioNotReady
from tasks.image import nano_banana
from tasks.land import land
from tasks.orders import Bought, Order, media_stem, poster_key
from tasks.result import result
from tasks.studio import Limits, Studio, open_studio
from tasks.text import chat_completions
from tasks.video import sora

__all__ = [
    "Bought",
    "KeptError",
    "Limits",
    "Order",
    "Studio",
    "StudioNotReady",
    "chat_completions",
    "land",
    "media_stem",
    "nano_banana",
    "open_studio",
    "poster_key",
    "result",
    "sora",
]
