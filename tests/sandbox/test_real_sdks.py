"""OpenAI's and Anthropic's own SDKs against the sandbox.

What works here works against the real services: the SDKs validate every answer strictly.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from pydantic import BaseModel

from sandbox.settings import DEMO_KEY, TEXT_BASE
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.running import Running
from tests.sandbox.texting import (
    ASKED,
    CLAUDE,
    GEMINI,
    GPT,
    HELLO,
    anthropic_client,
    openai_client,
    png,
    png_base64,
    png_data_uri,
    the_text,
)


class Prompts(BaseModel):
    image_prompt: str
    video_prompt: str
    takes: int


@pytest.fixture
def gpt(box: Running) -> Iterator[openai.OpenAI]:
    with openai_client(box) as client:
        yield client


@pytest.fixture
def claude(box: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic_client(box) as client:
        yield client


# --- OpenAI: chat completions --------------------------------------------------------------------


def test_chat_completions(box: Running, gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model=GPT, messages=ASKED)

    assert HELLO in str(answer.choices[0].message.content)
    assert (answer.model, answer.choices[0].finish_reason) == (GPT, "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    call = the_text(box)
    assert (call["endpoint"], call["tokens"]) == ("chat_completions", answer.usage.total_tokens)
    assert (call["id"], call["streamed"], call["images"]) == (answer.id, False, 0)


@pytest.mark.parametrize("model", [GPT, CLAUDE, GEMINI])
def test_chat_completions_take_all_three_families(gpt: openai.OpenAI, model: str) -> None:
    assert gpt.chat.completions.create(model=model, messages=ASKED).model == model


def test_a_chat_stream_says_the_same_in_parts(box: Running, gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model=GPT, messages=ASKED)
    box.reset()

    chunks = list(
        gpt.chat.completions.create(
            model=GPT, messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
    )

    said = [one.choices[0].delta.content for one in chunks if one.choices]
    assert len(said) > 4
    assert "".join(part or "" for part in said) == whole.choices[0].message.content
    assert [one.choices[0].finish_reason for one in chunks if one.choices][-2:] == [None, "stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert {one.id for one in chunks} == {the_text(box)["id"]}
    assert the_text(box)["streamed"]


def test_tools_are_taken_and_left_alone(gpt: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {}}}
    answer = gpt.chat.completions.create(model=GPT, messages=ASKED, tools=[tool])
    assert answer.choices[0].message.tool_calls is None
    assert HELLO in str(answer.choices[0].message.content)


def test_without_asking_a_chat_stream_has_no_usage(gpt: openai.OpenAI) -> None:
    chunks = list(gpt.chat.completions.create(model=GPT, messages=ASKED, stream=True))
    assert {one.usage for one in chunks} == {None}
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_chat_s_images_are_looked_at(
    box: Running, gpt: openai.OpenAI, host: ReferenceHost
) -> None:
    url = host.put("a.png", png(64, 48))
    parts: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": png_data_uri(30, 20)}},
    ]
    answer = gpt.chat.completions.create(model=GPT, messages=[{"role": "user", "content": parts}])

    assert "64x48, 30x20" in str(answer.choices[0].message.content)
    assert host.asked == ["/a.png"]
    assert the_text(box)["images"] == 2
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 2 * 200


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "data:,x", "asset://7", None])
def test_images_that_cannot_be_read_are_refused(
    box: Running, gpt: openai.OpenAI, host: ReferenceHost, url: str | None
) -> None:
    image = {"type": "image_url", "image_url": {"url": url or host.put("gone.png", 404)}}
    with pytest.raises(openai.BadRequestError, match="image"):
        gpt.chat.completions.create(model=GPT, messages=[{"role": "user", "content": [image]}])  # type: ignore[list-item]
    assert box.account()["texts"] == []


def test_json_mode_and_structured_output(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(
        model=GPT, messages=ASKED, response_format={"type": "json_object"}
    )
    assert set(json.loads(str(answer.choices[0].message.content))) == {
        "image_prompt",
        "video_prompt",
    }
    parsed = gpt.chat.completions.parse(model=GPT, messages=ASKED, response_format=Prompts)
    found = parsed.choices[0].message.parsed
    assert found is not None
    assert HELLO in found.image_prompt
    assert found.takes == 1


def test_max_tokens_cuts_the_text(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model=GPT, messages=ASKED, max_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert str(answer.choices[0].message.content) == "This is the sandbox'"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5
    chunks = list(gpt.chat.completions.create(model=GPT, messages=ASKED, max_tokens=5, stream=True))
    assert chunks[-1].choices[0].finish_reason == "length"


# --- OpenAI: responses ---------------------------------------------------------------------------


def test_responses(box: Running, gpt: openai.OpenAI) -> None:
    answer = gpt.responses.create(model=GPT, input=HELLO, instructions="Be short.", temperature=0.4)

    assert HELLO in answer.output_text
    assert (answer.status, answer.instructions, answer.temperature) == (
        "completed",
        "Be short.",
        0.4,
    )
    assert answer.usage is not None
    assert the_text(box)["tokens"] == answer.usage.total_tokens
    assert the_text(box)["endpoint"] == "responses"


def test_a_response_s_stream_has_all_its_events(box: Running, gpt: openai.OpenAI) -> None:
    events = list(gpt.responses.create(model=GPT, input=HELLO, stream=True))

    kinds = [kind for kind, _ in itertools.groupby(one.type for one in events)]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [one.sequence_number for one in events] == list(range(len(events)))
    said = "".join(one.delta for one in events if one.type == "response.output_text.delta")
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == said
    assert the_text(box)["id"] == last.response.id


def test_the_response_stream_helper_reads_it_too(gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model=GPT, input=HELLO) as stream:
        deltas = [one.delta for one in stream if one.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == "".join(deltas)


def test_a_response_goes_on_from_a_former_one(gpt: openai.OpenAI) -> None:
    first = gpt.responses.create(model=GPT, input=HELLO)
    second = gpt.responses.create(model=GPT, input="And then?", previous_response_id=first.id)
    unkept = gpt.responses.create(model=GPT, input=HELLO, store=False)

    assert HELLO in second.output_text
    assert second.previous_response_id == first.id
    for unknown in ("resp_never", unkept.id):
        with pytest.raises(openai.BadRequestError) as refused:
            gpt.responses.create(model=GPT, input="x", previous_response_id=unknown)
        assert refused.value.code == "previous_response_not_found"


def test_a_response_s_images_json_and_limit(box: Running, gpt: openai.OpenAI) -> None:
    content: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": png_data_uri(40, 30), "detail": "auto"},
    ]
    seen = gpt.responses.create(model=GPT, input=[{"role": "user", "content": content}])
    assert "40x30" in seen.output_text
    assert the_text(box)["images"] == 1

    parsed = gpt.responses.parse(model=GPT, input=HELLO, text_format=Prompts)
    assert parsed.output_parsed is not None
    assert HELLO in parsed.output_parsed.video_prompt

    cut = gpt.responses.create(model=GPT, input=HELLO, max_output_tokens=5)
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    events = list(gpt.responses.create(model=GPT, input=HELLO, max_output_tokens=5, stream=True))
    assert events[-1].type == "response.incomplete"


# --- OpenAI: errors ------------------------------------------------------------------------------


def test_openai_errors_are_of_their_class(box: Running, gpt: openai.OpenAI) -> None:
    with (
        openai_client(box, "wrong") as stranger,
        pytest.raises(openai.AuthenticationError, match="Incorrect API key") as unknown,
    ):
        stranger.chat.completions.create(model=GPT, messages=ASKED)
    assert unknown.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as missing:
        gpt.chat.completions.create(model="gpt-99", messages=ASKED)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as bad:
        gpt.chat.completions.create(model=GPT, messages=[])
    assert bad.value.param == "messages"
    box.chaos({"fault": "rate_limited", "route": "chat", "retry_after": "7"})
    with pytest.raises(openai.RateLimitError) as limited:
        gpt.chat.completions.create(model=GPT, messages=ASKED)
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "7"
    assert box.account()["texts"] == []


@pytest.mark.parametrize("model", [CLAUDE, GEMINI, "nano-banana-2"])
def test_responses_are_for_gpt_only(gpt: openai.OpenAI, model: str) -> None:
    with pytest.raises(openai.NotFoundError):
        gpt.responses.create(model=model, input=HELLO)


def test_the_sdk_s_own_retry_gets_through(box: Running) -> None:
    box.chaos({"fault": "error", "route": "chat", "status": 503})
    with openai_client(box, max_retries=1) as client:
        assert client.chat.completions.create(model=GPT, messages=ASKED).model == GPT
    assert box.account()["posts"] == {"/v1/chat/completions": 2}
    assert box.account()["totals"]["texts"] == 1


# --- Anthropic -----------------------------------------------------------------------------------


def test_messages(box: Running, claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(
        model=CLAUDE, max_tokens=200, messages=ASKED, system="Be short."
    )

    (block,) = answer.content
    assert block.type == "text"
    assert HELLO in block.text
    assert (answer.role, answer.stop_reason, answer.model) == ("assistant", "end_turn", CLAUDE)
    call = the_text(box)
    assert (call["id"], call["endpoint"]) == (answer.id, "messages")
    assert call["tokens"] == answer.usage.input_tokens + answer.usage.output_tokens


def test_messages_stream(box: Running, claude: anthropic.Anthropic) -> None:
    events = list(claude.messages.create(model=CLAUDE, max_tokens=200, messages=ASKED, stream=True))
    kinds = [kind for kind, _ in itertools.groupby(one.type for one in events)]
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    box.reset()
    with claude.messages.stream(model=CLAUDE, max_tokens=200, messages=ASKED) as stream:
        said = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(said) > 4
    assert HELLO in "".join(said)
    assert final.content[0].type == "text"
    assert final.content[0].text == "".join(said)
    assert final.stop_reason == "end_turn"
    call = the_text(box)
    assert call["tokens"] == final.usage.input_tokens + final.usage.output_tokens
    assert call["streamed"]


def test_messages_take_gpt_without_images_and_no_gemini(
    box: Running, claude: anthropic.Anthropic
) -> None:
    block: Any = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": png_base64(8, 8)},
    }
    assert claude.messages.create(model=GPT, max_tokens=9, messages=ASKED).model == GPT
    with pytest.raises(anthropic.BadRequestError, match="image"):
        claude.messages.create(
            model=GPT, max_tokens=9, messages=[{"role": "user", "content": [block]}]
        )
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model=GEMINI, max_tokens=9, messages=ASKED)
    assert box.account()["totals"]["texts"] == 1


def test_claude_looks_at_images(
    box: Running, claude: anthropic.Anthropic, host: ReferenceHost
) -> None:
    content: Any = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": png_base64(50, 40)},
        },
        {"type": "image", "source": {"type": "url", "url": host.put("b.png", png(16, 9))}},
        {"type": "text", "text": "What are these?"},
    ]
    answer = claude.messages.create(
        model=CLAUDE, max_tokens=200, messages=[{"role": "user", "content": content}]
    )
    assert answer.content[0].type == "text"
    assert "50x40, 16x9" in answer.content[0].text
    assert the_text(box)["images"] == 2


def test_messages_with_a_schema_and_a_limit(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.parse(
        model=CLAUDE, max_tokens=500, messages=ASKED, output_format=Prompts
    )
    assert answer.parsed_output is not None
    assert HELLO in answer.parsed_output.image_prompt
    cut = claude.messages.create(model=CLAUDE, max_tokens=3, messages=ASKED)
    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 3)


def test_anthropic_errors_are_of_their_class(box: Running, claude: anthropic.Anthropic) -> None:
    def ask(client: anthropic.Anthropic = claude, **changes: Any) -> None:
        client.messages.create(**({"model": CLAUDE, "max_tokens": 9, "messages": ASKED} | changes))

    with anthropic_client(box, "wrong") as stranger, pytest.raises(anthropic.AuthenticationError):
        ask(stranger)
    by_api_key = anthropic.Anthropic(
        api_key=DEMO_KEY, base_url=f"{box.base}{TEXT_BASE}", max_retries=0,
        http_client=httpx.Client(trust_env=False),
    )  # fmt: skip
    with by_api_key, pytest.raises(anthropic.AuthenticationError):
        ask(by_api_key)
    with pytest.raises(anthropic.NotFoundError) as missing:
        ask(model="claude-opus-9")
    assert missing.value.body["type"] == "error"  # type: ignore[index]
    assert missing.value.type == "not_found_error"
    assert str(missing.value.request_id).startswith("req_")
    for wrong in (
        {"max_tokens": 0},
        {"extra_body": {"max_tokens": None}},
        {"messages": []},
        {"temperature": 1.5},
        {"messages": [{"role": "system", "content": "x"}]},
    ):
        with pytest.raises(anthropic.BadRequestError) as bad:
            ask(**wrong)
        assert bad.value.type == "invalid_request_error"
    box.chaos({"fault": "rate_limited", "route": "messages"})
    with pytest.raises(anthropic.RateLimitError) as limited:
        ask()
    assert limited.value.type == "rate_limit_error"
    assert box.account()["texts"] == []
