"""One wish, many dialects: exactly what is sent, and exactly which word is refused."""

import pytest

from globalaiopc import Catalogue, InvalidRequest, request_for
from globalaiopc.generation import Generation
from globalaiopc.requests import MEDIA_REQUESTS

CATALOGUE = Catalogue.load()
P = "https://media.example/first.png?sig=canary"
Q = "https://media.example/last.png?sig=canary"
V = "https://media.example/clip.mp4?sig=canary"
S = "https://media.example/sound.wav?sig=canary"
TEXT = {"type": "text", "text": "a cat"}


def part(kind: str, url: str, role: str) -> dict[str, object]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}, "role": role}


FRAMES = {"first_frame": P, "last_frame": Q}
ALL = {"images": (P, Q), "videos": (V,), "audios": (S,)}
CONTENT_OF_ALL = [
    TEXT,
    part("image", P, "reference_image"),
    part("image", Q, "reference_image"),
    part("video", V, "reference_video"),
    part("audio", S, "reference_audio"),
]
CONTENT_OF_FRAMES = [TEXT, part("image", P, "first_frame"), part("image", Q, "last_frame")]
SNAKE = {"reference_images": [P, Q], "reference_videos": [V], "reference_audios": [S]}
CAMEL = {"referenceImages": [P, Q], "referenceVideos": [V], "referenceAudios": [S]}
IMAGES_OF_FRAMES = {"first_image": P, "last_image": Q}

