"""What a ranking has to beat: BM25 over title and description as one text, any of the words, nothing else."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

K1: Final = 1.2
B: Final = 0.75
_WORD: Final = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words of a text in lower case; no stems, no list of words to leave out."""
    return _WORD.findall(text.lower())


class PlainBm25:
    """An inverted index in memory."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        """`texts` are (id, text)."""
        self._postings: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._lengths: dict[str, int] = {}
        for id_, text in texts:
            counted = Counter(words(text))
            self._lengths[id_] = counted.total()
            for word, count in counted.items():
                self._postings[word].append((id_, count))
        self._mean = sum(self._lengths.values()) / len(self._lengths)

    def search(self, query: str, limit: int) -> list[str]:
        """The ids of the best texts; ties by id."""
        scores: dict[str, float] = defaultdict(float)
        for word in words(query):
            found = self._postings.get(word, [])
            rarity = math.log(1 + (len(self._lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for id_, count in found:
                length = 1 - B + B * self._lengths[id_] / self._mean
                scores[id_] += rarity * count * (K1 + 1) / (count + K1 * length)
        return sorted(scores, key=lambda id_: (-scores[id_], id_))[:limit]
