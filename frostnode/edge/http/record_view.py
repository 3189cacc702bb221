"""What a record's page shows, out of fields that nobody has checked.

Rules:
- takes any JSON and raises nothing: a field that is not of its shape is shown among the others, as JSON;
- an address becomes a link only through `link_to`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frostnode.edge.http.extent import Extent, read_extent
from frostnode.edge.http.links import identifier_href, link_to
from frostnode.edge.http.markdown import Rich, rich
from frostnode.edge.http.plain_text import Prose, Run, prose
from frostnode.edge.http.schema_view import Table, read_schema
from frostnode.protocol.limits import (
    PAGE_ITEMS_MAX,
    PAGE_JSON_CHARS_MAX,
    PAGE_LIST_ITEMS_MAX,
    PAGE_TEXT_CHARS_MAX,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a list: words that may be a link, and what is said of it."""

    text: str
    href: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A list under a heading; `more` items are left out."""

    name: str
    items: tuple[Item, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A short field."""

    name: str
    lines: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """JSON to unfold."""

    name: str
    text: str
    chars: int
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """The parts of a page, in the order in which it shows them."""

    long_title: str = ""
    """The title as it was written, when the head of a page has no room for it."""
    description: Rich | None = None
    keywords: Group | None = None
    facts: tuple[Fact, ...] = ()
    extent: Extent | None = None
    groups: tuple[Group, ...] = ()
    tables: tuple[Table, ...] = ()
    blocks: tuple[Block, ...] = ()
    deprecated: bool = False
    deprecation_note: Prose | None = None
    successor: Item | None = None


@dataclass(slots=True)
class _Fields:
    """The fields, and which of them were shown in a form of their own."""

    values: Mapping[str, Any]
    shown: set[str] = field(default_factory=set)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if isinstance(value, str) and value.strip():
            self.shown.add(name)
            return value.strip()
        return ""

    def take(self, name: str, kind: type) -> Any:
        value = self.values.get(name)
        if isinstance(value, kind):
            self.shown.add(name)
            return value
        return kind()


HEAD_CHARS_MAX: Final = 400
"""Characters of a title at the head of a page."""

_FACTS: Final = (
    ("name", "Name"),
    ("handle", "Handle"),
    ("label", "Version"),
    ("license", "License"),
    ("data_model", "Data model"),
    ("update_frequency", "Updated"),
    ("homepage", "Homepage"),
    ("contact", "Contact"),
    ("access", "Access"),
    ("price", "Price"),
)
"""Fields that are a line of text, and what pages call them."""


def view_record(content: object) -> RecordView:
    """Make a view of the fields of a record, in their JSON form."""
    if not isinstance(content, Mapping):
        return RecordView(blocks=(_block("content", content, PAGE_JSON_CHARS_MAX),))
    fields = _Fields(content)
    title = fields.text("title")
    description = fields.text("description")
    note = fields.text("deprecation_note")
    successor = fields.text("successor")
    view = {
        "long_title": title[:PAGE_TEXT_CHARS_MAX] if len(title) > HEAD_CHARS_MAX else "",
        "description": rich(description) if description else None,
        "keywords": _group(fields, "keywords", "Keywords", _keyword),
        "facts": tuple(_facts(fields)),
        "extent": read_extent(fields.take("extent", dict)),
        "groups": tuple(_groups(fields)),
        "tables": tuple(read_schema(fields.values.get("schema"))),
        "deprecated": fields.take("deprecated", bool),
        "deprecation_note": prose(note) if note else None,
        "successor": _item(successor) if successor else None,
    }
    return RecordView(**view, blocks=tuple(_blocks(fields)))


def _facts(fields: _Fields) -> Iterator[Fact]:
    for name, words in _FACTS:
        if text := fields.text(name):
            yield Fact(name=words, lines=tuple(_lines(text)))
    if languages := [str(tag) for tag in fields.take("languages", list)[:PAGE_ITEMS_MAX]]:
        yield Fact(name="Languages", lines=((Run(", ".join(languages)),),))
    if (size := fields.take("size", int)) and size is not True:
        yield Fact(name="Size", lines=((Run(bytes_text(size)),),))
    if snapshot := fields.take("snapshot", dict):
        words = " ".join(str(snapshot[name]) for name in ("system", "id") if name in snapshot)
        yield Fact(name="Snapshot", lines=((Run(words),),))
    if activity := fields.take("activity", dict):
        rows = [f"{name}: {activity[name]}" for name in ("name", "code", "container") if name in activity]
        yield Fact(name="Made by", lines=tuple(line for row in rows for line in _lines(row)))


def _lines(text: str) -> Iterator[tuple[Run, ...]]:
    for paragraph in prose(text).paragraphs:
        yield from paragraph


