"""A wire that leads to public addresses alone: for URLs that strangers name.

The name is resolved here, every address that it has must be public, and the connection goes to one of the
addresses that were looked at: a name that answers otherwise the second time gains nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx
import trio

from frostnode.protocol.errors import LocalError
from frostnode.replicate.node_url import is_public_address

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
        if not found or not all(map(is_public_address, found)):
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
