"""Which addresses a URL from outside may lead to. Pure.

Whoever can make us fetch a URL must not reach what only this machine or its network can: services on loopback, the
cloud's metadata, a router. The rule is a list of what is closed, after the IANA special-purpose registries; for IPv6 it
is the other way round, as only a small part of it is in use.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2_048

_CLOSED_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; 169.254.169.254 is the cloud's metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, with the broadcast address
    )
]
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")  # global unicast: mapped (::ffff:0:0/96) and NAT64 (64:ff9b::) lie outside
_CLOSED_V6 = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them (it wraps an IPv4 address)
        "2001:db8::/32",
        "2002::/16",  # 6to4 wraps an IPv4 address too
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
# Alibaba's and Oracle's metadata live in public space as far as the registries know.
_METADATA = frozenset(ipaddress.ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "168.63.129.16"))
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")


class Forbidden(Exception):
    """A URL leads where it must not; the text names the rule, never what is there."""


class Origin(NamedTuple):
    """Scheme, host and port."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked. `trusted`: its origin stands in the settings, so its address is not looked at."""

    url: str
    origin: Origin
    trusted: bool


def is_public(address: str) -> bool:
    """Whether this is an address of the open internet; False for what is no address at all."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if found in _METADATA or "%" in address:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _CLOSED_V4)
    return found in _OPEN_V6 and not any(found in network for network in _CLOSED_V6)


def origin_of(url: str) -> Origin:
    """The origin of a web address, its default port filled in. Raises Forbidden for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Forbidden("it is no web address") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in PORTS or not host:
        raise Forbidden("it is no http or https address")
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port)


def target_of(url: str, trusted: Collection[Origin] = ()) -> Target:
    """What a URL leads to, before any name is looked up. Raises Forbidden.

    One reading for everybody: what two parsers could read in two ways (controls, backslashes, user names, hosts with
    odd characters) is refused, so the host that was checked is the host that is asked.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        raise Forbidden("it is too long, or holds characters that an address cannot have")
    origin = origin_of(url)
    if "\\" in url or "@" in urlsplit(url).netloc:
        raise Forbidden("it names a user or hides its host")
    if origin in trusted:
        return Target(url, origin, trusted=True)
    if origin.port != PORTS[origin.scheme]:
        raise Forbidden(f"port {origin.port} is not the web's")
    is_literal = ":" in origin.host
    if not is_literal and not _HOST.fullmatch(origin.host):
        raise Forbidden("its host has characters that a name cannot have")
    try:
        ipaddress.ip_address(origin.host)
        is_literal = True
    except ValueError:
        pass
    if is_literal and not is_public(origin.host):
        raise Forbidden("its address is not on the open internet")
    return Target(url, origin, trusted=False)
