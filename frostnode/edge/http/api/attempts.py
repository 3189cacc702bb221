"""Requests that are done once, however often they are sent: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

The key is noted before anything is done, and its answer when it is done. What broke off in between, also by a loss of power,
is begun anew by whoever sends it again: what was published then is found published, and is told as what it was.
"""

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final, TypeAlias

from starlette.requests import Request

from frostnode.access_port import AccessStore, Attempt, Token
from frostnode.edge.http.api.declared import Result
from frostnode.edge.outcomes import http_status
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX

HEADER: Final = "idempotency-key"
REPLAYED: Final = {"idempotency-replayed": "true"}
Work: TypeAlias = Callable[[int, bool], Awaitable[Result]]
"""(when the first try began, whether this is another one)."""

_CONDITIONS: Final = ("content-type", "if-match", "if-none-match")


class Attempts:
    """Those of one node. In this process two of one key are never at work at once."""

    def __init__(self, parts: Parts, store: AccessStore) -> None:
        self._worker = parts.worker
        self._clock = parts.clock
        self._store = store
        self._at_work: set[tuple[str, str]] = set()

    async def once(self, request: Request, body: bytes, token: Token, run: Work) -> Result:
        """Do it, or answer what was answered; `run` is told whether an earlier try was never answered.

        Raises:
            LocalError: usage, idempotency.busy, idempotency.reused, queue.full; what `run` says
        """
        key = key_of(request)
        if key is None:
            return await run(self._clock.now_ms(), False)
        return await self.named(token, key, _fingerprint(request, body), run)

    async def named(self, token: Token, key: str, fingerprint: bytes, run: Work) -> Result:
        """Do it, or answer what was answered to this key; another fingerprint is another request.

        Raises:
            LocalError: idempotency.busy, idempotency.reused, queue.full; what `run` says
        """
        name = token.id, key
        if name in self._at_work:
            raise LocalError("idempotency.busy", "this key is at work", hint="ask again when it is done")
        self._at_work.add(name)
        try:
            return await self._once(fingerprint, name, run)
        finally:
            self._at_work.discard(name)

    async def _once(self, request: bytes, name: tuple[str, str], run: Work) -> Result:
        attempt = Attempt(token=name[0], key=name[1], request=request, begun_ms=self._clock.now_ms())
        earlier = await self._worker.run(lambda: self._store.begin(attempt))
        if earlier is not None and earlier.request != request:
            raise LocalError(
                "idempotency.reused", "this key was used for another request", hint="take a new key for it"
            )
        if earlier is not None and earlier.answer is not None:
            return _replayed(earlier.answer)
        try:
            result = await run((earlier or attempt).begun_ms, earlier is not None)
        except FrostError as error:
            if http_status(error) < 500:  # else it may have been done, or in part: who asks again goes on
                await self._worker.run(lambda: self._store.forget(*name))
            raise
        await self._worker.run(lambda: self._store.finish(*name, _kept(result)))
        return result


def key_of(request: Request) -> str | None:
    """The key by which a request names itself, None when it has none.

    Raises:
        LocalError: usage
    """
    fields = request.headers.getlist(HEADER)
    if not fields:
        return None
    key = fields[0].removeprefix('"').removesuffix('"')  # the draft quotes it, most clients do not
    is_plain = key.isascii() and key.isprintable()
    if len(fields) > 1 or not (is_plain and key and len(fields[0]) <= IDEMPOTENCY_KEY_CHARS_MAX):
        expected = f"one of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters"
        raise LocalError("usage", "Idempotency-Key", found=fields[0], expected=expected)
    return key


def _fingerprint(request: Request, body: bytes) -> bytes:
    """What makes two requests the same one."""
    scope = request.scope
    parts = [request.method.encode(), scope.get("raw_path") or scope["path"].encode(), scope["query_string"]]
    parts += [request.headers.get(name, "").encode() for name in _CONDITIONS]
    return sha256(b"\0".join([*parts, body])).digest()


def _kept(result: Result) -> bytes:
    assert isinstance(result.content, dict), "what is written is answered in JSON"
    kept = {"status": result.status, "headers": dict(result.headers), "content": result.content}
    return json.dumps(kept).encode()


def _replayed(answer: bytes) -> Result:
    kept = json.loads(answer)
    return Result(content=kept["content"], status=kept["status"], headers={**kept["headers"], **REPLAYED})
