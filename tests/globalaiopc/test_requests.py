import pytest
from pydantic import ValidationError

from globalaiopc import ChatMessage, ChatRequest, InvalidRequest, NanoBananaRequest, SoraRequest

SIGNED = "https://bucket.example/image.png?X-Amz-Signature=canary"


def test_sora_sends_the_documented_reference_field():
    request = SoraRequest(
        model="openAiSora2Plus", prompt="p", size="1280x720", seconds=4, image_urls=(SIGNED,)
    )
    assert request.body() == {
        "model": "openAiSora2Plus",
        "prompt": "p",
        "size": "1280x720",
        "seconds": 4,
        "input_reference": [SIGNED],
    }


def test_sora_sends_the_names_that_were_given():
    request = SoraRequest(model="m", prompt="p", aspect_ratio="9:16", duration=8)
    assert request.body() == {"model": "m", "prompt": "p", "aspect_ratio": "9:16", "duration": 8}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"size": "1280x720", "aspect_ratio": "16:9"}, "aspect_ratio"),
        ({"seconds": 4, "duration": 4}, "duration"),
        ({"image_urls": (SIGNED,) * 4}, "image_urls"),
        ({"image_urls": ("data:image/png;base64,canary",)}, "image_urls"),
        ({"image_urls": ("/home/canary.png",)}, "image_urls"),
        ({"image_urls": ("https://a b/canary",)}, "image_urls"),
        ({"image_urls": ("https://[canary",)}, "image_urls"),
        ({"prompt": " \n"}, "prompt"),
        ({"model": ""}, "model"),
    ],
)
def test_what_can_never_be_right_is_refused(more, field):
    with pytest.raises(InvalidRequest) as caught:
        SoraRequest(**{"model": "m", "prompt": "p", **more})
    assert caught.value.field == field
    assert "canary" not in str(caught.value)


def test_extra_goes_in_last():
    request = NanoBananaRequest(
        model="m", prompt="p", size="16:9", extra={"seed": 7, "size": "1:1", "nothing": None}
    )
    assert request.body() == {
        "model": "m",
        "prompt": "p",
        "size": "1:1",
        "seed": 7,
        "nothing": None,
    }


def test_a_chat():
    messages = (ChatMessage(role="system", content="s"), ChatMessage(role="user", content="u"))
    request = ChatRequest(
        model="gpt-5.4",
        messages=messages,
        temperature=0.0,
        max_tokens=9,
        response_format={"type": "json_object"},
    )
    assert request.body() == {
        "model": "gpt-5.4",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 0.0,
        "max_tokens": 9,
        "response_format": {"type": "json_object"},
    }


def test_a_signed_url_is_in_no_repr_and_no_message():
    assert "canary" not in repr(NanoBananaRequest(model="m", prompt="p", image_urls=(SIGNED,)))
    with pytest.raises(ValidationError) as caught:
        NanoBananaRequest(model="m", prompt="p", image_urls={"url": SIGNED})
    assert "canary" not in str(caught.value)
