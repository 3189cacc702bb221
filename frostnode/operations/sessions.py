"""Browsers that edit: signed in with a token or by a link that works once, and signed out.

A session is never good for more than its token, nor for longer: whoever revokes the token ends its sessions at once. The secret
of a session is told once, to one browser; stored is its hash.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple

from frostnode.access_port import Token
from frostnode.editing_port import EditingStore, Link, Session
from frostnode.operations import tokens
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SESSION_S_MAX, SIGN_IN_LINK_S, SIGN_IN_SECRET_CHARS_MAX, TOKEN_BYTES
from frostnode.protocol.notice import rfc3339

LINK_NAME: Final = "browser"
"""How the names of tokens begin that are made for a link."""


class SignedIn(NamedTuple):
    """A browser that is signed in: what its cookie says, the hash of it that is stored, and until when."""

    secret: str
    digest: bytes
    expires_ms: int


class Visitor(NamedTuple):
    """Whose browser asks."""

    session: Session
    token: Token


async def link(parts: Parts, params: Params, progress: Progress) -> Json:
    """Make a link that signs a browser in, once, within SIGN_IN_LINK_S: {url, expires, …} and what `token create` says.

    A token is made for it that nobody is told of; its session lasts as long as that token.

    Raises:
        LocalError: usage, publisher.not-hosted, queue.full; NameError_: name.did
    """
    store = _store(parts)
    base = parts.url or parts.address
    if not base:
        raise LocalError("usage", "the node does not run", hint="`frost serve`")
    await _forget_ended(parts)
    lifetime_s = min(int(params.get("lifetime_s") or SESSION_S_MAX), SESSION_S_MAX)
    given = str(params.get("name") or "")
    name = f"{LINK_NAME}: {given}" if given else LINK_NAME
    made = await tokens.create(parts, {**params, "lifetime_s": lifetime_s, "name": name}, progress)
    del made["token"]  # nobody needs it: the session stands for it
    secret, now_ms = _secret(parts), parts.clock.now_ms()
    kept = Link(digest=_digest(secret), token=made["id"], expires_ms=now_ms + SIGN_IN_LINK_S * 1000)
    await parts.worker.run(lambda: store.add_link(kept, now_ms))
    url = f"{base.rstrip('/')}/edit/sign-in?link={secret}"
    return {**made, "url": url, "link_expires": rfc3339(kept.expires_ms)}


async def _forget_ended(parts: Parts) -> None:
    """Tokens that were made for links and have ended make room for others."""
    access, now_ms = parts.access, parts.clock.now_ms()
    if access is None:
        return
    for token in await parts.worker.run(access.tokens):
        if token.name.startswith(LINK_NAME) and token.expires_ms <= now_ms:
            await parts.worker.run(lambda id_=token.id: access.remove(id_))  # type: ignore[misc] # a loop's lambda


async def sign_in_by_link(parts: Parts, secret: str) -> SignedIn:
    """Use a link up.

    Raises:
        LocalError: link.invalid
    """
    store, now_ms = _store(parts), parts.clock.now_ms()
    found = await parts.worker.run(lambda: store.take_link(_digest(secret), now_ms))
    token = await _token(parts, found.token) if found is not None else None
    if token is None:
        raise LocalError("link.invalid", "it works once, and soon", hint="`frost token link` makes another")
    return await _begin(parts, token, is_own=True)


async def sign_in_by_token(parts: Parts, shown: str) -> SignedIn:
    """Take a token.

    Raises:
        LocalError: token.invalid
    """
    return await _begin(parts, await tokens.admitted(parts, shown), is_own=False)


async def _begin(parts: Parts, token: Token, *, is_own: bool) -> SignedIn:
    store, secret, now_ms = _store(parts), _secret(parts), parts.clock.now_ms()
    expires_ms = min(token.expires_ms, now_ms + SESSION_S_MAX * 1000)
    session = Session(digest=_digest(secret), token=token.id, expires_ms=expires_ms, is_own=is_own)
    await parts.worker.run(lambda: store.add_session(session, now_ms))
    return SignedIn(secret, session.digest, expires_ms)


async def visitor(parts: Parts, secret: str) -> Visitor | None:
    """Whose browser shows this; None if nobody's who is signed in now."""
    store = parts.editing
    if store is None or not 0 < len(secret) <= SIGN_IN_SECRET_CHARS_MAX or not secret.isascii():
        return None
    now_ms = parts.clock.now_ms()
    session = await parts.worker.run(lambda: store.session(_digest(secret), now_ms))
    token = await _token(parts, session.token) if session is not None else None
    return Visitor(session, token) if session is not None and token is not None else None


async def session_token(parts: Parts, digest: bytes) -> Token | None:
    """The token of the session that is stored by this hash; None where there is none now. To know the hash is no right to anything."""
    store, now_ms = parts.editing, parts.clock.now_ms()
    session = await parts.worker.run(lambda: store.session(digest, now_ms)) if store is not None else None
    return await _token(parts, session.token) if session is not None else None


async def sign_out(parts: Parts, who: Visitor) -> None:
    """End a session, and the token that was made for it."""
    store, access = _store(parts), parts.access
    await parts.worker.run(lambda: store.end_session(who.session.digest))
    if who.session.is_own and access is not None:
        await parts.worker.run(lambda: access.remove(who.token.id))


async def _token(parts: Parts, id_: str) -> Token | None:
    """A token that is good now."""
    access = parts.access
    token = await parts.worker.run(lambda: access.token(id_)) if access is not None else None
    return token if token is not None and parts.clock.now_ms() < token.expires_ms else None


def _secret(parts: Parts) -> str:
    return urlsafe_b64encode(parts.random.bytes(TOKEN_BYTES)).decode().rstrip("=")


def _digest(secret: str) -> bytes:
    return sha256(secret[:SIGN_IN_SECRET_CHARS_MAX].encode()).digest()


def _store(parts: Parts) -> EditingStore:
    if parts.editing is None:
        raise LocalError("usage", "this node keeps no sessions")
    return parts.editing
