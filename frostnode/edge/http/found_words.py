"""Marks in a text the words by which it was found."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from frostnode.search.forms import forms
from frostnode.search.meaning import meaning_of
from frostnode.search.query import Field, Phrase, Query

_RUN: Final = re.compile(r"[^\W_]+")
_TEXTS: Final = (Field.TITLE, Field.KEYWORD)
_MARK: Final = Markup("<mark>{}</mark>")


class FoundWords:
    """The words of one search; `words` is how texts become words for the index that was searched."""

    def __init__(self, query: Query, words: Callable[[str], Sequence[str]]) -> None:
        self._words = words
        meaning = meaning_of(query)
        texts = [*meaning.wanted, *meaning.must]
        values = [value for group in meaning.groups for value in group if value.field in _TEXTS]
        singles = [one for one in meaning.wanted if not one.is_prefix]
        whole = [one.text for one in (*texts, *values) if isinstance(one, Phrase) or not one.is_prefix]
        begun = [one.text for one in (*texts, *values) if not isinstance(one, Phrase) and one.is_prefix]
        self._wanted = frozenset(
            (
                *(word for text in whole for word in words(text)),
                *(form for one in singles if len(run := words(one.text)) == 1 for form in forms(run[0])),
            )
        )
        self._beginnings = tuple(map(str.casefold, begun))
        self._known: dict[str, bool] = {}

    def marked(self, text: str) -> Markup:
        """The text, safe for a page, with what was asked for marked."""
        if not self._wanted and not self._beginnings:
            return Markup.escape(text)
        done, at = Markup(), 0
        for run in _RUN.finditer(text):
            pieces = [run.span()] if run.group().isascii() else self._pieces(run)
            for start, stop in pieces:
                if self._is_found(text[start:stop]):
                    done += Markup.escape(text[at:start]) + _MARK.format(text[start:stop])
                    at = stop
        return done + Markup.escape(text[at:])

    def _pieces(self, run: re.Match[str]) -> list[tuple[int, int]]:
        """What is one word stays whole; what is written without spaces falls into its characters."""
        if len(self._words(run.group())) < 2:
            return [run.span()]
        return [(at, at + 1) for at in range(*run.span())]

    def _is_found(self, piece: str) -> bool:
        if piece not in self._known:
            self._known[piece] = bool(self._wanted.intersection(self._words(piece))) or (
                bool(self._beginnings) and piece.casefold().startswith(self._beginnings)
            )
        return self._known[piece]
