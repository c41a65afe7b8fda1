"""What each way of failing means for money, driven through the client at its transport."""

import asyncio
import ssl

import httpx
import pytest

from globalaiopc import errors
from tests.globalaiopc.doubles import IMAGE, KEY, FakeClock, Script, client_for

NO_HANDLER = {"code": 500, "data": None, "msg": "No handler found for POST /a/b"}
HTML = httpx.Response(200, content=b"<!doctype html><p>nginx")


def broken(kind: type[httpx.TransportError], cause: Exception | None = None) -> Exception:
    exc = kind("https://host.example/secret?sig=1")
    exc.__cause__ = cause
    return exc


def answer(status_code: int, payload: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(
        status_code, json=payload, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


TABLE = [
    # what happens, error, charged, retry is free
    (broken(httpx.ConnectError), errors.NotSent, "no", True),
    (broken(httpx.ConnectError, ssl.SSLError("handshake")), errors.NotSent, "no", True),
    (broken(httpx.ConnectTimeout), errors.NotSent, "no", True),
    (broken(httpx.PoolTimeout), errors.NotSent, "no", True),
    (broken(httpx.ProxyError), errors.NotSent, "no", True),
    (broken(httpx.UnsupportedProtocol), errors.NotSent, "no", True),
    (broken(httpx.WriteError), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.WriteTimeout), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.ReadTimeout), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.ReadError), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.CloseError), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.RemoteProtocolError), errors.OutcomeUnknown, "unknown", False),
    (broken(httpx.LocalProtocolError), errors.OutcomeUnknown, "unknown", False),
    (httpx.DecodingError("gzip"), errors.OutcomeUnknown, "unknown", False),
    (OSError("odd"), errors.OutcomeUnknown, "unknown", False),
    (RuntimeError("odd"), errors.OutcomeUnknown, "unknown", False),
    (answer(400, {"error": "bad"}), errors.Refused, "no", False),
    (answer(400, {"error": {"message": "content rejected"}}), errors.Moderated, "no", False),
    (answer(401), errors.Unauthorized, "no", False),
    (answer(402), errors.BalanceTooLow, "no", False),
    (answer(403), errors.Forbidden, "no", False),
    (answer(403, {"error": {"message": "insufficient_user_quota"}}), errors.BalanceTooLow, "no", 0),
    (answer(404), errors.NotHandled, "no", False),
    (answer(404, {"error": {"message": "model not found"}}), errors.Refused, "no", False),
    (answer(405), errors.NotHandled, "no", False),
    # A gateway gives these when it lost sight of what it had forwarded.
    (answer(408), errors.OutcomeUnknown, "unknown", False),
    (answer(499), errors.OutcomeUnknown, "unknown", False),
    (answer(413), errors.Refused, "no", False),
    (answer(422, {"detail": [{"msg": "field required"}]}), errors.Refused, "no", False),
    # RFC 8470: "unwilling to process", so it was not.
    (answer(425), errors.Refused, "no", False),
    (answer(429, retry_after="7"), errors.RateLimited, "no", True),
    (answer(301, location="https://elsewhere.example"), errors.OutcomeUnknown, "unknown", False),
    (answer(307, location="https://elsewhere.example"), errors.OutcomeUnknown, "unknown", False),
    (answer(500), errors.OutcomeUnknown, "unknown", False),
    (answer(500, {"code": 500, "msg": "系统异常"}), errors.OutcomeUnknown, "unknown", False),
    (answer(500, NO_HANDLER), errors.NotHandled, "no", False),
    (
        answer(500, {"code": 500, "msg": "Request method 'GET' not supported"}),
        errors.NotHandled,
        "no",
        False,
    ),
    (answer(502), errors.OutcomeUnknown, "unknown", False),
    (answer(503, retry_after="7"), errors.OutcomeUnknown, "unknown", False),
    (answer(504), errors.OutcomeUnknown, "unknown", False),
    (HTML, errors.OutcomeUnknown, "unknown", False),
    (httpx.Response(200, content=b""), errors.OutcomeUnknown, "unknown", False),
    (httpx.Response(204), errors.OutcomeUnknown, "unknown", False),
    (httpx.Response(200, content=b'{"id":"a'), errors.OutcomeUnknown, "unknown", False),
    (answer(200, {"status": "queued"}), errors.OutcomeUnknown, "unknown", False),
    (answer(200, ["x"]), errors.OutcomeUnknown, "unknown", False),
    (answer(200, NO_HANDLER), errors.NotHandled, "no", False),
    (answer(200, {"code": "204", "msg": "登录验证失败"}), errors.LoginFailed, "no", False),
    (answer(200, {"code": 1001, "msg": "no"}), errors.Refused, "no", False),
    (answer(200, {"id": "x", "status": "failed"}), errors.Refused, "no", False),
    (
        answer(200, {"id": "x", "status": "FAILED", "error": "审核未通过"}),
        errors.Moderated,
        "no",
        False,
    ),
]


