"""The names of publishers as words: titles of the profiles in the index, so that a name that changes changes no other record."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TypeAlias

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.schema import VALUES
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY
from frostnode.search.matching import Run, Wanted
from frostnode.search.query import Field

Changes: TypeAlias = Mapping[Did, str]
"""What publishers are called now; "" for those without a name."""


class Names:
    """Which publishers have certain words in their names. Never changes."""

    def __init__(self, runs: Mapping[Did, Run]) -> None:
        self._runs = runs

    def after(self, changes: Changes) -> "Names":
        """The names after some have changed."""
        if not changes:
            return self
        return Names({**self._runs, **{did: tuple(words(name)) for did, name in changes.items()}})

    def having(self, wanted: Wanted) -> list[Did]:
        """Those in whose names these words follow each other, or a single one stands in any of its forms."""
        if wanted.is_prefix:
            likely: Iterable[Did] = self._runs
        else:
            beginnings = wanted.forms or wanted.words[:1]
            likely = set().union(*(self._by_word.get(word, ()) for word in beginnings))
        return sorted(did for did in likely if wanted.is_in(self._runs[did]))

    @cached_property
    def _by_word(self) -> Mapping[str, set[Did]]:
        found: dict[str, set[Did]] = {}
        for did, run in self._runs.items():
            for word in run:
                found.setdefault(word, set()).add(did)
        return found


def name_of(key: str, title: str) -> str:
    """What the title of a profile says of its publisher's name: nothing, where it is the key for want of a name."""
    return "" if title == key else title


def is_profile(type_: str, key: str) -> bool:
    """Whether a record says what its publisher is called."""
    return (type_, key) == (PROFILE, PROFILE_KEY)


def read_names(snapshot: Snapshot) -> Names:
    """The names in all profiles of a snapshot."""
    query = snapshot.clauses.term(VALUES[Field.TYPE], PROFILE)
    total = snapshot.count(query)
    hits = snapshot.searcher.search(query, limit=total, count=False).hits if total else []
    found = (snapshot.found([hit])[0] for hit in hits)
    return Names({}).after(
        {one.did: name_of(one.key, one.title) for one in found if is_profile(one.type, one.key)}
    )
