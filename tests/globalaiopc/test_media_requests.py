"""The request classes, built by hand: the documented bodies, and what can never be right."""

import json

import pytest
from pydantic import ValidationError

from globalaiopc import (
    Catalogue,
    ContentPart,
    DigitalHumanRequest,
    GPTImage2Request,
    GrokRequest,
    HappyHorseEditRequest,
    HappyHorseI2VRequest,
    HappyHorseR2VRequest,
    HappyHorseT2VRequest,
    InvalidRequest,
    LuxVidRequest,
    ModelCenterRequest,
    NanoBananaRequest,
    OmniFlashRequest,
    SD2ManxueRequest,
    Seedance15Request,
    Seedance20Request,
    SeedanceDiscountRequest,
    SeedanceSpecialRequest,
    SeedanceX1Request,
    SoraRequest,
    SpeechRequest,
    StarVideosRequest,
    VeoRequest,
    VideosRequest,
    ViduRequest,
    VoiceCloneRequest,
)
from tests.globalaiopc.doubles import Script, client_for

CATALOGUE = Catalogue.load()
URL = "https://example.com/canary.jpg"
TEXT = ContentPart.of_text("A cat yawning at the camera")
PICTURE = ContentPart.of_medium(URL, "reference_image")
VIDEO = ContentPart.of_medium(URL, "reference_video")
AUDIO = ContentPart.of_medium(URL, "reference_audio")
FIRST = ContentPart.of_medium(URL, "first_frame")
LAST = ContentPart.of_medium(URL, "last_frame")

DOCUMENTED = [
    (
        NanoBananaRequest,
        {
            "model": "nano-banana-2",
            "prompt": "A cute orange cat sitting on a windowsill looking at the scenery outside",
            "resolution": "2k",
            "size": "16:9",
        },
    ),
    (
        GPTImage2Request,
        {
            "model": "gpt-image-2",
            "prompt": "A cute orange cat sitting on a windowsill looking at the scenery outside",
            "quality": "high",
            "ratio": "16:9",
            "resolution": "2k",
        },
    ),
    (
        VeoRequest,
        {
            "model": "veo_3_1_fast",
            "prompt": "A cat dancing in the rain, cinematic style",
            "aspect_ratio": "16:9",
            "resolution": "1080p",
            "input_reference": [
                "https://example.com/reference1.jpg",
                "https://example.com/reference2.jpg",
            ],
        },
    ),
    (
        Seedance15Request,
        {
            "model": "seedance_1_5_pro_720p",
            "content": [{"type": "text", "text": "A cat yawning at the camera"}],
        },
    ),
    (
        Seedance20Request,
        {
            "model": "seedance_2_0",
            "prompt": "A cat dancing in the rain, cinematic style",
            "duration": 10,
            "aspect_ratio": "16:9",
            "generateAudio": True,
        },
    ),
    (
        GrokRequest,
        {
            "model": "grok_video3",
            "prompt": "A cat dancing in the rain, cinematic style",
            "duration": 10,
            "aspect_ratio": "16:9",
            "resolution": "720p",
        },
    ),
    (
        StarVideosRequest,
        {
            "prompt": "A cyberpunk city at night with a slow camera push-in",
            "model": "starvideos_v3",
            "duration": 5,
            "ratio": "16:9",
        },
    ),
    (
        VideosRequest,
        {
            "model": "videos",
            "prompt": "A cute kitten playing in the grass, bright daylight, cinematic camera",
            "duration": 5,
            "ratio": "16:9",
            "resolution": "720p",
        },
    ),
    (
        SD2ManxueRequest,
        {
            "model": "sd2_manxue_1080p",
            "prompt": "A girl jogging through a rainy neon-lit street with a cinematic push-in",
            "duration": 5,
            "ratio": "16:9",
        },
    ),
    (
        ModelCenterRequest,
        {
            "model": "seedance-2.5-c1",
            "prompt": "A rain-soaked street",
            "reference_images": ["https://cdn.example.com/reference.png"],
            "reference_videos": ["https://cdn.example.com/reference.mp4"],
            "reference_audios": ["https://cdn.example.com/reference.mp3"],
            "duration": 8,
            "aspect_ratio": "16:9",
            "resolution": "720p",
            "first_image": "https://cdn.example.com/first.png",
            "last_image": "https://cdn.example.com/last.png",
        },
    ),
    (
        ModelCenterRequest,
        {
            "model": "MiniMax-H3-768p",
            "prompt": "Reference performance",
            "reference_images": ["https://cdn.example.com/actor.png"],
            "reference_audios": ["https://cdn.example.com/voice.mp3"],
            "duration": 10,
            "aspect_ratio": "9:16",
            "resolution": "768p",
        },
    ),
    (
        ModelCenterRequest,
        {
            "model": "happyhorse-1.1-r2v",
            "prompt": "Use the reference characters",
            "reference_images": [
                "https://cdn.example.com/first.png",
                "https://cdn.example.com/character.png",
            ],
            "duration": 5,
            "aspect_ratio": "9:16",
            "resolution": "1080P",
            "seed": 0,
            "watermark": "false",
        },
    ),
]


