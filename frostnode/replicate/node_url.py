"""Addresses of nodes: what may be one, and which lead into a network that strangers have no business in."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import NODE_URL_BYTES_MAX

_ADDRESS: Final = re.compile(r"[!-~]+")
"""Printable ASCII without blanks: all that a URL is made of."""


def node_url(text: str) -> str:
    """The base URL of a node: scheme and host in lower case, no slash at its end.

    Raises:
        LocalError: usage
    """
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
        parts = urlsplit("")
    fine = (
        _ADDRESS.fullmatch(text)
        and parts.scheme in ("http", "https")
        and parts.hostname
        and not (parts.query or parts.fragment or "@" in parts.netloc)
    )
    if not fine or not port_is_fine or len(text) > NODE_URL_BYTES_MAX:
        raise LocalError("usage", "URL of a node", found=text, expected="http(s)://HOST[:PORT][/PATH]")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_public_address(host: str) -> bool:
    """Whether an IP address is one of the open internet: not of this machine, its network, or a special use."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None and not is_public_address(str(inner)):
            return False
        if address in _NAT64:
            return is_public_address(str(IPv4Address(int(address) & 0xFFFFFFFF)))
        if address.ipv4_mapped:
            return True
    return address.is_global and not address.is_multicast


_NAT64: Final = IPv6Network("64:ff9b::/96")


def may_be_public(url: str) -> bool:
    """Whether a node's URL does not say by itself that it is not of the open internet.

    A name may still lead anywhere: who follows it looks at the address again (`edge/public_addresses.py`).
    """
    host = urlsplit(url).hostname or ""
    if host.endswith((".local", ".internal", ".localhost")) or (
        "." not in host.strip(".") and ":" not in host
    ):
        return False
    try:
        ip_address(host)
    except ValueError:
        return not host.replace(".", "").isdigit() and not host.startswith("0x")
    return is_public_address(host)
