"""The one place that lets signed requests in (spec/05-sync.md#signed-requests).

Order: the fields are read, the signature is checked, the nonce is noted; only then anything of the body is
looked at, and the digest is held against it. Who is not who they say to be costs one signature check.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from starlette.requests import Request

from frostnode.ports import Clock
from frostnode.protocol.errors import SignatureError, TransportError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import FETCH_TIMEOUT_S
from frostnode.protocol.replay_window import ReplayWindow
from frostnode.protocol.request_signature import SignatureHeaders, Target, verify_request
from frostnode.protocol.signature_fields import check_content_digest
from frostnode.replicate.body_chunks import BodyChunks

ACCEPT_SIGNATURE: Final = (
    'frost=("@method" "@authority" "@path" "@query" "content-digest")'
    ';created;expires;nonce;keyid;tag="frost-request"'
)
"""What a refused client is told to sign (RFC 9421 section 5.1)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signed a request; known are peers of this home and nodes with a lease."""

    key: PublicKey
    is_known: bool


class Gate:
    """See the module."""

    def __init__(self, clock: Clock, is_known: Callable[[PublicKey], bool]) -> None:
        self._clock = clock
        self._is_known = is_known
        self._window = ReplayWindow(self._now_s())

    def admit(self, request: Request, *, is_streamed: bool) -> Sender:
        """Who signed this request; a streamed body has no digest, any other must have one.

        Raises:
            SignatureError: request.malformed, request.time, request.signature, request.replayed
            LocalError: queue.full
        """
        digest = _field(request, "content-digest")
        if is_streamed != (digest is None):
            expected = "none" if is_streamed else "one"
            raise SignatureError("request.malformed", "content-digest", found=digest, expected=expected)
        headers = SignatureHeaders(
            signature_input=_field(request, "signature-input") or "",
            signature=_field(request, "signature") or "",
            content_digest=digest,
        )
        now_s = self._now_s()
        signed = verify_request(_target(request), headers, now_s=now_s)
        is_known = self._is_known(signed.key)
        self._window.admit(signed, now_s, is_known=is_known)
        return Sender(signed.key, is_known)

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


def _target(request: Request) -> Target:
    """The request as its sender wrote it: the path is taken before anything is decoded."""
    scope = request.scope
    return Target(
        method=request.method,
        authority=(_field(request, "host") or "").lower(),
        path=scope["raw_path"].decode("latin-1"),
        query="?" + scope["query_string"].decode("latin-1"),
    )


def _field(request: Request, name: str) -> str | None:
    """A header field that is there once, or not at all."""
    found = request.headers.getlist(name)
    if len(found) > 1:
        raise SignatureError("request.malformed", name, found=f"{len(found)} fields", expected="one")
    return found[0] if found else None


class RequestChunks:
    """The body of a request as the server hands it over: an iterator of chunks."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next chunk.

        Raises:
            TransportError: transport.closed, when the client hung up
        """
        if self._is_over:
            raise StopAsyncIteration
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise TransportError("transport.closed", "the client hung up")
        self._is_over = not message.get("more_body", False)
        return bytes(message.get("body", b""))


class SignedBody(BodyChunks):
    """A body that must have the digest that was signed."""

    def __init__(self, request: Request, bytes_max: int) -> None:
        super().__init__(RequestChunks(request), bytes_max=bytes_max, silence_s=FETCH_TIMEOUT_S)
        self._digest = request.headers.get("content-digest", "")

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            SignatureError: request.malformed, request.signature; TransportError
        """
        body = await super().whole()
        check_content_digest(self._digest, body)
        return body