# model, what is wanted beside a prompt, the endpoint, and the body beside model and prompt
BODIES: list[tuple[str, dict[str, object], str, dict[str, object]]] = [
    ("nano-banana-pro", {"ratio": "16:9", "resolution": "4K", "images": (P,)}, "nano_banana",
     {"size": "16:9", "resolution": "4k", "image_urls": [P]}),
    ("gpt-image-2", {"ratio": "16:9", "resolution": "2k", "quality": "high"}, "gpt_image_2",
     {"ratio": "16:9", "resolution": "2k", "quality": "high"}),
    ("gpt-image-2", {"size": "2048x1152", "images": (P, Q)}, "gpt_image_2",
     {"size": "2048x1152", "image_urls": [P, Q]}),
    ("gpt-image-2", {"ratio": "9:16"}, "gpt_image_2", {"ratio": "9:16", "resolution": "1k"}),
    ("gpt-image-2", {"resolution": "2k"}, "gpt_image_2", {"resolution": "2k"}),
    ("openAiSora2Plus", {"ratio": "9:16", "seconds": 8, "first_frame": P}, "sora",
     {"size": "720x1280", "seconds": 8, "input_reference": [P]}),
    ("openAiSora2Pro", {"size": "1280x720", "images": (P,)}, "sora",
     {"size": "1280x720", "input_reference": [P]}),
    ("sora/new-model", {"ratio": "1:1"}, "sora", {"aspect_ratio": "1:1"}),
    ("veo_3_1_pro", {"ratio": "9:16", "resolution": "4K", "seconds": 8, "images": (P, Q)}, "veo",
     {"aspect_ratio": "9:16", "resolution": "4k", "input_reference": [P, Q]}),
    ("veo_3_1_fast_stable", FRAMES, "veo", IMAGES_OF_FRAMES),
    ("viduq3-pro", {"seconds": 16, "ratio": "1:1", "resolution": "540p", **FRAMES}, "vidu",
     {"duration": 16, "aspect_ratio": "1:1", "resolution": "540p", **IMAGES_OF_FRAMES}),
    ("grok_video3", {"seconds": 6, "ratio": "2:3", "resolution": "480p", "images": (P,)}, "grok",
     {"duration": 6, "aspect_ratio": "2:3", "resolution": "480p", "image_urls": [P]}),
    ("grok_video3", {"images": ("data:image/png;base64,iVBO",)}, "grok",
     {"duration": 10, "resolution": "720p", "image_urls": ["data:image/png;base64,iVBO"]}),
    ("starvideos_o3", {"seconds": 3, "ratio": "9:16", **FRAMES}, "starvideos",
     {"duration": 3, "ratio": "9:16", **IMAGES_OF_FRAMES}),
    ("starvideos_o3", {"images": (P, Q), "videos": (V,)}, "starvideos",
     {"referenceImages": [P, Q], "referenceVideos": [V]}),
    ("starvideos_v3", {"seconds": 5, "ratio": "16:9", **FRAMES}, "starvideos",
     {"duration": 5, "ratio": "16:9", "images": [P, Q]}),
    ("starvideos_v3", {"first_frame": P}, "starvideos", {"images": [P]}),
    ("videos", {"seconds": 15, "ratio": "21:9", "resolution": "720p", **ALL}, "videos",
     {"duration": 15, "ratio": "21:9", "resolution": "720p", **CAMEL}),
    ("videos_stable", FRAMES, "videos", {"duration": 4, **IMAGES_OF_FRAMES}),
    ("videos_fast", {"seconds": 5, **FRAMES}, "videos",
     {"duration": 5, "image": P, "lastFrameImage": Q}),
    ("sd2_manxue_video_2k", {"seconds": 5, "resolution": "2k", **ALL}, "sd2_manxue",
     {"duration": 5, **CAMEL}),
    ("sd2_manxue_720p", {"ratio": "3:4", "first_frame": "asset://a-1"}, "sd2_manxue",
     {"ratio": "3:4", "first_image": "asset://a-1"}),
    ("LuxVid_video", {"seconds": 1, "ratio": "1:1", "resolution": "720p", "last_frame": Q},
     "luxvid", {"duration": 1, "ratio": "1:1", "resolution": "720p", "last_image": Q}),
    ("LuxVid_video_fast", ALL, "luxvid", CAMEL),
    ("omni-flash", {"seconds": 10, "ratio": "9:16", "resolution": "720p", **FRAMES}, "omni_flash",
     {"seconds": "10", "aspect_ratio": "9:16", "resolution": "720p",
      "first_image_url": P, "last_image_url": Q}),
    ("omni-flash", {"images": (P,), "videos": (V,)}, "omni_flash",
     {"images": [P], "input_video": V}),
    ("seedance_1_5_pro_720p",
     {"seconds": 4, "ratio": "adaptive", "resolution": "720p", "sound": False, **FRAMES},
     "seedance_1_5",
     {"content": CONTENT_OF_FRAMES, "duration": 4, "ratio": "adaptive", "generate_audio": False}),
    ("seedance_1_5_pro_480p", {}, "seedance_1_5", {"content": [TEXT]}),
    ("seedance_2_0", {"seconds": 4, "ratio": "16:9", "sound": True, **ALL}, "seedance_2_0",
     {"duration": 4, "aspect_ratio": "16:9", "generateAudio": True, **CAMEL}),
    ("kyyvideo2_pro", FRAMES, "seedance_2_0", IMAGES_OF_FRAMES),
    ("seedance_2_0_x1_official", {"seconds": 4, "ratio": "4:3", "resolution": "1080p", **ALL},
     "seedance_x1",
     {"content": CONTENT_OF_ALL, "duration": 4, "ratio": "4:3", "resolution": "1080p"}),
    ("sd_2.0_special_4k", {"resolution": "4k", "seed": -1, "sound": True, **FRAMES},
     "seedance_special", {"content": CONTENT_OF_FRAMES, "seed": -1, "generate_audio": True}),
    ("sd_2.0_fast_discount_480p", {"seconds": 5, **ALL}, "seedance_discount",
     {"model": "sd_2.0_fast_discount_480p_with_video_ref", "content": CONTENT_OF_ALL,
      "duration": 5}),
    ("happyhorse-1.0-t2v", {"seconds": 3, "ratio": "9:21", "resolution": "1080p", "seed": 0},
     "happyhorse_t2v", {"duration": 3, "ratio": "9:21", "resolution": "1080P", "seed": 0}),
    ("happyhorse-1.0-i2v", {"seconds": 3, "resolution": "720P", "first_frame": P},
     "happyhorse_i2v", {"duration": 3, "resolution": "720P", "first_image": P}),
    ("happyhorse-1.0-r2v", {"ratio": "1:1", "images": (P, Q)}, "happyhorse_r2v",
     {"ratio": "1:1", "referenceImages": [P, Q]}),
    ("happyhorse-1.0-video-edit",
     {"images": (P,), "videos": (V,), "extra": {"audioSetting": "origin"}}, "happyhorse_edit",
     {"referenceImages": [P], "referenceVideos": [V], "audioSetting": "origin"}),
    ("kyy_digitalHuman",
     {"prompt": "", "videos": (V,), "audios": (S,), "extra": {"modelVersion": 2, "sideFace": 1}},
     "digital_human", {"videoUrl": V, "audioUrl": S, "modelVersion": 2, "sideFace": 1}),
    ("soundCloningClone", {"audios": (S,), "extra": {"soundVersion": "v2"}}, "voice_clone",
     {"fileUrl": S, "contentText": "a cat", "soundVersion": "v2"}),
    ("soundCloningAudio",
     {"voice": "v-1", "extra": {"speed": 1.5, "pitch": -12, "emotion": "sad", "vol": 10}}, "speech",
     {"modelId": "v-1", "contentText": "a cat", "speed": 1.5, "pitch": -12, "emotion": "sad",
      "vol": 10.0}),
    ("speech/new-voice", {"voice": "v-1"}, "speech",
     {"model": "new-voice", "modelId": "v-1", "contentText": "a cat"}),
    ("seedance-2.5-c1",
     {"seconds": 8, "ratio": "16:9", "resolution": "720p", **FRAMES, **ALL}, "model_center",
     {"duration": 8, "aspect_ratio": "16:9", "resolution": "720p", **IMAGES_OF_FRAMES, **SNAKE}),
    ("sd_2.0_special",
     {"resolution": "2K", "seed": 7, "sound": True, "images": ("assetId://a-1",),
      "extra": {"watermark": False, "new_switch": "on"}},
     "model_center",
     {"resolution": "2k", "seed": 7, "generate_audio": True, "reference_images": ["assetId://a-1"],
      "watermark": False, "new_switch": "on"}),
    ("model_center/seedance_1_5_pro_720p", {"seconds": 4, "ratio": "9:16", "resolution": "720p"},
     "model_center", {"duration": 4, "size": "9:16"}),
    ("minimax-h3", {"size": "2560x1440", "resolution": "2k"}, "model_center",
     {"size": "2560x1440", "resolution": "2k"}),
    ("seedream-5.0", {"size": "1234x987"}, "model_center", {"size": "1234x987"}),
    ("seedream_5.0Pro", {"ratio": "3:2", "resolution": "2k", "images": (P,)}, "model_center",
     {"aspect_ratio": "3:2", "resolution": "2K", "reference_images": [P]}),
    ("videos_933_c1", FRAMES, "model_center",
     {"reference_images": [P, Q], "reference_mode": "frame"}),
    ("videos_933_c1", ALL, "model_center", {**SNAKE, "reference_mode": "image"}),
    ("videos_933_c1", {"sound": True}, "model_center", {"generate_audio": True}),
    ("KlingO3", FRAMES, "model_center", {**IMAGES_OF_FRAMES, "reference_mode": "frame"}),
    ("KlingO3", {"images": (P,)}, "model_center",
     {"reference_images": [P], "reference_mode": "image"}),
    ("wan2.7-i2v", {"resolution": "720p", **FRAMES}, "model_center",
     {"resolution": "720P", **IMAGES_OF_FRAMES}),
    ("wan2.7-videoedit", {"videos": (V,), "extra": {"audio_setting": "origin"}}, "model_center",
     {"reference_videos": [V], "audio_setting": "origin"}),
    ("model_center/new-model", {"seconds": 99, "last_frame": Q, "images": (P,)}, "model_center",
     {"duration": 99, "last_image": Q, "reference_images": [P]}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "words", "endpoint", "body"), BODIES)
