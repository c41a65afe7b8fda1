"""Gemini's two calls in Google's documented shape."""

import json

import pytest

from sandbox.settings import DEMO_KEY, TEXT_BASE
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.running import Running
from tests.sandbox.texting import GEMINI, GPT, HELLO, gemini, gemini_said, png, png_base64, the_text


def test_generate_content(box: Running) -> None:
    reply = gemini(box, "generateContent").json()

    assert HELLO in gemini_said(reply)
    assert reply["candidates"][0]["finishReason"] == "STOP"
    assert reply["modelVersion"] == GEMINI
    usage = reply["usageMetadata"]
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert the_text(box)["tokens"] == usage["totalTokenCount"]
    assert the_text(box)["endpoint"] == "generate_content"


def test_generated_content_streams_as_events_or_as_one_array(box: Running) -> None:
    whole = gemini_said(gemini(box, "generateContent").json())
    as_array = gemini(box, "streamGenerateContent")
    as_events = gemini(box, "streamGenerateContent?alt=sse")

    assert as_array.headers["content-type"].startswith("application/json")
    assert as_events.headers["content-type"].startswith("text/event-stream")
    lines = as_events.text.split("\r\n\r\n")
    assert lines.pop() == ""
    for replies in (
        as_array.json(),
        [json.loads(line.removeprefix("data: ")) for line in lines],
    ):
        assert len(replies) > 4
        assert "".join(map(gemini_said, replies)) == whole
        finished = [one["candidates"][0].get("finishReason") for one in replies]
        assert set(finished[:-1]) == {None}
        assert finished[-1] == "STOP"
    assert [call["endpoint"] for call in box.account()["texts"]] == [
        "generate_content",
        "stream_generate_content",
        "stream_generate_content",
    ]


def test_gemini_looks_at_what_is_shown(box: Running, host: ReferenceHost) -> None:
    url = host.put("c.png", png(12, 10))
    parts = [
        {"text": "What are these?"},
        {"inlineData": {"mimeType": "image/png", "data": png_base64(21, 13)}},
        {"file_data": {"mime_type": "image/png", "file_uri": url}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": box.finished(box.video())["video_url"]}},
    ]
    reply = gemini(box, "generateContent", contents=[{"parts": parts}]).json()
    assert "21x13, 12x10, 1280x720" in gemini_said(reply)
    assert host.asked == ["/c.png"]
    for mime_type, word in (("video/mp4", "not a readable video"), ("font/otf", "MIME")):
        part = {"inlineData": {"mimeType": mime_type, "data": "AAAA"}}
        refused = gemini(box, "generateContent", contents=[{"parts": [part]}])
        assert refused.status_code == 400
        assert word in refused.json()["error"]["message"]


@pytest.mark.parametrize("config", ["generationConfig", "generation_config"])
def test_gemini_s_json_schema_and_limit(box: Running, config: str) -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "image_prompt": {"type": "STRING"},
            "moods": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["calm", "wild"]}},
        },
    }
    as_json = {"responseMimeType": "application/json"}
    free = gemini(box, "generateContent", **{config: as_json}).json()
    shaped = gemini(box, "generateContent", **{config: as_json | {"responseSchema": schema}})
    cut = gemini(box, "generateContent", **{config: {"maxOutputTokens": 4}}).json()

    assert set(json.loads(gemini_said(free))) == {"image_prompt", "video_prompt"}
    assert json.loads(gemini_said(shaped.json()))["moods"] == ["calm"]
    assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert cut["usageMetadata"]["candidatesTokenCount"] == 4


def test_gemini_s_errors_are_google_s(box: Running) -> None:
    url = f"{TEXT_BASE}/v1/models/{GEMINI}:generateContent"
    unknown = gemini(box, "generateContent", "gemini-9")
    box.chaos({"fault": "rate_limited", "route": "gemini", "kind": "text"})
    limited = gemini(box, "streamGenerateContent")
    for answer, status, word in (
        (box.plain.post(url, json={}), 401, "UNAUTHENTICATED"),
        (box.plain.post(f"{url}?key={DEMO_KEY}", json={}), 401, "UNAUTHENTICATED"),
        (box.plain.post(url, headers={"x-goog-api-key": DEMO_KEY}), 401, "UNAUTHENTICATED"),
        (unknown, 404, "NOT_FOUND"),
        (limited, 429, "RESOURCE_EXHAUSTED"),
        (gemini(box, "generateContent", GPT), 404, "NOT_FOUND"),
        (gemini(box, "generateContent", contents=[]), 400, "INVALID_ARGUMENT"),
        (gemini(box, "generateContent", contents=[{"parts": [{}]}]), 400, "INVALID_ARGUMENT"),
        (
            gemini(box, "generateContent", contents=[{"role": "system", "parts": []}]),
            400,
            "INVALID_ARGUMENT",
        ),
        (
            gemini(box, "generateContent", generationConfig={"responseMimeType": "text/xml"}),
            400,
            "INVALID_ARGUMENT",
        ),
    ):
        assert answer.status_code == status, answer.text
        assert (answer.json()["error"]["code"], answer.json()["error"]["status"]) == (status, word)
    assert box.account()["texts"] == []
    assert box.http.post(f"{TEXT_BASE}/v1beta/models/{GEMINI}:generateContent").status_code == 404
