"""What a home remembers of handles: of each publisher that claims one, what the domain said when it was asked.

Part of the store; `ports` says when it is durable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.handles import Handle
from frostnode.protocol.limits import HANDLE_EXPIRES_S
from frostnode.protocol.names import Did


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleCheck:
    """What became of the claim of a publisher to a domain.

    `verified_ms` is when the domain last named the DID, None when it does not; `how` is by what: `well-known` or
    `dns`. `reason` says what went wrong, "" when nothing did. After `failures` attempts in a row without an
    answer it is asked again at `again_ms`.
    """

    did: Did
    handle: Handle
    verified_ms: int | None
    checked_ms: int
    again_ms: int
    failures: int
    how: str
    reason: str

    def holds(self, handle: str, now_ms: int) -> bool:
        """Whether this domain is known now to name the publisher: it said so, not too long ago, and not otherwise since."""
        return (
            self.handle == handle
            and self.verified_ms is not None
            and now_ms - self.verified_ms < HANDLE_EXPIRES_S * 1000
        )


class HandleReader(Protocol):
    """What is remembered."""

    def handle_check(self, did: Did) -> HandleCheck | None: ...
    def handle_checks(self) -> list[HandleCheck]:
        """All, by DID."""


class HandleWriter(HandleReader, Protocol):
    """How it changes, within the transaction of a writer."""

    def put_handle_checks(self, checks: Iterable[HandleCheck]) -> None:
        """Remember these; each takes the place of an earlier one of the same publisher."""

    def drop_handle_checks(self, dids: Iterable[Did]) -> None:
        """Forget what publishers claimed that claim nothing any more."""
