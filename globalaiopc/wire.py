"""The HTTP connections, and what a broken one means for money.

A create is never retried here, and follows no redirect: the key stays with the host it is for.

Creates get a connection of their own each, which is closed afterwards. A kept connection may have
been closed by the server while it was idle; a request written to it is lost without an answer,
which would be an outcome nobody knows although nothing was accepted. One handshake per paid job is
the price. Looks are free and repeatable, so they share kept connections.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import httpx

from globalaiopc.errors import GlobalAIOPCError, NotSent, OutcomeUnknown, PollFailed
from globalaiopc.scrub import quieten_http_loggers

# Raised before the first byte of the request is written. ProxyError is: a proxy refused to open the
# tunnel, so the provider never heard of us. Everything else may have reached it.
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_IDLE_SECONDS = 15.0  # a kept connection older than that is more likely dead than useful
# Looks are short: 32 in flight are 300 looks a second at a tenth of a second each.
_LOOKS_AT_ONCE = 32
# A compressed stream arrives in lumps.
_AS_A_STREAM = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
_USER_AGENT = "globalaiopc-pipelines"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` is for a create, `chat` for a chat (models think), `look` for one look.

    Of a stream, `chat` is how long the next piece may take and `stream` how long all may.
    """

    connect: float = 10.0
    read: float = 60.0
    chat: float = 120.0
    look: float = 30.0
    stream: float = 900.0

    def __post_init__(self) -> None:
        if min(self.connect, self.read, self.chat, self.look, self.stream) <= 0:
            raise ValueError("a timeout must be above 0 seconds")


