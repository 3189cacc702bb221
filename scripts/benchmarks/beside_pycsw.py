"""How many searches a second a node answers beside pycsw: the same records, the same words, the same hits, in the same run.

pycsw looks for a part of a text by LIKE, the node for words; so the words are those that are part of no other one and share
their stem with none. Both are asked over HTTP on loopback, one search after the other, for the first twenty of all hits.
"""

import json
import re
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import click
import httpx
import tantivy

from frostnode.formats.imported import Record
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.nodes import running
from scripts.benchmarks.resampling import resampled, text_of, texts
from scripts.benchmarks.workshop import Workshop

_ROOT: Final = Path(__file__).parents[2]
_ENVIRONMENT: Final = _ROOT / ".pycsw"
_LOCKS: Final = (_ROOT / ".lock" / "build.txt", _ROOT / ".lock" / "pycsw.txt")
_PEER: Final = Path(__file__).with_name("pycsw_peer.py")
_HITS: Final = 20
_PLAIN: Final = {"Accept-Encoding": "identity"}
"""What pycsw answers anyway: it would complain of each request for less."""
_WORD: Final = re.compile(r"[^\W_]+")
_MATCHED: Final = re.compile(rb'numberOfRecordsMatched="(\d+)"')
_FEWEST: Final = 5
"""A word that is searched for is in so many records at least."""
_SHORTEST: Final = 6


def search_to_pycsw(workshop: Workshop) -> list[Figure]:
    """Searches a second of the node over those of pycsw; nothing where its environment would first have to be made for a small run."""
    if not workshop.size.makes_environments and not _is_made():
        click.echo("search_to_pycsw: not measured at this size, for its environment is not made", err=True)
        return []
    _make()
    records = [record for _, record in resampled(workshop.size.compared)]
    words = simple_words(records, workshop.size.searches)
    home, folder = (
        workshop.home_of("compared", resampled(workshop.size.compared)),
        workshop.new_folder("pycsw"),
    )
    with _pycsw(folder, records) as url, httpx.Client(base_url=url, timeout=60, headers=_PLAIN) as client:
        theirs = _timed(words, lambda word: _ask_pycsw(client, word))
    with running(home) as node, httpx.Client(base_url=node.url, timeout=60) as client:
        ours = _timed(words, lambda word: _ask_node(client, word))
    return [
        Figure(
            name="search_to_pycsw",
            value=theirs / ours,
            unit="times",
            target=10,
            note=f"{len(words) / ours:,.0f} searches/s, pycsw 2.6.2 {len(words) / theirs:,.0f}; {len(records):,} records, {len(words)} words, equal numbers of hits",
        )
    ]


def simple_words(records: Sequence[Record], count: int) -> dict[str, int]:
    """Words, from common to rare, that stand for themselves alone in these texts, and in how many records each is."""
    texts = [text_of(record).lower() for record in records]
    counts = Counter(word for text in texts for word in set(_WORD.findall(text)))
    stem = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )
    stems = Counter(stem.analyze(word)[0] for word in counts)
    alone = (
        word
        for word, _ in counts.most_common()
        if len(word) >= _SHORTEST and word.isascii() and word.isalpha() and stems[stem.analyze(word)[0]] == 1
    )
    prose = [f"{record['title']}\n{record.get('description', '')}".lower() for record in records]
    found: dict[str, int] = {}
    for word in alone:
        if len(found) == count or counts[word] < _FEWEST:
            break
        if sum(word in text for text in prose) == sum(word in text for text in texts) == counts[word]:
            found[word] = counts[word]
    return found


def _timed(words: Mapping[str, int], ask: Callable[[str], int]) -> float:
    """Seconds for all of them, each with as many hits as there are."""
    begun = time.perf_counter()
    found = {word: ask(word) for word in words}
    taken = time.perf_counter() - begun
    assert found == dict(words), {
        word: (found[word], words[word]) for word in words if found[word] != words[word]
    }
    return taken


def _ask_node(client: httpx.Client, word: str) -> int:
    answer = client.get("/api/search", params={"q": word, "limit": _HITS, "include": "unknown"}).json()
    assert len(answer["hits"]) == min(_HITS, answer["total"])
    return int(answer["total"])


def _ask_pycsw(client: httpx.Client, word: str) -> int:
    answer = client.get(
        "/",
        params={
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecords",
            "typenames": "csw:Record",
            "elementsetname": "summary",
            "resulttype": "results",
            "maxrecords": _HITS,
            "constraintlanguage": "CQL_TEXT",
            "constraint": f"csw:AnyText like '%{word}%'",
        },
    )
    found = _MATCHED.search(answer.content)
    assert found is not None, answer.text
    assert answer.content.count(b"<csw:SummaryRecord>") == min(_HITS, int(found[1]))
    return int(found[1])


@contextmanager
def _pycsw(folder: Path, records: Sequence[Record]) -> Iterator[str]:
    """A server with these records, in a process and an environment of its own."""
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for record in records:
            line = {
                "identifier": str(record["key"]),
                "title": str(record["title"]),
                "abstract": str(record.get("description", "")),
                "keywords": ",".join(texts(record.get("keywords", []))),
                "anytext": text_of(record),
            }
            file.write(json.dumps(line) + "\n")
    process = subprocess.Popen(
        [str(_python()), "-I", "-W", "ignore", str(_PEER), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


# -- environment --------------------------------------------------------------------------------------


def _python() -> Path:
    return _ENVIRONMENT / "bin" / "python"


def _stamp() -> str:
    return sha256(b"".join(path.read_bytes() for path in _LOCKS)).hexdigest() + sys.version


def _is_made() -> bool:
    stamp = _ENVIRONMENT / ".installed"
    return stamp.exists() and stamp.read_text() == _stamp()


def _make() -> None:
    """Make its environment from the locks, where it is not made already."""
    if _is_made():
        return
    click.echo("Installing .lock/pycsw.txt into .pycsw", err=True)
    venv.create(_ENVIRONMENT, clear=True, with_pip=True)
    for lock in _LOCKS:
        subprocess.run(
            [
                *(str(_python()), "-m", "pip", "--quiet", "--quiet", "--no-input"),
                *("--disable-pip-version-check", "install", "--no-deps", "--no-build-isolation"),
                *("--require-hashes", "-r", str(lock)),
            ],
            check=True,
        )
    (_ENVIRONMENT / ".installed").write_text(_stamp())