@pytest.mark.parametrize(("kind", "body"), DOCUMENTED)
def test_a_documented_body_is_said_as_it_is(kind, body):
    assert kind.model_validate(body).body() == body


@pytest.mark.parametrize("other_name", ["image_urls", "input_reference"])
def test_veo_sends_references_under_the_name_they_were_given(other_name):
    request = VeoRequest(model="veo_3_1_fast", prompt="p", **{other_name: (URL,)})
    assert request.body()[other_name] == [URL]
    assert request.wish().images == (URL,)


def test_older_names_are_the_same_words():
    request = VideosRequest(model="videos_fast", prompt="p", duration=5, image=URL)
    assert request.body()["image"] == URL
    assert request.wish().first_frame == URL
    assert request.wish(CATALOGUE.model("videos_fast")).first_frame == URL
    omni = OmniFlashRequest(model="m", prompt="p", duration=10, referenceImages=(URL,))
    assert omni.body() == {"model": "m", "prompt": "p", "duration": 10, "referenceImages": [URL]}
    assert omni.wish().words() == {"seconds": 10, "images": [URL]}
    star = StarVideosRequest(model="m", prompt="p", images=(URL, URL + "2"))
    assert star.wish().words() == {"first_frame": URL, "last_frame": URL + "2"}


def test_a_number_of_seconds_is_sent_as_text_where_the_wire_wants_text():
    assert OmniFlashRequest(model="m", prompt="p", seconds=10).body()["seconds"] == "10"


def test_several_pictures_of_sora_are_references():
    one = SoraRequest(model="m", prompt="p", input_reference=(URL,))
    assert one.wish().words() == {"first_frame": URL}
    two = SoraRequest(model="m", prompt="p", input_reference=(URL, URL))
    assert two.wish().words() == {"images": [URL, URL]}


def test_a_lone_picture_without_a_role_is_the_first_frame():
    picture = ContentPart.model_validate({"type": "image_url", "image_url": {"url": URL}})
    request = SeedanceX1Request(model="m", content=(TEXT, picture))
    assert request.body()["content"][1] == {"type": "image_url", "image_url": {"url": URL}}
    assert request.wish().words() == {"first_frame": URL}


@pytest.mark.parametrize("kind", [SeedanceSpecialRequest, SeedanceDiscountRequest])
def test_the_name_with_a_reference_video_is_of_the_same_row(kind):
    request = kind(model="sd_2.0_special_720p_with_video_ref", content=(TEXT, VIDEO))
    assert request.catalogue_name == request.wish().model == "sd_2.0_special_720p"


def test_the_ratio_of_the_model_center_may_stand_under_size():
    ratio = ModelCenterRequest(model="seedance_1_5_pro_720p", prompt="p", size="16:9")
    assert ratio.wish().words() == {"ratio": "16:9"}
    pixels = ModelCenterRequest(model="minimax-h3", prompt="p", size="2560x1440")
    assert pixels.wish().words() == {"size": "2560x1440"}


def test_voices_have_one_model_each_which_is_not_sent():
    assert VoiceCloneRequest(fileUrl=URL).body() == {"fileUrl": URL}
    speech = SpeechRequest(modelId="v-1", contentText="hello")
    assert speech.body() == {"modelId": "v-1", "contentText": "hello"}
    assert (speech.model, speech.wish().prompt) == ("soundCloningAudio", "hello")
    assert DigitalHumanRequest(audioUrl=URL, videoUrl=URL).body() == {
        "model": "kyy_digitalHuman",
        "audioUrl": URL,
        "videoUrl": URL,
    }


