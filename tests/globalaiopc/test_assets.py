"""The asset libraries of the client: every shape that was seen, and what each failure means."""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from globalaiopc import (
    Asset,
    GlobalAIOPCClient,
    GlobalAIOPCError,
    InvalidRequest,
    LoginFailed,
    Moderated,
    NotHandled,
    NotSent,
    PollFailed,
    RateLimited,
    Refused,
    Timeouts,
)
from globalaiopc.answer import Answer
from globalaiopc.asset_answers import Seen, parse_deletion, parse_look, parse_upload
from globalaiopc.assets import reference
from tests.globalaiopc.asset_answers import (
    A1,
    A2,
    A3,
    A5,
    A6,
    E6,
    E8,
    ID,
    LIBRARIES,
    LOGIN,
    URL,
    answer,
    batch,
    detail,
)
from tests.globalaiopc.doubles import (
    KEY,
    Script,
    body,
    client_for,
    read_request,
    tcp_server,
)


@pytest.mark.parametrize(
    ("payload", "raw_status"),
    [
        (A1, "PROCESSING"),
        (A2, "NONE"),
        ({"code": 200, "data": {"asset_id": ID, "status": "processing"}}, "processing"),
        ({"code": 0, "asset_id": ID}, ""),
        (A5, ""),
        (A6, "submitted"),
        ({"code": "0", "data": {"items": [{"assetId": ID, "upstream": {"id": "x"}}]}}, ""),
    ],
    ids=["A1", "A2", "A4 wrapped", "A4 bare", "A5", "A6", "A6 with extra fields"],
)
def test_each_shape_of_an_accepted_upload_gives_the_id(payload: object, raw_status: str) -> None:
    seen = parse_upload(answer(payload), URL)
    assert (seen.asset_id, seen.status, seen.raw_status) == (ID, "processing", raw_status)


def test_an_upload_in_a_batch_is_found_by_its_url() -> None:
    other = {"originalUrl": "https://bucket.test/other.png", "assetId": "another"}
    own = {"originalUrl": URL, "assetId": ID, "status": "submitted"}
    assert parse_upload(answer(batch(other, own)), URL).asset_id == ID


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, "active") for word in ("Active", "ACTIVE", "active", " active ")),
        *((word, "failed") for word in ("Failed", "FAILED")),
        *((word, "processing") for word in ("NONE", "UPLOADING", "Processing", "submitted")),
        *((word, "processing") for word in ("READY", "reviewing", "新状态")),
        ("EXPIRED", "expired"),
        ("deleted", "deleted"),
    ],
)
def test_status_words_in_any_case_and_unknown_ones_as_still_working(word: str, status: str) -> None:
    for payload in (
        detail(word),
        {"assetId": ID, "status": word, "errorMessage": None},
        batch({"assetId": ID, "status": word}),
    ):
        assert parse_look(answer(payload), ID).status == status


def test_the_status_of_a_batch_is_that_of_the_asset_in_question() -> None:
    both = batch({"assetId": "b", "status": "Processing"}, {"assetId": ID, "status": "Active"})
    assert parse_look(answer(both), ID).status == "active"


def test_ready_material_alone_is_not_usable() -> None:
    waiting = answer(detail("NONE", materialStatus="READY"))
    assert parse_look(waiting, ID).status == "processing"
    failed = answer(detail("NONE", materialStatus="FAILED", errorMessage="too dark"))
    assert parse_look(failed, ID).message == "too dark"