@dataclass(frozen=True, slots=True)
class Arriving:
    """An answer whose body is still on its way, as `chunks`."""

    status_code: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Wire:
    """Sends with the key, and turns every transport failure into an error of ours."""

    def __init__(
        self,
        key: str,
        *,
        timeouts: Timeouts,
        max_connections: int,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        quieten_http_loggers()
        self._timeouts = timeouts
        context = httpx.create_ssl_context() if transport is None else True

        def client(connections: int, *, kept: int) -> httpx.AsyncClient:
            return httpx.AsyncClient(
                headers={
                    "Authorization": f"Bearer {key}",
                    "Accept": "application/json",
                    "User-Agent": _USER_AGENT,
                },
                follow_redirects=False,
                verify=context,
                transport=transport,
                limits=httpx.Limits(
                    max_connections=connections,
                    max_keepalive_connections=kept,
                    keepalive_expiry=_IDLE_SECONDS,
                ),
            )

        self._creates = client(max_connections, kept=0)
        self._looks = _Lookers(partial(client, 1, kept=1), min(max_connections, _LOOKS_AT_ONCE))
        # In front of the pool, because the pool's own queue costs more the longer it is.
        self._create_turn = asyncio.Semaphore(max_connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._creates.aclose()
        await self._looks.aclose()

    async def create(
        self, url: str, content: bytes, read_timeout: float, before_send: Callable[[], None] | None
    ) -> httpx.Response:
        """One POST. `NotSent` when it surely never left, `OutcomeUnknown` when it may have."""
        request = self._paid(url, content, read_timeout)
        async with self._create_turn:
            if before_send is not None:
                before_send()
            # httpx bounds each read; this bounds a body that trickles. TCP and TLS may take
            # `connect` each, so it cannot end before the request has been sent.
            with _paid_for(read_timeout):
                async with asyncio.timeout(2 * self._timeouts.connect + read_timeout):
                    return await self._creates.send(request)

    @asynccontextmanager
    async def stream_create(
        self, url: str, content: bytes, read_timeout: float, before_send: Callable[[], None] | None
    ) -> AsyncIterator[Arriving]:
        """One POST whose answer is read as it comes; the connection is closed at the end.

        Raises as `create` does, and reading the body `OutcomeUnknown` only.
        """
        request = self._paid(url, content, read_timeout)
        request.headers.update(_AS_A_STREAM)
        async with self._create_turn:
            if before_send is not None:
                before_send()
            with _paid_for(read_timeout):
                async with asyncio.timeout(2 * self._timeouts.connect + read_timeout):
                    response = await self._creates.send(request, stream=True)
            async with aclosing(response):
                yield Arriving(
                    response.status_code,
                    response.headers,
                    _as_it_comes(response, read_timeout, self._timeouts.stream),
                )

    def _paid(self, url: str, content: bytes, read_timeout: float) -> httpx.Request:
        connect = self._timeouts.connect
        return self._creates.build_request(
            "POST",
            url,
            content=content,
            headers={"Content-Type": "application/json"},
            timeout=httpx.Timeout(read_timeout, connect=connect, pool=connect),
        )

    async def look(self, url: str, task_id: str) -> httpx.Response:
        """One GET. Whatever goes wrong is `PollFailed`."""
        try:
            return await self.free(
                "GET", url, what="One look at the job", read_timeout=self._timeouts.look
            )
        except PollFailed as exc:
            exc.task_id = task_id
            raise
        except NotSent as exc:
            raise PollFailed(exc.message, task_id=task_id) from exc

    async def free(
        self,
        method: str,
        url: str,
        *,
        what: str,
        read_timeout: float,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One call that costs nothing and may be repeated; `what` names it in the errors.

        `NotSent` when it surely never left, `PollFailed` for everything else.
        """
        connect = self._timeouts.connect
        async with self._looks.one() as http:
            try:
                async with asyncio.timeout(2 * connect + read_timeout):
                    return await http.request(
                        method,
                        url,
                        content=content,
                        headers={"Content-Type": "application/json"} if content else None,
                        timeout=httpx.Timeout(read_timeout, connect=connect, pool=connect),
                    )
            except _BEFORE_SENDING as exc:
                raise _not_sent(exc) from exc
            except (httpx.TimeoutException, TimeoutError) as exc:
                raise PollFailed(f"{what} got no answer within {read_timeout:g} s.") from exc
            except (httpx.HTTPError, OSError) as exc:
                raise PollFailed(f"{what} failed ({type(exc).__name__}).") from exc


class _Lookers:
    """Clients of one connection each; the one used last is used next, so that few stay open.

    One client with many connections asks the system about each idle one, twice for every request:
    of a thousand jobs' looks that was a fifth of all CPU.
    """

    def __init__(self, new: Callable[[], httpx.AsyncClient], at_once: int) -> None:
        self._new = new
        self._turn = asyncio.Semaphore(at_once)
        self._idle: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        async with self._turn:
            client = self._idle.pop() if self._idle else self._new()
            try:
                yield client
            finally:
                self._idle.append(client)

    async def aclose(self) -> None:
        for client in self._idle:
            await client.aclose()


@contextmanager
def _paid_for(seconds: float) -> Iterator[None]:
    """What a failure of a create, or of reading its answer, means for money."""
    try:
        yield
    except _BEFORE_SENDING as exc:
        raise _not_sent(exc) from exc
    except (httpx.TimeoutException, TimeoutError) as exc:
        raise OutcomeUnknown(
            f"The request was sent and no whole answer came within {seconds:g} s."
        ) from exc
    except Exception as exc:
        raise OutcomeUnknown(
            f"The connection broke after the request was sent ({type(exc).__name__})."
        ) from exc


async def _as_it_comes(
    response: httpx.Response, between: float, longest: float
) -> AsyncIterator[bytes]:
    """The body's pieces: at most `between` seconds are waited for the next, `longest` for all."""
    chunks, loop = response.aiter_bytes(), asyncio.get_running_loop()
    while True:
        patience, began = min(between, longest), loop.time()
        with _paid_for(patience):
            async with asyncio.timeout(patience):
                chunk = await anext(chunks, None)
        if chunk is None:
            return
        longest = max(0.0, longest - (loop.time() - began))
        yield chunk


def _not_sent(exc: Exception) -> GlobalAIOPCError:
    """What kept the request from leaving; the exception's own text names hosts and is not used."""
    causes = tuple(_chain(exc))

    def because(kind: type[BaseException]) -> bool:
        return any(isinstance(cause, kind) for cause in causes)

    if because(ssl.SSLCertVerificationError):
        return NotSent(
            "The request was not sent: the provider's certificate could not be verified.",
            who_acts="operator",
            advice="Check the base URL, this machine's date and its certificates.",
        )
    reasons: tuple[tuple[bool, str], ...] = (
        (because(httpx.PoolTimeout), "no connection became free in time"),
        (because(httpx.ConnectTimeout), "the provider did not take the connection in time"),
        (because(httpx.ProxyError), "the proxy refused to connect to the provider"),
        (because(socket.gaierror), "the provider's host name could not be resolved"),
        (because(ConnectionRefusedError), "the provider's host refused the connection"),
        (because(ssl.SSLError), "no TLS connection could be made"),
    )
    reason = next((reason for holds, reason in reasons if holds), "no connection could be made")
    return NotSent(f"The request was not sent: {reason}.")


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    """The exception and everything that led to it."""
    seen: set[int] = set()
    waiting = [exc]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
