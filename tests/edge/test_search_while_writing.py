"""Whoever searches while records come, go and are indexed anew sees one state at a time, and no gap."""

import threading

import pytest

from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.query import Field
from frostnode.search_port import Ask

DID = Did("did:frost:x")
COUNT = 150
ASK = Ask(query=parse_query("buoy"), limit=1000, facets=(Field.KEYWORD, Field.FORMAT))
EVERYTHING = Ask(query=parse_query(""), limit=1, facets=(Field.KEYWORD,))


def put_all(index, state):
    """Every record as it is in this state; each is one of the state's own besides."""
    for at in range(COUNT):
        index.put(
            SearchDocument(
                did=DID,
                type="dataset",
                key=f"k{at}",
                title=f"Buoy {state}",
                keywords=[f"state {state}"],
                formats=["even" if state % 2 == 0 else "odd"],
            )
        )
    index.commit(state, b"tag")


class Readers:
    """Threads that search until they are told to stop, and what they saw."""

    def __init__(self, index, count=2):
        self.index = index
        self.states = set()
        self.wrong = []
        self.seen = threading.Semaphore(0)
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.read, daemon=True) for _ in range(count)]

    def read(self):
        try:
            while not self.stop.is_set():
                self.look()
                self.seen.release()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test says it
            self.wrong.append(error)
            self.seen.release()

    def look(self):
        answer = self.index.search(ASK)
        titles = {hit.title for hit in answer.found}
        (state,) = (title.removeprefix("Buoy ") for title in titles)
        assert answer.total == len(answer.found) == len({hit.key for hit in answer.found}) == COUNT
        assert answer.facets[Field.KEYWORD] == {f"state {state}": COUNT}
        assert answer.facets[Field.FORMAT] == {"even" if int(state) % 2 == 0 else "odd": COUNT}
        assert answer.generation.startswith(f"{state}.")
        counted = self.index.search(EVERYTHING)
        assert list(counted.facets[Field.KEYWORD].values()) == [COUNT] == [counted.total]
        self.states.add(int(state))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def wait_for_some(self):
        """Until there have been some more answers."""
        for _ in self.threads:
            assert self.seen.acquire(timeout=30)

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=30)
        assert self.wrong == []


@pytest.mark.slow
def test_each_answer_is_of_one_state_while_everything_changes(tmp_path):
    index = TantivyIndex(tmp_path)
    put_all(index, 1)
    with Readers(index) as readers:
        for state in range(2, 15):
            put_all(index, state)
            readers.wait_for_some()
    assert len(readers.states) > 3
    index.close()


@pytest.mark.slow
def test_an_index_is_made_anew_beside_the_one_that_answers_without_a_gap(tmp_path):
    index = TantivyIndex(tmp_path)
    put_all(index, 1)
    with Readers(index) as readers:
        for state in range(2, 8):
            fresh = index.beside()
            put_all(fresh, state)
            readers.wait_for_some()
            assert index.cursor() == state - 1
            fresh.take_over()
            assert index.cursor() == state
            readers.wait_for_some()
    assert len(readers.states) > 3
    index.close()


def test_an_index_that_nobody_has_asked_yet_is_replaced_too(tmp_path):
    index = TantivyIndex(tmp_path)
    fresh = index.beside()
    put_all(fresh, 3)
    fresh.take_over()
    assert index.search(ASK).total == COUNT
    index.close()


def test_a_beginning_that_very_many_words_have_is_refused_where_it_cannot_be_counted(tmp_path):
    index = TantivyIndex(tmp_path)
    text = " ".join(f"pre{number}" for number in range(50_002))
    index.put(SearchDocument(did=DID, type="dataset", key="a", title="x", texts=[f"x {text}"]))
    index.commit(1, b"tag")
    assert index.search(Ask(query=parse_query("pre*"), limit=1)).total == 1
    with pytest.raises(LocalError) as refused:
        index.search(Ask(query=parse_query("x-pre*"), limit=1))
    assert refused.value.code == "query.malformed"
    index.close()
