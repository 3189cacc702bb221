"""Answers that anybody may read go out compressed, where the client takes that (RFC 9110, 8.4 and 12.5.3).

What is compressed has no secret in it: an answer to a request that shows who asks goes out as it is, and so does all that may not
be kept, but for files that never change. Or else its length would tell, of a secret beside words that somebody else has chosen, how much they are alike. The
synchronisation of nodes is left alone, as are answers that go on, parts of one, and what is small.

The same under another coding is another representation: it has an entity tag of its own, and `Vary` says what decides.
"""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frostnode.edge.http.accept import takes_gzip
from frostnode.ports import Worker
from frostnode.protocol.limits import COMPRESSED_BYTES_MAX, COMPRESSED_BYTES_MIN, COMPRESSED_KEPT_MAX

_METHODS: Final = frozenset({"GET", "HEAD"})
_BETWEEN_NODES: Final = "/frost/"
_SHOW_WHO_ASKS: Final = ("cookie", "authorization")
_NOT_FOR_ALL: Final = frozenset({"no-store", "private", "no-transform"})
_NOT_WHOLE: Final = frozenset({204, 206, 304})
_UNCHANGED: Final = 304
_SAID: Final = "accept-encoding"
_MARK: Final = '-gzip"'
"""How the entity tag of what is compressed ends."""

_LEVEL: Final = 5
_LEVEL_OF_KEPT: Final = 9


class Compression:
    """Middleware; what never changes is compressed once."""

    def __init__(self, app: ASGIApp, worker: Worker) -> None:
        self._app = app
        self._worker = worker
        self._kept: dict[bytes, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and compress what may be and is wanted so."""
        is_read = scope["type"] == "http" and scope["method"] in _METHODS
        if not is_read or scope["path"].startswith(_BETWEEN_NODES):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_anybody = not any(name in headers for name in _SHOW_WHO_ASKS)
        is_taken = takes_gzip(",".join(headers.getlist(_SAID)))
        known = _tags(headers.getlist("if-none-match"))
        told = _told(scope["headers"], known, is_taken and is_anybody)
        inner = {**scope, "headers": told} if known else scope
        asked = _Asked(
            is_taken=is_taken, is_anybody=is_anybody, is_head=scope["method"] == "HEAD", known=known
        )
        answer = _Answer(self, send, asked)
        await self._app(inner, receive, answer.send)

    async def compressed(self, body: bytes, *, is_for_ever: bool) -> bytes:
        """The same body under gzip; equal bytes for equal ones."""
        if not is_for_ever:
            return await self._worker.run(lambda: _gzip(body, _LEVEL))
        found = self._kept.get(body)
        if found is None:
            found = await self._worker.run(lambda: _gzip(body, _LEVEL_OF_KEPT))
            if len(self._kept) < COMPRESSED_KEPT_MAX:
                self._kept[body] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What counts of a request; `known` are the tags of what the client has."""

    is_taken: bool
    is_anybody: bool
    is_head: bool
    known: frozenset[str]


class _Answer:
    """One answer on its way out; its head waits for the whole body where that is compressed."""

    def __init__(self, compression: Compression, send: Send, asked: _Asked) -> None:
        self._compression = compression
        self._send = send
        self._asked = asked
        self._start: Message | None = None
        self._pieces: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Pass on, compressed or as it is."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._go_on(self._start, message)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        fields = MutableHeaders(raw=list(message.get("headers", ())))
        message = {**message, "headers": fields.raw}
        status, tag = message["status"], fields.get("etag", "")
        may_be = _may_be_compressed(status, fields)
        if may_be or status == _UNCHANGED:
            fields.add_vary_header(_SAID)
        # A file that never changes is the same for everybody, whatever cookie a browser sends along.
        is_wanted = self._asked.is_taken and (self._asked.is_anybody or _is_for_ever(fields))
        if status == _UNCHANGED and is_wanted and _marked(tag) in self._asked.known:
            fields["etag"] = _marked(tag)
        if not (may_be and is_wanted):
            await self._send(message)
            return
        fields["content-encoding"] = "gzip"
        if tag:
            fields["etag"] = _marked(tag)
        if self._asked.is_head:
            del fields["content-length"]  # known to whoever has compressed it
            await self._send(message)
        else:
            self._start = message

    async def _go_on(self, start: Message, message: Message) -> None:
        self._pieces.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        fields = MutableHeaders(raw=start["headers"])
        whole = b"".join(self._pieces)
        body = await self._compression.compressed(whole, is_for_ever=_is_for_ever(fields))
        fields["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _may_be_compressed(status: int, fields: Headers) -> bool:
    """Whether it is a whole text for everybody, of a size that is worth it; the same for every request that is answered so."""
    length = fields.get("content-length", "")
    return (
        status not in _NOT_WHOLE
        and length.isdigit()
        and COMPRESSED_BYTES_MIN <= int(length) <= COMPRESSED_BYTES_MAX
        and _is_text(fields.get("content-type", ""))
        and not {"content-encoding", "content-range", "set-cookie"} & set(fields.keys())
        and not _NOT_FOR_ALL & _directives(fields)
    )


def _is_text(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("json", "xml"))


def _is_for_ever(fields: Headers) -> bool:
    return {"public", "immutable"} <= _directives(fields)


def _directives(fields: Headers) -> frozenset[str]:
    said = ",".join(fields.getlist("cache-control")).lower().split(",")
    return frozenset(part.partition("=")[0].strip() for part in said)


def _marked(tag: str) -> str:
    return tag.removesuffix('"') + _MARK


def _tags(fields: Iterable[str]) -> frozenset[str]:
    """The entity tags that a client has, compared weakly (RFC 9110, 13.1.2)."""
    found = (tag.strip().removeprefix("W/") for field in fields for tag in field.split(","))
    return frozenset(tag for tag in found if tag)


def _told(
    fields: Iterable[tuple[bytes, bytes]], known: frozenset[str], is_wanted: bool
) -> list[tuple[bytes, bytes]]:
    """The fields of a request as the application is told them: it knows no codings.

    What a client has compressed counts if it would get it so again.
    """
    plain = {tag for tag in known if not tag.endswith(_MARK)}
    if is_wanted:
        plain |= {tag.removesuffix(_MARK) + '"' for tag in known if tag.endswith(_MARK)}
    others = [field for field in fields if field[0].lower() != b"if-none-match"]
    if not plain:
        return others
    return [*others, (b"if-none-match", ", ".join(sorted(plain)).encode("latin-1"))]


def _gzip(body: bytes, level: int) -> bytes:
    return gzip.compress(body, level, mtime=0)
