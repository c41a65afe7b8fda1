"""The client over real sockets: what left, what came back, and what may be said about it."""

import asyncio
import json
import logging
import socket
from contextlib import closing

import httpx
import pytest

from globalaiopc import (
    ChatMessage,
    ChatRequest,
    GlobalAIOPCClient,
    InvalidRequest,
    NanoBananaRequest,
    NotSent,
    OutcomeUnknown,
    PollFailed,
    SoraRequest,
    Timeouts,
)
from tests.globalaiopc.doubles import (
    IMAGE,
    KEY,
    Script,
    body,
    client_for,
    http_answer,
    read_request,
    tcp_server,
)

ACCEPTED = http_answer(body({"id": "job-1", "status": "queued"}))


def client(base: str, **options: object) -> GlobalAIOPCClient:
    return GlobalAIOPCClient(KEY, media_base_url=base, **options)


async def test_what_is_sent_and_what_comes_back():
    received: list[bytes] = []

    async def handler(reader, writer):
        received.append(await read_request(reader))
        writer.write(ACCEPTED)

    async with tcp_server(handler) as base, client(base) as api:
        submission = await api.sora(
            SoraRequest(model="openAiSora2Plus", prompt="一只纸船", size="1280x720", seconds=4)
        )
    head, _, content = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /kyyReactApiServer/v1/sora/videos HTTP/1.1")
    assert f"authorization: Bearer {KEY}".encode() in head.replace(
        b"Authorization", b"authorization"
    )
    assert b"content-type: application/json" in head.lower()
    assert json.loads(content) == {
        "model": "openAiSora2Plus",
        "prompt": "一只纸船",
        "size": "1280x720",
        "seconds": 4,
    }
    assert (submission.task_id, submission.model, submission.api) == (
        "job-1",
        "openAiSora2Plus",
        "v1",
    )


async def test_nobody_listens_so_nothing_was_sent():
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/kyyReactApiServer"
        async with client(base) as api:
            with pytest.raises(NotSent, match="refused the connection"):
                await api.nano_banana(IMAGE)
            with pytest.raises(PollFailed, match="refused the connection"):
                await api.result("t-1")


async def test_a_name_that_does_not_resolve_was_not_sent():
    async with client("https://no-such-host.invalid/kyyReactApiServer") as api:
        with pytest.raises(NotSent, match=r"could not be resolved"):
            await api.nano_banana(IMAGE)


