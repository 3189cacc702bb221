"""A wire that leads to public addresses alone: for URLs that strangers name.

The name is resolved here, every address that it has must be public, and the connection goes to one of the
addresses that were looked at: a name that answers otherwise the second time gains nothing.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx
import trio

from frostnode.protocol.errors import LocalError

Resolve: TypeAlias = Callable[[str], Awaitable[list[str]]]


class PublicAddresses(httpx.AsyncBaseTransport):
    """Around another transport. What it refuses is a LocalError: lease.address."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None, resolve: Resolve | None = None) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_connections=None)
        )
        self._resolve = resolve or resolve_name

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to an address that was looked at."""
        name = request.url.host
        address = await self._public_address(name)
        extensions: dict[str, Any] = {**request.extensions, "sni_hostname": name}
        sent = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the name as its host
            stream=request.stream,
            extensions=extensions,
        )
        return await self._inner.handle_async_request(sent)

    async def _public_address(self, name: str) -> str:
        try:
            found = await self._resolve(name)
        except OSError as error:
            raise httpx.ConnectError(f"{name}: {error}") from error
        if not found or not all(map(is_public, found)):
            raise LocalError(
                "lease.address", f"address of {name}", found=", ".join(found), expected="public ones"
            )
        return found[0]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


async def resolve_name(name: str) -> list[str]:
    """All addresses of a name, which may be an address itself."""
    found = await trio.socket.getaddrinfo(name, None, type=trio.socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to everybody's network: not private, loopback, link-local, multicast or reserved."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is not None and not is_public(str(inner)):
            return False
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed.ipv4_mapped:
            return True
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
