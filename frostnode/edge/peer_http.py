"""The way out: PeerTransport over httpx, one client per node (a new one costs 30 ms).

A peer is trusted with nothing: every answer has limits of size and time, redirects are not followed, what
is compressed is not unpacked, cookies are not kept, and of a refusal only what a server may rightly say
of a request is taken at its word.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import httpx
import trio

from frostnode.protocol.errors import CODES, FrostError, LocalError, TransportError, brief
from frostnode.protocol.frames import FRAMES_TYPE
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import (
    CLOSE_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    FETCH_BYTES_PER_S_MIN,
    FETCH_TIMEOUT_S,
    PROBLEM_BYTES_MAX,
    STREAM_SILENCE_S,
)
from frostnode.wire import RequestSigner

_REFUSALS: Final = frozenset(
    {
        "cursor.malformed",
        "cursor.unknown",
        "lease.address",
        "lease.node",
        "offer.closed",
        "offer.malformed",
        "offer.slot",
        "publisher.unknown",
        "queue.full",
        "record.absent",
        "record.not-found",
        "record.withheld",
        "usage",
    }
)
"""Codes of a problem document that are about the request. Any other is the peer's own trouble, not ours."""

_BY_STATUS: Final = {
    403: "record.not-found",  # object stores answer so for what is not there, to those who may not list
    404: "record.not-found",
    410: "record.not-found",
    451: "record.withheld",
}

_TEXT: Final = "text/plain; charset=utf-8"

_WIRE: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, OverflowError)
"""What the client raises: for the wire, and for names and ports that no wire leads to."""


