"""What people type into a search: words, "phrases in quotes", +what must be there, -what must not.

Everything else is a word, whatever characters it has: titles can be pasted as they are.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import QUERY_CHARS_MAX


class Occur(StrEnum):
    """How much a term matters."""

    SHOULD = ""
    MUST = "+"
    MUST_NOT = "-"


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase to look for."""

    occur: Occur
    text: str


_TOKEN: Final = re.compile(r'(?:^|(?<=\s))([+-]?)(?:"([^"]*)"?|([^\s"]+))|"([^"]*)"?|([^\s"]+)')


def parse_query(text: str) -> list[Term]:
    """The terms of a query, in order; what has neither letter nor digit is left out.

    Raises:
        LocalError: query.malformed, above QUERY_CHARS_MAX characters
    """
    if len(text) > QUERY_CHARS_MAX:
        raise LocalError(
            "query.malformed", "characters of the query", found=len(text), expected=QUERY_CHARS_MAX
        )
    terms = []
    for match in _TOKEN.finditer(text):
        sign, quoted, word, *rest = match.groups()
        found = next((part for part in (quoted, word, *rest) if part is not None), "")
        if any(map(str.isalnum, found)):
            terms.append(Term(Occur(sign or ""), found))
    return terms