async def test_a_handshake_that_fails_was_not_sent():
    async def handler(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 this is not TLS\r\n\r\n")
        writer.close()

    async with tcp_server(handler) as base, client(base.replace("http:", "https:")) as api:
        with pytest.raises(NotSent):
            await api.nano_banana(IMAGE)


async def _reset_before_answer(reader, writer):
    await read_request(reader)
    writer.transport.abort()


async def _close_before_answer(reader, writer):
    await read_request(reader)
    writer.close()


async def _cut_off(reader, writer):
    await read_request(reader)
    writer.write(ACCEPTED[:-8])
    writer.close()


async def _half_a_head(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-")
    writer.close()


async def _not_http(reader, writer):
    await read_request(reader)
    writer.write(b"220 mail ready\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    "handler", [_reset_before_answer, _close_before_answer, _cut_off, _half_a_head, _not_http]
)
async def test_a_connection_that_breaks_after_sending_leaves_the_outcome_unknown(handler):
    async with tcp_server(handler) as base, client(base) as api:
        with pytest.raises(OutcomeUnknown, match="broke") as caught:
            await api.nano_banana(IMAGE)
        assert (caught.value.charged, caught.value.retry_is_free) == ("unknown", False)
        with pytest.raises(PollFailed):
            await api.result("t-1")


async def _silent(reader, writer):
    await read_request(reader)
    await reader.read()


async def _trickling(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing() and not reader.at_eof():
        writer.write(b" ")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("handler", [_silent, _trickling])
async def test_an_answer_that_never_ends_is_given_up(handler):
    impatient = Timeouts(connect=0.1, read=0.1, look=0.1)
    async with tcp_server(handler) as base, client(base, timeouts=impatient) as api:
        with pytest.raises(OutcomeUnknown, match=r"within 0\.1 s"):
            await api.nano_banana(IMAGE)
        with pytest.raises(PollFailed, match=r"within 0\.1 s"):
            await api.result("t-1")


async def test_each_create_has_a_connection_of_its_own_and_looks_share_one():
    """So that no paid request is written to a connection that the server has just closed."""
    connections: list[list[str]] = []

    async def handler(reader, writer):
        requests: list[str] = []
        connections.append(requests)
        while True:
            try:
                request = await read_request(reader)
            except asyncio.IncompleteReadError:
                return
            requests.append(request.split()[0].decode())
            writer.write(ACCEPTED)

    async with tcp_server(handler) as base, client(base) as api:
        for _ in range(3):
            await api.nano_banana(IMAGE)
        for _ in range(3):
            await api.result("job-1")
    assert connections == [["POST"], ["POST"], ["POST"], ["GET", "GET", "GET"]]


async def test_a_redirect_is_not_followed_with_the_key():
    async def elsewhere(reader, writer):
        pytest.fail("the key was sent to another host")

    async with tcp_server(elsewhere) as other:

        async def handler(reader, writer):
            await read_request(reader)
            writer.write(http_answer(b"", "307 Temporary Redirect", f"Location: {other}"))

        async with tcp_server(handler) as base, client(base) as api:
            with pytest.raises(OutcomeUnknown, match="redirect"):
                await api.nano_banana(IMAGE)


async def test_a_chat_goes_to_the_text_host_with_its_own_patience():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"id": "c", "choices": [{"message": {"content": "hi"}}]})

    async with client_for(answer, text_base_url="https://text.example/v1") as api:
        reply = await api.chat_completions(
            ChatRequest(model="gpt-5.4", messages=(ChatMessage(role="user", content="hello"),))
        )
    assert reply.text == "hi"
    assert str(seen[0].url) == "https://text.example/v1/chat/completions"
    assert seen[0].extensions["timeout"]["read"] == 120.0


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SoraRequest(model="openAiSora2Plus", prompt="p", seconds=5), "seconds"),
        (SoraRequest(model="openAiSora2Plus", prompt="p", duration=5), "seconds"),
        (SoraRequest(model="openAiSora2Plus", prompt="p", aspect_ratio="1:1"), "ratio"),
        (SoraRequest(model="nano-banana-2", prompt="p"), "model"),
        (SoraRequest(model="new", prompt="p", extra={"x": float("nan")}), "extra"),
        (SoraRequest(model="new", prompt="\ud800"), "extra"),
    ],
)
async def test_what_cannot_be_right_is_refused_before_the_wire(request_, field):
    script = Script({"id": "x"})
    async with client_for(script) as api:
        with pytest.raises(InvalidRequest) as caught:
            await api.sora(request_)
    assert caught.value.field == field
    assert script.requests == []


async def test_a_model_without_a_row_can_be_used():
    async with client_for(Script({"id": "x"})) as api:
        submission = await api.nano_banana(NanoBananaRequest(model="nano-banana-9", prompt="p"))
    assert submission.model == "nano-banana-9"


async def test_before_send_comes_after_every_wait_and_can_keep_the_post_back():
    script = Script({"id": "x"})

    class LostClaim(Exception):
        pass

    called_at: list[float] = []

    def before_send() -> None:
        called_at.append(api.clock.now())
        raise LostClaim

    async with client_for(script) as api:
        api.cooldown.trip(30.0)
        with pytest.raises(LostClaim):
            await api.nano_banana(IMAGE, before_send=before_send)
    assert called_at[0] >= 1030
    assert script.requests == []


async def test_neither_key_nor_signed_url_is_logged(caplog):
    signed = "https://media.example/a.png?Signature=canary-signature"

    async def handler(reader, writer):
        await read_request(reader)
        done = body({"id": "x", "status": "completed", "image_url": signed})
        writer.write(http_answer(done, "200 OK", f"Location: {signed}"))

    # By name as well: landing, in another test, keeps this logger above INFO for the process.
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="httpx"):
        async with tcp_server(handler) as base, client(base) as api:
            view = await api.result("x")
            await api.nano_banana(
                NanoBananaRequest(model="nano-banana-2", prompt="p", image_urls=(signed,))
            )
        # A download by others, through the same httpx.
        mock = httpx.MockTransport(lambda request: httpx.Response(200))
        async with httpx.AsyncClient(transport=mock) as downloads:
            await downloads.get(signed)
    assert view.media_url == signed
    assert "https://media.example/a.png" in caplog.text
    assert "canary" not in caplog.text
    assert KEY not in caplog.text


def test_time_scale_and_timeouts_must_be_above_zero():
    with pytest.raises(ValueError, match="time_scale"):
        GlobalAIOPCClient(KEY, time_scale=0)
    with pytest.raises(ValueError, match="timeout"):
        Timeouts(read=0)
