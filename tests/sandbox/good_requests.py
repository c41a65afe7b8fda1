"""One documented request for each media endpoint, and the media that they point at."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from sandbox import films, sounds
from sandbox.films import Film

# Stand for addresses until the test's own host is up.
PICTURE, OTHER, CLIP, SOUND, LONG_SOUND = "<picture>", "<other>", "<clip>", "<sound>", "<long>"
TEXT = {"type": "text", "text": "a cat yawns"}


def part(kind: str, url: str, role: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": f"{kind}_url", f"{kind}_url": {"url": url}}
    return found | ({"role": role} if role else {})


@dataclass(frozen=True)
class Good:
    """`prefix` and the objects are those of the answers; `size` and `seconds` of the file."""

    path: str
    body: dict[str, Any]
    prefix: str
    objects: tuple[str, str]
    size: tuple[int, int] = (0, 0)
    seconds: float = 0
    sound: bool = False
    also: tuple[str, ...] = field(default=())
    """Fields that a finished task has beside the usual ones."""


VIDEO = ("video", "video")
GOOD: dict[str, Good] = {
    "nano_banana": Good(
        "/v1/banana/images",
        {"model": "nano-banana-2", "prompt": "a cat", "resolution": "2k", "size": "16:9",
         "image_urls": []},
        "image_", ("nanobanana", "image.generation"), (2752, 1536),
    ),
    "gpt_image_2": Good(
        "/v1/image2/images",
        {"model": "gpt-image-2", "prompt": "a cat", "quality": "high", "size": "1536x1024",
         "image_urls": [PICTURE]},
        "image_", ("image", "image.generation"), (1536, 1024),
    ),
    "sora": Good(
        "/v1/sora/videos",
        {"model": "openAiSora2Plus", "prompt": "a cat", "aspect_ratio": "16:9", "seconds": 4,
         "input_reference": [PICTURE]},
        "sora_", ("video.generation", "video.generation"), (1280, 720), 4,
    ),
    "veo": Good(
        "/v1/veo/videos",
        {"model": "veo_3_1_fast", "prompt": "a cat", "resolution": "720P",
         "input_reference": [PICTURE, OTHER]},
        "vgen_", VIDEO, (1280, 720), 8,
    ),
    "seedance_1_5": Good(
        "/v1/seedance/videos",
        {"model": "seedance_1_5_pro_480p", "duration": 4, "ratio": "9:16", "generate_audio": True,
         "content": [TEXT, part("image", PICTURE, "first_frame")]},
        "video_", VIDEO, (480, 854), 4, sound=True,
    ),
    "seedance_2_0": Good(
        "/v1/kyyvideo2/videos",
        {"model": "seedance_2_0", "prompt": "a cat", "duration": 4, "aspect_ratio": "1:1",
         "referenceVideos": [CLIP], "generateAudio": True},
        "video_", VIDEO, (720, 720), 4, sound=True, also=("totalTokens",),
    ),
    "seedance_x1": Good(
        "/v1/seedance-x1/videos",
        {"model": "seedance_2_0_x1_official", "resolution": "480p", "ratio": "4:3", "duration": 4,
         "content": [TEXT, part("image", PICTURE)]},
        "video_", VIDEO, (640, 480), 4, also=("officialMediaUrl",),
    ),
    "seedance_special": Good(
        "/v1/seedance-special/videos",
        {"model": "sd_2.0_special_720p_with_video_ref", "ratio": "16:9", "duration": 4, "seed": -1,
         "return_last_frame": True,
         "content": [TEXT, part("video", CLIP, "reference_video"),
                     part("audio", SOUND, "reference_audio")]},
        "video_", VIDEO, (1256, 720), 4, also=("totalTokens", "last_frame_url"),
    ),
    "seedance_discount": Good(
        "/v1/seedance-discount/videos",
        {"model": "sd_2.0_fast_discount_480p", "ratio": "adaptive", "duration": 4, "tools": [],
         "content": [TEXT, part("image", PICTURE, "first_frame"),
                     part("image", OTHER, "last_frame")]},
        "video_", VIDEO, (838, 480), 4,
    ),
    "vidu": Good(
        "/v1/vidu/videos",
        {"model": "viduq3-turbo", "prompt": "a cat", "duration": 1, "resolution": "540p",
         "aspect_ratio": "3:4", "first_image": PICTURE, "last_image": OTHER},
        "video_", ("video", "Video"), (540, 720), 1, also=("totalTokens",),
    ),
    "grok": Good(
        "/v1/grok/videos",
        {"model": "grok_video3", "prompt": "a cat", "duration": 6, "resolution": "480p",
         "aspect_ratio": "2:3", "image_urls": [PICTURE]},
        "video_grok_", VIDEO, (480, 720), 6,
    ),
    "starvideos": Good(
        "/v1/starvideos/videos",
        {"model": "starvideos_o3", "prompt": "a cat", "duration": 3, "ratio": "1:1",
         "first_image": PICTURE, "last_image": OTHER},
        "video_starvideos_", VIDEO, (720, 720), 3,
    ),
    "videos": Good(
        "/v1/videos/videos",
        {"model": "videos", "prompt": "a cat", "duration": 5, "ratio": "16:9", "resolution": "720p",
         "autoFace": True, "referenceImages": [PICTURE], "referenceAudios": [SOUND]},
        "videos_", VIDEO, (1280, 720), 5,
    ),
    "sd2_manxue": Good(
        "/v1/sd2_manxue/videos",
        {"model": "sd2_manxue_video_720p", "prompt": "a cat", "duration": 4, "ratio": "9:16",
         "referenceVideos": [CLIP]},
        "video_", VIDEO, (720, 1280), 4,
    ),
    "luxvid": Good(
        "/v1/luxvid-video/videos",
        {"model": "LuxVid_video", "prompt": "@图片1", "duration": 1, "ratio": "21:9",
         "last_image": OTHER},
        "video_", VIDEO, (1680, 720), 1,
    ),
    "omni_flash": Good(
        "/v1/omni-flash/videos",
        {"model": "omni-flash", "prompt": "a cat", "seconds": "10", "aspect_ratio": "9:16",
         "images": [PICTURE]},
        "video_", VIDEO, (720, 1280), 10,
    ),
    "happyhorse_t2v": Good(
        "/v1/happyhorse-t2v/videos",
        {"model": "happyhorse-1.0-t2v", "prompt": "a cat", "duration": 3, "ratio": "4:5",
         "resolution": "720P", "seed": 0},
        "video_", VIDEO, (720, 900), 3,
    ),
    "happyhorse_i2v": Good(
        "/v1/happyhorse-i2v/videos",
        {"model": "happyhorse-1.0-i2v", "prompt": "a cat", "duration": 3, "first_image": PICTURE},
        "video_", VIDEO, (1280, 720), 3,
    ),
    "happyhorse_r2v": Good(
        "/v1/happyhorse-r2v/videos",
        {"model": "happyhorse-1.0-r2v", "prompt": "[Image 1]", "duration": 3,
         "referenceImages": [PICTURE, OTHER], "resolution": "1080P", "ratio": "1:1"},
        "video_", VIDEO, (1080, 1080), 3,
    ),
    "happyhorse_edit": Good(
        "/v1/happyhorse-edit/videos",
        {"model": "happyhorse-1.0-video-edit", "prompt": "a dog", "referenceVideos": [CLIP],
         "audioSetting": "origin"},
        "video_", VIDEO, (1280, 720), 3,
    ),
    "digital_human": Good(
        "/v1/digitalHuman/videos",
        {"model": "kyy_digitalHuman", "audioUrl": SOUND, "videoUrl": CLIP, "modelVersion": 2},
        "video_", VIDEO, (1280, 720), 2.5, sound=True, also=("md5",),
    ),
    "voice_clone": Good(
        "/v1/soundCloning/clones",
        {"model": "soundCloningClone", "fileUrl": LONG_SOUND, "contentText": "x" * 45},
        "", ("audio", "audio"), seconds=3, also=("modelId",),
    ),
    "speech": Good(
        "/v1/soundCloning/audios",
        {"model": "soundCloningAudio", "modelId": "voice_1_kept",
         "contentText": "word " * 6 + "<#1.5#>", "subtitleEnable": True, "subtitleType": "word"},
        "", ("audio", "audio"), seconds=3.5, also=("modelId", "subtitleFile"),
    ),
    "model_center": Good(
        "/v2/model-center/tasks",
        {"model": "MiniMax-H3-768p", "prompt": "a cat", "reference_images": [PICTURE],
         "reference_audios": [SOUND], "duration": 10, "aspect_ratio": "9:16",
         "resolution": "768p"},
        "mcp_", VIDEO, (768, 1366), 10, also=("totalTokens", "usage", "resolution"),
    ),
}  # fmt: skip


@lru_cache(maxsize=1)
def media() -> dict[str, bytes]:
    """The bytes behind each placeholder. The picture and the clip are 1280x720."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        films.write(Film("the sea", "", (1280, 720), 3, "clip", None, sound="clip"), clip)
        film = clip.read_bytes()
    return {
        PICTURE: png((1280, 720), flipped=False),
        OTHER: png((1280, 720), flipped=True),
        CLIP: film,
        SOUND: sounds.mp3(sounds.voice("sound", 2.5)),
        LONG_SOUND: sounds.wav(sounds.voice("speaker", 20)),
    }


def png(size: tuple[int, int], *, flipped: bool) -> bytes:
    # Something with edges everywhere, so that a wrong crop or a wrong scale would show.
    image = Image.effect_mandelbrot((1280, 720), (-2, -1, 1, 1), 60).convert("RGB")
    image = ImageOps.fit(ImageOps.invert(image) if flipped else image, size)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
