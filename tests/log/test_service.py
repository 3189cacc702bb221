"""Many callers publish at once: few commits, everyone's own receipts, nobody held up by another's trouble."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from frostnode.log import service
from frostnode.log.fsck import fsck
from frostnode.log.sequencer import Receipt, Submission
from frostnode.log.service import Sequencing
from frostnode.ports import SignRequest
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import FrostError, LocalError, TransportError
from frostnode.testing.faults import Fault
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher
from frostnode.testing.worker import InlineWorker


class Gate:
    """A signer that waits until it is let, for the logs that are held up."""

    def __init__(self, home: OwnHome, held_up: set[str]) -> None:
        self._home, self.held_up = home, held_up
        self.open = trio.Event()
        self.asked: list[SignRequest] = []

    async def sign(self, request: SignRequest) -> bytes:
        self.asked.append(request)
        if request.origin in self.held_up:
            await self.open.wait()
        return await self._home.signer.sign(request)


@asynccontextmanager
async def serving(
    tmp_path: Path, *others: Publisher
) -> AsyncIterator[tuple[OwnHome, Gate, Sequencing, list[str]]]:
    home = OwnHome.found(tmp_path / "home", Publisher())
    keys = {home.publisher.origin(): home.publisher, **{other.origin(): other for other in others}}
    home.keys._key_of = lambda origin: keys[origin].log_key(origin)
    for other in others:
        home.learn(other)
        home.host(other.origin())
    gate, rung = Gate(home, set()), []
    sequencing = Sequencing(home.store, gate, InlineWorker(), lambda: rung.append("published"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sequencing.run)
        yield home, gate, sequencing, rung
        nursery.cancel_scope.cancel()
    assert fsck(home.disk).findings == ()
    home.close()


class Caller:
    """Submits once and keeps what came back."""

    def __init__(self, sequencing: Sequencing, origin: str, *entries: Submission) -> None:
        self._sequencing, self.origin, self.entries = sequencing, origin, entries
        self.receipts: list[Receipt] = []
        self.error: FrostError | None = None

    async def run(self) -> None:
        try:
            self.receipts = list(await self._sequencing.submit(self.origin, self.entries))
        except FrostError as error:
            self.error = error

    @property
    def is_answered(self) -> bool:
        return [receipt.header for receipt in self.receipts] == [
            header_cid(entry.header) for entry in self.entries
        ]


async def test_everyone_gets_their_own_receipts_from_few_commits(tmp_path: Path) -> None:
    async with serving(tmp_path) as (home, gate, sequencing, rung), trio.open_nursery() as nursery:
        origin, publisher = home.publisher.origin(), home.publisher
        gate.held_up.add(origin)
        callers = [
            Caller(sequencing, origin, *(publisher.put(f"{number}-{at}") for at in range(1 + number % 3)))
            for number in range(50)
        ]
        nursery.start_soon(callers[0].run)
        await trio.testing.wait_all_tasks_blocked()
        for caller in callers[1:]:
            nursery.start_soon(caller.run)
        await trio.testing.wait_all_tasks_blocked()
        gate.open.set()
        await trio.testing.wait_all_tasks_blocked()
        assert all(caller.is_answered for caller in callers)
        indexes = sorted(receipt.index for caller in callers for receipt in caller.receipts)
        assert indexes == list(range(len(indexes)))
        assert len(gate.asked) == 2
        assert len(rung) == 2


async def test_a_log_whose_signer_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    other = Publisher("other")
    async with serving(tmp_path, other) as (home, gate, sequencing, _), trio.open_nursery() as nursery:
        gate.held_up.add(home.publisher.origin())
        stuck = Caller(sequencing, home.publisher.origin(), home.publisher.put("stuck"))
        nursery.start_soon(stuck.run)
        await trio.testing.wait_all_tasks_blocked()
        free = Caller(sequencing, other.origin(), other.put("free"))
        await free.run()
        assert free.is_answered
        assert not stuck.receipts
        gate.open.set()


async def test_the_error_of_a_commit_goes_to_all_that_were_in_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as (home, gate, sequencing, rung), trio.open_nursery() as nursery:
        gate.held_up.add(home.publisher.origin())
        callers = [Caller(sequencing, home.publisher.origin(), home.publisher.put(key)) for key in "abcd"]
        for caller in callers:
            nursery.start_soon(caller.run)
            await trio.testing.wait_all_tasks_blocked()
        home.signer.fail(2, Fault.NOT_WRITTEN)
        gate.open.set()
        await trio.testing.wait_all_tasks_blocked()
        assert callers[0].is_answered
        assert all(isinstance(caller.error, TransportError) for caller in callers[1:])
        assert rung == ["published"]
        for caller in reversed(callers):
            await caller.run()
        assert all(caller.is_answered for caller in callers)
        assert [caller.receipts[0].index for caller in callers] == [0, 1, 2, 3]


async def test_submitting_nothing_finishes_what_an_error_left(tmp_path: Path) -> None:
    async with serving(tmp_path) as (home, _, sequencing, _):
        origin = home.publisher.origin()
        home.signer.fail(1, Fault.BUT_WRITTEN)
        with pytest.raises(TransportError):
            await sequencing.submit(origin, [home.publisher.put("a")])
        assert await sequencing.submit(origin, []) == []
        with home.disk.read() as reader:
            state = reader.log(origin)
            assert state is not None
            assert state.served == 1


async def test_who_goes_away_before_its_turn_is_left_out(tmp_path: Path) -> None:
    async with serving(tmp_path) as (home, gate, sequencing, _), trio.open_nursery() as nursery:
        origin, publisher = home.publisher.origin(), home.publisher
        gate.held_up.add(origin)
        first, gone, last = (
            Caller(sequencing, origin, publisher.put(key)) for key in ("first", "gone", "last")
        )
        nursery.start_soon(first.run)
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as leaving:
            leaving.start_soon(gone.run)
            await trio.testing.wait_all_tasks_blocked()
            leaving.cancel_scope.cancel()
        nursery.start_soon(last.run)
        await trio.testing.wait_all_tasks_blocked()
        gate.open.set()
        await trio.testing.wait_all_tasks_blocked()
        assert (first.receipts[0].index, gone.receipts, last.receipts[0].index) == (0, [], 1)


async def test_there_is_a_bound_on_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SUBMISSIONS_WAITING_MAX", 3)
    monkeypatch.setattr(service, "SUBMISSIONS_WAITING_BYTES_MAX", 5_000)
    async with serving(tmp_path) as (home, gate, sequencing, _), trio.open_nursery() as nursery:
        origin, publisher = home.publisher.origin(), home.publisher
        gate.held_up.add(origin)
        small, large = (Caller(sequencing, origin, publisher.put("x", padding=size)) for size in (10, 4_000))
        nursery.start_soon(small.run)
        nursery.start_soon(large.run)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(LocalError, match="bytes") as raised:
            await sequencing.submit(origin, [publisher.put("y", padding=2_000)])
        assert raised.value.code == "queue.full"
        nursery.start_soon(Caller(sequencing, origin, publisher.put("z")).run)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(LocalError, match="submissions") as raised:
            await sequencing.submit(origin, [publisher.put("w")])
        assert raised.value.code == "queue.full"
        gate.open.set()
        await trio.testing.wait_all_tasks_blocked()
        assert small.is_answered
        assert large.is_answered
        assert await sequencing.submit(origin, [publisher.put("w")])


async def test_a_submission_larger_than_the_bound_goes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COMMIT_BYTES_MAX", "SUBMISSIONS_WAITING_BYTES_MAX", "COMMIT_ENTRIES_MAX"):
        monkeypatch.setattr(service, name, 1)
    async with serving(tmp_path) as (home, _, sequencing, rung):
        entries = [home.publisher.put(key) for key in "abc"]
        assert len(await sequencing.submit(home.publisher.origin(), entries)) == 3
        assert rung == ["published"]


async def test_commits_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "COMMIT_ENTRIES_MAX", 4)
    async with serving(tmp_path) as (home, gate, sequencing, _), trio.open_nursery() as nursery:
        origin, publisher = home.publisher.origin(), home.publisher
        for number in range(5):
            pair = (publisher.put(f"{number}-one"), publisher.put(f"{number}-two"))
            nursery.start_soon(Caller(sequencing, origin, *pair).run)
        await trio.testing.wait_all_tasks_blocked()
        assert max(request.new_size - request.old_size for request in gate.asked) == 4
        assert gate.asked[-1].new_size == 10


async def test_who_waits_when_the_service_stops_is_told(tmp_path: Path) -> None:
    home = OwnHome.found(tmp_path / "home", Publisher())
    gate = Gate(home, {home.publisher.origin()})
    sequencing = Sequencing(home.store, gate, InlineWorker(), lambda: None)
    callers = [Caller(sequencing, home.publisher.origin(), home.publisher.put(key)) for key in "abc"]
    async with trio.open_nursery() as nursery, trio.open_nursery() as stopped:
        stopped.start_soon(sequencing.run)
        nursery.start_soon(callers[0].run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(callers[1].run)
        await trio.testing.wait_all_tasks_blocked()
        stopped.cancel_scope.cancel()
    await callers[2].run()
    assert [caller.error and caller.error.code for caller in callers] == ["queue.full"] * 3
    home.close()
