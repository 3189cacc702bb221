"""What a failure is to the outside: its HTTP status, its exit code, its problem document.

Rule 1: this is the only place that knows both error codes and HTTP or exit codes; whoever raises knows
neither. Rule 2: the most particular row wins: the code itself, then its area (what stands before the
dot), then the class of the error and its bases. The table of spec/08-errors.md shows the result for
every code, and a test compares the two.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from frostnode.protocol.errors import (
    CODES,
    EncodingError,
    FrameError,
    FrostError,
    LocalError,
    PeerError,
    StorageError,
    TransportError,
)


class Exit(IntEnum):
    """What `frost` exits with: small, stable, for scripts to branch on."""

    OTHER = 1
    USAGE = 2
    NOT_FOUND = 3
    INVALID = 4
    TRANSPORT = 5
    STORAGE = 6
    BUSY = 7


class Outcome(NamedTuple):
    """One row of the table."""

    status: int
    exit: Exit


OUTCOMES: Final[dict[str | type[FrostError], Outcome]] = {
    # by code
    "archive.changed": Outcome(409, Exit.BUSY),
    "body.too-large": Outcome(413, Exit.INVALID),
    "cursor.unknown": Outcome(410, Exit.NOT_FOUND),
    "draft.conflict": Outcome(409, Exit.BUSY),
    "draft.too-large": Outcome(413, Exit.INVALID),
    "draft.unsigned": Outcome(409, Exit.BUSY),
    "draft.whole": Outcome(409, Exit.BUSY),
    "encoding.too-large": Outcome(413, Exit.INVALID),
    "epoch.ended": Outcome(409, Exit.BUSY),
    "epoch.frozen": Outcome(409, Exit.BUSY),
    "epoch.unknown": Outcome(404, Exit.INVALID),
    "form.foreign": Outcome(403, Exit.USAGE),
    "frame.too-large": Outcome(413, Exit.INVALID),
    "header.too-large": Outcome(413, Exit.INVALID),
    "idempotency.busy": Outcome(409, Exit.BUSY),
    "idempotency.reused": Outcome(422, Exit.USAGE),
    "home.address": Outcome(409, Exit.BUSY),
    "home.answer": Outcome(502, Exit.TRANSPORT),
    "home.busy": Outcome(409, Exit.BUSY),
    "home.copied": Outcome(409, Exit.BUSY),
    "home.exists": Outcome(409, Exit.BUSY),
    "home.missing": Outcome(404, Exit.NOT_FOUND),
    "identity.too-large": Outcome(413, Exit.INVALID),
    "name.origin": Outcome(400, Exit.INVALID),  # nobody types one: it stood in bytes from outside
    "quorum.malformed": Outcome(400, Exit.INVALID),
    "output.exists": Outcome(409, Exit.BUSY),
    "owner.unknown": Outcome(403, Exit.USAGE),
    "queue.full": Outcome(503, Exit.BUSY),
    "link.invalid": Outcome(403, Exit.USAGE),
    "offer.closed": Outcome(403, Exit.NOT_FOUND),
    "offer.malformed": Outcome(400, Exit.INVALID),
    "offer.slot": Outcome(409, Exit.BUSY),
    "record.absent": Outcome(404, Exit.NOT_FOUND),
    "record.changed": Outcome(412, Exit.BUSY),
    "record.not-found": Outcome(404, Exit.NOT_FOUND),
    "record.unreached": Outcome(502, Exit.NOT_FOUND),
    "record.withdrawn": Outcome(410, Exit.NOT_FOUND),
    "record.withheld": Outcome(451, Exit.NOT_FOUND),
    "request.media-type": Outcome(415, Exit.USAGE),
    "request.method": Outcome(405, Exit.USAGE),
    "request.rate": Outcome(429, Exit.BUSY),
    "request.too-large": Outcome(413, Exit.INVALID),
    "request.too-slow": Outcome(408, Exit.TRANSPORT),
    "session.missing": Outcome(401, Exit.USAGE),
    "signer.conflict": Outcome(409, Exit.BUSY),
    "storage.conflict": Outcome(409, Exit.BUSY),
    "tile.path": Outcome(404, Exit.NOT_FOUND),
    "token.scope": Outcome(403, Exit.USAGE),
    "transport.timeout": Outcome(504, Exit.TRANSPORT),
    "witness.ahead": Outcome(503, Exit.BUSY),
    "witness.conflict": Outcome(409, Exit.BUSY),
    "witness.early": Outcome(429, Exit.BUSY),
    "witness.malformed": Outcome(400, Exit.INVALID),
    "witness.signature": Outcome(403, Exit.INVALID),
    "witness.unknown": Outcome(404, Exit.NOT_FOUND),
    # by area
    "lease": Outcome(403, Exit.USAGE),
    "name": Outcome(400, Exit.USAGE),
    "peer": Outcome(404, Exit.NOT_FOUND),
    "policy": Outcome(403, Exit.NOT_FOUND),
    "publisher": Outcome(404, Exit.NOT_FOUND),
    "request": Outcome(401, Exit.INVALID),
    "token": Outcome(401, Exit.USAGE),
    # by family
    EncodingError: Outcome(400, Exit.INVALID),
    FrameError: Outcome(400, Exit.INVALID),
    PeerError: Outcome(422, Exit.INVALID),
    LocalError: Outcome(400, Exit.USAGE),
    TransportError: Outcome(502, Exit.TRANSPORT),
    StorageError: Outcome(500, Exit.STORAGE),
    FrostError: Outcome(500, Exit.OTHER),
}


def http_status(error: FrostError) -> int:
    """Return the status that a node answers with when a request ends in this error."""
    return _outcome(error).status


def exit_code(error: FrostError) -> int:
    """Return what `frost` exits with when a command ends in this error."""
    return _outcome(error).exit


def problem(error: FrostError) -> dict[str, str | int]:
    """Describe the error to an HTTP client (RFC 9457, application/problem+json).

    What the disk says stays here: the detail of a StorageError may name files of the operator, so only
    its title goes out.
    """
    title = CODES[error.code]
    return {
        "type": f"urn:frost:error:{error.code}",
        "title": title,
        "status": http_status(error),
        "detail": title if isinstance(error, StorageError) else str(error),
        "code": error.code,
    }


def _outcome(error: FrostError) -> Outcome:
    area = error.code.partition(".")[0]
    rows: tuple[str | type[FrostError], ...] = (error.code, area, *_families(type(error)))
    return next(OUTCOMES[row] for row in rows if row in OUTCOMES)


def _families(of: type[FrostError]) -> tuple[type[FrostError], ...]:
    """The class and its bases, nearest first; FrostError is always the last."""
    return tuple(base for base in of.__mro__ if issubclass(base, FrostError))