@pytest.mark.parametrize(
    ("library", "kind", "options", "path", "sent", "payload"),
    [
        ("kyy_video2", "image", {"name": "Cat Image"}, "/kyyVideo2/asset/upload",
         {"assetType": "Image", "url": URL, "name": "Cat Image"}, A5),
        ("kyy_video2", "document", {}, "/kyyVideo2/asset/upload",
         {"assetType": "Document", "url": URL}, A5),
        ("sd2_manxue", "image", {}, "/asset/sd2Manxue/assetUpload", {"imageUrls": [URL]}, A6),
        ("sd2_manxue", "audio", {}, "/asset/sd2Manxue/assetUpload", {"audioUrls": [URL]}, A6),
        ("seedance2", "video", {"model": "sd_2.5"}, "/asset/seedance2/assetUpload",
         {"assetType": "Video", "url": URL, "model": "sd_2.5"}, A1),
    ],
)  # fmt: skip
async def test_an_upload_is_spelt_as_its_library_wants_it(
    library, kind, options, path, sent, payload
) -> None:
    script = Script(payload)
    async with client_for(script) as client:
        asset = await client.assets.upload(library, URL, kind, **options)
    assert asset == Asset(
        library=library, asset_id=ID, status="processing", raw_status=asset.raw_status
    )
    (request,) = script.requests
    assert request.method == "POST"
    assert request.url.path.endswith(path)
    assert json.loads(request.content) == sent
    assert request.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("library", "method", "path", "sent"),
    [
        ("kyy_video2", "GET", "/kyyVideo2/asset/a%2Fb%20c", None),
        ("sd2_manxue", "POST", "/asset/sd2Manxue/assetStatus", {"assetIds": ["a/b c"]}),
        ("seedance2", "POST", "/asset/seedance2/assetDetail", {"assetId": "a/b c"}),
    ],
)
async def test_a_look_is_spelt_as_its_library_wants_it(library, method, path, sent) -> None:
    script = Script(detail("Active"))
    async with client_for(script) as client:
        asset = await client.assets.look(library, "a/b c")
    assert (asset.status, asset.asset_id) == ("active", "a/b c")
    (request,) = script.requests
    assert request.method == method
    assert str(request.url).endswith(path)
    assert (json.loads(request.content) if request.content else None) == sent


def test_each_library_has_its_own_scheme_for_references() -> None:
    named = {
        library: reference(Asset(library=library, asset_id="a-1", status="active"))
        for library in LIBRARIES
    }
    assert named == {
        "kyy_video2": "asset://a-1",
        "sd2_manxue": "asset://a-1",
        "seedance2": "assetId://a-1",
    }


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("nowhere", URL, "image"), "library"),
        (("kyy_video2", URL, "hologram"), "kind"),
        (("sd2_manxue", URL, "document"), "kind"),
        (("seedance2", "s3://bucket/face.png", "image"), "url"),
        (("seedance2", "data:image/png;base64,AAAA", "image"), "url"),
        (("sd2_manxue", URL, "image", "a name"), "name"),
        (("kyy_video2", URL, "image", None, "sd_2.5"), "model"),
    ],
)
async def test_what_a_library_cannot_take_is_never_sent(asked, field) -> None:
    script = Script(A5)
    async with client_for(script) as client:
        with pytest.raises(InvalidRequest) as caught:
            await client.assets.upload(*asked)
    assert caught.value.field == field
    assert script.requests == []
    assert "canary" not in str(caught.value)


async def test_only_one_library_can_delete() -> None:
    script = Script({"code": "0", "msg": "删除成功", "data": None})
    async with client_for(script) as client:
        await client.assets.delete("kyy_video2", ID)
        for library in ("sd2_manxue", "seedance2"):
            with pytest.raises(InvalidRequest) as caught:
                await client.assets.delete(library, ID)
            assert caught.value.allowed == "kyy_video2"
        with pytest.raises(InvalidRequest):
            await client.assets.delete("kyy_video2", " ")
    (request,) = script.requests
    assert request.method == "DELETE"
    assert request.url.path.endswith(f"/kyyVideo2/asset/{ID}")


async def test_a_deletion_of_what_is_not_there_says_so() -> None:
    async with client_for(Script(E8)) as client:
        with pytest.raises(Refused) as caught:
            await client.assets.delete("kyy_video2", ID)
    assert caught.value.code == "asset_gone"


BROKEN_TLS = httpx.ConnectError("handshake")
BROKEN_TLS.__cause__ = ssl.SSLError("alert")

