"""Read a record as what it is found by: its own fields, the newest version of a dataset, and what imported metadata says.

Rules (spec/15-search.md#what-a-record-is-found-by): nobody has checked the fields; what has not its shape is passed over.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, Final

from frostnode.protocol.identifiers import identifiers_of, known_identifier, scheme_of
from frostnode.protocol.limits import (
    BODY_DEPTH_MAX,
    DOCUMENT_SAME_AS_MAX,
    DOCUMENT_VALUE_CHARS_MAX,
    INDEXED_CHARS_MAX,
    INDEXED_ITEMS_MAX,
    LICENSES_PER_RECORD_MAX,
)
from frostnode.protocol.names import DATASET, Did
from frostnode.protocol.records import LINEAGE, SUBSCRIPTION, harvested_from, title_of
from frostnode.protocol.references import Role, dataset_of, named_record, record_name, references_of
from frostnode.search.areas import areas_of
from frostnode.search.conventions import Said, read_metadata
from frostnode.search.document import SearchDocument
from frostnode.search.formats import format_named, format_of, format_of_address
from frostnode.search.hosts import host_of
from frostnode.search.licenses import OTHER, license_family
from frostnode.search.query import Area
from frostnode.search.terms import access_of, price_of
from frostnode.search.times import period_of
from frostnode.search.unchecked import distinct, maps, names_in

_NOTHING: Final[Mapping[str, Any]] = {}
_AHEAD: Final = ("title", "name", "label", "creators", "identifiers")
_LAST: Final = ("keywords", "metadata")
"""Of keywords what is not their label: an address, say."""

_APART: Final = frozenset((*_AHEAD, *_LAST, "description", "import_notes"))
_DATA_LINKS: Final = frozenset(
    {
        "data",
        "enclosure",
        "item",
        "items",
        "distribution",
        "download",
        "http://www.w3.org/ns/dcat#distribution",
    }
)
_SAME_LINKS: Final = frozenset(
    {"canonical", "cite-as", "sameas", "http://schema.org/sameas", "https://schema.org/sameas"}
)
_PERSISTENT: Final = frozenset({"doi", "ark", "hdl", "handle", "lsid", "swh", "urn", "wikidata"})
_PERSISTENT_MARKS: Final = ("doi", "hdl", "ark:", "lsid", "swh:", "urn:", "wikidata")
_MODELS: Final = (("arrays", "array"), ("tables", "table"))


def document_of(
    did: Did,
    type_: str,
    key: str,
    fields: object,
    *,
    newest: object = None,
    changed_ms: int = 0,
    uses: int = 0,
) -> SearchDocument:
    """What a record is found by. `newest` are the fields of the newest version, where it is a dataset that has one."""
    own = fields if isinstance(fields, dict) else _NOTHING
    version = newest if isinstance(newest, dict) else _NOTHING
    said = read_metadata(own.get("metadata"))
    description = own.get("description")
    description = description[:INDEXED_CHARS_MAX] if isinstance(description, str) else ""
    keywords = distinct(_keywords(own))
    read = _Read((own, version), said, keywords)
    title = title_of(type_, key, own)
    first, last = read.period()
    return SearchDocument(
        did=did,
        type=type_,
        key=key,
        title=title,
        keywords=keywords,
        description=description,
        texts=_texts(own, {title, description, *keywords}, INDEXED_CHARS_MAX - len(description)),
        harvested_from=harvested_from(own),
        model=read.model(),
        variables=read.variables(),
        columns=read.columns(),
        formats=read.formats(),
        license=read.license(),
        price=read.price(),
        access=read.access(),
        hosts=read.hosts(),
        areas=read.areas(),
        first_day=first,
        last_day=last,
        changed_ms=changed_ms,
        same_as=_same_as(type_, own, version, said),
        refers_to=_refers_to(did, type_, own),
        uses=uses,
        is_deprecated=own.get("deprecated") is True or said.is_deprecated,
    )


def _keywords(fields: Mapping[str, Any]) -> Iterator[str]:
    value = fields.get("keywords")
    for item in value if isinstance(value, list) else ():
        label = item.get("label") if isinstance(item, dict) else item
        if isinstance(label, str):
            yield label


def _texts(fields: Mapping[str, Any], apart: Collection[str], room: int) -> list[str]:
    """Every other text of a record, each once, the telling fields first, within bounds."""
    rest = [fields[name] for name in fields if name not in _APART]
    collected = _Collected()
    collected.add((*map(fields.get, _AHEAD), *rest, *map(fields.get, _LAST)), BODY_DEPTH_MAX)
    for text in ("", *apart):
        collected.found.pop(text, None)
    return _within(collected.found, room)


class _Collected:
    """Texts in order, each once, out of INDEXED_ITEMS_MAX values. Written for speed: every value of every record goes through it."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self._left = INDEXED_ITEMS_MAX

    def add(self, values: Collection[Any], depth: int) -> None:
        """Add what texts there are, however deep. The values of a map or list are counted when it is come to."""
        left = self._left
        self._left = left - len(values)
        if self._left < 0:
            self._left, values = 0, list(values)[:left]
        found = self.found
        for value in values:
            kind = type(value)
            if kind is str:
                found[value] = None
            elif kind is dict:
                if depth:
                    self.add(value.values(), depth - 1)
            elif kind is list and depth:
                self.add(value, depth - 1)


def _within(texts: Iterable[str], room: int) -> list[str]:
    """As much of some texts as there is room for."""
    kept = list(texts)
    if sum(map(len, kept)) > room:
        ends = list(accumulate(map(len, kept)))
        last = bisect_left(ends, room)
        kept[last] = kept[last][: room - ends[last] + len(kept[last])]
        del kept[last + (room > 0) :]
    return kept


