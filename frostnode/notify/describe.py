"""A change told so that it says something: what the record was before, what it is called, what its author notes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from frostnode.log.content import readable_body
from frostnode.notify.trial import trial_notice
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.entry import Op
from frostnode.protocol.limits import NOTICE_TEXT_CHARS_MAX
from frostnode.protocol.names import DATASET, VERSION, parse_origin
from frostnode.protocol.notice import Change, ChangeKind, Notice, NoticeKind
from frostnode.protocol.records import title_of, version_title
from frostnode.search.document import SearchDocument
from frostnode.search.matching import DocumentWords, Words
from frostnode.search.reading import document_of


def describe(log: LogReader, catalog: CatalogReader, change: Change) -> Notice:
    """What there is to say of a change now: content that was erased since is not in it."""
    if change.kind is ChangeKind.TEST:
        return trial_notice(change)
    if change.kind is ChangeKind.MOVED:
        return _move(log, catalog, change)
    before = _before(catalog, change)
    fields = _fields(log, change) or {}
    current = catalog.current(change.did, change.type, change.key)
    return Notice(
        change=change,
        kind=_kind(log, change, before, fields),
        title=entry_title(catalog, change, before, fields),
        note=entry_note(fields),
        is_current=current is not None and (current.origin, current.index) == (change.origin, change.index),
        successor=_text(fields.get("successor")),
    )


def document_of_change(
    words: Words, log: LogReader, catalog: CatalogReader, change: Change
) -> DocumentWords | None:
    """What saved searches know the record by; what it had, where it has nothing now.

    None where its content is not readable here.
    """
    fields = _fields(log, change)
    if fields is None and change.kind is ChangeKind.WITHDRAWN:
        before = _before(catalog, change)
        fields = readable_body(log, before.body) if before is not None and before.body else None
    if fields is None:
        return None
    versions = catalog.versions(change.did, change.key, limit=1) if change.type == DATASET else []
    newest = readable_body(log, versions[0].body) if versions and versions[0].body else None
    return DocumentWords(named_document(catalog, change, fields, newest), words)


def named_document(catalog: CatalogReader, change: Change, fields: object, newest: object) -> SearchDocument:
    """A record as searches know it, with the name of its publisher; `newest` are the fields of its newest version."""
    document = document_of(change.did, change.type, change.key, fields, newest=newest)
    return replace(document, publisher=catalog.names([change.did]).get(change.did, ""))


def _move(log: LogReader, catalog: CatalogReader, change: Change) -> Notice:
    history = log.history(change.did)
    epoch = history.epoch(change.origin) if history is not None else None
    return Notice(
        change=change,
        kind=NoticeKind.MOVED,
        title=catalog.names([change.did]).get(change.did, ""),
        host=(epoch.url or "") if epoch is not None else "",
    )


def _before(catalog: CatalogReader, change: Change) -> CatalogEntry | None:
    epoch = parse_origin(change.origin).epoch
    return catalog.before(change.did, change.type, change.key, epoch, change.index)


def _fields(log: LogReader, change: Change) -> Mapping[str, Any] | None:
    return readable_body(log, change.body) if change.body is not None else None


def _kind(
    log: LogReader, change: Change, before: CatalogEntry | None, fields: Mapping[str, Any]
) -> NoticeKind:
    if change.kind is not ChangeKind.PUT:
        return NoticeKind(change.kind)
    was = readable_body(log, before.body) if before is not None and before.body is not None else None
    if (
        change.type == DATASET
        and fields.get("deprecated") is True
        and (was or {}).get("deprecated") is not True
    ):
        return NoticeKind.DEPRECATED
    if before is None or before.op == Op.WITHDRAW:
        return NoticeKind.PUBLISHED
    return NoticeKind.CHANGED


def entry_title(
    catalog: CatalogReader, change: Change, before: CatalogEntry | None, fields: Mapping[str, Any]
) -> str:
    """What a record is called; a version without a title of its own after its dataset."""
    own = title_of(change.type, change.key, fields) if fields else ""
    own = own or (before.title if before is not None else "") or change.key
    if change.type != VERSION:
        return own
    dataset = catalog.current(change.did, DATASET, change.key.partition("@")[0])
    return version_title(change.key, own, dataset.title if dataset is not None else "")


def entry_note(fields: Mapping[str, Any]) -> str:
    """What the author of a record says has changed; "" when nothing."""
    changes = fields.get("changes")
    note = changes.get("note") if isinstance(changes, Mapping) else fields.get("deprecation_note")
    return _text(note)


def _text(value: object) -> str:
    return value[:NOTICE_TEXT_CHARS_MAX] if isinstance(value, str) else ""
