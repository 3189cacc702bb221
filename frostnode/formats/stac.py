"""STAC collections, 1.0 and 1.1, as dataset records: from files, JSON Lines and static catalogs.

A collection's `id` becomes the key by a mapping that gives different ids different keys (`key_of`). Items
are not read: they are what the data has, not what the catalog says about it.
"""

import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias
from urllib.parse import urldefrag, urljoin, urlsplit

from frostnode.formats import json_values
from frostnode.formats.imported import (
    OncePerKey,
    Read,
    Record,
    dataset_of,
    maps,
    naming,
    present,
    text,
    texts,
)
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import RecordError
from frostnode.protocol.limits import IMPORT_DEPTH_MAX, IMPORT_DOCUMENTS_MAX, KEY_CHARS_MAX

CONVENTION: Final = "stac"

Skip: TypeAlias = Callable[[str, str], None]
"""skip(href, reason): a link that is not followed."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/-]")
_MARK: Final = "~~"
"""Never comes out of escaping, in which two hexadecimal digits follow every `~`."""
_HASH_CHARS: Final = 64
_NAVIGATION: Final = frozenset({"root", "parent", "child", "item", "items", "collection", "self"})


def key_of(id_: str) -> str:
    """Map an id to a key; different ids have different keys.

    - A byte of its UTF-8 form that no key may have, and `~`, becomes `~` and two hexadecimal digits.
    - What would then begin with `~` or `/`, or be empty, gets `_~~` in front.
    - What is then too long keeps its beginning, followed by `~~` and the SHA-256 of the id.
    """
    escaped = "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"~{byte:02X}" for byte in char.encode()) for char in id_
    )
    if not escaped or escaped[0] in "~/":
        escaped = f"_{_MARK}{escaped}"
    if len(escaped) <= KEY_CHARS_MAX:
        return escaped
    kept = escaped[: KEY_CHARS_MAX - len(_MARK) - _HASH_CHARS]
    return f"{kept}{_MARK}{sha256(id_.encode()).hexdigest()}"


def record_of(collection: dict[str, Any], base: str = "") -> Record:
    """Make a dataset record of a collection. `base` is the address that its relative links start from.

    Raises:
        PeerError: record.field, encoding.*
    """
    id_ = maps([collection])[0].get("id") if maps([collection]) else None
    if not isinstance(id_, str) or not id_:
        raise RecordError("record.field", "id of a STAC collection", found=id_, expected="text")
    key = key_of(json_values.replace_surrogates(id_))
    return dataset_of(key, CONVENTION, collection, lambda source: _describe(source, base))


# -- fields -------------------------------------------------------------------------------------------


def _describe(source: Mapping[str, Value], base: str) -> dict[str, Value]:
    links = [(text(link.get("rel")) or "", link) for link in maps(source.get("links"))]
    successors = [
        href for rel, link in links if rel == "successor-version" and (href := _address(link, base))
    ]
    doi = text(source.get("sci:doi"))
    return present(
        title=text(source.get("title")) or text(source.get("id")) or "-",
        description=text(source.get("description")),
        keywords=texts(source.get("keywords")),
        languages=_languages(source.get("language")),
        creators=[creator for each in maps(source.get("providers")) if (creator := _creator(each))],
        license=text(source.get("license")),
        identifiers=[{"scheme": "doi", "value": doi}] if doi else None,
        links=[
            _link(link, href)
            for rel, link in links
            if rel not in _NAVIGATION and (href := _address(link, base))
        ],
        extent=_extent(source.get("extent")),
        data_model=_data_model(source),
        deprecated=True if source.get("deprecated") is True else None,
        successor=successors[0] if successors else None,
    )


def _languages(language: Value) -> list[Value]:
    return texts(language.get("code")) if isinstance(language, dict) else []


def _creator(provider: Mapping[str, Value]) -> Value:
    return present(
        name=text(provider.get("name")),
        url=text(provider.get("url")),
        roles=texts(provider.get("roles")),
    )


def _address(link: Mapping[str, Value], base: str) -> str | None:
    """The absolute address of a link; None for one that leads nowhere from here."""
    href = text(link.get("href"))
    try:
        absolute = urljoin(base, href) if href else ""
        return absolute if urlsplit(absolute).scheme else None
    except ValueError:
        return None


def _link(link: Mapping[str, Value], href: str) -> Value:
    return present(
        href=href, rel=text(link.get("rel")), title=text(link.get("title")), type=text(link.get("type"))
    )


def _extent(extent: Value) -> Value:
    """What of the extent has the form that STAC gives it; the rest stays in the source document."""
    spatial, temporal = (
        (extent.get("spatial"), extent.get("temporal")) if isinstance(extent, dict) else (None, None)
    )
    boxes = spatial.get("bbox") if isinstance(spatial, dict) else None
    intervals = temporal.get("interval") if isinstance(temporal, dict) else None
    return present(
        bbox=[box for box in boxes if _is_box(box)] if isinstance(boxes, list) else None,
        interval=[each for each in intervals if _is_interval(each)] if isinstance(intervals, list) else None,
    )


def _is_box(box: Value) -> bool:
    return isinstance(box, list) and len(box) in (4, 6) and all(type(side) in (int, float) for side in box)


def _is_interval(interval: Value) -> bool:
    return (
        isinstance(interval, list)
        and len(interval) == 2
        and all(side is None or isinstance(side, str) for side in interval)
    )


def _data_model(source: Mapping[str, Value]) -> str | None:
    if "cube:dimensions" in source or "cube:variables" in source:
        return "array"
    return "table" if "table:columns" in source or "table:tables" in source else None


# -- reading ------------------------------------------------------------------------------------------


def from_files(names: Iterable[str], read: Read) -> Iterator[Record]:
    """Read JSON files: collections, and answers that list `collections`; others (items, catalogs) give nothing.

    Raises:
        PeerError: naming the file
    """
    once = OncePerKey()
    for name in names:
        with naming(name):
            records = list(once.new(_records_in(json_values.loads(read(name)))))
        yield from records


def from_json_lines(lines: Iterable[bytes]) -> Iterator[Record]:
    """Read collections as JSON Lines.

    Raises:
        PeerError: naming the line
    """
    once = OncePerKey()
    for number, line in enumerate(lines, 1):
        if line.strip():
            with naming(f"line {number}"):
                records = list(once.new([record_of(json_values.loads(line))]))
            yield from records


def from_catalog(start: str, read: Read, skip: Skip) -> Iterator[Record]:
    """Walk a static catalog from its first document along `child` links, breadth first.

    `start` is an address or a path, and so is what `read` is asked for. What is linked at another origin
    (of a path: outside of the folder of `start`), deeper than IMPORT_DEPTH_MAX or beyond the first
    IMPORT_DOCUMENTS_MAX documents is not read: `skip` is told of it.

    Raises:
        PeerError: naming the document
    """
    once = OncePerKey()
    met = {start}
    queue = deque([(start, 0)])
    while queue:
        href, depth = queue.popleft()
        base = href if urlsplit(href).scheme else ""
        with naming(href):
            document = json_values.loads(read(href))
            records = list(once.new(_records_in(document, base)))
        yield from records
        for child in _children(document):
            target = _resolve(href, child)
            if target in met:
                continue
            if target is None or not _is_inside(start, target):
                skip(child, "is elsewhere")
            elif depth >= IMPORT_DEPTH_MAX or len(met) >= IMPORT_DOCUMENTS_MAX:
                skip(child, f"is below {depth} others or beyond {len(met)} documents")
            else:
                met.add(target)
                queue.append((target, depth + 1))


def _records_in(document: Any, base: str = "") -> Iterator[Record]:
    if isinstance(document, dict) and isinstance(document.get("collections"), list):
        yield from (record_of(collection, base) for collection in document["collections"])
    elif isinstance(document, dict) and document.get("type") == "Collection":
        yield record_of(document, base)


def _children(document: Any) -> list[str]:
    links = maps(document.get("links")) if isinstance(document, dict) else []
    return [href for link in links if link.get("rel") == "child" and (href := text(link.get("href")))]


def _resolve(href: str, child: str) -> str | None:
    """Join a link to the document that it is in, as addresses or as paths; None for what is neither."""
    try:
        child = urldefrag(child).url
        if urlsplit(href).scheme or urlsplit(child).scheme:
            return urljoin(href, child)
    except ValueError:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(href), child))


def _is_inside(start: str, target: str) -> bool:
    first, other = urlsplit(start), urlsplit(target)
    if first.scheme or other.scheme:
        return (first.scheme, first.netloc) == (other.scheme, other.netloc)
    folder = posixpath.dirname(posixpath.normpath(start))
    if folder:
        return target.startswith(f"{folder.rstrip('/')}/")
    return not target.startswith("/") and not target.startswith("../")
