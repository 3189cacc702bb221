"""A search that stands: of each record it is told whether it would be found, by the record alone.

Rules (spec/15-search.md#saved-searches):
- it is written as all searches are, and asks for the same: what the search would find as a hit, nothing that is only near;
- it does not ask whence a record came (`source:`), for that differs from node to node;
- it asks for something besides a type: to be told of everything is another target.
"""

from dataclasses import dataclass

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SAVED_SEARCH_TERMS_MAX
from frostnode.protocol.names import Did
from frostnode.search.language import parse_query
from frostnode.search.meaning import meaning_of
from frostnode.search.query import Area, Clause, Field, Occur, Period, Query, Within
from frostnode.search.values import is_whole_did


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A query of which it can be said of each record by itself whether it is a hit."""

    query: Query

    @property
    def publisher(self) -> Did | None:
        """The only one whose records can be hits, if there is only one."""
        for group in meaning_of(self.query).groups:
            if len(group) == 1 and group[0].field is Field.PUBLISHER and is_whole_did(group[0].text):
                return Did(group[0].text)
        return None


def parse_saved_search(text: str) -> SavedSearch:
    """Read a saved search.

    Raises:
        LocalError: query.malformed: no query, too many parts, of a source, or nothing wanted
    """
    query = parse_query(text)
    if len(query.clauses) > SAVED_SEARCH_TERMS_MAX:
        raise LocalError(
            "query.malformed",
            "parts of a saved search",
            found=len(query.clauses),
            expected=SAVED_SEARCH_TERMS_MAX,
        )
    if any(isinstance(clause, Within) and clause.field is Field.SOURCE for clause in query.clauses):
        raise LocalError(
            "query.malformed", "saved search", found=text, expected="no source:, it differs from node to node"
        )
    if not any(map(_is_wanted, query.clauses)):
        raise LocalError(
            "query.malformed", "saved search", found=text, expected="something wanted, besides a type"
        )
    return SavedSearch(query)


def _is_wanted(clause: Clause) -> bool:
    if isinstance(clause, Period | Area):
        return True
    is_type = isinstance(clause, Within) and clause.field is Field.TYPE
    return clause.occur is not Occur.MUST_NOT and not is_type
