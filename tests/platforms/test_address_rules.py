"""Which addresses are open: closed networks in every disguise, and URLs that two parsers could read in two ways."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.address_rules import Forbidden, Origin, is_public, origin_of, target_of

CLOSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "255.255.255.255/32", "168.63.129.16/32",
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
    "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "::/96", "5f00::/16", "3fff::/20",
]  # fmt: skip
OPEN = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "128.0.0.1", "172.15.255.255", "172.32.0.0", "169.253.0.1",
    "192.167.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001:80b::200e", "2400:cb00::1",
]  # fmt: skip


@pytest.mark.parametrize("network", CLOSED)
def test_the_ends_of_every_closed_network_are_closed(network: str) -> None:
    closed = ipaddress.ip_network(network)
    for address in (closed[0], closed[-1], closed[closed.num_addresses // 2]):
        assert not is_public(str(address))


@pytest.mark.parametrize("address", OPEN)
def test_the_open_internet_is_open(address: str) -> None:
    assert is_public(address)


@given(st.sampled_from(CLOSED), st.integers(min_value=0))
def test_every_address_of_a_closed_network_is_closed(network: str, number: int) -> None:
    closed = ipaddress.ip_network(network)
    assert not is_public(str(closed[number % closed.num_addresses]))


@given(st.ip_addresses())
def test_nothing_is_open_that_the_standard_library_calls_closed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_in_the_clothes_of_an_ipv6_one(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (
        0xFFFF << 32 | number,  # ::ffff:a.b.c.d
        number,  # ::a.b.c.d
        0x64FF9B << 96 | number,  # NAT64
        0x2002 << 112 | number << 80,  # 6to4
        0x20010000 << 96 | (number ^ 0xFFFFFFFF),  # Teredo
        0xFE80 << 112 | 0x5EFE << 32 | number,  # ISATAP on the link
    ):
        assert not is_public(str(ipaddress.IPv6Address(wrapped)))


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "0x7f.1", "fe80::1%eth0", "1.1.1.1%x", "x"])
def test_what_is_no_address_is_not_open(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.com/a", "file:///etc/passwd", "gopher://example.com", "data:image/png;base64,x",
        "//example.com",
        "http://", "http:///a", "http://user@example.com/", "http://user:pw@example.com/", "https://example.com:8443/a",
        "http://example.com:22/", "http://example.com:0/", "http://example.com:99999/", "http://127.0.0.1/a",
        "http://[::1]/a", "http://[::ffff:169.254.169.254]/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1",
        "http://[64:ff9b::a00:1]/", "http://0.0.0.0/", "http://100.64.0.1/", "http://exa mple.com/",
        "http://example.com\\@evil.example/", "http://example.com/\r\nHost: evil", "http://example.com/\t", "http://[::1",
        "http://ex%61mple.com/", "http://éxample.com/", "http://example.com/" + "a" * 3000, "http://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
def test_no_such_url_is_asked(url: str) -> None:
    with pytest.raises(Forbidden):
        target_of(url)


@pytest.mark.parametrize(
    "url",
    ["https://images.pexels.com/photos/1/a.jpeg?auto=compress&h=650", "http://example.com:80/a", "https://1.1.1.1/"],
)
def test_ordinary_urls_are_asked(url: str) -> None:
    assert target_of(url).trusted is False


def test_only_the_very_origin_of_the_settings_is_trusted() -> None:
    trusted = {origin_of("http://127.0.0.1:8600/pexels")}
    assert trusted == {Origin("http", "127.0.0.1", 8600)}
    assert target_of("http://127.0.0.1:8600/_sandbox/pictures/1.jpg", trusted).trusted
    for other in (
        "http://127.0.0.1:8601/", "http://127.0.0.1/", "https://127.0.0.1:8600/", "http://localhost:8600/",
        "http://x@127.0.0.1:8600/", "http://127.0.0.2:8600/",
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            target_of(other, trusted)
