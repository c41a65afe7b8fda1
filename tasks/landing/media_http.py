"""The HTTP client for media: it connects to admitted addresses alone, and keeps nothing.

A name is resolved once for each connection, and what was admitted is what is connected to: a name
that means another address a moment later (DNS rebinding) leads nowhere, and nothing is sent there.
TLS is still for the name.
"""

import logging
import ssl
from collections.abc import Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from globalaiopc.errors import ConfigurationError
from globalaiopc.scrub import quieten_http_loggers
from tasks.landing.guard import CREDENTIALS, Guard

NEXT_ADDRESS_SECONDS = 3.0
"""An address that is silent for so long gives way to the host's next one."""
MOST_ADDRESSES = 6

_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


def media_client(
    *, connect_seconds: float = 10.0, read_seconds: float = 60.0, guard: Guard | None = None
) -> httpx.AsyncClient:
    """A client for media hosts: no credentials, no proxy or netrc of the environment, no redirects.

    Whatever it is asked for, it connects only where `guard` allows, and raises its MediaRefused and
    TryAgainError. Its loggers are kept above INFO, at which httpx would write every media URL to
    the log.
    """
    quieten_http_loggers()
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
        transport=_Transport(guard or Guard()),
        # Strangers' cookies would only pile up: none is ever sent back.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        trust_env=False,
        follow_redirects=False,
    )


def check_no_credentials(http: httpx.AsyncClient) -> None:
    """ConfigurationError for a client that would send a key or a cookie to a media host."""
    if http.auth is not None or any(name in http.headers for name in CREDENTIALS):
        raise ConfigurationError(
            "The HTTP client for media carries credentials, and media hosts must not get them.",
            who_acts="operator",
            advice="Use a client made by `media_client()`.",
        )


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's own, on a pool of connections that `guard` looks after.

    The address is not put into the URL instead: connections are kept by the URL's host, and one
    that was proven by TLS to be some host would be used for all others of its address.
    """

    _pool: httpcore.AsyncConnectionPool

    def __init__(self, guard: Guard) -> None:
        context: ssl.SSLContext = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Dialler(guard),
        )


class _Dialler(httpcore.AsyncNetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = (await self._guard.addresses(host, port))[:MOST_ADDRESSES]
        brief = min(timeout or NEXT_ADDRESS_SECONDS, NEXT_ADDRESS_SECONDS)
        for address in others:
            try:
                return await self._network.connect_tcp(
                    address, port, brief, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
