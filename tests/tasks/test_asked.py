"""What receipts keep of a job: the same for ever, for every kind of job."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from globalaiopc import InvalidRequest
from ledger import Receipt, fingerprint
from ledger.receipt import check_asked
from tasks.asked import (
    CloneAsked,
    ImageAsked,
    SpeechAsked,
    TalkingAsked,
    VideoAsked,
    asked_of,
)
from tasks.ordering import dry_request
from tests.tasks.doubles import CATALOGUE

GOLDEN = sorted((Path(__file__).parents[1] / "data" / "golden-batch" / "v1").glob("*/receipts/*"))
GOLDEN_VIDEO = next(
    Receipt.from_json(path.read_bytes(), str(path)) for path in GOLDEN if path.stem == "video"
)
A, B, C = "ab" * 32, "cd" * 32, "ef" * 32


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (
            ImageAsked(model="nano-banana-2", prompt="a fox", ratio="16:9"),
            "ac3ee8fe5cbc7e7642b6701fadee50dac4a7d3908031e689beefd1563f2ef2d1",
        ),
        (
            ImageAsked(model="nano-banana-2", prompt="a fox", ratio="16:9", resolution="2k"),
            "ddef41fdb8e6a9e3ddaad3ce049bf058adcff114830f794b4fb5c9993596c16c",
        ),
        (
            VideoAsked(
                model="openAiSora2Plus", prompt="it runs", ratio="9:16", seconds=8, first_frame=A
            ),
            "ccaf7542926cd7fbaf822116bf952e1351b49bd3e3a315d6d58a087012ac0a74",
        ),
        (
            VideoAsked(model="openAiSora2Plus", prompt="it runs", ratio="9:16", first_frame=A),
            "765bc96861c89c2ceaaef4887627966b6f864825a682f733b02b8ae751f6b741",
        ),
    ],
)
def test_the_first_releases_fingerprints_are_the_same_today(asked, kept):
    assert fingerprint(asked.to_asked()) == kept


@pytest.mark.parametrize(
    "path",
    [path for path in GOLDEN if path.stem in ("image", "video")],
    ids=lambda path: f"{path.parent.parent.name}-{path.stem}",
)
def test_a_whole_batch_of_the_first_release_asks_for_the_same_today(path):
    receipt = Receipt.from_json(path.read_bytes(), str(path))
    again = asked_of(receipt).to_asked()
    assert again == receipt.asked
    assert fingerprint(again) == receipt.fingerprint
    request = dry_request(asked_of(receipt), CATALOGUE)
    assert (request.endpoint, request.api) == (receipt.endpoint, receipt.api)


@pytest.mark.parametrize(
    "asked",
    [
        TalkingAsked(model="kyy_digitalHuman", audio=A, video=B, version=2),
        VideoAsked(model="kyy_digitalHuman", prompt="", videos=(B,), audios=(A,)),
    ],
    ids=lambda asked: type(asked).__name__,
)
def test_lips_can_be_moved_again_whichever_flow_asked_for_it(asked):
    first = GOLDEN_VIDEO.model_copy(
        update={
            "endpoint": "digital_human",
            "model": asked.model,
            "asked": asked.to_asked(),
            "fingerprint": fingerprint(asked.to_asked()),
        }
    )
    assert asked_of(first) == asked
    assert dry_request(asked_of(first), CATALOGUE).endpoint == "digital_human"


def test_what_was_not_said_is_not_kept_and_nought_is_said():
    assert ImageAsked(model="m", prompt="p", size="64x64").to_asked() == {
        "model": "m",
        "prompt": "p",
        "resolution": None,
        "size": "64x64",
    }
    video = VideoAsked(model="m", prompt="p", sound=False, seed=0, images=(A, B))
    assert video.to_asked() == {
        "model": "m",
        "prompt": "p",
        "seconds": None,
        "sound": False,
        "seed": 0,
        "images": [A, B],
    }
    clone = CloneAsked(model="m", sample=A, asset_review=True, extra={"x": 1}).to_asked()
    assert clone == {"model": "m", "sample": A, "asset_review": True, "extra": {"x": 1}}


@pytest.mark.parametrize(
    "asked",
    [
        ImageAsked(model="gpt-image-2", prompt="p", size="1024x1536", quality="low", images=(A,)),
        VideoAsked(model="veo_3_1_pro", prompt="p", ratio="16:9", first_frame=A, last_frame=B),
        VideoAsked(model="model_center/videos_stable", prompt="p", images=(A,), videos=(B,)),
        VideoAsked(model="vidu/of-tomorrow", prompt="p", extra={"style": "calm"}),
        CloneAsked(model="soundCloningClone", sample=A, text="hello", version="v2"),
        SpeechAsked(model="soundCloningAudio", text="hello", voice="v-1", speed=1.5, volume=2),
        TalkingAsked(model="kyy_digitalHuman", audio=A, video=B, version=2, side_face=0),
    ],
    ids=lambda asked: type(asked).__name__,
)
def test_a_job_is_read_back_from_its_receipt_as_it_was_asked_for(asked):
    kept = asked.to_asked()
    check_asked(kept)
    assert json.loads(json.dumps(kept)) == kept
    again = type(asked).model_validate(kept)
    assert again == asked
    assert dry_request(again, CATALOGUE) == dry_request(asked, CATALOGUE)


def test_the_words_reach_the_request():
    speech = SpeechAsked(
        model="soundCloningAudio",
        text="hello",
        voice="v-1",
        version="v2",
        language="Danish",
        emotion="happy",
        speed=1.5,
        volume=2,
        pitch=-3,
        subtitles=True,
        subtitle_type="word",
    )
    assert dry_request(speech, CATALOGUE).body() == {
        "contentText": "hello",
        "modelId": "v-1",
        "soundVersion": "v2",
        "language": "Danish",
        "emotion": "happy",
        "speed": 1.5,
        "vol": 2.0,
        "pitch": -3,
        "subtitleEnable": True,
        "subtitleType": "word",
    }
    talking = TalkingAsked(
        model="kyy_digitalHuman", audio=A, video=B, version=2, side_face=1, tilted_face=0
    )
    assert dry_request(talking, CATALOGUE).body() == {
        "model": "kyy_digitalHuman",
        "audioUrl": f"https://stand-in.invalid/{A}",
        "videoUrl": f"https://stand-in.invalid/{B}",
        "modelVersion": 2,
        "sideFace": 1,
        "tiltedFace": 0,
    }
    chained = VideoAsked(model="veo_3_1_pro", prompt="p", first_frame=A, last_frame=C)
    body = dry_request(chained, CATALOGUE).body()
    assert (body["first_image"], body["last_image"]) == (
        f"https://stand-in.invalid/{A}",
        f"https://stand-in.invalid/{C}",
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (ImageAsked(model="openAiSora2Plus", prompt="p"), "model"),
        (VideoAsked(model="nano-banana-2", prompt="p"), "model"),
        (VideoAsked(model="gpt-5.4", prompt="p"), "model"),
        (VideoAsked(model="openAiSora2Plus", prompt="p", last_frame=A), "last_frame"),
        (VideoAsked(model="openAiSora2Plus", prompt="p", asset_review=True), "asset_review"),
        (SpeechAsked(model="soundCloningAudio", text="p", voice=""), "voice"),
        (SpeechAsked(model="soundCloningAudio", text="p", voice="v", emotion="mad"), "emotion"),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_its_field(asked, field):
    with pytest.raises(InvalidRequest) as refused:
        dry_request(asked, CATALOGUE)
    assert refused.value.field == field


def test_media_are_named_by_the_hash_of_their_bytes_only():
    with pytest.raises(ValidationError) as refused:
        VideoAsked(model="m", prompt="p", first_frame="https://x.test/a.png?Signature=canary")
    assert "canary" not in str(refused.value)