class _Read:
    """The fields of a record and of its newest version, with what its metadata says: what comes first, decides."""

    def __init__(self, parts: Sequence[Mapping[str, Any]], said: Said, keywords: Sequence[str]) -> None:
        self._parts = [part for part in parts if part]
        self._said = said
        self._keywords = keywords
        self._locations = [location for part in self._parts for location in maps(part.get("locations"))]
        self._links = maps(parts[0].get("links"))
        data_links = [link for link in self._links if link.get("rel") in _DATA_LINKS]
        self._places = [*self._locations, *data_links]
        self._addresses = [*names_in(self._places, "href"), *said.addresses]
        self._schemas = [schema for part in self._parts if isinstance(schema := part.get("schema"), dict)]

    def _text(self, name: str) -> str:
        for part in self._parts:
            if isinstance(value := part.get(name), str) and value.strip():
                return value
        return ""

    def model(self) -> str:
        """The data model, as the record says, else as its schema or its metadata has it."""
        if said := self._text("data_model"):
            return " ".join(said[:DOCUMENT_VALUE_CHARS_MAX].lower().split())
        for name, model in _MODELS:
            if any(schema.get(name) for schema in self._schemas):
                return model
        if self._said.model:
            return self._said.model
        if self._said.columns and not self._said.variables:
            return "table"
        return "array" if self._said.variables and not self._said.columns else ""

    def variables(self) -> Sequence[str]:
        """The names of arrays, with their standard and long ones."""
        return distinct([*self._arrays(), *self._said.variables])

    def _arrays(self) -> Iterator[str]:
        for schema in self._schemas:
            for array in maps(schema.get("arrays")):
                yield from names_in((array,), "name")
                yield from names_in(maps(array.get("attributes")), "standard_name", "long_name")

    def columns(self) -> Sequence[str]:
        """The names of columns."""
        tables = [table for schema in self._schemas for table in maps(schema.get("tables"))]
        own = [name for table in tables for name in names_in(maps(table.get("columns")), "name")]
        return distinct([*own, *self._said.columns])

    def formats(self) -> Sequence[str]:
        """What the data is in: as locations and metadata say, and keywords that are names of formats."""
        said = map(format_of, [*names_in(self._places, "type"), *self._said.formats])
        return distinct(
            chain(said, map(format_of_address, self._addresses), map(format_named, self._keywords))
        )

    def hosts(self) -> Sequence[str]:
        """Where the data lies."""
        return distinct(map(host_of, self._addresses))

    def license(self) -> str:
        """The family of its license; where that only says that there are terms, of the terms."""
        own = self._text("license")
        if (family := license_family(own)) not in ("", OTHER):
            return family
        links = [link for link in self._links if link.get("rel") == "license"]
        for text in (*self._said.licenses, *names_in(links, "href", "title"))[:LICENSES_PER_RECORD_MAX]:
            if (family := license_family(text)) not in ("", OTHER):
                return family
        return OTHER if own or self._said.licenses else ""

    def price(self) -> str:
        """Whether it is free."""
        return price_of([self._text("price"), *names_in(self._locations, "cost"), *self._said.prices])

    def access(self) -> str:
        """Who may have it, as far as that is said."""
        own = self._text("access"), self._text("price")
        return access_of([*own, *names_in(self._locations, "cost"), *self._said.accesses])

    def areas(self) -> Sequence[Area]:
        """Where."""
        return areas_of(self._extent("bbox")) or areas_of(self._said.boxes)

    def period(self) -> tuple[int | None, int | None]:
        """When."""
        return period_of(self._extent("interval")) or period_of(self._said.intervals) or (None, None)

    def _extent(self, name: str) -> object:
        for part in self._parts:
            if isinstance(extent := part.get("extent"), dict) and name in extent:
                return extent[name]
        return None


# -- the same as others --------------------------------------------------------------------------------


def _same_as(type_: str, own: Mapping[str, Any], version: Mapping[str, Any], said: Said) -> tuple[str, ...]:
    """By what the same dataset is known wherever it is published; a homepage is shared by too many to be that."""
    if type_ != DATASET:
        return ()
    said_of_it = {"identifiers": own.get("identifiers"), "homepage": own.get("homepage")}
    found: dict[str, None] = {}
    if said_of_it["identifiers"] or _is_persistent(said_of_it["homepage"]):
        found = dict.fromkeys(name for name in identifiers_of(said_of_it) if scheme_of(name) in _PERSISTENT)
    links = [link for link in maps(own.get("links")) if str(link.get("rel")).lower() in _SAME_LINKS]
    for text in (*names_in(links, "href"), *said.same_as):
        if (name := known_identifier(text)) is not None:
            found[name] = None
    for digest in maps(version.get("digests")):
        algorithm, value = digest.get("algorithm"), digest.get("value")
        if (
            isinstance(algorithm, str)
            and isinstance(value, str)
            and 16 <= len(value) <= DOCUMENT_VALUE_CHARS_MAX
        ):
            found[f"digest:{algorithm[:32].lower()}:{value.lower()}"] = None
    return tuple(found)[:DOCUMENT_SAME_AS_MAX]


def _is_persistent(address: object) -> bool:
    """Whether an address may be more than an address: reading the others would only tell that they are."""
    return isinstance(address, str) and any(mark in address.lower() for mark in _PERSISTENT_MARKS)


def _refers_to(did: Did, type_: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The datasets of this network that a lineage record was built on, or a subscription is for."""
    if type_ not in (LINEAGE, SUBSCRIPTION):
        return ()
    named = (item.name for item in references_of(did, type_, fields) if item.role in (Role.TARGET, Role.USED))
    datasets = (dataset_of(url) for url in map(named_record, named) if url is not None)
    return tuple(dict.fromkeys(record_name(url) for url in datasets if url.type == DATASET))
