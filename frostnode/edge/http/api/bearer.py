"""Who asks: the token in `Authorization: Bearer` (RFC 6750), and what is told to whom it does not let in.

A token comes in no other way. No browser sends this field by itself, so no page can write in the name of who looks at it; an
address, where a token would be kept in histories and logs, is refused with one.
"""

from starlette.requests import Request

from frostnode.access_port import Scope, Token
from frostnode.operations.parts import Parts
from frostnode.operations.tokens import admitted
from frostnode.protocol.errors import FrostError, LocalError

_SCHEME = "bearer"


async def bearer(parts: Parts, request: Request, scope: Scope) -> Token:
    """The token of a request, if it is good for this.

    Raises:
        LocalError: token.missing, token.invalid, token.scope
    """
    fields = request.headers.getlist("authorization")
    scheme, _, shown = fields[0].partition(" ") if fields else ("", "", "")
    if len(fields) != 1 or scheme.lower() != _SCHEME or not shown.strip():
        raise LocalError("token.missing", "no token", expected="Authorization: Bearer frost_…")
    token = await admitted(parts, shown.strip())
    if scope not in token.scopes:
        found = ", ".join(sorted(token.scopes))
        raise LocalError("token.scope", "scope of the token", found=found, expected=scope)
    return token


def challenge(error: FrostError, scope: Scope | None) -> dict[str, str]:
    """What the answer says of how to come in (RFC 6750, section 3)."""
    needed = f', scope="{scope}"' if scope is not None else ""
    match error.code:
        case "token.missing":
            return {"www-authenticate": f'Bearer realm="frostnode"{needed}'}
        case "token.invalid":
            return {"www-authenticate": f'Bearer realm="frostnode", error="invalid_token"{needed}'}
        case "token.scope":
            return {"www-authenticate": f'Bearer realm="frostnode", error="insufficient_scope"{needed}'}
        case _:
            return {}
