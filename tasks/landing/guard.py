"""Where media may be fetched from: public hosts over https, and loopback over http (the sandbox).

A media URL comes from the provider's answer, a redirect, or a user's file of briefs: none of them
may make this machine knock at a metadata service, a database or anything else in its own network.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from tasks.landing.errors import MediaRefused, TryAgainError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Address = IPv4Address | IPv6Address

CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "x-api-key")
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_IPV6 = IPv6Network("2000::/3")
"""All that was ever given out for the open network; the rest of IPv6 leads somewhere else."""
INSIDE = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))
"""What Python calls global and a cloud answers on: the metadata of Oracle's and of Azure's."""
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
                raise _refused(_host(url), "a redirect leads to this machine")
        elif url.scheme != "https":
            raise _refused(_host(url), f"it is not https but {url.scheme or 'nothing'}")
        if not is_loopback(url) and _means_this_machine(_host(url)):
            raise _refused(_host(url), "its address is not public")
        await self.addresses(_host(url), url.port or HTTPS_PORT)
        return url

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where `host` may be connected to: all its addresses, or MediaRefused for a bad one.

        Loopback is for names that can mean nothing else. Raises TryAgainError while the name does
        not resolve.
        """
        try:
            found = list(await self.resolve(host, port))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise TryAgainError(f"the name {host} does not resolve")
        for address in found:
            _check_address(host, address)
        return found


def check_peer(response: httpx.Response, url: httpx.URL) -> None:
    """Refuse an answer from an address that `admit` would not have admitted.

    A client of `media_client()` never gets so far: it connects to admitted addresses alone.
    """
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if peer:
        _check_address(_host(url), str(peer[0]))


def is_loopback(url: httpx.URL) -> bool:
    """Plain http to this machine, by a name that can mean nothing else."""
    return url.scheme == "http" and _means_this_machine(_host(url))


def _means_this_machine(host: str) -> bool:
    address = _literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _parse(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
        named = bool(url.host)  # which also reads it as a name of another script
    except (httpx.InvalidURL, TypeError, ValueError):
        named = False
    if not named:
        raise MediaRefused("The media URL is not a URL with a host.")
    if url.userinfo:
        raise _refused(_host(url), "it carries a user name or password")
    if url.port is not None and not 0 < url.port < 65536:
        raise _refused(_host(url), "its port is no port")
    return url


def _host(url: httpx.URL) -> str:
    """As it is connected to: ASCII, whatever script the name is written in."""
    return url.raw_host.decode("ascii")


def _check_address(host: str, text: str) -> None:
    ip = _literal(text)
    if ip is None or (not ip.is_loopback if _means_this_machine(host) else not _is_public(ip)):
        raise _refused(host, "its address is not public")


def _is_public(ip: Address) -> bool:
    if isinstance(ip, IPv4Address):
        inside = any(ip in network for network in INSIDE)
        return ip.is_global and not ip.is_multicast and not inside
    inner = ip.ipv4_mapped or ip.sixtofour
    if ip in NAT64:
        inner = IPv4Address(int(ip) & 0xFFFFFFFF)
    if inner is not None:
        return _is_public(inner)
    return ip.is_global and ip in GLOBAL_IPV6


def _literal(text: str) -> Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _refused(host: str, why: str) -> MediaRefused:
    return MediaRefused(f"The media at {host} is not fetched: {why}.")
