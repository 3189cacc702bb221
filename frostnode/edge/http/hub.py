"""Where strangers subscribe to feeds by WebSub, and the header fields by which they find it."""

from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frostnode.edge.http.signed import RequestChunks
from frostnode.notify.hub import Hub
from frostnode.notify.websub import HUB_PATH, hub_links, target_at
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import HUB_REQUEST_BYTES_MAX, REQUEST_BODY_TIMEOUT_S
from frostnode.replicate.body_chunks import BodyChunks

_FIELDS_MAX: Final = 16


class HubResource:
    """The handler."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[Route]:
        """The path of the hub."""
        return [Route(HUB_PATH, self.ask, methods=["POST"])]

    async def ask(self, request: Request) -> Response:
        """Take up a request; the answer says no more than that."""
        body = BodyChunks(
            RequestChunks(request),
            bytes_max=HUB_REQUEST_BYTES_MAX,
            silence_s=REQUEST_BODY_TIMEOUT_S,
            seconds_max=REQUEST_BODY_TIMEOUT_S,
        )
        self._hub.ask(_form(await body.whole()))
        return Response(status_code=202, headers={"cache-control": "no-store"})


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form, each once.

    Raises:
        LocalError: usage
    """
    try:
        fields = parse_qs(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise LocalError("usage", "request to the hub: expected a form") from error
    twice = next((name for name, values in fields.items() if len(values) > 1), None)
    if twice is not None:
        raise LocalError("usage", "request to the hub", found=f"{twice} twice", expected="each field once")
    return {name: value for name, (value,) in fields.items()}


class HubLinks:
    """Middleware: the answer to whoever reads a feed says where its hub is."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the links in what goes out."""
        path, query = (scope.get(name, b"").decode("latin-1") for name in ("raw_path", "query_string"))
        target = target_at(f"{path}?{query}" if query else path)
        if target is None:
            await self._app(scope, receive, send)
            return
        links = hub_links(self._hub.node, self._hub.feeds.path(target))

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                MutableHeaders(scope=message).append("link", links)
            await send(message)

        await self._app(scope, receive, send_with_links)
