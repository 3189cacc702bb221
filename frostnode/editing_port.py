"""Who edits in a browser, and what they have begun and not published: links to sign in, sessions, drafts.

All of it stays in the home. What is stored is no way in: of the secrets of links and sessions only hashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.names import Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A way to sign in, once: whoever shows the secret of this SHA-256 gets a session of the token."""

    digest: bytes
    token: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that is signed in, by the SHA-256 of what its cookie says; it ends with its token, or before."""

    digest: bytes
    token: str
    expires_ms: int
    is_own: bool
    """Whether the token was made for links alone, and so ends when somebody signs out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was typed into the form of a record of a publisher, as it was typed."""

    id: str
    did: Did
    type: str
    title: str
    typed: bytes
    changed_ms: int


class EditingStore(Protocol):
    """Links, sessions and drafts of one home. What was put is on disk when the call returns."""

    def add_link(self, link: Link, now_ms: int) -> None:
        """Keep a new one; those that have ended are forgotten.

        Raises:
            LocalError: queue.full, when there are SIGN_IN_LINKS_MAX already
        """

    def take_link(self, digest: bytes, now_ms: int) -> Link | None:
        """Use one up; None if there is none that is good."""

    def add_session(self, session: Session, now_ms: int) -> None:
        """Keep a new one; those that have ended are forgotten, and of too many the one that ends first."""

    def session(self, digest: bytes, now_ms: int) -> Session | None:
        """One that has not ended."""

    def end_session(self, digest: bytes) -> None:
        """Forget one."""

    def put_draft(self, draft: Draft) -> None:
        """Keep a draft, over an earlier state of it.

        Raises:
            LocalError: queue.full, beyond DRAFTS_MAX or DRAFTS_BYTES_MAX of a publisher; draft.too-large
        """

    def draft(self, did: Did, id_: str) -> Draft | None:
        """One of this publisher."""

    def drafts(self, did: Did) -> Sequence[Draft]:
        """Those of a publisher, changed last first, without what was typed."""

    def drop_draft(self, did: Did, id_: str) -> None:
        """Forget one, if it is there."""

    def close(self) -> None: ...
