"""Tokens, with which programs write through the API of this node: made, listed, revoked, and judged when one is shown.

A token is `frost_`, its id and its secret. It belongs to one home; the secret is told once, and stored as a hash.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from frostnode.access_port import AccessStore, Scope, Token
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    TOKEN_BYTES,
    TOKEN_CHARS_MAX,
    TOKEN_LIFETIME_S_MAX,
    TOKEN_NAME_CHARS_MAX,
    TOKEN_USED_INTERVAL_S,
)
from frostnode.protocol.names import Did, parse_did
from frostnode.protocol.notice import rfc3339

_PREFIX: Final = "frost"
_ID_BYTES: Final = 6
_HIDDEN: Final = "the token is unknown, expired or revoked"
"""Which of these is nobody's business who does not have it."""


async def create(parts: Parts, params: Params, progress: Progress) -> Json:
    """Make a token of `scopes`, good for `lifetime_s`, perhaps for one publisher `did` alone: {token, id, name, scopes, …}.

    The answer is the only place where the token is ever told.

    Raises:
        LocalError: usage, publisher.not-hosted, queue.full; NameError_: name.did
    """
    store = _store(parts)
    scopes, did = _scopes(params["scopes"]), params.get("did")
    lifetime_s, name = int(params["lifetime_s"]), str(params.get("name") or "")
    if not 1 <= lifetime_s <= TOKEN_LIFETIME_S_MAX:
        expected = f"1 to {TOKEN_LIFETIME_S_MAX} seconds"
        raise LocalError("usage", "lifetime of a token", found=lifetime_s, expected=expected)
    if len(name) > TOKEN_NAME_CHARS_MAX or not name.isprintable():
        expected = f"at most {TOKEN_NAME_CHARS_MAX} characters that can be printed"
        raise LocalError("usage", "name of a token", found=name, expected=expected)
    if did is not None:
        await _check_limited(parts, parse_did(str(did)), scopes)
    secret = parts.random.bytes(TOKEN_BYTES)
    now_ms = parts.clock.now_ms()
    token = Token(
        id=parts.random.bytes(_ID_BYTES).hex(),
        name=name,
        digest=sha256(secret).digest(),
        scopes=scopes,
        did=None if did is None else parse_did(str(did)),
        created_ms=now_ms,
        expires_ms=now_ms + lifetime_s * 1000,
    )
    await parts.worker.run(lambda: store.add(token))
    return {"token": f"{_PREFIX}_{token.id}_{_written(secret)}", **_json(token, now_ms)}


def _scopes(given: Any) -> frozenset[Scope]:
    try:
        scopes = frozenset(Scope(str(scope)) for scope in given)
    except ValueError:
        scopes = frozenset()
    if not scopes:
        raise LocalError("usage", "scopes of a token", found=given, expected=f"some of {', '.join(Scope)}")
    return scopes


async def _check_limited(parts: Parts, did: Did, scopes: frozenset[Scope]) -> None:
    """Subscriptions and the inbox are the home's: no token of one publisher alone is good for them."""
    if scopes != {Scope.PUBLISH}:
        raise LocalError(
            "usage", "scopes of a token of one publisher", found=", ".join(sorted(scopes)), expected="publish"
        )
    hosted = await parts.read(lambda reader: {item.did for item in reader.hosted()})
    if did not in hosted:
        raise LocalError("publisher.not-hosted", f"{did} is not hosted here")


async def tokens(parts: Parts, params: Params, progress: Progress) -> Json:
    """All tokens of the home, without their secrets: {tokens: [{id, name, scopes, did, created, expires, used, expired}]}."""
    store, now_ms = _store(parts), parts.clock.now_ms()
    return {"tokens": [_json(token, now_ms) for token in await parts.worker.run(store.tokens)]}


async def revoke(parts: Parts, params: Params, progress: Progress) -> Json:
    """End the token of the `id` at once: {revoked}; a whole token names itself.

    Raises:
        LocalError: record.not-found
    """
    store, given = _store(parts), str(params["id"])
    id_ = given.split("_")[1] if given.startswith(f"{_PREFIX}_") else given
    if not await parts.worker.run(lambda: store.remove(id_)):
        raise LocalError("record.not-found", f"no token {id_[: _ID_BYTES * 2]}", hint="`frost token list`")
    return {"revoked": id_}


async def admitted(parts: Parts, shown: str) -> Token:
    """The token that somebody shows, if it is good now.

    Raises:
        LocalError: token.invalid
    """
    id_, secret = _parsed(shown)
    store = parts.access
    token = await parts.worker.run(lambda: store.token(id_)) if store is not None else None
    # The hash of what was shown is compared whole: how long that takes says nothing of the one that is stored.
    is_right = compare_digest(sha256(secret).digest(), token.digest if token is not None else bytes(32))
    now_ms = parts.clock.now_ms()
    if store is None or token is None or not is_right or now_ms >= token.expires_ms:
        raise LocalError("token.invalid", _HIDDEN, hint="`frost token create` makes another")
    if token.used_ms is None or now_ms - token.used_ms >= TOKEN_USED_INTERVAL_S * 1000:
        await parts.worker.run(lambda: store.used(token.id, now_ms))
    return token


def _parsed(shown: str) -> tuple[str, bytes]:
    """Id and secret; what is none has a secret that no token has."""
    prefix, _, rest = shown.partition("_")
    id_, _, secret = rest.partition("_")
    if prefix != _PREFIX or len(shown) > TOKEN_CHARS_MAX or not shown.isascii():
        return "", b""
    return id_, _read(secret)


def _written(secret: bytes) -> str:
    return urlsafe_b64encode(secret).decode().rstrip("=")


def _read(text: str) -> bytes:
    """The secret in its one spelling; empty for any other."""
    try:
        secret = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
    return secret if _written(secret) == text and len(secret) == TOKEN_BYTES else b""


def _json(token: Token, now_ms: int) -> Json:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "did": token.did,
        "created": rfc3339(token.created_ms),
        "expires": rfc3339(token.expires_ms),
        "used": None if token.used_ms is None else rfc3339(token.used_ms),
        "expired": now_ms >= token.expires_ms,
    }


def _store(parts: Parts) -> AccessStore:
    if parts.access is None:
        raise LocalError("usage", "this node keeps no tokens")
    return parts.access
