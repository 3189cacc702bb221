"""Headers that every answer carries: browsers shall load nothing from elsewhere, run nothing that a record says.

Everything that this server hands out was written by strangers, so it never is more than its media type says.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frostnode.operations.drawing import STYLE

_STYLE_OF_DRAWINGS: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
"""A drawing that stands alone brings its style; no other one counts."""

CONTENT_SECURITY_POLICY: Final = f"default-src 'self'; style-src 'self' 'sha256-{_STYLE_OF_DRAWINGS}'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

_HEADERS: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class SecurityHeaders:
    """Middleware around the whole application, errors included; a page may say one of them otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers in what goes out."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                said = {name for name, _ in own}
                message["headers"] = [*own, *(header for header in _HEADERS if header[0] not in said)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
