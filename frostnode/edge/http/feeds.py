"""Changes for whoever reads them by itself: Server-Sent Events, a firehose of lines, and answers that wait.

Rules (spec/14-notices.md#feeds):
- a reader names its place; the node remembers nothing of it;
- it is sent nothing before it has taken what came before: who takes too little is cut off, and goes on from its place;
- answers that wait have turns as streams of frames have, but not the same: neither keeps the other out.
"""

from collections.abc import AsyncGenerator
from contextlib import nullcontext
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.api import choice, whole_number
from frostnode.edge.http.streams import NOT_KEPT, OpenStreams
from frostnode.notify.reader import Reader
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CURSOR_INTERVAL_S, FEED_NOTICES_MAX, FEED_WAIT_S_MAX
from frostnode.protocol.subscription_target import parse_target

_HEADERS: Final = {**NOT_KEPT, "access-control-allow-origin": "*"}
"""Everyone may read, and nobody keeps what was read."""

_EVENTS: Final = "text/event-stream"
_LINES: Final = "application/x-ndjson"
_RETRY_MS: Final = 3000


class FeedResources:
    """The handlers, over one node's parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._open = OpenStreams()

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/frost/events", self.events),
            Route("/frost/firehose", self.firehose),
            Route("/frost/changes", self.changes),
        ]

    async def events(self, request: Request) -> Response:
        """Server-Sent Events; a browser that lost the connection says by Last-Event-ID where it was."""
        reader = await self._reader(request, request.headers.get("last-event-id", ""))
        return self._open.answer(request, _events(reader), media_type=_EVENTS, headers=_HEADERS)

    async def firehose(self, request: Request) -> Response:
        """A CloudEvent on each line; empty lines say that the connection lives."""
        live = choice(request, "live", ("true", "false")) == "true"
        reader = await self._reader(request)
        return self._open.answer(request, _lines(reader, live=live), media_type=_LINES, headers=_HEADERS)

    async def changes(self, request: Request) -> Response:
        """{notices, next, more}: what is behind a place, or comes within `wait` seconds."""
        limit = whole_number(request, "limit", FEED_NOTICES_MAX, FEED_NOTICES_MAX)
        wait_s = whole_number(request, "wait", 0, FEED_WAIT_S_MAX)
        if limit < 1:
            raise LocalError("usage", "parameter limit", found=limit, expected=f"1 to {FEED_NOTICES_MAX}")
        reader = await self._reader(request, limit=limit)
        if request.method == "HEAD":
            return Response(media_type="application/json", headers=_HEADERS)
        with self._open.turn(request) if wait_s else nullcontext():
            try:
                found = await reader.more(wait_s)
            finally:
                reader.close()
        notices = ",".join(text for _, text in found)
        more = "true" if reader.has_more else "false"
        body = f'{{"notices":[{notices}],"next":"{reader.place}","more":{more}}}'
        return Response(body, media_type="application/json", headers=_HEADERS)

    async def _reader(self, request: Request, last: str = "", *, limit: int = FEED_NOTICES_MAX) -> Reader:
        """Who asks: for everything from the beginning, unless it says what and from where.

        Raises:
            LocalError: usage, query.malformed, cursor.malformed, cursor.unknown, record.withheld
        """
        window = self._parts.window
        target = parse_target(request.query_params.get("target", "*"))
        since = last or request.query_params.get("since", "0")
        await window.worker.run(lambda: window.feed.check(target))
        place = await window.worker.run(lambda: window.feed.place(since))
        return Reader(window, target, place, limit=limit)


async def _events(reader: Reader) -> AsyncGenerator[bytes, None]:
    """Events; a sign of life brings the place along, so that who waited for long need not be looked up for again."""
    try:
        yield f"retry: {_RETRY_MS}\n{_sign_of_life(reader)}".encode()
        while True:
            found = await reader.more(CURSOR_INTERVAL_S)
            events = [f"id: {told.id}\nevent: {told.type}\ndata: {text}\n\n" for told, text in found]
            yield "".join(events or [_sign_of_life(reader)]).encode()
    finally:
        reader.close()


def _sign_of_life(reader: Reader) -> str:
    """An event without data is none, and its id counts all the same."""
    return f": alive\nid: {reader.place}\n\n"


async def _lines(reader: Reader, *, live: bool) -> AsyncGenerator[bytes, None]:
    try:
        if live:
            yield b"\n"  # nothing is sent before the first part, neither the status
        while live or reader.has_more:
            found = await reader.more(CURSOR_INTERVAL_S if live else 0)
            if found or live:
                yield "".join([f"{text}\n" for _, text in found] or ["\n"]).encode()
    finally:
        reader.close()
