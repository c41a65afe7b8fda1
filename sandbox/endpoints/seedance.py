"""The Seedance family, in the five dialects that it is sold in.

Source: the provider's pages; `special` and `discount` as integrators use them.
"""

from __future__ import annotations

from sandbox.endpoints.shape import Endpoint, Limits, Spelling, between, either, switch

# Seen at the provider's asset pages and at Seedance 2.0's own.
IMAGE_LIMITS = Limits(side=(300, 6000), shape=(0.4, 2.5))
_SEED = between(-1, 2**31 - 1, whole=True)

SEEDANCE_1_5 = Endpoint(
    name="seedance_1_5",
    path="/v1/seedance/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        content=True,
        ratio=either("ratio"),
        seconds=either("duration"),
        sound=either("generate_audio"),
    ),
    extras={"seed": _SEED},
    auto_seconds=True,
)

SEEDANCE_2_0 = Endpoint(
    name="seedance_2_0",
    path="/v1/kyyvideo2/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        seconds=either("duration"),
        first=either("first_image"),
        last=either("last_image"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
        audios=either("referenceAudios"),
        sound=either("generateAudio"),
    ),
    asset_schemes=("asset://", "assetId://"),
    limits={"image": IMAGE_LIMITS},
    # The page's own sample asks for one and is answered as the other.
    answers_as={"seedance_2_0": "seedance_2_0_fast", "kyyvideo2": "kyyvideo2_fast"},
    tokens="text",
)

SEEDANCE_X1 = Endpoint(
    name="seedance_x1",
    path="/v1/seedance-x1/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        content=True,
        ratio=either("ratio"),
        seconds=either("duration"),
        resolution=either("resolution"),
        sound=either("generate_audio"),
    ),
    asset_schemes=("asset://", "assetId://"),
    needs_media=True,
)


def _priced_by_name(name: str, path: str) -> Endpoint:
    """Special and discount: the resolution is in the model's name, and so are reference videos."""
    return Endpoint(
        name=name,
        path=path,
        kind="video",
        id_prefix="video_",
        created_object="video",
        result_object="video",
        url_fields=("video_url",),
        spelling=Spelling(
            content=True,
            ratio=either("ratio"),
            seconds=either("duration"),
            sound=either("generate_audio"),
        ),
        extras={"return_last_frame": switch(), "seed": _SEED},
        refused=(
            *("callback_url", "priority", "service_tier", "frames", "camera_fixed"),
            *("watermark", "draft"),
        ),
        asset_schemes=("assetId://", "asset://"),
        video_suffix="_with_video_ref",
        tokens="number",
        narrow=True,
    )


SEEDANCE_SPECIAL = _priced_by_name("seedance_special", "/v1/seedance-special/videos")
SEEDANCE_DISCOUNT = _priced_by_name("seedance_discount", "/v1/seedance-discount/videos")

SEEDANCES = (SEEDANCE_1_5, SEEDANCE_2_0, SEEDANCE_X1, SEEDANCE_SPECIAL, SEEDANCE_DISCOUNT)
