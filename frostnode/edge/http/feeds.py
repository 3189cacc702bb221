"""Changes for whoever reads them by itself: Server-Sent Events, a firehose of lines, and answers that wait.

Rules (spec/14-notices.md#feeds):
- a reader names its place; the node remembers nothing of it;
- it is sent nothing before it has taken what came before: who takes too little is cut off, and goes on from its place;
- with `test=1` a test notice comes first, for this answer alone; it is no place to go on from;
- answers that wait have turns as streams of frames have, but not the same: neither keeps the other out.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import nullcontext
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.asked import choice, whole_number
from frostnode.edge.http.streams import NOT_KEPT, OpenStreams
from frostnode.notify.feed import Told
from frostnode.notify.reader import Reader
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CURSOR_INTERVAL_S, FEED_NOTICES_MAX, FEED_WAIT_S_MAX
from frostnode.search.subscription_target import Target, parse_target

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
        last = request.headers.get("last-event-id", "")
        reader = await self._reader(request, last)
        test = None if last else await self._test(request)  # it was told before the connection was lost
        return self._open.answer(request, _events(reader, test), media_type=_EVENTS, headers=_HEADERS)

    async def firehose(self, request: Request) -> Response:
        """A CloudEvent on each line; empty lines say that the connection lives."""
        live = choice(request, "live", ("true", "false")) == "true"
        reader = await self._reader(request)
        lines = _lines(reader, await self._test(request), live=live)
        return self._open.answer(request, lines, media_type=_LINES, headers=_HEADERS)

    async def changes(self, request: Request) -> Response:
        """{notices, next, more}: what is behind a place, or comes within `wait` seconds; or a test notice alone."""
        limit = whole_number(request, "limit", FEED_NOTICES_MAX, FEED_NOTICES_MAX)
        wait_s = whole_number(request, "wait", 0, FEED_WAIT_S_MAX)
        if limit < 1:
            raise LocalError("usage", "parameter limit", found=limit, expected=f"1 to {FEED_NOTICES_MAX}")
        reader = await self._reader(request, limit=limit)
        if request.method == "HEAD":
            return Response(media_type="application/json", headers=_HEADERS)
        test = await self._test(request)
        if test is not None:
            return _answer([test.text(None)], reader, more=True)
        with self._open.turn(request) if wait_s else nullcontext():
            try:
                found = await reader.more(wait_s)
            finally:
                reader.close()
        return _answer([text for _, text in found], reader, more=reader.has_more)

    async def _reader(self, request: Request, last: str = "", *, limit: int = FEED_NOTICES_MAX) -> Reader:
        """Who asks: for everything from the beginning, unless it says what and from where.

        Raises:
            LocalError: usage, query.malformed, cursor.malformed, cursor.unknown, record.withheld
        """
        window, target = self._parts.window, _target(request)
        since = last or request.query_params.get("since", "0")
        await window.worker.run(lambda: window.feed.check(target))
        place = await window.worker.run(lambda: window.feed.place(since))
        return Reader(window, target, place, limit=limit)

    async def _test(self, request: Request) -> Told | None:
        """A test notice, if one is wanted.

        Raises:
            LocalError: usage
        """
        if choice(request, "test", ("0", "1")) == "0":
            return None
        window, target = self._parts.window, _target(request)
        return await window.worker.run(lambda: window.feed.trial(target))


def _target(request: Request) -> Target:
    return parse_target(request.query_params.get("target", "*"))


def _answer(texts: Sequence[str], reader: Reader, *, more: bool) -> Response:
    notices = ",".join(texts)
    body = f'{{"notices":[{notices}],"next":"{reader.place}","more":{"true" if more else "false"}}}'
    return Response(body, media_type="application/json", headers=_HEADERS)


async def _events(reader: Reader, test: Told | None) -> AsyncGenerator[bytes, None]:
    """Events; a sign of life brings the place along, so that who waited for long need not be looked up for again."""
    try:
        first = "" if test is None else f"event: {test.type}\ndata: {test.text(None)}\n\n"
        yield f"retry: {_RETRY_MS}\n{_sign_of_life(reader)}{first}".encode()
        while True:
            found = await reader.more(CURSOR_INTERVAL_S)
            events = [f"id: {told.id}\nevent: {told.type}\ndata: {text}\n\n" for told, text in found]
            yield "".join(events or [_sign_of_life(reader)]).encode()
    finally:
        reader.close()


def _sign_of_life(reader: Reader) -> str:
    """An event without data is none, and its id counts all the same."""
    return f": alive\nid: {reader.place}\n\n"


async def _lines(reader: Reader, test: Told | None, *, live: bool) -> AsyncGenerator[bytes, None]:
    try:
        if live or test is not None:  # nothing is sent before the first part, neither the status
            yield b"\n" if test is None else f"{test.text(None)}\n".encode()
        while live or reader.has_more:
            found = await reader.more(CURSOR_INTERVAL_S if live else 0)
            if found or live:
                yield "".join([f"{text}\n" for _, text in found] or ["\n"]).encode()
    finally:
        reader.close()
