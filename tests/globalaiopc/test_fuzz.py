"""Any bytes at all give a value or one of our errors. Nothing else may leave the parser: what it
would hit is a job that was already paid for."""

import json
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from globalaiopc import ChatReply, GlobalAIOPCError, Submission, TaskView
from globalaiopc.answer import Answer
from globalaiopc.asset_answers import parse_deletion, parse_look, parse_upload
from globalaiopc.gathering import gathering_for, told_error
from globalaiopc.parse import parse_create, parse_result
from globalaiopc.parse_text import parse_text, reply_of, told_failure
from globalaiopc.said import SHAPES
from tests.fuzzing import in_words

STATUS_CODES = st.sampled_from([200, 201, 202, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503])
WORDS = st.sampled_from(
    [
        "queued",
        "COMPLETED",
        "failed",
        "error",
        "0",
        "200",
        "204",
        "500",
        "ok",
        "https://a.example/x",
        "审核",
        "not",
        "found",
    ]
)
KEYS = st.sampled_from(
    [
        "id",
        "task_id",
        "data",
        "result",
        "output",
        "status",
        "state",
        "code",
        "msg",
        "message",
        "error",
        "video_url",
        "image_url",
        "images",
        "url",
        "amount",
        "progress",
        "totalTokens",
        "usage",
        "actualDuration",
        "choices",
        *("candidates", "parts", "promptFeedback", "usageMetadata", "finishReason"),
        *("stop_reason", "type", "refusal", "delta", "response", "message", "content_block"),
        "content",
        "text",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**300 + 9)
    | st.floats()
    | st.text(max_size=8)
    | WORDS
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=8)

ASSET_KEYS = st.sampled_from(
    ["items", "failedItems", "assetId", "asset_id", "materialStatus", "originalUrl", "status"]
)
ASSET_ENTRIES = st.lists(st.dictionaries(ASSET_KEYS, LEAVES, max_size=4) | LEAVES, max_size=3)

EVENTS = st.sampled_from(
    [
        *("error", "message_start", "content_block_start", "content_block_delta", "message_delta"),
        *("message_stop", "response.created", "response.output_text.delta", "response.completed"),
        *("response.failed", "response.refusal.delta"),
    ]
)
TYPED = st.builds(lambda kind, body: {**body, "type": kind}, EVENTS, OBJECTS)

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "x-request-id"]), st.text(max_size=30), max_size=3
)


def _never_anything_else(status_code: int, content: bytes, headers: dict[str, str]) -> None:
    parsers = (
        *((partial(parse_text, endpoint), (), ChatReply) for endpoint in SHAPES),
        (parse_create, (), Submission),
        (parse_result, ("t-1",), TaskView),
    )
    for parse, more, kind in parsers:
        try:
            reply = parse(status_code, content, headers, *more)
        except GlobalAIOPCError as exc:
            text = str(exc)
            text.encode()
            assert "\n" not in text
            assert "a.example" not in text
        else:
            assert isinstance(reply, kind)
            reply.model_dump_json()


@settings(max_examples=200)
@given(STATUS_CODES, JSON | OBJECTS, HEADERS)
def test_any_json(status_code, payload, headers):
    _never_anything_else(status_code, json.dumps(payload).encode(), headers)


@settings(max_examples=150)
@given(STATUS_CODES, st.binary(max_size=200), HEADERS)
def test_any_bytes(status_code, content, headers):
    _never_anything_else(status_code, content, headers)


def test_the_nasty_ones():
    for content in (
        b"[" * 100_000,
        b'{"data":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"amount":' + b"9" * 10_000 + b',"id":"x"}',
        b'{"id":"\\ud800","status":"queued"}',
        b'\xef\xbb\xbf{"id":"x"}',
        b'{"id":"\xff"}',
        b'{"error":"' + b"a." * 500_000 + b'"}',
    ):
        for status_code in (200, 400, 500):
            _never_anything_else(status_code, content, {})


@given(OBJECTS)
@settings(max_examples=100)
def test_a_create_without_an_id_is_never_accepted(payload):
    """Also never polled with an id of our own making."""
    content = json.dumps(payload).encode()
    try:
        submission = parse_create(200, content, {})
    except GlobalAIOPCError:
        return
    assert submission.task_id.strip()
    assert '"id"' in content.decode() or '"task_id"' in content.decode()


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.just("") | EVENTS, OBJECTS | TYPED | JSON), max_size=6),
    st.sampled_from(list(SHAPES)),
    st.booleans(),
)
def test_any_events_give_pieces_and_a_reply_or_an_error(events, endpoint, begun):
    gathering, answer = gathering_for(endpoint), Answer(200, b"", {})
    for name, event in events:
        error = told_error(name, event)
        if error is not None:
            failure = told_failure(answer, error, begun=begun)
            assert "\n" not in str(failure)
            assert not (begun and (failure.charged == "no" or failure.retry_is_free))
        gathering.take(name, event).encode()
    try:
        reply = reply_of(answer, gathering.said())
    except GlobalAIOPCError as exc:
        said = str(exc)
    else:
        said = reply.model_dump_json()
    assert "\n" not in said


@settings(max_examples=200)
@given(STATUS_CODES, OBJECTS | st.dictionaries(ASSET_KEYS, JSON | ASSET_ENTRIES, max_size=6))
def test_any_answer_of_a_library(status_code, payload):
    answer = Answer(status_code, json.dumps(payload).encode(), {})
    free: list[bool] = []
    for parse in (
        partial(parse_upload, answer, "https://a.example/x"),
        partial(parse_look, answer, "a-1"),
        partial(parse_deletion, answer),
    ):
        try:
            seen = parse()
        except GlobalAIOPCError as exc:
            in_words(exc, 2_000)
            free.append(exc.charged == "no")
        else:
            f"{seen.asset_id}{seen.raw_status}{seen.message}".encode()
    assert all(free)