FAILURES = [
    (E6, Refused, "asset_unreachable", "user"),
    (A3, Refused, "asset_failed", "user"),
    ({"code": 0, "data": {"assetId": None, "status": "FAILED", "errorMessage": "审核未通过"}},
     Moderated, "moderated", "user"),
    (batch(failed=({"originalUrl": URL, "errorMessage": "素材 URL 无法访问"},)),
     Refused, "asset_unreachable", "user"),
    (batch(failed=({"originalUrl": URL, "errorMessage": "审核未通过"},)),
     Moderated, "moderated", "user"),
    (LOGIN, LoginFailed, "login_failed", "user"),
    ({"code": 500, "data": None, "msg": "No handler found for POST /x/y"},
     NotHandled, "not_handled", "operator"),
    (httpx.Response(429, headers={"Retry-After": "7"}), RateLimited, "rate_limited", "nobody"),
    ({"code": 0, "data": {}}, PollFailed, "poll_failed", "nobody"),
    (batch(), PollFailed, "poll_failed", "nobody"),
    (httpx.Response(200, content=b"<html>"), PollFailed, "poll_failed", "nobody"),
    (httpx.Response(200, content=b'{"code":0,"da'), PollFailed, "poll_failed", "nobody"),
    (httpx.Response(204), PollFailed, "poll_failed", "nobody"),
    (httpx.Response(302, headers={"Location": "https://x.test/"}),
     PollFailed, "poll_failed", "nobody"),
    (httpx.Response(502), PollFailed, "poll_failed", "nobody"),
    (httpx.ReadTimeout("late"), PollFailed, "poll_failed", "nobody"),
    (httpx.RemoteProtocolError("cut"), PollFailed, "poll_failed", "nobody"),
    (httpx.ConnectError("refused"), NotSent, "not_sent", "nobody"),
    (BROKEN_TLS, NotSent, "not_sent", "nobody"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "kind", "code", "who"), FAILURES)
async def test_no_failed_upload_costs_anything_and_each_may_be_repeated(
    event, kind, code, who
) -> None:
    script = Script(event)
    async with client_for(script) as client:
        with pytest.raises(GlobalAIOPCError) as caught:
            await client.assets.upload("seedance2", URL, "image")
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.charged, error.retry_is_free) == (code, "no", True)
    assert error.who_acts == who
    assert "canary" not in str(error)
    assert len(script.requests) == 1


async def test_an_upload_is_waited_for_longer_than_a_create() -> None:
    """The provider may fetch the file before it answers."""
    asked = asyncio.Event()

    async def silent(reader, writer):
        await read_request(reader)
        asked.set()
        await reader.read()

    async with tcp_server(silent) as base:
        timeouts = Timeouts(connect=0.2, read=0.1, look=0.05)
        async with GlobalAIOPCClient(KEY, media_base_url=base, timeouts=timeouts) as client:
            with pytest.raises(PollFailed, match=r"no answer within 0\.2 s"):
                await client.assets.upload("kyy_video2", URL, "image")
    assert asked.is_set()


async def test_no_url_is_in_a_log_an_error_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = {"code": 1001, "msg": f"素材 URL 无法访问: {URL}", "data": None}
    async with client_for(Script(A1, said)) as client:
        asset = await client.assets.upload("seedance2", URL, "image")
        with pytest.raises(Refused) as caught:
            await client.assets.upload("seedance2", URL, "image")
    shown = f"{asset!r} {caught.value} {caught.value.info()!r} {client.assets!r} {caplog.text}"
    assert "bucket.test" not in shown
    assert "canary" not in shown


WORDS = (
    *("code", "msg", "data", "items", "failedItems", "assetId", "asset_id", "status"),
    *("materialStatus", "errorMessage", "originalUrl", "error", "id"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    payload=JSON.map(body) | st.binary(max_size=60),
    status=st.sampled_from([200, 202, 204, 301, 400, 401, 404, 429, 500, 502]),
)
def test_any_bytes_are_an_asset_or_an_error_that_costs_nothing(payload, status) -> None:
    came = Answer(status, payload, {})
    for parse in (
        lambda: parse_upload(came, URL),
        lambda: parse_look(came, ID),
        lambda: parse_deletion(came),
    ):
        outcome = _outcome(parse)
        if isinstance(outcome, GlobalAIOPCError):
            assert (outcome.charged, outcome.retry_is_free) == ("no", True)
        else:
            assert came.ok
            assert len(outcome.message) <= 300


def _outcome(parse: Callable[[], Seen]) -> Seen | GlobalAIOPCError:
    try:
        return parse()
    except GlobalAIOPCError as error:
        return error
