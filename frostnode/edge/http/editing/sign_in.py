"""Signing in, by a token or a link, and signing out. What was typed by somebody whose session has ended is not lost."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.editing.frame import Frame, see, shown_as_json, told
from frostnode.edge.http.editing.typed import Typed, pack, unpack
from frostnode.edge.http.editing.visitors import ROOT, SignInAgain, end_cookie, set_session
from frostnode.edge.outcomes import http_status
from frostnode.operations.sessions import sign_in_by_link, sign_in_by_token, sign_out
from frostnode.protocol.errors import FrostError, LocalError

_PATH_CHARS_MAX: Final = 2000
_COMMANDS: Final = ("frost token link", "frost token create --scope publish --name my-browser")
"""What makes a link, and a token."""


class SignIn:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One path to come in, one to leave."""
        return [
            Route(f"{ROOT}/sign-in", self.show),
            Route(f"{ROOT}/sign-in", self.enter, methods=["POST"]),
            Route(f"{ROOT}/sign-out", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form. A link is not used up by looking at it: programs look at links in messages."""
        if wants_document(request):
            return shown_as_json({"by": ["link", "token"], "commands": list(_COMMANDS), "then": ROOT})
        return await self.asked(link=request.query_params.get("link", ""), then=ROOT)

    async def asked(
        self, *, then: str, link: str = "", kept: Typed | None = None, error: FrostError | None = None
    ) -> Response:
        """The form, on the way to somewhere; `kept` was typed there."""
        status = http_status(error) if error is not None else 200
        values = {
            "link": link,
            "then": then,
            "kept": pack(kept).decode("utf-8", "replace") if kept else "",
            "commands": _COMMANDS,
            "problem": told(error) if error is not None else None,
        }
        return await self._frame.html("sign-in.html", None, values, status=status)

    async def enter(self, request: Request) -> Response:
        """Sign in, and go on.

        Raises:
            LocalError: form.foreign, request.media-type, request.rate, usage
        """
        typed, parts = await self._frame.visitors.taken(request), self._frame.parts
        then, kept = _own_path(typed.get("then", "")), _kept(typed.get("kept", ""))
        try:
            if typed.get("link"):
                signed_in = await sign_in_by_link(parts, typed["link"])
            else:
                signed_in = await sign_in_by_token(parts, typed.get("token", "").strip())
        except LocalError as error:
            if wants_document(request):
                raise
            return await self.asked(then=then, kept=kept, error=error)
        answer = await self._again(request, signed_in.secret, then, kept) if kept else see(then)
        set_session(request, answer, signed_in, parts.clock.now_ms())
        return answer

    async def _again(self, request: Request, secret: str, then: str, kept: Typed) -> Response:
        """What was typed, to be sent by whoever has signed in anew."""
        visit, values = await self._frame.visitors.known(request, secret), {"then": then, "kept": kept}
        if visit is None:
            return await self.asked(then=then, kept=kept)  # the token was revoked meanwhile
        return await self._frame.page("again.html", visit, values, values)

    async def leave(self, request: Request) -> Response:
        """Sign out.

        Raises:
            LocalError: form.foreign, request.media-type, request.rate, usage
        """
        try:
            visit, _ = await self._frame.visitors.sent(request)
            await sign_out(self._frame.parts, visit.who)
        except SignInAgain:
            pass  # it has ended already
        answer = see("/")
        end_cookie(request, answer)
        return answer


def _own_path(text: str) -> str:
    """A page of editing; a link from elsewhere leads to no other."""
    is_own = text == ROOT or text.startswith((f"{ROOT}/", f"{ROOT}?"))
    return (
        text if is_own and len(text) <= _PATH_CHARS_MAX and text.isprintable() and "\\" not in text else ROOT
    )


def _kept(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        kept = unpack(text.encode("utf-8", "surrogatepass"))
        pack(kept).decode("utf-8")  # no page can say half of a character
        return kept
    except (ValueError, AttributeError, RecursionError):
        raise LocalError("usage", "what was typed", expected="as its page had it") from None