def _id(row: tuple) -> str:
    event, kind = row[0], row[1]
    what = event.status_code if isinstance(event, httpx.Response) else type(event).__name__
    return f"{what}-{kind.__name__}"


@pytest.mark.parametrize(("event", "kind", "charged", "free"), TABLE, ids=map(_id, TABLE))
async def test_a_create_that_fails(event, kind, charged, free):
    script = Script(event)
    async with client_for(script) as client:
        with pytest.raises(errors.GlobalAIOPCError) as caught:
            await client.nano_banana(IMAGE)
    assert type(caught.value) is kind
    assert (caught.value.charged, caught.value.retry_is_free) == (charged, bool(free))
    assert len(script.requests) == 1, "a create is one POST, whatever happens to it"
    assert KEY not in str(caught.value)
    assert "example" not in str(caught.value)
    assert "\n" not in str(caught.value)


# A defect of ours is not hidden in a failed look.
LOOKS = [row for row in TABLE if not isinstance(row[0], RuntimeError)]


@pytest.mark.parametrize("event", [row[0] for row in LOOKS], ids=map(_id, LOOKS))
async def test_a_look_that_fails_the_same_way_never_ends_the_job(event):
    """Only a job's own status is its end: every other answer leaves it running and free to see."""
    async with client_for(Script(event)) as client:
        outcome = (await asyncio.gather(client.result("t-1"), return_exceptions=True))[0]
    assert outcome.task_id == "t-1"
    if isinstance(outcome, errors.PollFailed):
        assert outcome.retry_is_free
    elif isinstance(outcome, errors.NotHandled | errors.Unauthorized | errors.Forbidden):
        assert (outcome.charged, outcome.retry_is_free) == ("unknown", True)
    else:
        assert outcome.status in {"failed", "queued"}


async def test_retry_after_is_on_the_error():
    async with client_for(Script(answer(429, retry_after="7"))) as client:
        with pytest.raises(errors.RateLimited) as caught:
            await client.nano_banana(IMAGE)
    assert caught.value.retry_after == 7.0


async def test_a_certificate_that_fails_is_the_operators():
    refused = broken(httpx.ConnectError, ssl.SSLCertVerificationError("bad"))
    async with client_for(Script(refused)) as client:
        with pytest.raises(errors.NotSent, match="certificate") as caught:
            await client.nano_banana(IMAGE)
    assert caught.value.who_acts == "operator"


async def test_the_request_id_is_kept_and_the_key_is_not():
    echo = answer(401, {"error": {"message": f"Incorrect key {KEY}" + "x" * 300}}, x_log_id="log-1")
    async with client_for(Script(echo), FakeClock()) as client:
        with pytest.raises(errors.Unauthorized) as caught:
            await client.nano_banana(IMAGE)
        assert KEY not in repr(client)
    assert caught.value.request_id == "log-1"
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.info()}"
