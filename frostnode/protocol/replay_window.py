"""The requests that were admitted lately, so that none is admitted twice (spec/05-sync.md#signed-requests).

Rules:
- what is remembered is bounded, for each node and for all strangers together: who uses up the bound
  waits, and nobody else;
- a request from before this memory begins is refused: whether it came before, nobody knows any more. The
  memory begins where a node started, and behind all that was forgotten, so that no clock brings it back.

Fed with times; it has no clock. Nonces are remembered by hash: sixteen bytes are as good as all of one.
"""

from hashlib import sha256
from typing import Final, NamedTuple

from frostnode.protocol.errors import LocalError, SignatureError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import (
    REQUEST_NONCES_OF_STRANGERS_MAX,
    REQUEST_NONCES_PER_NODE_MAX,
    REQUEST_SKEW_S,
)
from frostnode.protocol.request_signature import Signed

_HASH_BYTES: Final = 16


class _Seen(NamedTuple):
    """One request of a node."""

    key: PublicKey
    nonce: bytes
    created: int
    is_known: bool


class ReplayWindow:
    """What a node has admitted since `since_s` (POSIX seconds)."""

    def __init__(self, since_s: int) -> None:
        self._since_s = since_s
        self._nonces: dict[PublicKey, set[bytes]] = {}
        self._by_expiry: dict[int, list[_Seen]] = {}
        self._of_strangers = 0

    def __len__(self) -> int:
        """How many requests are remembered."""
        return sum(map(len, self._nonces.values()))

    def admit(self, signed: Signed, now_s: int, *, is_known: bool) -> None:
        """Note a request whose signature holds and whose time is right; `is_known` unless a stranger's.

        Raises:
            SignatureError: request.replayed
            LocalError: queue.full, when its node, or all strangers, have used up what is remembered
        """
        self._forget(now_s)
        seen = _Seen(
            signed.key, sha256(signed.nonce.encode()).digest()[:_HASH_BYTES], signed.created, is_known
        )
        nonces = self._nonces.get(seen.key, set())
        if seen.nonce in nonces or seen.created < self._since_s:
            raise SignatureError("request.replayed", "request", found=signed.nonce, expected="a new one")
        is_full = len(nonces) >= REQUEST_NONCES_PER_NODE_MAX
        if is_full or (not is_known and self._of_strangers >= REQUEST_NONCES_OF_STRANGERS_MAX):
            raise LocalError("queue.full", "signed requests of the last minutes", found=len(nonces))
        self._nonces.setdefault(seen.key, nonces).add(seen.nonce)
        self._by_expiry.setdefault(signed.expires + REQUEST_SKEW_S, []).append(seen)
        self._of_strangers += not is_known

    def _forget(self, now_s: int) -> None:
        """Drop what its time alone refuses by now."""
        for due in [due for due in self._by_expiry if due < now_s]:
            for seen in self._by_expiry.pop(due):
                self._nonces[seen.key].discard(seen.nonce)
                if not self._nonces[seen.key]:
                    del self._nonces[seen.key]
                self._of_strangers -= not seen.is_known
                self._since_s = max(self._since_s, seen.created + 1)
