"""A search that stands: whether a record matches it is a matter of the two alone, the same on every node.

Rules (spec/14-notices.md#saved-searches):
- it is written in a subset of the language of searches: words, "phrases", -not, `type:` and `publisher:`;
- all that it asks for must be there: nothing is ranked, so nothing is near enough;
- words are runs of letters and digits, in any case; a phrase stands within one text of the record.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.limits import SAVED_SEARCH_TERMS_MAX
from frostnode.protocol.names import Did, RecordType, check_type, parse_did
from frostnode.protocol.query import Occur, Term, parse_query

Phrase: TypeAlias = tuple[str, ...]
"""Words that follow each other; often one alone."""

_WORD: Final = re.compile(r"[^\W_]+")
_TYPE: Final = "type:"
_PUBLISHER: Final = "publisher:"


def words_of(text: str) -> Phrase:
    """The words of a text, in order."""
    return tuple(_WORD.findall(text.casefold()))


class Words:
    """The words of one record, each text by itself."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = [words_of(text) for text in texts]
        self.all = frozenset(word for text in self._texts for word in text)

    def have(self, phrase: Phrase) -> bool:
        """Whether these words follow each other somewhere."""
        if not self.all.issuperset(phrase):
            return False
        if len(phrase) == 1:
            return True
        size = len(phrase)
        return any(
            text[at : at + size] == phrase
            for text in self._texts
            for at in range(len(text) - size + 1)
            if text[at] == phrase[0]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """What must be there and what must not, of which type and publisher, if of certain ones."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()
    type: RecordType | None = None
    publisher: Did | None = None

    def matches(self, did: str, type_: str, words: Words) -> bool:
        """Whether a record of this publisher and type with these words is meant."""
        if self.type not in (None, type_) or self.publisher not in (None, did):
            return False
        return all(map(words.have, self.wanted)) and not any(map(words.have, self.unwanted))


def parse_saved_search(text: str) -> SavedSearch:
    """Read a saved search.

    Raises:
        LocalError: query.malformed: too long, too many terms, a malformed type or publisher, or nothing wanted
    """
    terms = parse_query(text)
    if len(terms) > SAVED_SEARCH_TERMS_MAX:
        raise LocalError(
            "query.malformed", "terms of a saved search", found=len(terms), expected=SAVED_SEARCH_TERMS_MAX
        )
    type_: RecordType | None = None
    publisher: Did | None = None
    phrases: list[Term] = []
    try:
        for term in terms:
            if term.text.startswith(_TYPE):
                type_ = check_type(_once(term, type_)[len(_TYPE) :])
            elif term.text.startswith(_PUBLISHER):
                publisher = parse_did(_once(term, publisher)[len(_PUBLISHER) :])
            else:
                phrases.append(term)
    except NameError_ as error:
        raise LocalError("query.malformed", f"saved search: {error}") from error
    wanted = tuple(words_of(term.text) for term in phrases if term.occur is not Occur.MUST_NOT)
    unwanted = tuple(words_of(term.text) for term in phrases if term.occur is Occur.MUST_NOT)
    if not wanted and publisher is None:
        raise LocalError(
            "query.malformed", "saved search", found=text, expected="a word, or publisher: and a DID"
        )
    return SavedSearch(
        wanted=tuple(filter(None, wanted)),
        unwanted=tuple(filter(None, unwanted)),
        type=type_,
        publisher=publisher,
    )


def _once(term: Term, found: object) -> str:
    if found is not None or term.occur is Occur.MUST_NOT:
        raise LocalError(
            "query.malformed", "saved search", found=term.text, expected="at most once, and without -"
        )
    return term.text
