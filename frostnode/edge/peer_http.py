"""The way out: PeerTransport over httpx, one client per node (a new one costs 30 ms).

A peer is trusted with nothing: every answer has a size and a time limit, redirects are not followed,
compression is not asked for.
"""

import json
from types import TracebackType
from typing import Self

import httpx
import trio

from frostnode.protocol.errors import CODES, FrostError, LocalError, TransportError
from frostnode.protocol.limits import (
    CONNECT_TIMEOUT_S,
    FETCH_TIMEOUT_S,
    PROBLEM_BYTES_MAX,
    STREAM_SILENCE_S,
)


class HttpTransport:
    """PeerTransport over one httpx client; an async context."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(FETCH_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=64),
            headers={"accept-encoding": "identity", "user-agent": "frostnode"},
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """The body of a 200 answer, at most `bytes_max` bytes within FETCH_TIMEOUT_S."""
        parts: list[bytes] = []
        weight = 0
        try:
            with trio.fail_after(FETCH_TIMEOUT_S):
                async with HttpBytes(self._client, url) as chunks:
                    async for chunk in chunks:
                        parts.append(chunk)
                        weight += len(chunk)
                        if weight > bytes_max:
                            raise TransportError(
                                "transport.too-large",
                                f"answer of {url}",
                                found=f"> {weight}",
                                expected=f"≤ {bytes_max}",
                            )
        except trio.TooSlowError as error:
            raise TransportError("transport.timeout", url, found=f"> {FETCH_TIMEOUT_S} s") from error
        return b"".join(parts)

    def stream(self, url: str) -> "HttpBytes":
        """Chunks of a long answer."""
        return HttpBytes(self._client, url)


class HttpBytes:
    """One open answer: an async context that is an iterator of chunks."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._response: httpx.Response | None = None

    async def __aenter__(self) -> Self:
        timeout = httpx.Timeout(STREAM_SILENCE_S, connect=CONNECT_TIMEOUT_S)
        try:
            request = self._client.build_request("GET", self._url, timeout=timeout)
            self._response = await self._client.send(request, stream=True)
            if self._response.status_code != 200:
                raise await self._refusal(self._response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            await self._close()
            raise _transport_error(self._url, error) from error
        except FrostError:
            await self._close()
            raise
        self._chunks = self._response.aiter_raw()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _transport_error(self._url, error) from error

    async def _close(self) -> None:
        if self._response is not None:
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await self._response.aclose()

    async def _refusal(self, response: httpx.Response) -> FrostError:
        """What a status other than 200 means; the code of a problem document if it is one of ours."""
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > PROBLEM_BYTES_MAX:
                break
        code, detail = _read_problem(bytes(body))
        if code in CODES:
            return LocalError(code, f"{self._url} answers: {detail}")
        by_status = {404: "record.not-found", 451: "record.withheld"}
        if response.status_code in by_status:
            return LocalError(by_status[response.status_code], f"{self._url} answers {response.status_code}")
        return TransportError("transport.status", self._url, found=response.status_code, expected=200)


def _read_problem(body: bytes) -> tuple[str, str]:
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(problem, dict):
        return "", ""
    return str(problem.get("code", "")), str(problem.get("detail", ""))[:200]


def _transport_error(url: str, error: Exception) -> TransportError:
    if isinstance(error, httpx.TimeoutException):
        return TransportError(
            "transport.timeout", url, found=type(error).__name__, expected="an answer in time"
        )
    return TransportError("transport.unreachable", f"{url}: {str(error) or type(error).__name__}")
