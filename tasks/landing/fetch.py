"""One GET of a media file: each hop guarded, no credentials, the body as parts of one size."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus

import httpx

from globalaiopc.waiting import parse_http_date, parse_retry_after
from tasks.landing.errors import MediaRefused, SizeCapPassed, TryAgainError
from tasks.landing.guard import CREDENTIALS, Guard, check_peer
from tasks.landing.media_http import check_no_credentials

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
# Compressed in transit, neither the length nor the bytes would be the file's.
HEADERS = {"accept": "*/*", "accept-encoding": "identity"}


@asynccontextmanager
async def open_media(
    http: httpx.AsyncClient, address: str, *, guard: Guard, wall: datetime
) -> AsyncIterator[httpx.Response]:
    """The answer 200 for a media URL, its body still to be read.

    Redirects are followed here, at most 3, each admitted by `guard` first. Raises MediaRefused, or
    TryAgainError for whatever another try, or a fresh URL, may mend.
    """
    check_no_credentials(http)
    response = await _get(http, await guard.admit(address))
    try:
        for _ in range(MAX_REDIRECTS):
            if response.status_code not in REDIRECTS:
                break
            here, there = response.url, _led_to(response)
            await response.aclose()
            response = await _get(http, await guard.admit(there, came_from=here))
        _check_status(response, wall)
        yield response
    finally:
        await response.aclose()


async def parts_of(
    response: httpx.Response, part_bytes: int, size_cap: int
) -> AsyncGenerator[bytes, None]:
    """The body in parts of `part_bytes`, the last one shorter. Holds one part and one more.

    TryAgainError when the body breaks off, is empty or not as long as declared.
    """
    declared = declared_size(response)
    filling = bytearray()
    total = 0
    try:
        async for chunk in response.aiter_raw():
            total += len(chunk)
            if total > size_cap:
                raise SizeCapPassed(_too_large(response, size_cap))
            room = part_bytes - len(filling)
            filling += chunk[:room]
            if len(filling) == part_bytes:
                part = bytes(filling)
                filling.clear()
                filling += chunk[room:]
                yield part
                del part  # else it would be held here until the next one is full
    except httpx.TransportError as error:
        raise _broken(error, f"after {total} bytes") from error
    if total == 0:
        raise TryAgainError("the file was empty", bad=True)
    if declared is not None and total != declared:
        raise TryAgainError(f"{total} bytes came instead of {declared}", bad=True)
    if filling:
        yield bytes(filling)


def declared_size(response: httpx.Response) -> int | None:
    """Content-Length in bytes, if the host states one."""
    value = response.headers.get("content-length", "")
    return int(value) if value.isdigit() else None


def check_declared(response: httpx.Response, size_cap: int) -> None:
    """Refuse a body by what its headers say, before a byte of it is read."""
    if (declared_size(response) or 0) > size_cap:
        raise SizeCapPassed(_too_large(response, size_cap))
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TryAgainError("the host compressed the file, although asked not to", bad=True)


async def _get(http: httpx.AsyncClient, url: httpx.URL) -> httpx.Response:
    request = http.build_request("GET", url, headers=HEADERS)
    for name in CREDENTIALS:  # such as a cookie that the last answer of this host has set
        request.headers.pop(name, None)
    try:
        response = await http.send(request, stream=True, auth=None, follow_redirects=False)
    except httpx.TransportError as error:
        raise _broken(error, "before an answer came") from error
    try:
        check_peer(response, url)
    except MediaRefused:
        await response.aclose()
        raise
    return response


def _led_to(response: httpx.Response) -> str:
    try:
        return str(response.url.join(response.headers.get("location", "")))
    except (httpx.InvalidURL, ValueError):
        raise TryAgainError("the host redirects to what is no address", dead=True) from None


def _check_status(response: httpx.Response, wall: datetime) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in REDIRECTS:
        raise TryAgainError(f"the host redirects more than {MAX_REDIRECTS} times", dead=True)
    date = parse_http_date(response.headers.get("date"))
    wait = parse_retry_after(response.headers.get("retry-after"), date or wall)
    transient = status >= 500 or status in (202, 204, 206, 408, 425, 429)
    raise TryAgainError(
        f"the host answered {_status_text(status)}", retry_after=wait, dead=not transient
    )


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _broken(error: httpx.TransportError, when: str) -> TryAgainError:
    """Only the error's kind is told: its own text may hold the URL."""
    timed_out = isinstance(error, httpx.TimeoutException)
    what = "the host fell silent" if timed_out else "the connection broke"
    return TryAgainError(f"{what} {when} ({type(error).__name__})")


def _too_large(response: httpx.Response, size_cap: int) -> str:
    return f"The file at {response.url.host} is larger than the cap of {size_cap:,} bytes."