def _groups(fields: _Fields) -> Iterator[Group]:
    kinds = (
        ("creators", "Creators", _creator),
        ("locations", "Where the data is", _location),
        ("links", "Links", _location),
        ("identifiers", "Identifiers", _identifier),
        ("digests", "Digests", _digest),
        ("used", "Made from", _used),
        ("import_notes", "Changed on import", _import_note),
    )
    for name, words, read in kinds:
        if group := _group(fields, name, words, read):
            yield group
    singles = (("generated", "Made"), ("on_behalf_of", "On behalf of"), ("previous", "Previous version"))
    for name, words in singles:
        if text := fields.text(name):
            yield Group(name=words, items=(_item(text),))
    if target := fields.take("target", dict):
        yield Group(name="Subscribes to", items=tuple(_item(str(v), str(k)) for k, v in target.items()))
    changes = fields.take("changes", dict)
    if isinstance(changes.get("note"), str):
        yield Group(name="What changed", items=(Item(text=changes["note"]),))


def _group(fields: _Fields, name: str, words: str, read: Any) -> Group | None:
    values = fields.take(name, list)
    items = tuple(item for value in values[:PAGE_LIST_ITEMS_MAX] if (item := read(value)).text)
    return Group(name=words, items=items, more=max(0, len(values) - PAGE_LIST_ITEMS_MAX)) if items else None


def _item(text: str, *notes: str) -> Item:
    return Item(text=text, href=link_to(text), notes=notes)


_WORDS_CHARS_MAX: Final = 2000


def _words(value: object, *names: str) -> tuple[str, ...]:
    """Those of the named fields that are text."""
    texts = (value.get(name) for name in names) if isinstance(value, Mapping) else ()
    return tuple(text.strip()[:_WORDS_CHARS_MAX] for text in texts if isinstance(text, str) and text.strip())


def _first(value: object, *names: str) -> str:
    return next(iter(_words(value, *names)), "")


def _unread(value: object) -> Item:
    """Something of an unknown shape, as it stands."""
    return Item(text=(value if isinstance(value, str) else _json(value))[:_WORDS_CHARS_MAX])


def _keyword(value: object) -> Item:
    label = _first(value, "label")
    return Item(text=label, href=link_to(_first(value, "uri"))) if label else _unread(value)


def _creator(value: object) -> Item:
    name = _first(value, "name", "orcid", "ror", "url")
    if not name:
        return _unread(value)
    orcid, ror = _first(value, "orcid"), _first(value, "ror")
    href = identifier_href("orcid", orcid) or identifier_href("ror", ror) or link_to(_first(value, "url"))
    roles = value.get("roles") if isinstance(value, Mapping) else None
    notes = tuple(str(role) for role in roles[:10]) if isinstance(roles, list) else ()
    return Item(text=name, href=href, notes=notes)


def _location(value: object) -> Item:
    href = _first(value, "href")
    if not href:
        return _unread(value)
    notes = _words(value, "rel", "role", "type", "storage", "region", "cost")
    return Item(text=_first(value, "title") or href, href=link_to(href), notes=_shown_address(value, notes))


def _shown_address(value: object, notes: tuple[str, ...]) -> tuple[str, ...]:
    """An address that is no link must be readable, if a title stands in its place."""
    href, title = _first(value, "href"), _first(value, "title")
    return notes if link_to(href) or not title else (href, *notes)


def _identifier(value: object) -> Item:
    scheme, name = _first(value, "scheme"), _first(value, "value")
    if not name:
        return _unread(value)
    return Item(text=name, href=identifier_href(scheme, name), notes=(scheme,) if scheme else ())


def _digest(value: object) -> Item:
    digest = _first(value, "value")
    return Item(text=digest, notes=_words(value, "algorithm")) if digest else _unread(value)


def _used(value: object) -> Item:
    uri = _first(value, "uri")
    return _item(uri, *_words(value, "role")) if uri else _unread(value)


def _import_note(value: object) -> Item:
    note = _first(value, "note")
    return Item(text=note, notes=_words(value, "path")) if note else _unread(value)


def _blocks(fields: _Fields) -> Iterator[Block]:
    """The conventions in `metadata`, one block each, then whatever was not shown."""
    metadata = fields.take("metadata", dict)
    blocks = [(name, value) for name, value in metadata.items()]
    summary = fields.values.get("changes")
    if isinstance(summary, Mapping) and set(summary) - {"note"}:
        blocks.append(("changes", summary))
    blocks += [(name, value) for name, value in fields.values.items() if name not in fields.shown]
    blocks = blocks[:PAGE_ITEMS_MAX]
    room = PAGE_JSON_CHARS_MAX
    for at, (name, value) in enumerate(blocks):
        block = _block(name, value, room // (len(blocks) - at))
        room -= len(block.text)
        yield block


def _block(name: str, value: object, chars_max: int) -> Block:
    """What a block says, as far as there is room for it: small ones leave theirs to the others."""
    text = _json(value)
    return Block(name=name[:100], text=text[:chars_max], chars=len(text), cut=len(text) > chars_max)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def bytes_text(count: int) -> str:
    """A number of bytes for people: decimal units, as storage is sold."""
    if abs(count) < 1000:
        return f"{count} {'byte' if count == 1 else 'bytes'}"
    size = float(min(count, 10**30))
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.3g} {unit}" if size < 100 else f"{size:.0f} {unit}"
    return f"{size / 1000:,.0f} EB"
