"""What leaves for each text dialect, from its own request and from the words that all share."""

import pytest
from pydantic import ValidationError

from globalaiopc import (
    Catalogue,
    ChatMessage,
    ChatRequest,
    GenerateContentRequest,
    ImagePart,
    InvalidRequest,
    MessagesRequest,
    ResponsesRequest,
    StreamGenerateContentRequest,
    TextAsk,
    TextPart,
    text_request_for,
)
from globalaiopc.requests import TEXT_REQUESTS
from tests.globalaiopc.doubles import Script, client_for

CATALOGUE = Catalogue.load()
URL = "https://pictures.example/a.png?Signature=canary"
DATA = "data:image/png;base64,iVBORw0KGgo="
HI = ChatMessage(role="user", content="hi")
SHOWN = ChatMessage(
    role="user", content=(TextPart(text="look"), ImagePart(url=URL), ImagePart(url=DATA))
)
TALK = (HI, ChatMessage(role="assistant", content=(TextPart(text="yes?"),)), SHOWN)
OWN = ChatMessage(role="user", content=({"type": "its_own", "x": 1},))


def test_parts_in_a_chat():
    assert ChatRequest(model="m", messages=(*TALK, OWN)).body()["messages"] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "yes?"}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": URL}},
                {"type": "image_url", "image_url": {"url": DATA}},
            ],
        },
        {"role": "user", "content": [{"type": "its_own", "x": 1}]},
    ]


def test_parts_in_messages():
    request = MessagesRequest(model="m", messages=TALK, max_tokens=9, system="s", temperature=1)
    assert request.body() == {
        "model": "m",
        "max_tokens": 9,
        "system": "s",
        "temperature": 1.0,
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "yes?"}]},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image", "source": {"type": "url", "url": URL}},
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": "iVBORw0KGgo=",
                        },
                    },
                ],
            },
        ],
    }


def test_parts_in_a_response():
    request = ResponsesRequest(
        model="m", input=TALK, instructions="s", previous_response_id="r", max_output_tokens=9
    )
    assert request.body() == {
        "model": "m",
        "instructions": "s",
        "previous_response_id": "r",
        "max_output_tokens": 9,
        "input": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "yes?"}]},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "look"},
                    {"type": "input_image", "image_url": URL},
                    {"type": "input_image", "image_url": DATA},
                ],
            },
        ],
    }
    assert ResponsesRequest(model="m", input="hi").body() == {"model": "m", "input": "hi"}


def test_parts_in_gemini():
    request = GenerateContentRequest(
        model="m",
        contents=(*TALK, ChatMessage(role="user", content=(ImagePart(url="https://a.example/x"),))),
        system_instruction="s",
        generation_config={"topP": 0.5},
        extra={"safetySettings": []},
    )
    assert request.body() == {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "generationConfig": {"topP": 0.5},
        "safetySettings": [],
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "yes?"}]},
            {
                "role": "user",
                "parts": [
                    {"text": "look"},
                    {"fileData": {"fileUri": URL, "mimeType": "image/png"}},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                ],
            },
            {"role": "user", "parts": [{"fileData": {"fileUri": "https://a.example/x"}}]},
        ],
    }


@pytest.mark.parametrize("kind", [GenerateContentRequest, StreamGenerateContentRequest])
def test_the_model_is_quoted_into_the_path(kind):
    request = kind(model="a/b:c?d", contents=(HI,))
    path = "/v1/models/a%2Fb%3Ac%3Fd"
    assert request.address(stream=False) == f"{path}:generateContent"
    assert request.address(stream=True) == f"{path}:streamGenerateContent?alt=sse"


def test_the_extras_of_a_stream_come_last():
    request = ChatRequest(
        model="m", messages=(HI,), extra={"stream_options": {"include_usage": False}, "n": 1}
    )
    assert request.stream_body() == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": False},
        "n": 1,
    }


SYSTEM = ChatMessage(role="system", content="s")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ChatRequest(model="m", messages=()), "messages"),
        (lambda: MessagesRequest(model="m", messages=(), max_tokens=1), "messages"),
        (lambda: MessagesRequest(model="m", messages=(SYSTEM, HI), max_tokens=1), "messages"),
        (
            lambda: MessagesRequest(model="m", messages=(HI,), max_tokens=1, temperature=1.5),
            "temperature",
        ),
        (lambda: ResponsesRequest(model="m", input=""), "input"),
        (lambda: ResponsesRequest(model="m", input=()), "input"),
        (lambda: GenerateContentRequest(model="m", contents=()), "contents"),
        (lambda: GenerateContentRequest(model="m", contents=(SYSTEM, HI)), "contents"),
        (lambda: ChatRequest(model=" ", messages=(HI,)), "model"),
        (lambda: ImagePart(url="/home/canary.png"), "content"),
        (lambda: ImagePart(url="asset://asset-canary"), "content"),
        (lambda: ImagePart(url="data:image/png,canary"), "content"),
        (lambda: TextAsk(model="gpt-5.4", turns=(SYSTEM,)), "turns"),
        (
            lambda: TextAsk(model="m", turns=(HI, ChatMessage(role="assistant", content="a"))),
            "turns",
        ),
        (lambda: text_request_for(TextAsk(model="nano-banana", turns=(HI,)), CATALOGUE), "model"),
        (lambda: text_request_for(TextAsk(model="gpt-5", turns=(HI,)), CATALOGUE), "model"),
    ],
)
def test_what_can_never_be_right_is_refused(make, field):
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert caught.value.field == field
    assert "canary" not in str(caught.value)


