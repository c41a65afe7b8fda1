"""The client's replies equal those of OpenAI's and Anthropic's own SDKs, whole and streamed.

The same question to the same sandbox gives the same answer; only the id of the call is its own.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from globalaiopc import (
    Catalogue,
    ChatMessage,
    ChatReply,
    ChatRequest,
    GlobalAIOPCClient,
    GlobalAIOPCError,
    ImagePart,
    MessagesRequest,
    ResponsesRequest,
    StreamCut,
    TextAsk,
    TextPart,
    TextRequest,
)
from sandbox.settings import DEMO_KEY, TEXT_BASE
from tests.sandbox.running import Running
from tests.sandbox.texting import (
    CLAUDE,
    GEMINI,
    GPT,
    HELLO,
    anthropic_client,
    gemini,
    gemini_said,
    openai_client,
    png_base64,
    png_data_uri,
)

CATALOGUE = Catalogue.load()
SYSTEM = "Answer as JSON: an object with image_prompt and video_prompt."
PICTURE = png_data_uri(64, 48)
USER = ChatMessage(role="user", content=HELLO)
SHOWN = ChatMessage(role="user", content=(TextPart(text=HELLO), ImagePart(url=PICTURE)))


@dataclass(frozen=True)
class Said:
    """What both sides are compared by."""

    model: str
    text: str
    finish_reason: str | None
    tokens: tuple[int | None, int | None]

    @classmethod
    def by_us(cls, reply: ChatReply) -> "Said":
        tokens = (reply.input_tokens, reply.output_tokens)
        return cls(reply.model, reply.text, reply.finish_reason, tokens)


def of_chat(answer: Any) -> Said:
    choice, usage = answer.choices[0], answer.usage
    tokens = (usage.prompt_tokens, usage.completion_tokens)
    return Said(answer.model, choice.message.content, choice.finish_reason, tokens)


def of_message(answer: Any) -> Said:
    text = "".join(block.text for block in answer.content if block.type == "text")
    tokens = (answer.usage.input_tokens, answer.usage.output_tokens)
    return Said(answer.model, text, answer.stop_reason, tokens)


def of_response(answer: Any) -> Said:
    tokens = (answer.usage.input_tokens, answer.usage.output_tokens)
    reason = answer.incomplete_details.reason if answer.incomplete_details else answer.status
    return Said(answer.model, answer.output_text, reason, tokens)


def chat_parts() -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": HELLO},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]


def message_parts() -> list[dict[str, Any]]:
    source = {"type": "base64", "media_type": "image/png", "data": png_base64(64, 48)}
    return [{"type": "text", "text": HELLO}, {"type": "image", "source": source}]


def response_parts() -> list[dict[str, Any]]:
    return [
        {"type": "input_text", "text": HELLO},
        {"type": "input_image", "image_url": PICTURE, "detail": "auto"},
    ]


JSON_MODE = {"type": "json_object"}
CHAT_TURNS = (ChatMessage(role="system", content=SYSTEM), USER)


def chat(**asked: Any) -> Callable[[Running], Said]:
    def ask(box: Running) -> Said:
        with openai_client(box) as client:
            return of_chat(client.chat.completions.create(**asked))

    return ask


def message(**asked: Any) -> Callable[[Running], Said]:
    def ask(box: Running) -> Said:
        with anthropic_client(box) as client:
            return of_message(client.messages.create(**asked))

    return ask


def response(**asked: Any) -> Callable[[Running], Said]:
    def ask(box: Running) -> Said:
        with openai_client(box) as client:
            return of_response(client.responses.create(**asked))

    return ask


def user(content: object) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


PAIRS: dict[str, tuple[TextRequest, Callable[[Running], Said]]] = {
    **{
        f"chat-{model}": (
            ChatRequest(model=model, messages=(USER,)),
            chat(model=model, messages=user(HELLO)),
        )
        for model in (GPT, CLAUDE, GEMINI)
    },
    "chat-json": (
        ChatRequest(model=GPT, messages=CHAT_TURNS, response_format=JSON_MODE, temperature=0.5),
        chat(
            model=GPT,
            messages=[{"role": "system", "content": SYSTEM}, *user(HELLO)],
            response_format=JSON_MODE,
            temperature=0.5,
        ),
    ),
    "chat-cut": (
        ChatRequest(model=GPT, messages=(USER,), max_tokens=3),
        chat(model=GPT, messages=user(HELLO), max_tokens=3),
    ),
    "chat-image": (
        ChatRequest(model=GPT, messages=(SHOWN,)),
        chat(model=GPT, messages=user(chat_parts())),
    ),
    **{
        f"messages-{model}": (
            MessagesRequest(model=model, messages=(USER,), max_tokens=300, system="Be kind."),
            message(model=model, messages=user(HELLO), max_tokens=300, system="Be kind."),
        )
        for model in (GPT, CLAUDE)
    },
    "messages-cut": (
        MessagesRequest(model=CLAUDE, messages=(USER,), max_tokens=3),
        message(model=CLAUDE, messages=user(HELLO), max_tokens=3),
    ),
    "messages-image": (
        MessagesRequest(model=CLAUDE, messages=(SHOWN,), max_tokens=300),
        message(model=CLAUDE, messages=user(message_parts()), max_tokens=300),
    ),
    "responses": (
        ResponsesRequest(model=GPT, input=HELLO, instructions="Be kind."),
        response(model=GPT, input=HELLO, instructions="Be kind."),
    ),
    "responses-json": (
        ResponsesRequest(model=GPT, input=HELLO, instructions=SYSTEM, text={"format": JSON_MODE}),
        response(model=GPT, input=HELLO, instructions=SYSTEM, text={"format": JSON_MODE}),
    ),
    "responses-cut": (
        ResponsesRequest(model=GPT, input=HELLO, max_output_tokens=3),
        response(model=GPT, input=HELLO, max_output_tokens=3),
    ),
    "responses-image": (
        ResponsesRequest(model=GPT, input=(SHOWN,)),
        response(model=GPT, input=user(response_parts())),
    ),
}


@pytest.fixture
async def api(box: Running) -> AsyncIterator[GlobalAIOPCClient]:
    made = GlobalAIOPCClient(DEMO_KEY, text_base_url=f"{box.base}{TEXT_BASE}", catalogue=CATALOGUE)
    async with made as client:
        yield client


@pytest.mark.parametrize("name", PAIRS)
async def test_an_answer_is_the_sdk_s(box: Running, api: GlobalAIOPCClient, name: str) -> None:
    request, ask_sdk = PAIRS[name]
    theirs = ask_sdk(box)
    box.reset()

    reply = await api.ask(request)

    assert Said.by_us(reply) == theirs
    (call,) = box.account()["texts"]
    assert (call["id"], call["endpoint"]) == (reply.id, request.endpoint)
    assert (call["streamed"], call["tokens"]) == (False, sum(filter(None, theirs.tokens)))


@pytest.mark.parametrize("name", PAIRS)
async def test_a_streamed_answer_is_the_sdk_s(
    box: Running, api: GlobalAIOPCClient, name: str
) -> None:
    request, ask_sdk = PAIRS[name]
    theirs = ask_sdk(box)
    box.reset()

    async with api.stream(request) as pieces:
        got = [piece async for piece in pieces]

    assert Said.by_us(pieces.reply) == theirs
    assert "".join(got) == theirs.text
    assert len(got) > (1 if theirs.tokens[1] > 3 else 0)
    (call,) = box.account()["texts"]
    assert (call["id"], call["streamed"]) == (pieces.reply.id, True)


def streamed_by_sdk(box: Running, endpoint: str) -> list[str]:
    """The pieces as the SDK's user sees them."""
    if endpoint == "messages":
        with (
            anthropic_client(box) as client,
            client.messages.stream(model=CLAUDE, messages=user(HELLO), max_tokens=300) as events,
        ):
            return list(events.text_stream)
    with openai_client(box) as client:
        if endpoint == "responses":
            events = client.responses.create(model=GPT, input=HELLO, stream=True)
            return [one.delta for one in events if one.type == "response.output_text.delta"]
        chunks: Any = client.chat.completions.create(model=GPT, messages=user(HELLO), stream=True)
        said = [one.choices[0].delta.content for one in chunks if one.choices]
        return [piece for piece in said if piece]


