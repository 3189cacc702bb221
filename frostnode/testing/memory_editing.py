"""An EditingStore in memory, the plainest there could be: what the real one is held against."""

from collections.abc import Sequence
from dataclasses import replace

from frostnode.editing_port import Draft, Link, Session
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    DRAFT_BYTES_MAX,
    DRAFTS_BYTES_MAX,
    DRAFTS_MAX,
    SESSIONS_MAX,
    SIGN_IN_LINKS_MAX,
)
from frostnode.protocol.names import Did


class MemoryEditingStore:
    """A `frostnode.editing_port.EditingStore` that forgets all at its end."""

    def __init__(self) -> None:
        self._links: dict[bytes, Link] = {}
        self._sessions: dict[bytes, Session] = {}
        self._drafts: dict[tuple[Did, str], Draft] = {}

    def add_link(self, link: Link, now_ms: int) -> None:
        """Keep a new one."""
        self._links = {key: kept for key, kept in self._links.items() if kept.expires_ms > now_ms}
        if len(self._links) >= SIGN_IN_LINKS_MAX:
            raise LocalError("queue.full", "links to sign in")
        self._links[link.digest] = link

    def take_link(self, digest: bytes, now_ms: int) -> Link | None:
        """Use one up."""
        link = self._links.pop(digest, None)
        return link if link is not None and link.expires_ms > now_ms else None

    def add_session(self, session: Session, now_ms: int) -> None:
        """Keep a new one."""
        alive = [kept for kept in self._sessions.values() if kept.expires_ms > now_ms]
        alive.sort(key=lambda kept: (-kept.expires_ms, kept.digest))
        self._sessions = {kept.digest: kept for kept in [*alive[: SESSIONS_MAX - 1], session]}

    def session(self, digest: bytes, now_ms: int) -> Session | None:
        """One that has not ended."""
        session = self._sessions.get(digest)
        return session if session is not None and session.expires_ms > now_ms else None

    def end_session(self, digest: bytes) -> None:
        """Forget one."""
        self._sessions.pop(digest, None)

    def put_draft(self, draft: Draft) -> None:
        """Keep a draft."""
        if len(draft.typed) > DRAFT_BYTES_MAX:
            raise LocalError("draft.too-large", "a draft")
        others = [
            len(kept.typed) for kept in self._drafts.values() if kept.did == draft.did and kept.id != draft.id
        ]
        if len(others) >= DRAFTS_MAX or sum(others) + len(draft.typed) > DRAFTS_BYTES_MAX:
            raise LocalError("queue.full", "drafts of this publisher")
        self._drafts[draft.did, draft.id] = draft

    def draft(self, did: Did, id_: str) -> Draft | None:
        """One."""
        return self._drafts.get((did, id_))

    def drafts(self, did: Did) -> Sequence[Draft]:
        """Those of a publisher."""
        own = [replace(kept, typed=b"") for kept in self._drafts.values() if kept.did == did]
        return sorted(own, key=lambda kept: (-kept.changed_ms, kept.id))

    def drop_draft(self, did: Did, id_: str) -> None:
        """Forget one."""
        self._drafts.pop((did, id_), None)

    def close(self) -> None:
        """Nothing is to be given back."""