def test_a_signed_address_is_in_no_repr_and_no_message():
    ask = TextAsk(model="gpt-5.4", turns=(HI,), image_urls=(URL,))
    assert "canary" not in repr(ask) + repr(text_request_for(ask, CATALOGUE))
    with pytest.raises(ValidationError) as caught:
        ImagePart(url={"url": URL})
    assert "canary" not in str(caught.value)


ASK = {
    "system": "Be brief.",
    "turns": (SYSTEM, HI),
    "image_urls": (URL,),
    "json_mode": True,
    "max_tokens": 9,
    "temperature": 0.5,
    "extra": {"top": 1},
}
GEMINI_ASKED = {
    "systemInstruction": {"parts": [{"text": "Be brief.\n\ns"}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "hi"},
                {"fileData": {"fileUri": URL, "mimeType": "image/png"}},
            ],
        }
    ],
    "generationConfig": {
        "temperature": 0.5,
        "maxOutputTokens": 9,
        "responseMimeType": "application/json",
    },
    "top": 1,
}
ASKED = {
    "chat_completions/gpt-5.4": {
        "model": "gpt-5.4",
        "messages": [
            {"role": "system", "content": "Be brief.\n\ns"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "hi"},
                    {"type": "image_url", "image_url": {"url": URL}},
                ],
            },
        ],
        "response_format": {"type": "json_object"},
        "max_tokens": 9,
        "temperature": 0.5,
        "top": 1,
    },
    "messages/claude-opus-4-7": {
        "model": "claude-opus-4-7",
        "system": "Be brief.\n\ns\n\nAnswer with one JSON object and nothing else.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "hi"},
                    {"type": "image", "source": {"type": "url", "url": URL}},
                ],
            }
        ],
        "max_tokens": 9,
        "temperature": 0.5,
        "top": 1,
    },
    "responses/gpt-5.4": {
        "model": "gpt-5.4",
        "instructions": "Be brief.\n\ns",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "hi"},
                    {"type": "input_image", "image_url": URL},
                ],
            }
        ],
        "text": {"format": {"type": "json_object"}},
        "max_output_tokens": 9,
        "temperature": 0.5,
        "top": 1,
    },
    "generate_content/gemini-2.5-pro": GEMINI_ASKED,
    "stream_generate_content/gemini-2.5-pro": GEMINI_ASKED,
}


@pytest.mark.parametrize("model", ASKED)
def test_shared_words_in_each_dialect(model):
    request = text_request_for(TextAsk(model=model, **ASK), CATALOGUE)
    assert request.body() == ASKED[model]
    assert type(request) is TEXT_REQUESTS[model.partition("/")[0]]


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("gpt-5.4", {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}]}),
        ("responses/new", {"model": "new", "input": [{"role": "user", "content": "hi"}]}),
        (
            "messages/new",
            {"model": "new", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8192},
        ),
        ("generate_content/new", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    ],
)
def test_what_was_not_said_is_not_sent(model, body):
    assert text_request_for(TextAsk(model=model, turns=(HI,)), CATALOGUE).body() == body


@pytest.mark.parametrize(
    ("model", "field", "says"),
    [
        ("messages/gpt-5.4", "images", "These can: "),
        ("messages/gemini-2.5-pro", "model", "chat_completions"),
    ],
)
async def test_what_a_model_does_not_do_is_refused_before_the_wire(model, field, says):
    script = Script({})
    ask = TextAsk(model=model, turns=(HI,), image_urls=(URL,))
    async with client_for(script, catalogue=CATALOGUE) as api:
        with pytest.raises(InvalidRequest, match=says) as caught:
            await api.ask(ask)
        with pytest.raises(InvalidRequest, match=says):
            api.stream(ask)
    assert caught.value.field == field
    assert script.requests == []


async def test_a_picture_alone_can_be_asked_about():
    script = Script({"id": "c", "choices": [{"message": {"content": "a boat"}}]})
    alone = ChatMessage(role="user", content=(ImagePart(url=URL),))
    async with client_for(script, catalogue=CATALOGUE) as api:
        reply = await api.ask(TextAsk(model="gpt-5.4", turns=(alone,)))
    assert reply.text == "a boat"