class HttpTransport:
    """PeerTransport over one httpx client; an async context.

    The number of connections is bounded by those who ask: one stream and STATIC_FETCHES_MAX fetches a peer,
    one request to a peer that is offered to. Without a signer requests with a body go out unsigned.
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport | None = None, *, signer: RequestSigner | None = None
    ) -> None:
        self._signer = signer
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(STREAM_SILENCE_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=None),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"accept-encoding": "identity", "user-agent": "frostnode"},
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """The body of a 200 answer: at most `bytes_max` bytes, in FETCH_TIMEOUT_S and the time that they may take."""
        return await self._whole(HttpBytes(self._client, "GET", url), _Pace(), bytes_max)

    async def post(self, url: str, body: bytes, *, bytes_max: int) -> bytes:
        """The body of a 200 answer to a JSON document; the time that its bytes may take counts too."""
        headers = {"content-type": "application/json", **self._signed(url, body)}
        pace = _Pace(len(body))
        return await self._whole(
            HttpBytes(self._client, "POST", url, headers, body, is_paced=True), pace, bytes_max
        )

    async def send(self, url: str, chunks: AsyncIterator[bytes], *, bytes_max: int) -> bytes:
        """The body of a 200 answer to frames; the peer takes them at FETCH_BYTES_PER_S_MIN at least."""
        headers = {
            "content-type": FRAMES_TYPE,
            "transfer-encoding": "chunked",
            **self._signed(url, None),
        }
        pace = _Pace()
        content = _Paced(chunks, pace)
        return await self._whole(
            HttpBytes(self._client, "POST", url, headers, content, is_paced=True), pace, bytes_max
        )

    async def exchange(self, url: str, body: bytes, *, bytes_max: int) -> tuple[int, str, bytes]:
        """What is answered to an unsigned POST of `body`, whatever the status, in FETCH_TIMEOUT_S."""
        try:
            with trio.fail_after(FETCH_TIMEOUT_S):
                request = self._client.build_request(
                    "POST", url, content=body, headers={"content-type": _TEXT}
                )
                response = await self._client.send(request, stream=True)
                return await _read_reply(url, response, bytes_max)
        except trio.TooSlowError as error:
            raise TransportError("transport.timeout", url, found=f"{FETCH_TIMEOUT_S} s") from error
        except _WIRE as error:
            raise _transport_error(url, error, _OPENING) from error

    def stream(self, url: str) -> "HttpBytes":
        """Chunks of a long answer."""
        return HttpBytes(self._client, "GET", url)

    def _signed(self, url: str, body: bytes | None) -> dict[str, str]:
        return {} if self._signer is None else self._signer.sign("POST", url, body)

    async def _whole(self, answer: "HttpBytes", pace: "_Pace", bytes_max: int) -> bytes:
        parts: list[bytes] = []
        weight = 0
        with pace.scope:
            async with answer as chunks:
                async for chunk in chunks:
                    parts.append(chunk)
                    weight += len(chunk)
                    if weight > bytes_max:
                        raise TransportError(
                            "transport.too-large",
                            f"answer of {answer.url}",
                            found=f"> {bytes_max}",
                            expected=bytes_max,
                        )
                    pace.moved(len(chunk))
            return b"".join(parts)
        raise TransportError("transport.timeout", answer.url, found=str(pace))


class _Pace:
    """The time that an exchange may take: FETCH_TIMEOUT_S, and for its bytes at FETCH_BYTES_PER_S_MIN."""

    def __init__(self, weight: int = 0) -> None:
        self._begun = trio.current_time()
        self._weight = 0
        self.scope = trio.CancelScope()
        self.moved(weight)

    def moved(self, weight: int) -> None:
        """So many bytes more went or came."""
        self._weight += weight
        self.scope.deadline = self._begun + FETCH_TIMEOUT_S + self._weight / FETCH_BYTES_PER_S_MIN

    def __str__(self) -> str:
        return f"{self._weight} bytes in {trio.current_time() - self._begun:.0f} s"


class _Paced(httpx.AsyncByteStream):
    """Chunks on their way out; each that went gives the exchange its time. No generator, which would have to be run out."""

    def __init__(self, chunks: AsyncIterator[bytes], pace: _Pace) -> None:
        self._chunks = chunks
        self._pace = pace

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks)
        self._pace.moved(len(chunk))
        return chunk


async def _read_reply(url: str, response: httpx.Response, bytes_max: int) -> tuple[int, str, bytes]:
    """The whole answer. Whatever comes of it, the connection is given back, and the iterator is run out."""
    body = bytearray()
    chunks = response.aiter_raw()
    try:
        async for chunk in chunks:
            body += chunk
            if len(body) > bytes_max:
                raise TransportError(
                    "transport.too-large", f"answer of {url}", found=f"> {bytes_max}", expected=bytes_max
                )
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_TIMEOUT_S), suppress(*_WIRE):
            await response.aclose()
            async for _ in chunks:
                pass
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.status_code, media_type, bytes(body)


class HttpBytes:
    """One open answer: an async context that is an iterator of chunks.

    It must begin in FETCH_TIMEOUT_S, unless its exchange is paced by what is sent.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | _Paced | None = None,
        *,
        is_paced: bool = False,
    ) -> None:
        self._client = client
        self._method = method
        self._headers = headers
        self._content = content
        self._open_s = math.inf if is_paced else FETCH_TIMEOUT_S
        self.url = url
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            with trio.fail_after(self._open_s):
                await self._open()
        except trio.TooSlowError as error:
            await self._close()
            raise TransportError("transport.timeout", self.url, found=f"{FETCH_TIMEOUT_S} s") from error
        except _WIRE as error:
            await self._close()
            raise _transport_error(self.url, error, _OPENING) from error
        except BaseException:  # a refusal, or the caller has lost interest: either way nobody reads on
            await self._close()
            raise
        return self

    async def _open(self) -> None:
        content = self._content if isinstance(self._content, bytes) else None
        request = self._client.build_request(self._method, self.url, headers=self._headers, content=content)
        if isinstance(self._content, _Paced):
            request.stream = self._content
        self._response = await self._client.send(request, stream=True)
        self._chunks = self._response.aiter_raw()
        if self._response.status_code != 200:
            raise await self._refusal(self._response, self._chunks)
        coding = self._response.headers.get("content-encoding", "identity")
        if coding.lower() != "identity":
            raise TransportError(
                "transport.status", f"coding of {self.url}", found=coding, expected="identity"
            )

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._chunks is None:
            raise StopAsyncIteration
        try:
            return await anext(self._chunks)
        except _WIRE as error:
            raise _transport_error(self.url, error, _READING) from error

    async def _close(self) -> None:
        """Give the connection back, or drop it. The iterators of the client end by being run out."""
        with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_TIMEOUT_S), suppress(*_WIRE):
            if self._response is not None:
                await self._response.aclose()
            if self._chunks is not None:
                async for _ in self._chunks:
                    pass

    async def _refusal(self, response: httpx.Response, chunks: AsyncIterator[bytes]) -> FrostError:
        """What a status other than 200 means; if it is a problem document, what its code means."""
        status = response.status_code
        body = bytearray()
        with suppress(*_WIRE):  # the status was told
            async for chunk in chunks:
                body += chunk
                if len(body) > PROBLEM_BYTES_MAX:
                    break
        code, detail = _BY_STATUS.get(status, ""), ""
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            code, detail = read_problem(bytes(body), code)
        if code in _REFUSALS and (400 <= status < 500 or code == "queue.full"):
            return LocalError(code, f"{self.url} answers {status} {brief(detail)}".rstrip())
        said = " ".join(filter(None, [str(status), code if code in CODES else "", detail]))
        return TransportError("transport.status", self.url, found=said, expected=200)


def read_problem(body: bytes, code: str) -> tuple[str, str]:
    """Code and detail of a problem document; `code` where it says none."""
    problem = read_object(body) or {}
    return str(problem.get("code", code)), str(problem.get("detail", ""))


_OPENING: Final = {
    httpx.ReadError: "transport.closed",
    httpx.WriteError: "transport.closed",
    httpx.RemoteProtocolError: "transport.status",
}
_READING: Final = {httpx.ReadError: "transport.closed", httpx.RemoteProtocolError: "transport.closed"}


def _transport_error(
    url: str, error: Exception, codes: Mapping[type[httpx.TransportError], str]
) -> TransportError:
    """What went wrong on the wire; `codes` for what means another thing at another time."""
    if isinstance(error, httpx.TimeoutException):
        return TransportError(
            "transport.timeout", url, found=type(error).__name__, expected="an answer in time"
        )
    code = next((code for kind, code in codes.items() if isinstance(error, kind)), "transport.unreachable")
    return TransportError(code, f"{brief(url)}: {brief(str(error) or type(error).__name__)}")
