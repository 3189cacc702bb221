"""How texts become words: the same for what is indexed and for what is asked.

Nothing is made of the words themselves: to stem them takes as long as all else that is done to index a text, and loses what they
were. A tokenizer by regular expression would say all of it in one place, at a third of the speed at which a whole index is made;
so the few texts that are not ASCII are put in order before, in Python, and the library cuts at what is neither letter nor digit.

A record may have ten thousand texts, each of which would cost a call: they come as one. The word between two of them is left out,
but not its place, so that no phrase reaches from one text into the next.
"""

from typing import Final

import tantivy

from frostnode.search.words import BETWEEN, spaced

ANALYSIS: Final = "words"
"""The name of the analysis in the schema."""


def _analyzer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    between = tantivy.Filter.custom_stopword([BETWEEN])
    for step in (between, tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold()):
        builder = builder.filter(step)
    return builder.build()


ANALYZER: Final = _analyzer()


def words(text: str) -> list[str]:
    """The words of a text as they are compared, in order."""
    return ANALYZER.analyze(spaced(text))
