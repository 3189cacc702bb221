"""A wire that leads to public addresses alone: for URLs that strangers name.

The name is resolved here, every address that it has must be public, and the connection goes to one of the
addresses that were looked at: a name that answers otherwise the second time gains nothing.
A connection is kept for the name with which its certificate was checked, and for no other name at the same address: else
whoever has a certificate for one name could read what is meant for another.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx
import trio

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import KEPT_NAMES_MAX
from frostnode.replicate.node_url import is_public_address

Resolve: TypeAlias = Callable[[str], Awaitable[list[str]]]


class PublicAddresses(httpx.AsyncBaseTransport):
    """Around another transport. What it refuses is a LocalError: lease.address.

    `apart` keeps no connections: it is for further names at an address to which others are kept.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
        apart: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_connections=None)
        )
        self._apart = apart or httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)
        )
        self._resolve = resolve or resolve_name
        self._kept: dict[tuple[str, int | None], str] = {}

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
        is_kept = request.url.scheme == "http" or self._is_kept(address, request.url.port, name)
        return await (self._inner if is_kept else self._apart).handle_async_request(sent)

    def _is_kept(self, address: str, port: int | None, name: str) -> bool:
        """Whether connections to this place are kept for this name."""
        if len(self._kept) < KEPT_NAMES_MAX:
            self._kept.setdefault((address, port), name)
        return self._kept.get((address, port)) == name

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
        await self._apart.aclose()


async def resolve_name(name: str) -> list[str]:
    """All addresses of a name, which may be an address itself."""
    found = await trio.socket.getaddrinfo(name, None, type=trio.socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
