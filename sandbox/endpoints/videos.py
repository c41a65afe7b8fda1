"""The other video families of v1. Source: the provider's create and query pages."""

from __future__ import annotations

from dataclasses import replace

from sandbox.endpoints.shape import Endpoint, Limits, Spelling, between, either, one_of, renamed

_CLIPS = Limits(total=15.0)

SORA = Endpoint(
    name="sora",
    path="/v1/sora/videos",
    kind="video",
    id_prefix="sora_",
    id_form="24",
    created_object="video.generation",
    result_object="video.generation",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("size", "aspect_ratio"),
        seconds=either("duration", "seconds"),
        images=either("input_reference", "image_urls"),
        seconds_either_way=True,
    ),
    exact_reference=True,
)

VEO = Endpoint(
    name="veo",
    path="/v1/veo/videos",
    kind="video",
    id_prefix="vgen_",
    id_form="24",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        resolution=either("resolution"),
        first=either("first_image"),
        last=either("last_image"),
        images=either("input_reference", "image_urls"),
    ),
    any_case=True,
)

VIDU = Endpoint(
    name="vidu",
    path="/v1/vidu/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="Video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        seconds=either("duration"),
        resolution=either("resolution"),
        first=either("first_image"),
        last=either("last_image"),
    ),
    tokens="text",
)

GROK = Endpoint(
    name="grok",
    path="/v1/grok/videos",
    kind="video",
    id_prefix="video_grok_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        seconds=either("duration"),
        resolution=either("resolution"),
        images=either("image_urls"),
    ),
)

STARVIDEOS = Endpoint(
    name="starvideos",
    path="/v1/starvideos/videos",
    kind="video",
    id_prefix="video_starvideos_",
    id_form="24",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("ratio"),
        seconds=either("duration"),
        first=either("first_image"),
        last=either("last_image"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
        frame_list="images",
    ),
    follows_video=True,
)

VIDEOS = Endpoint(
    name="videos",
    path="/v1/videos/videos",
    kind="video",
    id_prefix="videos_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("ratio"),
        seconds=either("duration"),
        resolution=either("resolution"),
        first=renamed("first_image", "image"),
        last=renamed("last_image", "lastFrameImage"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
        audios=either("referenceAudios"),
    ),
    required=("duration",),
    old_prefix="proj_",
    old_models=frozenset({"videos_fast"}),
)

SD2_MANXUE = Endpoint(
    name="sd2_manxue",
    path="/v1/sd2_manxue/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("ratio"),
        seconds=either("duration"),
        first=renamed("first_image", "image"),
        last=renamed("last_image", "lastFrameImage"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
        audios=either("referenceAudios"),
    ),
    asset_schemes=("asset://", "assetId://"),
    limits={"video": _CLIPS, "audio": _CLIPS},
    old_prefix="proj_sd2manxue_",
)

LUXVID = Endpoint(
    name="luxvid",
    path="/v1/luxvid-video/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("ratio"),
        seconds=either("duration"),
        resolution=either("resolution"),
        first=either("first_image"),
        last=either("last_image"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
        audios=either("referenceAudios"),
    ),
    limits={"video": Limits(total=15.0, side=(720, 2160))},
)

# The page has `seconds` as text, an integrator with a production worker sends `duration`.
OMNI_FLASH = Endpoint(
    name="omni_flash",
    path="/v1/omni-flash/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("aspect_ratio"),
        seconds=either("seconds", "duration"),
        resolution=either("resolution"),
        first=either("first_image_url"),
        last=either("last_image_url"),
        images=renamed("images", "referenceImages"),
        videos=either("input_video"),
        seconds_as_text=frozenset({"seconds"}),
    ),
)

_SEED = between(0, 2**31 - 1, whole=True)

HAPPYHORSE_T2V = Endpoint(
    name="happyhorse_t2v",
    path="/v1/happyhorse-t2v/videos",
    kind="video",
    id_prefix="video_",
    created_object="video",
    result_object="video",
    url_fields=("video_url",),
    spelling=Spelling(
        ratio=either("ratio"), seconds=either("duration"), resolution=either("resolution")
    ),
    extras={"seed": _SEED},
)

HAPPYHORSE_I2V = replace(
    HAPPYHORSE_T2V,
    name="happyhorse_i2v",
    path="/v1/happyhorse-i2v/videos",
    spelling=Spelling(
        seconds=either("duration"),
        resolution=either("resolution"),
        first=either("first_image"),
    ),
    limits={"image": Limits(side=(300, 100_000), shape=(1 / 2.5, 2.5))},
)

HAPPYHORSE_R2V = replace(
    HAPPYHORSE_T2V,
    name="happyhorse_r2v",
    path="/v1/happyhorse-r2v/videos",
    spelling=replace(HAPPYHORSE_T2V.spelling, images=either("referenceImages")),
    limits={"image": Limits(side=(400, 100_000))},
)

HAPPYHORSE_EDIT = replace(
    HAPPYHORSE_T2V,
    name="happyhorse_edit",
    path="/v1/happyhorse-edit/videos",
    spelling=Spelling(
        resolution=either("resolution"),
        images=either("referenceImages"),
        videos=either("referenceVideos"),
    ),
    extras={"seed": _SEED, "audioSetting": one_of("auto", "origin")},
    limits={"video": Limits(seconds=(3, 60), side=(360, 4096), least_fps=8)},
    follows_video=True,
)

VIDEO_FAMILIES = (
    *(SORA, VEO, VIDU, GROK, STARVIDEOS, VIDEOS, SD2_MANXUE, LUXVID, OMNI_FLASH),
    *(HAPPYHORSE_T2V, HAPPYHORSE_I2V, HAPPYHORSE_R2V, HAPPYHORSE_EDIT),
)
