"""One message to one subscriber about one change, as a CloudEvent.

Rules (spec/14-notices.md#notices):
- a notice is thin: it names the exact entry and where the proof is, and carries no content but a title and a note;
- its id is that of the change on the node that sends it: (database, tag of the arrival, arrival, position), the same
  at every try and for every subscriber; where a store was set back the tag is another one, and so is the id;
- it names the notice before it, so that whoever reads them in order notices a hole.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did, Origin, RecordKey, RecordType, parse_origin
from frostnode.protocol.records import RECORD_TYPES

EVENT_TYPE_PREFIX: Final = "org.frostnode."
CLOUD_EVENT_TYPE: Final = "application/cloudevents+json"
NOTICE_TAG_BYTES: Final = 8

_NO_TYPE: Final = RecordType("")
_NO_KEY: Final = RecordKey("")
_NO_LOG: Final = Origin("")
_DATABASE_BYTES: Final = 16
_NUMBER_MAX: Final = 2**63 - 1


class ChangeKind(StrEnum):
    """What happened to an entry, or to a publisher."""

    PUT = "put"
    WITHDRAWN = "withdrawn"
    CONTENT = "content"
    """The body of an entry came later than notices wait for it."""
    RETRACTED = "retracted"
    """The entry does not count any more."""
    RESTORED = "restored"
    """It counts again."""
    MOVED = "moved"
    """The publisher is at another host; no entry is concerned."""
    TEST = "test"
    """Nothing; somebody wants to see whether notices come."""


class NoticeKind(StrEnum):
    """What a notice says. PUT is told apart by what the record was before."""

    PUBLISHED = "published"
    CHANGED = "changed"
    DEPRECATED = "deprecated"
    WITHDRAWN = "withdrawn"
    CONTENT = "content"
    RETRACTED = "retracted"
    RESTORED = "restored"
    MOVED = "moved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NoticeId:
    """The `position`-th change of arrival `number` (tag: 8 bytes) of a store (database: 16 bytes)."""

    number: int
    position: int
    database: bytes
    tag: bytes

    def __str__(self) -> str:
        """The one spelling."""
        return f"{self.number}.{self.position}.{self.tag.hex()}.{self.database.hex()}"


def parse_notice_id(text: str) -> NoticeId:
    """Read the id of a notice.

    Raises:
        LocalError: cursor.malformed
    """
    parts = text.split(".")
    try:
        number, position, tag, database = parts
        found = NoticeId(
            number=int(number),
            position=int(position),
            tag=bytes.fromhex(tag),
            database=bytes.fromhex(database),
        )
    except ValueError as error:
        raise _malformed(text) from error
    if str(found) != text or len(found.tag) != NOTICE_TAG_BYTES or len(found.database) != _DATABASE_BYTES:
        raise _malformed(text)
    if not (0 <= found.number <= _NUMBER_MAX and 0 <= found.position <= _NUMBER_MAX):
        raise _malformed(text)
    return found


def _malformed(text: str) -> LocalError:
    return LocalError(
        "cursor.malformed", "id of a notice", found=text, expected="NUMBER.POSITION.TAG.DATABASE"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of what a node holds, as far as somebody may want to be told of it.

    `header` is None for MOVED and TEST alone, and then so are type and key "". `body` is the body that the entry names, if
    it names one. `at_ms` is when it arrived here.
    """

    id: NoticeId
    kind: ChangeKind
    did: Did
    at_ms: int
    type: RecordType = _NO_TYPE
    key: RecordKey = _NO_KEY
    origin: Origin = _NO_LOG
    index: int = 0
    header: Cid | None = None
    body: Cid | None = None

    @property
    def subject(self) -> str:
        """What it is about: the record's DID URL, or the DID."""
        if not self.type:
            return self.did
        record = self.key if self.type in ("dataset", "version") else f"~{self.type}/{self.key}"
        return f"{self.did}/{record}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A change with what a reader wants to know of it at once.

    `is_current` says whether the entry decided what the record is when the notice was written. `note` is what its author
    says has changed, `successor` what a deprecated dataset names, `host` where a publisher is now.
    """

    change: Change
    kind: NoticeKind
    title: str = ""
    note: str = ""
    is_current: bool = True
    successor: str = ""
    host: str = ""


def cloud_event(notice: Notice, *, node: str, previous: str | None) -> dict[str, Any]:
    """The CloudEvents 1.0 form in JSON, as the `node` of this URL tells it ("" when it has none)."""
    change = notice.change
    data: dict[str, Any] = {
        "kind": str(notice.kind),
        "publisher": change.did,
        "title": notice.title,
        "previous": previous,
        "node": node,
        "links": notice_links(change, node),
    }
    if change.header is not None:
        parts = parse_origin(change.origin)
        data |= {
            "record": change.subject,
            "type": change.type,
            "key": change.key,
            "entry": f"{change.subject}?cid={change.header}",
            "header": str(change.header),
            "position": {"event": str(parts.event), "index": change.index},
            "current": notice.is_current,
        }
    for name, value in (("note", notice.note), ("successor", notice.successor), ("host", notice.host)):
        if value:
            data[name] = value
    return {
        "specversion": "1.0",
        "id": str(change.id),
        "source": change.did,
        "type": event_type(change.type, notice.kind),
        "subject": change.subject,
        "time": rfc3339(change.at_ms),
        "datacontenttype": "application/json",
        "data": data,
    }


def notice_links(change: Change, node: str) -> dict[str, str]:
    """Where a node (its URL, "" when it has none) shows a change and its proof. Names with dots go as a parameter.

    A browser takes dots between slashes of a path for steps.
    """
    if not node:
        return {}
    base = node.rstrip("/")
    if change.kind is ChangeKind.TEST:
        return {"page": f"{base}/"}
    if change.header is None:
        return {"page": f"{base}/publisher/{change.did}", "identity": f"{base}/frost/{change.did}/identity"}
    entry = f"{change.subject}?cid={change.header}"
    if {".", ".."} & set(change.key.split("/")):
        name = quote(entry, safe="")
        return {"page": f"{base}/record?url={name}", "proof": f"{base}/api/proof?url={name}"}
    return {"page": f"{base}/record/{entry}", "proof": f"{base}/api/proof/{entry}"}


def event_type(type_: str, kind: NoticeKind) -> str:
    """The CloudEvents type: what it is about and what happened; a record of any other type is a record."""
    about = "publisher" if not type_ else type_ if type_ in RECORD_TYPES else "record"
    return f"{EVENT_TYPE_PREFIX}{about}.{kind}"


def rfc3339(milliseconds: int) -> str:
    """A time in UTC, to the millisecond; one beyond the year 9999 is cut to its last moment."""
    bounded = min(max(milliseconds, 0), 253_402_300_799_999)
    whole = datetime.fromtimestamp(bounded // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{bounded % 1000:03d}Z"
