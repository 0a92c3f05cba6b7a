"""Which addresses a file may be fetched from. What a customer's message names is a stranger's word:
it must not make us ask machines of our own network.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

PROVIDERS = {"blooio": ("blooio.com",)}
"""The hosts, and everything below them, on which each provider keeps files."""
SANDBOX_PATH = "/sandbox/files/"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Roads to IPv4 addresses inside of IPv6 ones, and relics: is_global believes some of them.
CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # local NAT64
        "100::/64",  # discard
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
        "192.88.99.0/24",  # 6to4 relays
    )
)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")


class Blocked(Exception):
    """It may not be fetched, now or later. The message is for people."""


@dataclass(frozen=True)
class Place:
    """Where to ask: `target` is path and query. `secure` is only False for the sandbox, whose
    `host` is an address of this machine."""

    host: str
    port: int
    target: str
    secure: bool = True


def place(url: str, provider: str, base_url: str) -> Place:
    """Where this file is, for a line of this provider. Raises Blocked."""
    if not url.isprintable() or "\\" in url or " " in url:
        raise Blocked("Its address is not one.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise Blocked("Its address is not one.") from None
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    if _of_sandbox(url, target, base_url):
        return Place(host, port or 80, target, secure=False)
    if parts.scheme != "https":
        raise Blocked("Its address is not a secure one.")
    if parts.username is not None or parts.password is not None:
        raise Blocked("Its address carries a password.")
    if port not in (None, 443):
        raise Blocked("Its address names a port of its own.")
    if not _known(host, PROVIDERS.get(provider, ())):
        raise Blocked("It does not lie with the provider.")
    return Place(host, 443, target)


def public(address: str) -> bool:
    """Whether this is an address of the open internet, and leads nowhere else."""
    try:
        return _public(ipaddress.ip_address(address))
    except ValueError:
        return False


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return False
        if address.ipv4_mapped:
            return _public(address.ipv4_mapped)
        if address in NAT64:
            return _public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if any(address in network for network in CLOSED if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _known(host: str, domains: tuple[str, ...]) -> bool:
    if not NAME.fullmatch(host):
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _of_sandbox(url: str, target: str, base_url: str) -> bool:
    """Whether it is a file of the pretend provider that this line speaks to on this machine."""
    parts, base = urlsplit(url), urlsplit(base_url)
    try:
        here = ipaddress.ip_address(base.hostname or "").is_loopback
    except ValueError:
        return False
    below = target.startswith(SANDBOX_PATH) and ".." not in target and "%" not in target
    return here and (parts.scheme, parts.netloc) == (base.scheme, base.netloc) and below
