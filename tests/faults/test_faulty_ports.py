"""The faulty store and signer fail once, where they are told to: before anything was done, or after all of it."""

from pathlib import Path

import pytest

from frostnode.ports import ArrivalKind, LogStore
from frostnode.protocol.errors import StorageError, TransportError
from frostnode.testing.faults import Fault
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher


def arrive(home: OwnHome) -> int:
    with home.store.write() as writer:
        return writer.arrive(ArrivalKind.BLOCKED, home.publisher.did)


def last(store: LogStore) -> int:
    with store.read() as reader:
        return reader.last_arrival()


@pytest.mark.parametrize("fault", list(Fault))
def test_the_write_that_fails_has_left_nothing_or_all_and_the_next_is_whole(
    tmp_path: Path, fault: Fault
) -> None:
    home = OwnHome.found(tmp_path / "home", Publisher())
    before = last(home.store)
    home.store.fail(2, fault)
    assert arrive(home) == before + 1
    with pytest.raises(StorageError) as failed:
        arrive(home)
    assert failed.value.code == "storage.failed"
    written = before + 1 + (fault is Fault.BUT_WRITTEN)
    assert last(home.store) == written
    assert arrive(home) == written + 1
    home.close()


@pytest.mark.parametrize("fault", list(Fault))
async def test_the_signature_that_fails_was_made_or_not_and_is_the_same_when_asked_for_again(
    tmp_path: Path, fault: Fault
) -> None:
    publisher = Publisher()
    home = OwnHome.found(tmp_path / "home", publisher)
    home.signer.fail(1, fault)
    with pytest.raises(TransportError):
        await home.sequencer.commit(publisher.origin(), [publisher.put("a")])
    assert len(home.signer.signed) == (fault is Fault.BUT_WRITTEN)
    await home.sequencer.commit(publisher.origin(), [publisher.put("b")])
    assert len({note for request, note in home.signer.signed if request.new_size == 1}) == 1
    home.close()
