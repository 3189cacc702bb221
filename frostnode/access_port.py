"""Who may write through the API of a node, and what was answered to them already.

A token stands for whoever has it. What is stored is no way in: of the secret of a token only a hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from frostnode.protocol.names import Did


class Scope(StrEnum):
    """What a token is good for."""

    PUBLISH = "publish"
    """Publish, edit and withdraw records, versions and lineage."""
    SUBSCRIBE = "subscribe"
    """Make, see, stop and end subscriptions."""
    INBOX = "inbox"
    """Read what came in, and mark it as read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token as it is at rest; `did` is the one publisher that it is limited to, None for all that are hosted here."""

    id: str
    name: str
    digest: bytes
    """SHA-256 of the secret. The secret is 256 random bits: nobody finds it by trying, so a slow hash would protect
    nothing, and make every request cost what an attacker likes."""
    scopes: frozenset[Scope]
    did: Did | None
    created_ms: int
    expires_ms: int
    used_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request that names itself by a key, so that it is done once: `request` is its fingerprint.

    `answer` is what was answered; None while it is under way, and after a crash in the middle of it.
    """

    token: str
    key: str
    request: bytes
    begun_ms: int
    answer: bytes | None = None


class AccessStore(Protocol):
    """Tokens and attempts of one home. What was put is on disk when the call returns."""

    def tokens(self) -> Sequence[Token]:
        """All, oldest first, expired ones too."""

    def token(self, id_: str) -> Token | None:
        """The token of this id."""

    def add(self, token: Token) -> None:
        """Keep a new token.

        Raises:
            LocalError: queue.full, when there are TOKENS_MAX already
        """

    def remove(self, id_: str) -> bool:
        """Forget a token and its attempts; answers whether there was one."""

    def used(self, id_: str, now_ms: int) -> None:
        """It was used at this time."""

    def begin(self, attempt: Attempt) -> Attempt | None:
        """Note that a request is begun; answers an earlier one of its key instead, if there is one.

        Those that are older than IDEMPOTENCY_KEPT_S are forgotten.

        Raises:
            LocalError: queue.full, when as many of this token are kept as may be
        """

    def finish(self, token: str, key: str, answer: bytes) -> None:
        """Keep what was answered."""

    def forget(self, token: str, key: str) -> None:
        """It came to nothing: the key is free again."""

    def close(self) -> None: ...
