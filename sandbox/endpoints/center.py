"""The model center (v2): one path for some forty-five models, images and videos.

Source: integrators; the provider's own pages for it were not to be had.
"""

from __future__ import annotations

from sandbox.endpoints.shape import Endpoint, Limits, Spelling, between, either, one_of, switch

# "Duration must be between 1.8s and 30.2s." was seen live; two-sided with that slack it is read as
# the length of source media.
_SOURCE = Limits(seconds=(1.8, 30.2))

MODEL_CENTER = Endpoint(
    name="model_center",
    path="/v2/model-center/tasks",
    api="v2",
    kind=None,
    id_prefix="mcp_",
    id_form="32",
    created_object="",
    result_object="",
    url_fields=(),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        pixels=either("size"),
        seconds=either("duration"),
        resolution=either("resolution"),
        first=either("first_image", "start_image_url"),
        last=either("last_image", "end_image_url"),
        images=either("reference_images"),
        videos=either("reference_videos", "video_reference"),
        audios=either("reference_audios", "audio_reference"),
        sound=either("generate_audio"),
    ),
    extras={
        "seed": between(-1, 2**31 - 1, whole=True),
        "watermark": switch(text=True),
        "face_processing": switch(text=True),
        "reference_mode": one_of("image", "frame"),
    },
    asset_schemes=("assetId://", "asset://"),
    limits={"video": _SOURCE, "audio": _SOURCE},
    tokens="text",
)

RATIO_IN_SIZE = "seedance_1_5"
"""Models that begin so spell the ratio `size` here, unlike all others."""
