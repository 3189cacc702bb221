"""The node key at work: signs what this node asks of others (spec/05-sync.md#signed-requests)."""

from base64 import urlsafe_b64encode
from typing import Final

import httpx

from frostnode.ports import Clock, Random
from frostnode.protocol.errors import TransportError, brief
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.request_signature import Target, sign_request
from frostnode.protocol.signature_fields import format_content_digest

_NONCE_BYTES: Final = 16


class NodeSigner:
    """A `frostnode.ports.RequestSigner`."""

    def __init__(self, key: SigningKey, clock: Clock, random: Random) -> None:
        self._key = key
        self._clock = clock
        self._random = random

    def sign(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """The header fields that sign a request that is sent now.

        Raises:
            TransportError: transport.unreachable, for a URL that no wire leads to
        """
        return sign_request(
            self._key,
            target_of(method, url),
            content_digest=None if body is None else format_content_digest(body),
            now_s=self._clock.now_ms() // 1000,
            nonce=urlsafe_b64encode(self._random.bytes(_NONCE_BYTES)).rstrip(b"=").decode(),
        ).as_mapping()


def target_of(method: str, url: str) -> Target:
    """A request as httpx sends it."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise TransportError("transport.unreachable", f"{brief(url)}: {brief(str(error))}") from error
    path, _, query = parsed.raw_path.decode("ascii").partition("?")
    return Target(
        method=method, authority=parsed.netloc.decode("ascii").lower(), path=path, query=f"?{query}"
    )
