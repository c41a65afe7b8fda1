import httpx
import pytest

from tasks.landing import Guard, MediaRefused, media_client
from tasks.landing.errors import TryAgainError
from tasks.landing.guard import check_peer

PUBLIC = "93.184.216.34"


def resolving_to(*addresses):
    async def resolve(host, port):
        if not addresses:
            raise OSError("Name or service not known")
        return list(addresses)

    return Guard(resolve=resolve)


class Stream:
    def __init__(self, address):
        self.address = address

    def get_extra_info(self, name):
        return (self.address, 443) if name == "server_addr" else None


@pytest.mark.parametrize("url", ["https://cdn.example/x?sig=1", "https://cdn.example:8443/x"])
async def test_public_https_is_admitted(url):
    assert str(await resolving_to(PUBLIC, "2606:2800:220:1::1").admit(url)) == url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
async def test_plain_http_is_admitted_to_this_machine(host):
    await Guard(
        resolve=resolving_to(host.strip("[]").replace("localhost", "127.0.0.1")).resolve
    ).admit(f"http://{host}:8000/x")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::",
        "fe80::1%eth0", "fd00:ec2::254", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "ff02::1", "::7f00:1",
        "::ffff:0:a9fe:a9fe", "::ffff:0:0:1", "fec0::1", "2001:0:a9fe:a9fe::1", "4000::1",
        "192.0.0.192", "168.63.129.16", "nonsense",
    ],
)  # fmt: skip
async def test_a_name_for_an_address_that_is_not_public(address):
    for found in ([address], [PUBLIC, address]):
        with pytest.raises(MediaRefused, match=r"cdn\.example is not fetched"):
            await resolving_to(*found).admit("https://cdn.example/x?sig=canary")


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/x", "ftp://cdn.example/x", "file:///etc/passwd", "//cdn.example/x",
        "/relative", "", "https://", "https://user:pw@cdn.example/x", "data:text/plain,hi", "https://xn--",
        "http://localhost.evil.example/x", "http://2130706433/x", "https://localhost/x",
    ],
)  # fmt: skip
async def test_urls_that_are_not_fetched(url):
    guard = resolving_to("127.0.0.1" if "localhost/" in url else PUBLIC)
    with pytest.raises(MediaRefused) as caught:
        await guard.admit(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7f.1", "127.1", "0", "localhost.", "127.0.0.1.",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]", "[::]",
        "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "0177.0.0.1", "127。0。0。1",
        "[fe80::1%25lo]", "2852039166", "0251.0376.0251.0376",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_spellings_of_addresses_that_the_system_would_understand(scheme, host):
    """The system's own resolver reads them. As http, two of them are plainly this machine."""
    if scheme == "http" and host in ("127。0。0。1", "[0:0:0:0:0:0:0:1]"):
        await Guard().admit(f"{scheme}://{host}:9/x")
        return
    with pytest.raises((MediaRefused, TryAgainError)):
        await Guard().admit(f"{scheme}://{host}:9/x")


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "x"])
async def test_a_port_that_is_none(port):
    with pytest.raises(MediaRefused):
        await resolving_to(PUBLIC).admit(f"https://cdn.example:{port}/x")


async def test_the_open_network_cannot_lead_back_to_this_machine():
    outside, inside = httpx.URL("https://cdn.example/x"), httpx.URL("http://127.0.0.1:1/")
    guard = resolving_to("127.0.0.1")
    with pytest.raises(MediaRefused, match="a redirect leads to this machine"):
        await guard.admit("http://127.0.0.1:4200/api", came_from=outside)
    await guard.admit("http://127.0.0.1:4200/x", came_from=inside)


async def test_localhost_that_does_not_mean_this_machine():
    with pytest.raises(MediaRefused):
        await resolving_to(PUBLIC).admit("http://localhost/x")


async def test_a_name_that_does_not_resolve_may_do_so_later():
    with pytest.raises(TryAgainError, match=r"cdn\.example does not resolve"):
        await resolving_to().admit("https://cdn.example/x")


async def test_the_name_meant_another_address_by_the_time_of_the_connection():
    url = httpx.URL("https://cdn.example/x")
    for address, refused in ((PUBLIC, False), ("10.0.0.1", True), ("127.0.0.1", True)):
        response = httpx.Response(200, extensions={"network_stream": Stream(address)})
        if refused:
            with pytest.raises(MediaRefused):
                check_peer(response, url)
        else:
            check_peer(response, url)


async def test_the_client_takes_nothing_from_the_environment(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.1:3128")
    async with media_client() as client:
        assert client.trust_env is False
        assert client.follow_redirects is False
        assert all(transport is None for transport in client._mounts.values())
