"""What a hit is shown as: one record, with all who publish the same."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from frostnode.operations.badges import HARVESTED, Badges
from frostnode.operations.duplicity import marks_json
from frostnode.operations.parts import Json, Parts
from frostnode.operations.read import entry_json
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.entry import Op
from frostnode.protocol.names import VERSION, Did, Origin
from frostnode.replicate.policy import Tier
from frostnode.search.sameness import Standing, Work, is_at_home, work_of
from frostnode.search_port import Found

Shown: TypeAlias = tuple[Sequence[Found], Sequence[Found]]
"""The hits of one group in order, and all records that are the same, these among them."""

Name: TypeAlias = tuple[Did, str, str]

_TIERS: Final = {Tier.OWN: 0, Tier.FOLLOWED: 0, Tier.VOUCHED: 1}
_STRANGER: Final = 2
_URL: Final = "url:"
_OF_SOURCE: Final = ("url", "did", "type", "key", "title", "time_ms", "seen_ms")


class Hits:
    """Makes the hits of one answer; what several have in common is looked up once.

    Where they were not put together, each record stands for itself.
    """

    def __init__(
        self,
        parts: Parts,
        catalog: CatalogReader,
        log: LogReader,
        badges: Badges,
        *,
        put_together: bool,
    ) -> None:
        self._put_together = put_together
        self._parts = parts
        self._catalog = catalog
        self._log = log
        self._badges = badges
        self._marks: dict[Origin, Json] = {}
        self._entries: dict[Name, CatalogEntry] = {}

    def shown(self, groups: Iterable[Shown]) -> list[Json]:
        """One hit for each group of which some record is still there."""
        groups = list(groups)
        self._look_up(found for _, same in groups for found in same)
        return [hit for group in groups if (hit := self._hit(*group)) is not None]

    def _look_up(self, found: Iterable[Found]) -> None:
        """Read the entries of all that these may be shown as, at once of each publisher."""
        names: dict[Did, list[tuple[str, str]]] = {}
        for did, type_, key in (name for record in found for name in self._names(record)):
            names.setdefault(did, []).append((type_, key))
        for did, some in names.items():
            for (type_, key), entry in self._catalog.currents(did, some).items():
                self._entries[did, type_, key] = entry

    def _hit(self, hits: Sequence[Found], same: Sequence[Found]) -> Json | None:
        """What stands for a group: of those that were found the one nearest to the origin."""
        sources = self._sources(same)
        found = {work_of(hit): hit for hit in reversed(hits)}
        work = next((work for work in sources if work in found), None)
        if work is None:
            return None
        first, best = sources[work], found[work]
        return {
            **entry_json(first),
            **self._badges.of(first),
            "description": best.description,
            "score": round(best.score, 3),
            "near": hits[0].is_near,
            **self._marks_of(first),
            "sources": list(map(self._source, sources.values())) if len(sources) > 1 else [],
        }

    def _sources(self, same: Sequence[Found]) -> dict[Work, CatalogEntry]:
        """One record of each publisher, by what it is a part of, the origin's own first."""
        works = {work_of(found): found for found in reversed(same)}
        entries = {work: entry for work, found in works.items() if (entry := self._entry(found)) is not None}
        if len(entries) < 2:
            return entries
        homes = {host for found in same for name in found.same_as if (host := _host(name))}
        return dict(sorted(entries.items(), key=lambda source: self._standing(source[1], homes).place()))

    def _entry(self, found: Found) -> CatalogEntry | None:
        """What is shown of a record."""
        for name in self._names(found):
            entry = self._entries.get(name)
            if entry is not None and entry.op == Op.PUT:
                return entry
        return None

    def _names(self, found: Found) -> list[Name]:
        """As what a record may be shown: a version as its dataset, where that is here."""
        name = (found.did, found.type, found.key)
        return [work_of(found), name] if found.type == VERSION and self._put_together else [name]

    def _standing(self, entry: CatalogEntry, homes: Iterable[str]) -> Standing:
        tier = self._parts.carrying.tier(entry.did)
        badge = self._badges.of(entry)["badge"]
        return Standing(
            tier=_STRANGER if tier is None else _TIERS.get(tier, _STRANGER),
            is_harvested=badge["state"] == HARVESTED,
            is_at_home=badge["verified"] and is_at_home(badge["handle"], homes),
            seen_ms=entry.seen_ms,
            name=f"{entry.did}/{entry.key}",
        )

    def _source(self, entry: CatalogEntry) -> Json:
        shown = entry_json(entry)
        return {name: shown[name] for name in _OF_SOURCE} | self._badges.of(entry)

    def _marks_of(self, entry: CatalogEntry) -> Json:
        if entry.origin not in self._marks:
            self._marks[entry.origin] = marks_json(self._log, entry)
        return self._marks[entry.origin]


def _host(name: str) -> str:
    """Where something is at home that is named by an address; "" for all other names."""
    with suppress(ValueError):
        return urlsplit(name.removeprefix(_URL)).hostname or "" if name.startswith(_URL) else ""
    return ""
