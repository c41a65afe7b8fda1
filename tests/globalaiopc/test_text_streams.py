"""Streams over real sockets: pieces as they come, and what a broken one may be called."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from globalaiopc import (
    Catalogue,
    ChatReply,
    ChatRequest,
    GlobalAIOPCClient,
    InvalidRequest,
    Moderated,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StreamCut,
    TextAsk,
    Timeouts,
    Unauthorized,
)
from tests.globalaiopc.doubles import KEY, FakeClock, body, http_answer, read_request, tcp_server
from tests.globalaiopc.text_dialects import (
    DIALECTS,
    PIECES,
    TEXT,
    USER,
    Dialect,
    chunk,
    event,
    typed,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
CATALOGUE = Catalogue.load()
CHAT = DIALECTS["chat_completions"]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@asynccontextmanager
async def serving(handler: Callable, **options) -> AsyncIterator[GlobalAIOPCClient]:
    async with tcp_server(handler) as base:
        text = base.replace("kyyReactApiServer", "gw_llm_power")
        made = GlobalAIOPCClient(KEY, text_base_url=text, catalogue=CATALOGUE, **options)
        async with made as client:
            yield client


def answering(*parts: bytes, sent: list[bytes] | None = None, whole: bool = True) -> Callable:
    async def handler(reader, writer):
        request = await read_request(reader)
        if sent is not None:
            sent.append(request)
        writer.write(HEAD + b"".join(framed(part) for part in parts) + (END if whole else b""))
        writer.close()

    return handler


async def read_all(client: GlobalAIOPCClient, dialect: Dialect) -> tuple[list[str], ChatReply]:
    async with client.stream(dialect.request) as pieces:
        return [piece async for piece in pieces], pieces.reply


@each_dialect
async def test_each_piece_is_there_before_the_next_is_sent(dialect):
    has_it = asyncio.Event()
    sent: list[bytes] = []

    async def handler(reader, writer):
        sent.append(await read_request(reader))
        writer.write(HEAD + b"".join(framed(part) for part in dialect.begin))
        for part in (*dialect.pieces, b"".join(dialect.end)):
            writer.write(framed(part))
            if part in dialect.pieces:
                await asyncio.wait_for(has_it.wait(), 10)
            has_it.clear()
        writer.write(END)

    got = []
    async with serving(handler) as client, client.stream(dialect.request) as pieces:
        with pytest.raises(RuntimeError, match="not been read"):
            _ = pieces.reply
        async for piece in pieces:
            got.append(piece)
            assert pieces.received == "".join(got)
            has_it.set()
    assert got == list(PIECES)
    assert pieces.reply == ChatReply(
        id="c-1",
        model=dialect.request.model,
        text=TEXT,
        finish_reason=dialect.finish,
        input_tokens=5,
        output_tokens=7,
    )
    assert len(sent) == 1


@each_dialect
async def test_a_stream_says_what_the_whole_answer_says(dialect):
    sent: list[bytes] = []

    async def handler(reader, writer):
        sent.append(await read_request(reader))
        writer.write(http_answer(body(dialect.whole)))

    async with serving(handler) as client:
        whole = await client.ask(dialect.request)
    async with serving(answering(dialect.stream, sent=sent)) as client:
        _, streamed = await read_all(client, dialect)
    assert whole == streamed
    heads, bodies = zip(*(request.split(b"\r\n\r\n", 1) for request in sent), strict=True)
    plain, asked = (json.loads(content) for content in bodies)
    if "contents" in asked:
        assert asked == plain
        assert heads[1].startswith(f"POST /gw_llm_power/v1/models/{whole.model}:stream".encode())
        assert b"streamGenerateContent?alt=sse HTTP" in heads[1]
    else:
        assert heads[0].startswith(f"POST /gw_llm_power{dialect.path} HTTP".encode())
        options = asked.pop("stream_options", None)
        assert asked == {**plain, "stream": True}
        assert (options is not None) == (dialect is CHAT)


@each_dialect
@pytest.mark.parametrize("whole", [True, False])
async def test_a_stream_that_stops_in_the_text_is_cut(dialect, whole):
    parts = (*dialect.begin, *dialect.pieces[:2])
    async with serving(answering(*parts, whole=whole)) as client:
        with pytest.raises(StreamCut) as caught:
            await read_all(client, dialect)
    error = caught.value
    assert (error.received, error.code) == ("Hello, 世界", "stream_cut")
    assert (error.charged, error.retry_is_free) == ("unknown", False)
    assert "9 characters had come" in error.message
    assert TEXT[:5] not in str(error)


@each_dialect
async def test_what_comes_after_the_end_of_the_text_takes_nothing_away(dialect):
    """The connection breaks, an error is told of: the answer is whole all the same."""
    last = {"chat_completions": 1, "messages": 2}.get(dialect.request.endpoint)
    end = dialect.end[:last]
    parts = (*dialect.begin, *dialect.pieces, *end, dialect.error)
    async with serving(answering(*parts, whole=False)) as client:
        pieces, reply = await read_all(client, dialect)
    assert ("".join(pieces), reply.finish_reason) == (TEXT, dialect.finish)


@each_dialect
async def test_bytes_may_be_split_anywhere(dialect):
    parts = (dialect.stream[at : at + 1] for at in range(len(dialect.stream)))
    async with serving(answering(*parts)) as client:
        pieces, _ = await read_all(client, dialect)
    assert pieces == list(PIECES)


@each_dialect
async def test_an_error_as_the_first_event_is_the_error_it_would_be_alone(dialect):
    async with serving(answering(dialect.error), clock=FakeClock()) as client:
        with pytest.raises(RateLimited, match="slow down") as caught:
            await read_all(client, dialect)
        assert client.cooldown.remaining > 0
    assert (caught.value.charged, caught.value.retry_is_free) == ("no", True)


@each_dialect
async def test_an_error_after_the_answer_began_is_not_free(dialect):
    parts = (*dialect.begin, *dialect.pieces, dialect.error)
    async with serving(answering(*parts), clock=FakeClock()) as client:
        with pytest.raises(RateLimited, match="slow down") as caught:
            async with client.stream(dialect.request) as pieces:
                await pieces.rest()
    assert "Hello" in pieces.received
    assert (caught.value.charged, caught.value.retry_is_free) == ("unknown", False)
    assert "Nothing was charged" not in str(caught.value)


BROKEN = {"error": {"message": "boom", "type": "server_error"}}


@pytest.mark.parametrize(
    ("first", "error", "kind"),
    [
        ((), event({"error": "bad gateway", "code": 502}), StreamCut),
        ((), event({"error": "model not available"}), Refused),
        ((), event({"code": 500, "msg": "系统异常"}), StreamCut),
        ((), event({"code": "204", "msg": "登录验证失败"}), Unauthorized),
        ((), event(BROKEN), StreamCut),
        (CHAT.pieces, event(BROKEN), StreamCut),
        (CHAT.pieces, event({"error": {"message": "upstream closed"}}), StreamCut),
        (CHAT.pieces, event({"error": {"message": "content rejected"}}), Moderated),
        (CHAT.begin, event({"error": {"message": "no such tool", "code": 400}}), StreamCut),
    ],
)
async def test_errors_within_a_chat_stream(first, error, kind):
    async with serving(answering(*first, error)) as client:
        with pytest.raises(kind) as caught:
            await read_all(client, CHAT)
    assert type(caught.value) is not OutcomeUnknown
    assert caught.value.charged == ("unknown" if first or kind is StreamCut else "no")
    if isinstance(caught.value, StreamCut):
        assert caught.value.received == (TEXT if first == CHAT.pieces else "")


async def test_a_response_that_fails_in_its_stream():
    dialect = DIALECTS["responses"]
    failed = typed(
        "response.failed",
        response={"status": "failed", "error": {"code": "server_error", "message": "boom"}},
    )
    async with serving(answering(*dialect.begin, dialect.pieces[0], failed)) as client:
        with pytest.raises(StreamCut, match="boom") as caught:
            await read_all(client, dialect)
    assert caught.value.received == PIECES[0]


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        ("401 Unauthorized", {"type": "error", "error": {"message": "who?"}}, Unauthorized),
        ("429 Too Many Requests", {"error": {"code": 429, "message": "slow"}}, RateLimited),
        ("400 Bad Request", {"error": {"message": "bad"}}, Refused),
        ("503 Service Unavailable", {"error": {"message": "overloaded"}}, OutcomeUnknown),
        ("307 Temporary Redirect", {}, OutcomeUnknown),
        ("200 OK", {"code": "204", "msg": "登录验证失败"}, Unauthorized),
        ("200 OK", {"error": {"message": "bad"}}, Refused),
        ("200 OK", "<html>", OutcomeUnknown),
    ],
)
@each_dialect
async def test_an_answer_that_is_no_stream_is_read_as_ever(dialect, status, payload, kind):
    posts = []

    async def handler(reader, writer):
        posts.append(await read_request(reader))
        content = payload.encode() if isinstance(payload, str) else body(payload)
        writer.write(http_answer(content, status, "Location: http://127.0.0.1:1/x"))

    async with serving(handler, clock=FakeClock()) as client:
        with pytest.raises(kind) as caught:
            await read_all(client, dialect)
    assert caught.value.charged == ("unknown" if kind is OutcomeUnknown else "no")
    assert len(posts) == 1


@each_dialect
async def test_a_whole_answer_instead_of_a_stream_is_one_piece(dialect):
    async def handler(reader, writer):
        await read_request(reader)
        writer.write(http_answer(body(dialect.whole)))

    async with serving(handler) as client:
        pieces, reply = await read_all(client, dialect)
    assert (pieces, reply.text) == ([TEXT], TEXT)


async def test_geminis_other_form_of_a_stream_is_read():
    """One JSON array, for a gateway that does not know `alt=sse`."""
    dialect = DIALECTS["stream_generate_content"]
    items = [part.strip().removeprefix(b"data: ") for part in (*dialect.pieces, *dialect.end)]
    array = b"[" + b",\r\n".join(items) + b"]"
    async with serving(answering(array)) as client:
        pieces, reply = await read_all(client, dialect)
    assert (pieces, reply.output_tokens) == (list(PIECES), 7)
    async with serving(answering(array[:-1])) as client:
        with pytest.raises(OutcomeUnknown):
            await read_all(client, dialect)
    async with serving(answering(b"[" + items[0] + b"]")) as client:
        with pytest.raises(StreamCut) as caught:
            await read_all(client, dialect)
    assert caught.value.received == PIECES[0]


@pytest.mark.parametrize("stream", [b"", b"\n", b": nothing\n\n", b"data: {}\n\n"])
async def test_a_stream_with_nothing_in_it_is_cut(stream):
    async with serving(answering(*([stream] if stream else []))) as client:
        with pytest.raises(StreamCut) as caught:
            await read_all(client, CHAT)
    assert caught.value.received == ""


@pytest.mark.parametrize(
    ("delta", "finish", "kind", "code"),
    [
        ({}, "length", OutcomeUnknown, "empty_reply"),
        ({}, "content_filter", Moderated, "moderated"),
        ({"refusal": "I cannot help with that"}, "stop", Moderated, "moderated"),
    ],
)
async def test_a_stream_without_any_text(delta, finish, kind, code):
    async with serving(answering(chunk(delta, finish), b"data: [DONE]\n\n")) as client:
        with pytest.raises(kind) as caught:
            await read_all(client, CHAT)
    assert (caught.value.code, caught.value.charged) == (code, "unknown")


@pytest.mark.parametrize("keeps_alive", [False, True])
async def test_a_stream_that_pauses_for_too_long_is_cut(keeps_alive):
    async def handler(reader, writer):
        await read_request(reader)
        writer.write(HEAD + framed(CHAT.pieces[0]))
        while keeps_alive and not writer.is_closing() and not reader.at_eof():
            writer.write(framed(b": still here\n\n"))
            await asyncio.sleep(0.02)
        await reader.read()

    impatient = Timeouts(connect=0.5, chat=10 if keeps_alive else 0.3, stream=0.3)
    async with serving(handler, timeouts=impatient) as client:
        with pytest.raises(StreamCut, match=r"no whole answer came within 0\.\d* s") as caught:
            await read_all(client, CHAT)
    assert caught.value.received == PIECES[0]


async def test_nothing_is_sent_before_entering_and_before_send_can_keep_it_back():
    posts = []

    class LostClaim(Exception):
        pass

    def keep() -> None:
        raise LostClaim

    async with serving(answering(CHAT.stream, sent=posts)) as client:
        stream = client.stream(CHAT.request)
        with pytest.raises(RuntimeError, match="async with"):
            aiter(stream)
        with pytest.raises(LostClaim):
            async with client.stream(CHAT.request, before_send=keep):
                pytest.fail("it was sent")
        assert posts == []
        async with stream as pieces:
            assert (await pieces.rest()).text == TEXT
    assert len(posts) == 1


async def test_leaving_early_closes_the_connection():
    closed = asyncio.Event()

    async def handler(reader, writer):
        await read_request(reader)
        writer.write(HEAD + framed(CHAT.pieces[0]))
        await reader.read()
        closed.set()

    async with serving(handler) as client:
        async with client.stream(CHAT.request) as pieces:
            async for piece in pieces:
                assert piece == PIECES[0]
                break
        await asyncio.wait_for(closed.wait(), 10)


async def test_nobody_listens_so_nothing_was_sent():
    async with GlobalAIOPCClient(KEY, text_base_url="http://127.0.0.1:1/gw_llm_power") as client:
        with pytest.raises(NotSent):
            await read_all(client, CHAT)


async def test_a_connection_that_breaks_before_the_answer_leaves_the_outcome_unknown():
    async def handler(reader, writer):
        await read_request(reader)
        writer.transport.abort()

    async with serving(handler) as client:
        with pytest.raises(OutcomeUnknown, match="broke"):
            await read_all(client, CHAT)


async def test_a_stream_is_refused_in_a_plain_call_and_the_other_way_round():
    async with serving(answering()) as client:
        with pytest.raises(InvalidRequest) as caught:
            await client.chat_completions(
                ChatRequest(model="gpt-5.4", messages=USER, extra={"stream": True})
            )
        assert caught.value.field == "stream"
        with pytest.raises(InvalidRequest):
            client.stream(ChatRequest(model="gpt-5.4", messages=USER, extra={"stream": False}))


async def test_an_ask_in_shared_words_is_streamed_too():
    sent: list[bytes] = []
    ask = TextAsk(model="messages/claude-opus-4-7", turns=USER)
    handler = answering(DIALECTS["messages"].stream, sent=sent)
    async with serving(handler) as client, client.stream(ask) as pieces:
        assert [piece async for piece in pieces] == list(PIECES)
    assert sent[0].startswith(b"POST /gw_llm_power/v1/messages ")