STREAMED: dict[str, TextRequest] = {
    "chat_completions": ChatRequest(model=GPT, messages=(USER,)),
    "messages": MessagesRequest(model=CLAUDE, messages=(USER,), max_tokens=300),
    "responses": ResponsesRequest(model=GPT, input=HELLO),
}


@pytest.mark.parametrize("endpoint", STREAMED)
async def test_the_pieces_are_the_sdk_s(
    box: Running, api: GlobalAIOPCClient, endpoint: str
) -> None:
    async with api.stream(STREAMED[endpoint]) as pieces:
        assert [piece async for piece in pieces] == streamed_by_sdk(box, endpoint)


@pytest.mark.parametrize("endpoint", ["generate_content", "stream_generate_content"])
async def test_gemini_s_answer_is_what_google_s_shape_says(
    box: Running, api: GlobalAIOPCClient, endpoint: str
) -> None:
    """Google's SDK talks to /v1beta with its own header for the key, so the raw answer is asked."""
    raw = gemini(box, "generateContent").json()
    usage = raw["usageMetadata"]

    reply = await api.ask(TextAsk(model=f"{endpoint}/{GEMINI}", turns=(USER,)))

    assert Said.by_us(reply) == Said(
        raw["modelVersion"],
        gemini_said(raw),
        raw["candidates"][0]["finishReason"],
        (usage["promptTokenCount"], usage["candidatesTokenCount"]),
    )
    assert [call["endpoint"] for call in box.account()["texts"]] == ["generate_content", endpoint]


