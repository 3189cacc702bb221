"""The way out to URLs that watches name: Callbacks over the transport of httpx.

A receiver is trusted with nothing: redirects are not followed, nothing is unpacked, no cookies are kept, of its answer no
more than DELIVERY_ANSWER_BYTES_MAX is read in DELIVERY_ANSWER_S. A URL may hold a secret, so no error repeats it.
The transport is used without the client around it, which costs as much time as the request.
"""

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self
from zlib import crc32

import httpx
import trio

from frostnode.protocol.errors import TransportError, brief
from frostnode.protocol.limits import (
    CLOSE_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    DELIVERY_ANSWER_BYTES_MAX,
    DELIVERY_ANSWER_S,
)
from frostnode.wire import CallbackAnswer

_POOLS: Final = 32
_KEPT_PER_POOL: Final = 8
_HEADERS: Final = {"accept-encoding": "identity", "user-agent": "frostnode"}
_TIMEOUTS: Final = {
    "timeout": httpx.Timeout(DELIVERY_ANSWER_S, connect=CONNECT_TIMEOUT_S).as_dict(),
}
_WIRE: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, OverflowError, ValueError)


class ManyPools(httpx.AsyncBaseTransport):
    """Connections in many small pools: a pool looks at each pair of its connections for each request.

    A URL always has the same pool, and so a connection that was kept.
    """

    def __init__(self) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT_PER_POOL)
        self._pools = [
            httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits) for _ in range(_POOLS)
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        number = crc32(str(request.url).encode()) % _POOLS
        return await self._pools[number].handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        for pool in self._pools:
            await pool.aclose()


class HttpCallbacks:
    """`frostnode.wire.Callbacks`; an async context. By default it goes to any address: give it PublicAddresses."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport or ManyPools()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """The answer to POST."""
        return await self._ask("POST", url, headers, body)

    async def get(self, url: str) -> CallbackAnswer:
        """The answer to GET."""
        return await self._ask("GET", url, {}, None)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> CallbackAnswer:
        try:
            with trio.fail_after(DELIVERY_ANSWER_S):
                request = httpx.Request(
                    method, url, headers={**_HEADERS, **headers}, content=body, extensions=_TIMEOUTS
                )
                if request.url.scheme not in ("http", "https") or not request.url.host:
                    raise httpx.UnsupportedProtocol("not a URL of HTTP")
                return await _read(await self._transport.handle_async_request(request))
        except trio.TooSlowError as error:
            raise TransportError(
                "transport.timeout", "callback", found=f"nothing in {DELIVERY_ANSWER_S} s"
            ) from error
        except httpx.TimeoutException as error:
            raise TransportError("transport.timeout", "callback", found=type(error).__name__) from error
        except _WIRE as error:
            what = str(error) if isinstance(error, httpx.ConnectError) else ""  # others may repeat the URL
            raise TransportError(
                "transport.unreachable", f"callback: {brief(what or type(error).__name__)}"
            ) from error


async def _read(response: httpx.Response) -> CallbackAnswer:
    """The answer, as much of it as is read; the connection is given back, or closed."""
    body = bytearray()
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    chunks = stream.__aiter__()
    try:
        async for chunk in chunks:
            body += chunk
            if len(body) > DELIVERY_ANSWER_BYTES_MAX:
                break
    except _WIRE:
        pass  # the status was told
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_TIMEOUT_S), suppress(*_WIRE):
            await stream.aclose()
            async for _ in chunks:
                pass
    return CallbackAnswer(
        status=response.status_code,
        retry_after=response.headers.get("retry-after", ""),
        body=bytes(body[:DELIVERY_ANSWER_BYTES_MAX]),
    )