def test_what_is_sent(model, words, endpoint, body):
    wish = Generation.model_validate({"model": model, "prompt": "a cat", **words})
    request = request_for(wish, CATALOGUE)
    assert request.endpoint == endpoint
    names_no_model = endpoint in {"voice_clone", "speech"}
    says_prompt_elsewhere = names_no_model or "content" in body or not wish.prompt
    expected = {
        **({} if names_no_model else {"model": model.rpartition("/")[2]}),
        **({} if says_prompt_elsewhere else {"prompt": "a cat"}),
        **body,
    }
    assert request.body() == expected
    assert "canary" not in repr(request)


def test_every_endpoint_is_in_the_table():
    assert {endpoint for _, _, endpoint, _ in BODIES} == set(MEDIA_REQUESTS)


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("no-such-model", {}, "model"),
    ("veo/", {}, "model"),
    ("gpt-5.4", {}, "model"),
    ("nano-banana-2", {"prompt": " "}, "prompt"),
    ("nano-banana-2", {"seconds": 4}, "seconds"),
    ("nano_banana/new", {"seconds": 4}, "seconds"),
    ("nano_banana/new", {"ratio": " "}, "ratio"),
    ("nano_banana/new", {"images": ("/home/canary.png",)}, "images"),
    ("nano_banana/new", {"images": (P, "data:image/png;base64,canary")}, "images"),
    ("nano_banana/new", {"images": ("asset://canary",)}, "images"),
    ("nano-banana-2", {"images": ("data:image/png;base64,canary",)}, "images"),
    ("nano-banana-2", {"images": ("",)}, "images"),
    ("nano-banana-2", {"extra": {"model": "nano-banana-pro"}}, "extra"),
    ("gpt-image-2", {"size": "1024x1024", "ratio": "1:1"}, "ratio"),
    ("gpt-image-2", {"size": "1024x1024", "resolution": "1k"}, "resolution"),
    ("gpt_image_2/new", {"ratio": "1:1"}, "resolution"),
    ("gpt-image-2-o", {"size": "1024x1024"}, "size"),
    ("openAiSora2Plus", {"size": "720x1280", "ratio": "16:9"}, "size"),
    ("sora/new", {"size": "720x1280", "ratio": "16:9"}, "ratio"),
    ("openAiSora2Plus", {"first_frame": P, "images": (P,)}, "images"),
    ("sora/new", {"images": (P,) * 4}, "images"),
    ("veo/new", {"seconds": 8}, "seconds"),
    ("veo/new", {"last_frame": P}, "last_frame"),
    ("veo/new", {"first_frame": P, "images": (Q,)}, "images"),
    ("vidu/new", {"images": (P,)}, "images"),
    ("starvideos/new", {"first_frame": P, "videos": (V,)}, "videos"),
    ("starvideos_o3", {"videos": (V,), "seconds": 5}, "seconds"),
    ("videos/new", {}, "seconds"),
    ("videos_fast", {"first_frame": P}, "last_frame"),
    ("sd2_manxue_720p", {"resolution": "1080p"}, "resolution"),
    ("sd2_manxue/new", {"resolution": "1080p"}, "resolution"),
    ("luxvid/new", {"last_frame": P, "images": (Q,)}, "images"),
    ("omni_flash/new", {"videos": (V, V)}, "videos"),
    ("seedance_1_5/new", {"videos": (V,)}, "videos"),
    ("seedance_1_5/new", {"last_frame": P}, "last_frame"),
    ("seedance_1_5/new", {"images": ("asset://a",)}, "images"),
    ("seedance_2_0/new", {"first_frame": P, "audios": (S,)}, "audios"),
    ("seedance_x1/new", {}, "images"),
    ("seedance_x1/new", {"prompt": "", "images": (P,)}, "prompt"),
    ("seedance_x1/new", {"audios": (S,)}, "audios"),
    ("seedance_special/new", {"resolution": "720p"}, "resolution"),
    ("seedance_special/new_with_video_ref", {}, "model"),
    ("sd_2.0_special_720p", {"extra": {"watermark": False}}, "watermark"),
    ("happyhorse_t2v/new", {"seed": -1}, "seed"),
    ("happyhorse_i2v/new", {}, "first_frame"),
    ("happyhorse_r2v/new", {}, "images"),
    ("happyhorse_edit/new", {}, "videos"),
    ("happyhorse_edit/new", {"videos": (V, V)}, "videos"),
    ("happyhorse_edit/new", {"videos": (V,), "extra": {"audioSetting": "loud"}}, "audioSetting"),
    ("digital_human/new", {"videos": (V,), "audios": (S,)}, "prompt"),
    ("digital_human/new", {"prompt": "", "videos": (V,)}, "audios"),
    ("digital_human/new", {"prompt": "", "audios": (S,)}, "videos"),
    ("kyy_digitalHuman",
     {"prompt": "", "videos": (V,), "audios": ("https://a.example/声.wav",)}, "audios"),
    ("kyy_digitalHuman",
     {"prompt": "", "videos": (V,), "audios": (S,), "extra": {"modelVersion": 3}}, "modelVersion"),
    ("voice_clone/new", {}, "audios"),
    ("soundCloningClone", {"audios": (S,), "extra": {"language": "Tamil"}}, "language"),
    ("speech/new", {}, "voice"),
    ("soundCloningAudio", {"voice": " "}, "voice"),
    ("soundCloningAudio", {"voice": "v", "extra": {"speed": 2.1}}, "speed"),
    ("soundCloningAudio", {"voice": "v", "extra": {"speed": "fast"}}, "speed"),
    ("soundCloningAudio", {"voice": "v", "extra": {"vol": 0}}, "vol"),
    ("soundCloningAudio", {"voice": "v", "extra": {"pitch": 13}}, "pitch"),
    ("soundCloningAudio", {"voice": "v", "extra": {"pitch": 0.5}}, "pitch"),
    ("soundCloningAudio", {"voice": "v", "extra": {"emotion": "bored"}}, "emotion"),
    ("soundCloningAudio", {"voice": "v", "extra": {"subtitleType": "line"}}, "subtitleType"),
    ("model_center/new", {"quality": "high"}, "quality"),
    ("model_center/new", {"ratio": "1:1", "size": "99x99"}, "size"),
    ("model_center/new", {"size": "1x1024"}, "size"),
    ("seedream-5.0", {"size": "1024x100000"}, "size"),
    ("videos_933_c1", {"first_frame": P, "images": (Q,)}, "images"),
    ("model_center/seedance_1_5_pro_720p", {"resolution": "1080p"}, "resolution"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "words", "field"), REFUSED)
