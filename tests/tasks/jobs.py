"""One job for each media endpoint, of every kind of medium that it takes."""

from collections.abc import Callable

from tasks.asked import Asked, CloneAsked, ImageAsked, SpeechAsked, TalkingAsked, VideoAsked
from tests.sandbox.good_requests import CLIP, LONG_SOUND, OTHER, PICTURE, SOUND

Hashes = dict[str, str]
JOBS: dict[str, tuple[str, Callable[[Hashes], Asked]]] = {
    "nano_banana": (
        "image",
        lambda h: ImageAsked(
            model="nano-banana-2", prompt="a cat", ratio="16:9", images=(h[PICTURE],)
        ),
    ),
    "gpt_image_2": (
        "image",
        lambda h: ImageAsked(model="gpt-image-2", prompt="a cat", size="1536x1024", quality="low"),
    ),
    "sora": (
        "video",
        lambda h: VideoAsked(
            model="openAiSora2Plus", prompt="p", ratio="9:16", seconds=4, first_frame=h[PICTURE]
        ),
    ),
    "veo": (
        "video",
        lambda h: VideoAsked(
            model="veo_3_1_fast", prompt="p", first_frame=h[PICTURE], last_frame=h[OTHER]
        ),
    ),
    "seedance_1_5": (
        "video",
        lambda h: VideoAsked(
            model="seedance_1_5_pro_480p", prompt="p", seconds=4, first_frame=h[PICTURE]
        ),
    ),
    "seedance_2_0": (
        "video",
        lambda h: VideoAsked(
            model="seedance_2_0",
            prompt="p",
            seconds=4,
            videos=(h[CLIP],),
            images=(h[PICTURE],),
            sound=True,
            asset_review=True,
        ),
    ),
    "seedance_x1": (
        "video",
        lambda h: VideoAsked(
            model="seedance_2_0_x1_official", prompt="p", seconds=4, images=(h[PICTURE],)
        ),
    ),
    "seedance_special": (
        "video",
        lambda h: VideoAsked(
            model="sd_2.0_special_720p",
            prompt="p",
            seconds=4,
            videos=(h[CLIP],),
            audios=(h[SOUND],),
            seed=7,
        ),
    ),
    "seedance_discount": (
        "video",
        lambda h: VideoAsked(
            model="sd_2.0_fast_discount_480p", prompt="p", seconds=4, first_frame=h[PICTURE]
        ),
    ),
    "vidu": (
        "video",
        lambda h: VideoAsked(
            model="viduq3-turbo", prompt="p", seconds=1, resolution="540p", first_frame=h[PICTURE]
        ),
    ),
    "grok": (
        "video",
        lambda h: VideoAsked(
            model="grok_video3", prompt="p", seconds=6, resolution="480p", images=(h[PICTURE],)
        ),
    ),
    "starvideos": (
        "video",
        lambda h: VideoAsked(
            model="starvideos_o3", prompt="p", seconds=3, images=(h[PICTURE], h[OTHER])
        ),
    ),
    "videos": (
        "video",
        lambda h: VideoAsked(
            model="videos", prompt="p", seconds=4, images=(h[PICTURE],), audios=(h[SOUND],)
        ),
    ),
    "sd2_manxue": (
        "video",
        lambda h: VideoAsked(
            model="sd2_manxue_720p",
            prompt="p",
            seconds=4,
            first_frame=h[PICTURE],
            asset_review=True,
        ),
    ),
    "luxvid": (
        "video",
        lambda h: VideoAsked(model="LuxVid_video", prompt="p", seconds=1, last_frame=h[PICTURE]),
    ),
    "omni_flash": (
        "video",
        lambda h: VideoAsked(model="omni-flash", prompt="p", seconds=10, images=(h[PICTURE],)),
    ),
    "happyhorse_t2v": (
        "video",
        lambda h: VideoAsked(model="happyhorse-1.0-t2v", prompt="p", seconds=3, seed=0),
    ),
    "happyhorse_i2v": (
        "video",
        lambda h: VideoAsked(
            model="happyhorse-1.0-i2v", prompt="p", seconds=3, first_frame=h[PICTURE]
        ),
    ),
    "happyhorse_r2v": (
        "video",
        lambda h: VideoAsked(
            model="happyhorse-1.0-r2v", prompt="p", seconds=3, images=(h[PICTURE], h[OTHER])
        ),
    ),
    "happyhorse_edit": (
        "video",
        lambda h: VideoAsked(model="happyhorse-1.0-video-edit", prompt="p", videos=(h[CLIP],)),
    ),
    "digital_human": (
        "video",
        lambda h: TalkingAsked(model="kyy_digitalHuman", audio=h[SOUND], video=h[CLIP], version=2),
    ),
    "voice_clone": (
        "voice",
        lambda h: CloneAsked(model="soundCloningClone", sample=h[LONG_SOUND], text="hello there"),
    ),
    "speech": (
        "speech",
        lambda h: SpeechAsked(
            model="soundCloningAudio", text="hello there", voice="voice_1_kept", subtitles=True
        ),
    ),
    "model_center": (
        "video",
        lambda h: VideoAsked(
            model="sd_2.5_discount_v1", prompt="p", seconds=4, images=(h[PICTURE], h[OTHER])
        ),
    ),
}

REVIEWED = {"seedance_2_0", "sd2_manxue", "model_center"}
"""Those whose media are named as assets: because it is asked for, or because the model wants it."""