P = {"model": "m", "prompt": "p"}
M = {"model": "m"}
VOICE = {"modelId": "v", "contentText": "p"}
FACE = {"audioUrl": URL, "videoUrl": URL}

NEVER_RIGHT = [
    (NanoBananaRequest, {"model": "m"}, "prompt"),
    (GPTImage2Request, P | {"size": "1024x1024", "ratio": "1:1"}, "ratio"),
    (GPTImage2Request, P | {"size": "1024x1024", "resolution": "1k"}, "resolution"),
    (GPTImage2Request, P | {"ratio": "1:1"}, "resolution"),
    (SoraRequest, P | {"image_urls": (URL,), "input_reference": (URL,)}, "image_urls"),
    (VeoRequest, P | {"image_urls": (URL,), "input_reference": (URL,)}, "image_urls"),
    (VeoRequest, P | {"last_image": URL}, "last_image"),
    (VeoRequest, P | {"first_image": URL, "image_urls": (URL,)}, "image_urls"),
    (VeoRequest, P | {"first_image": "asset://canary"}, "first_image"),
    (ViduRequest, P | {"last_image": URL}, "last_image"),
    (GrokRequest, P | {"image_urls": ("/canary",)}, "image_urls"),
    (StarVideosRequest, P | {"images": (URL,) * 3}, "images"),
    (StarVideosRequest, P | {"images": (URL,), "first_image": URL}, "images"),
    (StarVideosRequest, P | {"first_image": URL, "referenceVideos": (URL,)}, "referenceVideos"),
    (VideosRequest, P, "duration"),
    (VideosRequest, P | {"duration": 4, "image": URL, "first_image": URL}, "image"),
    (VideosRequest, P | {"duration": 4, "lastFrameImage": URL}, "lastFrameImage"),
    (SD2ManxueRequest, P | {"lastFrameImage": URL, "last_image": URL + "2"}, "lastFrameImage"),
    (SD2ManxueRequest, P | {"image": URL, "referenceAudios": (URL,)}, "referenceAudios"),
    (LuxVidRequest, P | {"last_image": URL, "referenceImages": (URL,)}, "referenceImages"),
    (OmniFlashRequest, P | {"seconds": "10", "duration": 10}, "duration"),
    (OmniFlashRequest, P | {"images": (URL,), "referenceImages": (URL,)}, "referenceImages"),
    (OmniFlashRequest, P | {"input_video": "data:video/mp4;base64,canary"}, "input_video"),
    (Seedance15Request, M, "text"),
    (Seedance15Request, M | {"content": (TEXT, TEXT)}, "text"),
    (Seedance15Request, M | {"content": (TEXT, VIDEO)}, "reference_video"),
    (Seedance15Request, M | {"content": (TEXT, LAST)}, "last_frame"),
    (Seedance15Request, M | {"content": (TEXT, FIRST, PICTURE)}, "reference_image"),
    (SeedanceX1Request, M | {"content": (TEXT,)}, "reference_image"),
    (SeedanceX1Request, M | {"content": (TEXT, FIRST, FIRST)}, "first_frame"),
    (SeedanceX1Request, M | {"content": (TEXT, AUDIO)}, "reference_audio"),
    (SeedanceSpecialRequest, M | {"content": (TEXT, VIDEO)}, "model"),
    (SeedanceDiscountRequest, {"model": "m_with_video_ref", "content": (TEXT, FIRST)}, "model"),
    (SeedanceSpecialRequest, M | {"content": (TEXT,), "extra": {"draft": True}}, "draft"),
    (
        SeedanceX1Request,
        M | {"content": (TEXT, {"type": "image_url", "video_url": {"url": URL}})},
        "content",
    ),
    (
        SeedanceX1Request,
        M
        | {
            "content": (
                TEXT,
                {"type": "image_url", "image_url": {"url": URL}, "role": "reference_video"},
            )
        },
        "content",
    ),
    (HappyHorseT2VRequest, P | {"seed": 2**31}, "seed"),
    (HappyHorseI2VRequest, P, "first_image"),
    (HappyHorseR2VRequest, P, "referenceImages"),
    (HappyHorseEditRequest, P, "referenceVideos"),
    (HappyHorseEditRequest, P | {"referenceVideos": (URL, URL)}, "referenceVideos"),
    (DigitalHumanRequest, {"audioUrl": URL}, "videoUrl"),
    (DigitalHumanRequest, FACE | {"audioUrl": "https://a.example/声.wav"}, "audioUrl"),
    (DigitalHumanRequest, FACE | {"sideFace": 2}, "sideFace"),
    (DigitalHumanRequest, FACE | {"tiltedFace": -1}, "tiltedFace"),
    (VoiceCloneRequest, {}, "fileUrl"),
    (VoiceCloneRequest, {"fileUrl": "https://a.example/声.wav"}, "fileUrl"),
    (VoiceCloneRequest, {"fileUrl": URL, "soundVersion": "v3"}, "soundVersion"),
    (VoiceCloneRequest, {"fileUrl": URL, "language": "Klingon"}, "language"),
    (SpeechRequest, {"modelId": "v"}, "contentText"),
    (SpeechRequest, {"contentText": "p"}, "modelId"),
    (SpeechRequest, VOICE | {"speed": 0.4}, "speed"),
    (SpeechRequest, VOICE | {"vol": 10.5}, "vol"),
    (SpeechRequest, VOICE | {"language": "Hebrew", "soundVersion": "v1"}, "language"),
    (ModelCenterRequest, P | {"size": "1x1", "aspect_ratio": "1:1"}, "size"),
    (ModelCenterRequest, P | {"reference_mode": "frames"}, "reference_mode"),
    (ModelCenterRequest, P | {"extra": {"model": "another"}}, "extra"),
    (ModelCenterRequest, P | {"reference_images": ("data:image/png;base64,canary",)},
     "reference_images"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "field"), NEVER_RIGHT)
