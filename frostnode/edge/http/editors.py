"""Who looks at a public page and may edit what it shows: a browser that is signed in, by a mark that is no key.

The cookie of a session is sent below /edit alone. Beside it a browser keeps a mark, for pages of records and publishers: the hash
by which its session is stored. It opens nothing; who shows it, while the session lasts, is offered a link to where one edits.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frostnode.access_port import Scope, Token
from frostnode.operations.parts import Json, Parts
from frostnode.operations.sessions import session_token
from frostnode.protocol.errors import FrostError
from frostnode.protocol.names import DATASET, Did
from frostnode.publish.submit import open_place

EDITING: Final = "/edit"
MARK: Final = "frost-editor"
MARKED: Final = ("/record", "/publisher")
"""Below which paths browsers send the mark."""

SHARED: Final = {"cache-control": "no-cache", "vary": "accept, cookie"}
OWN: Final = {"cache-control": "private, no-store", "vary": "accept, cookie"}
"""Of a page that offers an editor more than everybody else."""

_MARK_CHARS: Final = 64


async def record_edit(parts: Parts, request: Request, shown: Json) -> str:
    """Where the record on a page is edited by who looks at it; "" if it is not, or not by them."""
    is_editable = shown["type"] == DATASET and shown["content"]["state"] in ("here", "withdrawn")
    if not is_editable or "cid" in request.query_params or not await _may_edit(parts, request, shown["did"]):
        return ""
    return f"{EDITING}/dataset?{urlencode({'url': shown['url']})}"


async def publisher_edit(parts: Parts, request: Request, did: Did) -> str:
    """Where who looks at the page of a publisher edits what it has; "" if they may not."""
    return f"{EDITING}?{urlencode({'as': did})}" if await _may_edit(parts, request, did) else ""


def kept_by(edit: str) -> Mapping[str, str]:
    """Who may keep a page: nobody, where it offers something to one alone."""
    return OWN if edit else SHARED


async def _may_edit(parts: Parts, request: Request, did: str) -> bool:
    digest = _digest(request.cookies.get(MARK, ""))
    token = await session_token(parts, digest) if digest else None
    return token is not None and Scope.PUBLISH in token.scopes and did in await writable(parts, token)


def _digest(mark: str) -> bytes:
    """What a mark says; nothing where it is none."""
    try:
        return bytes.fromhex(mark) if len(mark) == _MARK_CHARS else b""
    except ValueError:
        return b""


async def writable(parts: Parts, token: Token) -> tuple[Did, ...]:
    """The publishers whose open log is here and for whom a token is good."""

    def run() -> tuple[Did, ...]:
        found: list[Did] = []
        with parts.log.read() as log:
            for did in dict.fromkeys(item.did for item in log.hosted()):
                try:
                    open_place(log, did)
                except FrostError:
                    continue  # it has moved, or is blocked
                if token.did in (None, did):
                    found.append(did)
        return tuple(found)

    return await parts.worker.run(run)


def set_mark(response: Response, digest: bytes, *, lasting_s: int, is_secure: bool) -> None:
    """Let a browser that is signed in keep the mark, as long as its session."""
    for path in MARKED:
        response.set_cookie(
            MARK,
            digest.hex(),
            max_age=lasting_s,
            path=path,
            httponly=True,
            samesite="strict",
            secure=is_secure,
        )


def end_mark(response: Response, *, is_secure: bool) -> None:
    """Let a browser forget it."""
    for path in MARKED:
        response.delete_cookie(MARK, path=path, httponly=True, samesite="strict", secure=is_secure)