def test_what_is_refused_names_the_word(model, words, field):
    wish = Generation.model_validate({"model": model, "prompt": "a cat", **words})
    with pytest.raises(InvalidRequest) as caught:
        request_for(wish, CATALOGUE)
    assert caught.value.field == field
    assert caught.value.charged == "no"
    assert "canary" not in str(caught.value)


OWN_ROWS = """
[[model]]
names = ["own-1"]
endpoint = "veo"
seconds = ["3-5"]
ratios = ["16:9"]
first_frame = "needed"
last_frame = "yes"
sound = true
spelling = { seconds = "length", first_frame = "frames", last_frame = "frames", sound = "noise" }

[[model]]
names = ["own-2"]
endpoint = "veo"
resolutions = ["720p", "1080p"]
spelling = { resolution = "" }

[[model]]
names = ["own-3"]
endpoint = "model_center"
makes = "video"
first_frame = "yes"
spelling = { first_frame = "start_image_url" }
"""


def test_a_row_of_ones_own_says_fields_that_no_class_has():
    catalogue = Catalogue.load(own_rows=OWN_ROWS)
    words = {"seconds": 4, "sound": True, **FRAMES}
    request = request_for(Generation(model="own-1", prompt="a cat", **words), catalogue)
    assert request.body() == {
        "model": "own-1",
        "prompt": "a cat",
        "length": 4,
        "frames": [P, Q],
        "noise": True,
    }
    assert request.wish(catalogue.model("own-1")).words() == words
    center = request_for(Generation(model="own-3", first_frame=P, prompt="p"), catalogue)
    assert center.body()["start_image_url"] == P
    assert center.wish(catalogue.model("own-3")).first_frame == P


def test_a_word_that_the_name_does_not_say_is_not_dropped():
    wish = Generation(model="own-2", prompt="a cat", resolution="720p")
    with pytest.raises(InvalidRequest) as caught:
        request_for(wish, Catalogue.load(own_rows=OWN_ROWS))
    assert caught.value.field == "resolution"
