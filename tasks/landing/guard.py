"""Where media may be fetched from: public hosts over https, and loopback over http (the sandbox).

A media URL comes from the provider's answer, a redirect, or a user's file of briefs: none of them
may make this machine knock at a metadata service, a database or anything else in its own network.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from globalaiopc.errors import ConfigurationError
from tasks.landing.errors import MediaRefused, TryAgainError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Address = IPv4Address | IPv6Address

CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "x-api-key")
NAT64 = IPv6Network("64:ff9b::/96")
HTTPS_PORT = 443


async def system_resolve(host: str, port: int) -> list[str]:
    """The addresses that this machine would connect to."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """Admits a URL, or raises MediaRefused. Ask it again for every redirect."""

    resolve: Resolve = system_resolve

    async def admit(self, address: str, *, came_from: httpx.URL | None = None) -> httpx.URL:
        """The parsed URL, when its host may be fetched from.

        `came_from` is the URL that redirected here: from the open network nothing may lead back to
        this machine. Raises TryAgainError while the host's name does not resolve.
        """
        url = _parse(address)
        if is_loopback(url):
            if came_from is not None and not is_loopback(came_from):
                raise _refused(url, "a redirect leads to this machine")
        elif url.scheme != "https":
            raise _refused(url, f"it is not https but {url.scheme or 'nothing'}")
        for ip in await self._addresses(url):
            _check_address(url, ip)
        return url

    async def _addresses(self, url: httpx.URL) -> list[str]:
        try:
            found = await self.resolve(url.host, url.port or HTTPS_PORT)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise TryAgainError(f"the name {url.host} does not resolve")
        return list(found)


def check_peer(response: httpx.Response, url: httpx.URL) -> None:
    """Refuse an answer from an address that `admit` would not have admitted.

    The name is resolved once more for the connection, and may by then mean another address.
    """
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if peer:
        _check_address(url, str(peer[0]))


def media_client(*, connect_seconds: float = 10.0, read_seconds: float = 60.0) -> httpx.AsyncClient:
    """A client for media hosts: no credentials, no proxy or netrc of the environment, no redirects.

    Its loggers are kept above INFO, at which httpx would write every media URL to the log.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx.Timeout(read_seconds, connect=connect_seconds)
    return httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)


def check_no_credentials(http: httpx.AsyncClient) -> None:
    """ConfigurationError for a client that would send a key or a cookie to a media host."""
    if http.auth is not None or any(name in http.headers for name in CREDENTIALS):
        raise ConfigurationError(
            "The HTTP client for media carries credentials, and media hosts must not get them.",
            who_acts="operator",
            advice="Use a client made by `media_client()`.",
        )


def is_loopback(url: httpx.URL) -> bool:
    """Plain http to this machine, by a name that can mean nothing else."""
    if url.scheme != "http":
        return False
    if url.host == "localhost":
        return True
    address = _literal(url.host)
    return address is not None and address.is_loopback


def _parse(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, TypeError, ValueError):
        url = None
    if url is None or not url.host:
        raise MediaRefused("The media URL is not a URL with a host.")
    if url.userinfo:
        raise _refused(url, "it carries a user name or password")
    return url


def _check_address(url: httpx.URL, text: str) -> None:
    ip = _literal(text)
    if ip is None or (not ip.is_loopback if is_loopback(url) else not _is_public(ip)):
        raise _refused(url, "its address is not public")


def _is_public(ip: Address) -> bool:
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    return ip.is_global and not ip.is_multicast


def _literal(text: str) -> Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _refused(url: httpx.URL, why: str) -> MediaRefused:
    return MediaRefused(f"The media at {url.host} is not fetched: {why}.")
