"""Cursors: where a stream of this node's arrivals stands (spec/05-sync.md#cursors)."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from frostnode.ports import LogReader
from frostnode.protocol.errors import LocalError

_FORM = struct.Struct(">16sQ8s")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Database (16 bytes), arrival number, and the random tag (8 bytes) in that arrival's row.

    The tag tells a restored database from the one that handed the cursor out. Opaque to receivers.
    """

    database: bytes
    number: int
    tag: bytes

    def to_bytes(self) -> bytes:
        """32 bytes, as frames carry them."""
        return _FORM.pack(self.database, self.number, self.tag)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Cursor":
        """Read the 32 bytes.

        Raises:
            LocalError: cursor.malformed
        """
        if len(data) != _FORM.size:
            raise LocalError("cursor.malformed", "cursor bytes", found=len(data), expected=_FORM.size)
        return cls(*_FORM.unpack(data))


_NO_TAG = bytes(8)


def cursor_at(reader: LogReader, number: int) -> Cursor:
    """The cursor behind arrival `number`; 0 is the beginning."""
    arrival = reader.arrival(number) if number else None
    return Cursor(reader.database, number, arrival.tag if arrival else _NO_TAG)


def resume(reader: LogReader, cursor: bytes) -> int:
    """The arrival number behind which a receiver with `cursor` stands.

    Raises:
        LocalError: cursor.malformed; cursor.unknown, when this database did not hand it out (another
            node, a restored copy): the receiver must compare heads or begin anew
    """
    asked = Cursor.from_bytes(cursor)
    if asked.number > reader.last_arrival() or asked != cursor_at(reader, asked.number):
        raise LocalError(
            "cursor.unknown", "cursor", found=cursor, expected="one of this database", hint="compare heads"
        )
    return asked.number


def cursor_text(cursor: bytes) -> str:
    """The form in URLs: base64url, unpadded."""
    return urlsafe_b64encode(cursor).decode("ascii").rstrip("=")


def parse_cursor_text(text: str) -> bytes:
    """Read the form in URLs.

    Raises:
        LocalError: cursor.malformed
    """
    try:
        cursor = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise LocalError("cursor.malformed", "cursor", found=text, expected="base64url") from error
    if cursor_text(cursor) != text:
        raise LocalError("cursor.malformed", "cursor", found=text, expected="unpadded base64url")
    return cursor
