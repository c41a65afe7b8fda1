"""What is connected to is what was admitted: real sockets, a host's name that changes its mind."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tasks.landing import Guard, MediaRefused, media_client
from tasks.landing import guard as guarding
from tasks.landing.errors import TryAgainError
from tasks.landing.fetch import MAX_REDIRECTS, open_media, parts_of
from tests.landing.media_host import Answer

WALL = datetime(2026, 1, 2, tzinfo=UTC)
HOST = "cdn.example"
# Loopback addresses that stand for public ones in these tests.
PUBLIC = ("127.0.0.2", "127.0.0.3")


class Names:
    """A resolver that answers in turn, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Listener:
    """Whoever connects is counted, and with `tls` answered. `heard` is what was said to it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls, self.connections, self.heard = tls, 0, b""
        self.names: list[str | None] = []
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)

    @asynccontextmanager
    async def at(self, address: str, port: int = 0) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, address, port, ssl=self.tls)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.heard += await reader.readuntil(b"\r\n\r\n") if self.tls else await reader.read(1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\n\r\nbytes")
        await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate, and its key, for HOST alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.fixture
def tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, certificate: str) -> None:
    """PUBLIC is public, and the certificate's maker is trusted."""
    is_public = guarding._is_public
    public = {ip_address(address) for address in PUBLIC}
    monkeypatch.setattr(guarding, "_is_public", lambda ip: ip in public or is_public(ip))
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: trusting)


async def read(guard: Guard, url: str) -> bytes:
    async with (
        media_client(guard=guard) as http,
        open_media(http, url, guard=guard, wall=WALL) as response,
    ):
        return b"".join([part async for part in parts_of(response, 1000, 1000)])


@pytest.mark.usefixtures("world")
async def test_it_connects_to_the_admitted_address_and_keeps_the_name_for_tls_and_host(tls):
    listener = Listener(tls)
    async with listener.at(PUBLIC[0]) as port:
        names = Names([PUBLIC[0]])
        assert await read(Guard(names), f"https://{HOST}:{port}/x") == b"bytes"
    assert listener.names == [HOST]
    assert f"host: {HOST}:{port}\r\n".encode() in listener.heard.lower()


@pytest.mark.usefixtures("world")
async def test_another_hosts_certificate_is_no_proof_for_this_one(tls):
    listener = Listener(tls)
    async with listener.at(PUBLIC[0]) as port:
        with pytest.raises(TryAgainError, match="ConnectError"):
            await read(Guard(Names([PUBLIC[0]])), f"https://other.example:{port}/x")
    assert listener.heard == b""


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_a_name_that_means_this_network_by_the_time_of_the_connection(inside):
    """DNS rebinding: not one packet is sent to the second address."""
    listener = Listener()
    names = Names([PUBLIC[0]], [inside])
    async with listener.at("127.0.0.1") as port:
        with pytest.raises(MediaRefused, match="not public"):
            await read(Guard(names), f"https://{HOST}:{port}/x?sig=canary")
    assert names.asked == [HOST, HOST]
    assert listener.connections == 0


@pytest.mark.usefixtures("world")
async def test_a_dead_address_gives_way_to_the_next_one(tls):
    listener = Listener(tls)
    async with listener.at(PUBLIC[1]) as port:
        guard = Guard(Names(list(PUBLIC)))
        assert await read(guard, f"https://{HOST}:{port}/x") == b"bytes"


async def test_localhost_that_resolves_elsewhere_is_not_connected_to():
    async with media_client(guard=Guard(Names(["192.0.2.7"]))) as http:
        with pytest.raises(MediaRefused):
            await http.get("http://localhost:1/x")


async def test_the_client_alone_connects_to_nothing_inside():
    """Even where nobody asked the guard for the URL first."""
    listener = Listener()
    async with listener.at("127.0.0.1") as port, media_client(guard=Guard()) as http:
        for host in ("0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost."):
            with pytest.raises((MediaRefused, TryAgainError)):
                await http.get(f"http://{host}:{port}/x")
    assert listener.connections == 0


async def test_every_hop_of_a_redirect_is_judged_and_they_end(host, http):
    guard = Guard()

    async def get(url):
        async with open_media(http, url, guard=guard, wall=WALL) as response:
            return response.status_code

    for place in (
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/",
        "https://127.0.0.1/",
        "https://localhost/",
        "file:///etc/passwd",
        "//10.0.0.1/x",
        "ftp://127.0.0.1/x",
        "https://user:pw@127.0.0.1/",
    ):
        url = host.url("/away", Answer(status=302, headers={"Location": place}))
        with pytest.raises(MediaRefused) as caught:
            await get(url)
        assert "pw" not in str(caught.value)
    for nowhere in ("http://[::1", "https://h:99999999/", "http://a\x7fb/", "http://\xff/"):
        url = host.url("/away", Answer(status=302, headers={"Location": nowhere}))
        with pytest.raises((TryAgainError, MediaRefused)):
            await get(url)
    host.asked.clear()
    loop = host.url("/loop", Answer(status=307, headers={"Location": "/loop"}))
    with pytest.raises(TryAgainError, match="redirects more than"):
        await get(loop)
    assert host.paths() == ["/loop"] * (MAX_REDIRECTS + 1)


async def test_no_cookie_and_no_credential_goes_along(host, http):
    cookie = {"Set-Cookie": "session=1; Path=/", "Location": "/there"}
    url = host.url("/here", Answer(status=302, headers=cookie))
    host.url("/there", Answer(b"x"))
    async with open_media(http, url, guard=Guard(), wall=WALL) as response:
        assert response.status_code == 200
    sent = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert all(set(asked.headers) <= sent for asked in host.asked)
    assert not http.cookies