@pytest.mark.parametrize(
    ("wrong", "sdk_says", "we_say"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "refused"),
        ({"temperature": 9.0}, openai.BadRequestError, "refused"),
    ],
)
async def test_what_the_sdk_is_refused_we_are_refused(
    box: Running, api: GlobalAIOPCClient, wrong: dict[str, Any], sdk_says: type, we_say: str
) -> None:
    with openai_client(box) as client, pytest.raises(sdk_says):
        client.chat.completions.create(**{"model": GPT, "messages": user(HELLO), **wrong})
    with pytest.raises(GlobalAIOPCError) as caught:
        await api.ask(ChatRequest(**{"model": GPT, "messages": (USER,), **wrong}))
    assert (caught.value.code, caught.value.charged) == (we_say, "no")
    assert box.account()["totals"]["texts"] == 0


async def test_a_wrong_key_is_a_wrong_key_to_both(box: Running) -> None:
    with anthropic_client(box, key="wrong") as client, pytest.raises(anthropic.AuthenticationError):
        client.messages.create(model=CLAUDE, messages=user(HELLO), max_tokens=9)
    base = f"{box.base}{TEXT_BASE}"
    async with GlobalAIOPCClient("wrong", text_base_url=base, catalogue=CATALOGUE) as api:
        for request in STREAMED.values():
            with pytest.raises(GlobalAIOPCError) as caught:
                await api.ask(request)
            assert caught.value.code == "unauthorized"
            with pytest.raises(GlobalAIOPCError) as caught:
                async with api.stream(request):
                    pytest.fail("it was let in")
            assert caught.value.code == "unauthorized"


STREAMS: dict[str, TextRequest | TextAsk] = {
    **STREAMED,
    "gemini": TextAsk(model=f"stream_generate_content/{GEMINI}", turns=(USER,)),
}


@pytest.mark.parametrize("fault", ["cut_stream", "cut", "truncated_json", "stream_error"])
@pytest.mark.parametrize("route", STREAMS)
async def test_a_stream_that_breaks_is_an_error_with_what_came(
    box: Running, api: GlobalAIOPCClient, route: str, fault: str
) -> None:
    async with api.stream(STREAMS[route]) as pieces:
        whole = (await pieces.rest()).text
    box.chaos({"fault": fault, "route": "stream", **({"after": 3} if "stream" in fault else {})})

    with pytest.raises(StreamCut) as caught:
        async with api.stream(STREAMS[route]) as pieces:
            await pieces.rest()

    received = caught.value.received
    assert received == pieces.received
    assert whole.startswith(received)
    assert 0 < len(received) < len(whole)
    assert caught.value.charged == "unknown"
    assert box.account()["totals"]["texts"] == 2
