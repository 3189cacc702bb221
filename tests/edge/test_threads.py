"""Blocking work in threads: results, errors, and what becomes of work for which no thread is free."""

from threading import Event, get_ident

import pytest

from frostnode.edge.threads import Beside, ThreadWorker

WAIT_S = 10


async def test_a_worker_answers_what_its_work_does() -> None:
    assert await ThreadWorker().run(get_ident) != get_ident()


def test_work_goes_on_beside_its_asker() -> None:
    asked, done = Event(), Event()

    def work() -> int:
        assert asked.wait(WAIT_S)
        done.set()
        return get_ident()

    found = Beside("beside", 1).begin(work)
    asked.set()
    assert done.wait(WAIT_S)
    assert found() != get_ident()


def test_what_work_raises_reaches_its_asker() -> None:
    def work() -> int:
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"):
        Beside("beside", 1).begin(work)()


def test_where_all_threads_are_busy_the_asker_does_the_work_once() -> None:
    begun, end = Event(), Event()
    done_by: list[int] = []

    def long_work() -> bool:
        begun.set()
        return end.wait(WAIT_S)

    beside = Beside("beside", 1)
    long = beside.begin(long_work)
    assert begun.wait(WAIT_S)
    beside.begin(lambda: done_by.append(get_ident()))()
    end.set()
    assert long()
    beside.begin(lambda: None)()  # whatever was before it is done by now
    assert done_by == [get_ident()]
