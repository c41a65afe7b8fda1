"""Landing: from a finished job's URL to a proven object in the bucket. Knows no Prefect."""

from tasks.landing.errors import (
    BadMedia,
    LandingFailed,
    MediaGone,
    MediaRefused,
    NotStored,
    SizeCapPassed,
    TimeCapPassed,
)
from tasks.landing.fit import fit_image
from tasks.landing.guard import Guard
from tasks.landing.media_http import media_client
from tasks.landing.poster import first_frame, land_poster, poster_of
from tasks.landing.repair import already_landed
from tasks.landing.room import LandingRoom
from tasks.landing.stream import LandingRules, land_media

__all__ = [
    "BadMedia",
    "Guard",
    "LandingFailed",
    "LandingRoom",
    "LandingRules",
    "MediaGone",
    "MediaRefused",
    "NotStored",
    "SizeCapPassed",
    "TimeCapPassed",
    "already_landed",
    "first_frame",
    "fit_image",
    "land_media",
    "land_poster",
    "media_client",
    "poster_of",
]