def test_what_can_never_be_right_is_refused_by_its_field(kind, fields, field):
    with pytest.raises(InvalidRequest) as caught:
        kind.model_validate(fields)
    assert caught.value.field == field
    assert "canary" not in str(caught.value)


def test_what_is_at_the_edge_is_taken():
    SpeechRequest(**VOICE, speed=0.5, vol=0.01, pitch=12, subtitleEnable=True, subtitleType="word")
    SpeechRequest(**VOICE, speed=2, vol=10, pitch=-12, language="Hebrew", soundVersion="v2")
    LuxVidRequest(**P, last_image=URL)
    GrokRequest(**P, image_urls=("data:image/png;base64,iVBO",))
    SeedanceSpecialRequest(model="m", content=(TEXT,), return_last_frame=True, tools=({"a": 1},))


def test_an_unknown_field_is_not_swallowed():
    with pytest.raises(ValidationError):
        ViduRequest(**P, ratio="16:9")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SoraRequest(**P, size="big"), "size"),
        (OmniFlashRequest(**P, seconds="ten"), "seconds"),
    ],
)
def test_what_no_word_can_say_is_refused_before_it_is_sent(request_, field):
    with pytest.raises(InvalidRequest) as caught:
        request_.wish()
    assert caught.value.field == field


async def test_a_create_is_held_to_the_row_that_its_name_and_its_endpoint_mean():
    script = Script({"id": "x"})
    special = SeedanceSpecialRequest(
        model="sd_2.0_special_720p_with_video_ref", content=(TEXT, VIDEO), duration=15
    )
    center = ModelCenterRequest(model="seedance_1_5_pro_720p", prompt="p", size="16:9", duration=11)
    async with client_for(script) as api:
        for request in (special, center):
            await api.create(request)
            longer = request.model_copy(update={"duration": 16})
            with pytest.raises(InvalidRequest) as caught:
                await api.create(longer)
            assert caught.value.field == "seconds"
        with pytest.raises(InvalidRequest) as caught:
            await api.create(SeedanceDiscountRequest(model=special.model, content=special.content))
        assert caught.value.field == "model"
    assert [json.loads(sent.content)["model"] for sent in script.requests] == [
        "sd_2.0_special_720p_with_video_ref",
        "seedance_1_5_pro_720p",
    ]
