"""Who sends a form, and from where: a signed-in browser, a page of this node, a form that was made for this session.

Three things hold a foreign page off, each alone enough: the cookie is SameSite=Strict, `Origin` must be this node's own, and
each form carries a token that only pages of its session have. The cookie is sent below /edit alone.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from frostnode.access_port import Scope, Token
from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.api.rates import Rates, counted_address
from frostnode.edge.http.editing.typed import parse_form
from frostnode.edge.http.editors import EDITING, end_mark, set_mark, writable
from frostnode.edge.http.signed import RequestChunks
from frostnode.operations.parts import Parts
from frostnode.operations.sessions import SignedIn, Visitor, visitor
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import EDIT_FORM_BYTES_MAX, FETCH_TIMEOUT_S
from frostnode.protocol.names import Did
from frostnode.replicate.body_chunks import BodyChunks

COOKIE: Final = "frost-session"
ROOT: Final = EDITING
FORM: Final = "form"
"""The input with the token of a form."""

_TYPE: Final = "application/x-www-form-urlencoded"
_PURPOSE: Final = b"frost form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of a browser that is signed in."""

    who: Visitor
    form: str
    """What its forms carry."""
    dids: tuple[Did, ...]
    """The publishers that it may write for."""
    is_program: bool
    """Whether it would rather have JSON."""

    @property
    def token(self) -> Token:
        """Whose rights it has."""
        return self.who.token

    def need(self, scope: Scope) -> None:
        """Check that its token is good for this.

        Raises:
            LocalError: token.scope
        """
        if scope not in self.token.scopes:
            found = ", ".join(sorted(self.token.scopes))
            raise LocalError("token.scope", "scope of the token", found=found, expected=scope)

    def publisher(self, asked: str) -> Did:
        """The publisher that is meant; the only one, where none is named.

        Raises:
            LocalError: token.scope, publisher.not-hosted
        """
        if asked and self.token.did is not None and asked != self.token.did:
            raise LocalError("token.scope", "publisher of the token", found=self.token.did, expected=asked)
        for did in self.dids:
            if asked in ("", did):
                return did
        raise LocalError("publisher.not-hosted", f"no open log of {asked or 'any publisher'} here")


class SignInAgain(Exception):
    """A form came of a browser that is not signed in any more, with what was typed."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        super().__init__()
        self.typed = typed


class Visitors:
    """Those of one node."""

    def __init__(self, parts: Parts, rates: Rates) -> None:
        self._parts = parts
        self._rates = rates

    async def look(self, request: Request) -> Visit | None:
        """Whose browser it is; None of nobody who is signed in."""
        return await self.known(request, request.cookies.get(COOKIE, ""))

    async def known(self, request: Request, secret: str) -> Visit | None:
        """Whose session this is the secret of, for this request."""
        who = await visitor(self._parts, secret)
        if who is None:
            return None
        return Visit(
            who=who,
            form=_form_token(secret),
            dids=await writable(self._parts, who.token),
            is_program=wants_document(request),
        )

    async def needed(self, request: Request) -> Visit:
        """Whose browser it is.

        Raises:
            LocalError: session.missing
        """
        visit = await self.look(request)
        if visit is None:
            raise LocalError("session.missing", request.url.path)
        return visit

    async def sent(self, request: Request) -> tuple[Visit, dict[str, str]]:
        """Who sends a form, and what was typed into it.

        Raises:
            LocalError: form.foreign, request.media-type, request.rate, usage; TransportError; SignInAgain
        """
        typed = await self.taken(request)
        form = typed.pop(FORM, "")
        visit = await self.look(request)
        if visit is None:
            raise SignInAgain(typed)
        if not compare_digest(form.encode("utf-8", "replace"), visit.form.encode()):
            raise LocalError("form.foreign", "the token of the form", hint="load its page anew")
        self._count(f"token {visit.token.id}")
        return visit, typed

    async def taken(self, request: Request) -> dict[str, str]:
        """A form from a page of this node, whoever sends it.

        Raises:
            LocalError: form.foreign, request.media-type, request.rate, usage; TransportError
        """
        check_origin(request, self._parts.url)
        client = counted_address(request.client.host if request.client is not None else "")
        if client is not None:
            self._count(client)
        said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if said != _TYPE:
            raise LocalError("request.media-type", "a form", found=said or "none", expected=_TYPE)
        length = request.headers.get("content-length", "")
        if length.isdigit() and (len(length) > 16 or int(length) > EDIT_FORM_BYTES_MAX):
            raise TransportError(
                "request.too-large", "a form", found=length, expected=f"≤ {EDIT_FORM_BYTES_MAX}"
            )
        chunks = BodyChunks(RequestChunks(request), bytes_max=EDIT_FORM_BYTES_MAX, silence_s=FETCH_TIMEOUT_S)
        data = await chunks.whole()
        return await self._parts.worker.run(lambda: parse_form(data))

    def _count(self, client: str) -> None:
        standing = self._rates.writes.spend(client)
        if standing.is_refused:
            raise LocalError(
                "request.rate",
                standing.name,
                expected=f"{standing.most} at once",
                hint=f"again in {standing.wait_s} s",
            )


def check_origin(request: Request, own_url: str) -> None:
    """Check that a form was sent from a page of this node.

    Raises:
        LocalError: form.foreign
    """
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    own = {request.headers.get("host", "").lower(), urlsplit(own_url).netloc.lower()} - {""}
    is_own = len(origins) == 1 and urlsplit(origins[0]).netloc.lower() in own
    if not is_own and not (not origins and sites == ["same-origin"]):
        found = origins[0] if origins else "none"
        raise LocalError("form.foreign", "Origin", found=found, expected="a page of this node")


def set_session(request: Request, response: Response, signed_in: SignedIn, now_ms: int) -> None:
    """Let the browser keep who it is, and the mark of that; only over TLS, where it came by TLS."""
    lasting_s, secure = max(1, (signed_in.expires_ms - now_ms) // 1000), is_secure(request)
    set_mark(response, signed_in.digest, lasting_s=lasting_s, is_secure=secure)
    response.set_cookie(
        COOKIE,
        signed_in.secret,
        max_age=lasting_s,
        path=ROOT,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def end_cookie(request: Request, response: Response) -> None:
    """Let the browser forget it."""
    end_mark(response, is_secure=is_secure(request))
    response.delete_cookie(COOKIE, path=ROOT, httponly=True, samesite="strict", secure=is_secure(request))


def is_secure(request: Request) -> bool:
    """Whether the browser came by TLS: it says so itself, for a proxy may stand between."""
    return request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https"


def _form_token(secret: str) -> str:
    """Made of the session's secret, which it does not tell."""
    return urlsafe_b64encode(hmac(secret.encode(), _PURPOSE, "sha256")).decode().rstrip("=")
