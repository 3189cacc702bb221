"""The fault table of publishing: whatever step fails, before or after it took effect, the next call puts it right.

After every step the whole home is derived again from its bytes.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from frostnode.log.fsck import fsck
from frostnode.log.sequencer import Receipt, Submission
from frostnode.ports import ArrivalKind, SignRequest
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import FrostError
from frostnode.protocol.tiles import decode_bundle
from frostnode.testing.faults import Fault
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher

Step: TypeAlias = Callable[[OwnHome, Fault], None]

STEPS: dict[str, Step] = {
    "write ahead": lambda home, fault: home.store.fail(1, fault),
    "signer memory": lambda home, fault: home.signer.fail(1, fault),
    "reveal": lambda home, fault: home.store.fail(2, fault),
}


def batch(publisher: Publisher, name: str, count: int) -> list[Submission]:
    return [publisher.put(f"{name}-{number}", padding=number * 13) for number in range(count)]


def leaves(home: OwnHome) -> list[bytes]:
    """All that is held of the open log."""
    origin, held = home.publisher.origin(), []
    with home.disk.read() as reader:
        state = reader.log(origin)
        assert state is not None
        for start in range(0, state.held.size, 256):
            held += decode_bundle(reader.leaves(origin, start, start + 256).bundle)
    return held


def served(home: OwnHome) -> int:
    with home.disk.read() as reader:
        state = reader.log(home.publisher.origin())
        assert state is not None
        return state.served


def announced(home: OwnHome) -> int:
    with home.disk.read() as reader:
        found = [arrival.stop for arrival in reader.arrivals(0, 1000) if arrival.kind is ArrivalKind.ENTRIES]
        return max(found, default=0)


def check(home: OwnHome, acknowledged: list[Receipt]) -> None:
    """What must hold at every moment."""
    assert fsck(home.disk).findings == ()
    held = leaves(home)
    assert len(set(held)) == len(held), "an entry was published twice"
    assert announced(home) == served(home) <= len(held)
    for receipt in acknowledged:
        assert receipt.index < served(home), "an acknowledged entry is lost"
        assert header_cid(held[receipt.index]) == receipt.header
    assert_one_tree_per_size(home.signer.signed)


def assert_one_tree_per_size(signed: list[tuple[SignRequest, bytes]]) -> None:
    trees = {(request.new_size, request.new_root) for request, _ in signed}
    assert len(trees) == len({size for size, _ in trees}), "two trees signed at one size"
    assert len({note for _, note in signed}) == len(trees), "two notes for one tree"


@pytest.mark.parametrize("retry", ["same batch", "another batch", "another, then the same"])
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("size", [3, 300])
async def test_a_failed_step_is_put_right_by_the_next_call(
    tmp_path: Path, step: str, fault: Fault, retry: str, size: int
) -> None:
    home = OwnHome.found(tmp_path / "home", Publisher())
    origin = home.publisher.origin()
    acknowledged = await home.sequencer.commit(origin, batch(home.publisher, "before", 5))
    failed, other = batch(home.publisher, "failed", size), batch(home.publisher, "other", 2)
    STEPS[step](home, fault)
    with pytest.raises(FrostError, match=str(fault)):
        await home.sequencer.commit(origin, failed)
    check(home, acknowledged)
    is_revealed = step == "reveal" and fault is Fault.BUT_WRITTEN
    assert served(home) == (5 + size if is_revealed else 5), "shown before it was acknowledged, or not at all"
    for name in {"same batch": ["failed"], "another batch": ["other"]}.get(retry, ["other", "failed"]):
        entries = failed if name == "failed" else other
        receipts = await home.sequencer.commit(origin, entries)
        assert [receipt.header for receipt in receipts] == [header_cid(entry.header) for entry in entries]
        acknowledged += receipts
        check(home, acknowledged)
        assert served(home) == len(leaves(home)), "something waits though a batch was acknowledged"
    home.close()


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_fails_again_and_again(tmp_path: Path, step: str, fault: Fault) -> None:
    home = OwnHome.found(tmp_path / "home", Publisher())
    origin, stubborn = home.publisher.origin(), batch(home.publisher, "stubborn", 4)
    for _ in range(4):
        STEPS[step](home, fault)
        try:
            await home.sequencer.commit(origin, stubborn)
        except FrostError:
            check(home, [])
    acknowledged = await home.sequencer.commit(origin, stubborn)
    assert [receipt.index for receipt in acknowledged] == [0, 1, 2, 3]
    check(home, acknowledged)
    home.close()


class Imager:
    """Copies the home after each durable step, as a machine that lost power there would come back."""

    def __init__(self, home: OwnHome, folder: Path) -> None:
        self._home, self._folder = home, folder
        self.images: list[tuple[Path, list[tuple[SignRequest, bytes]]]] = []
        self._keep("before")

    def spy(self, name: str, act: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def acted(*arguments: object) -> object:
            result = await act(*arguments)
            self._keep(f"{len(self.images)} after {name}")
            return result

        return acted

    def _keep(self, name: str) -> None:
        self.images.append((self._home.image(self._folder / name), list(self._home.signer.signed)))


@pytest.mark.parametrize("retry", ["same batch", "another batch"])
async def test_power_lost_between_any_two_steps(
    tmp_path: Path, retry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = OwnHome.found(tmp_path / "home", Publisher())
    origin = home.publisher.origin()
    before = await home.sequencer.commit(origin, batch(home.publisher, "before", 254))
    lost, other = batch(home.publisher, "lost", 5), batch(home.publisher, "other", 3)
    imager = Imager(home, tmp_path / "images")
    monkeypatch.setattr(home.sequencer._worker, "run", imager.spy("store", home.sequencer._worker.run))
    monkeypatch.setattr(home.signer, "sign", imager.spy("signer", home.signer.sign))
    after = await home.sequencer.commit(origin, lost)
    states = {
        frozenset((file.name, file.read_bytes()) for file in image.iterdir()) for image, _ in imager.images
    }
    assert len(states) == 4, "before, and after each of the three durable steps"
    for image, signed in imager.images:
        back = OwnHome(image, home.publisher)
        back.signer.signed = signed
        check(back, before)
        acknowledged = before + (after if served(back) > 254 else [])
        acknowledged += await back.sequencer.commit(origin, lost if retry == "same batch" else other)
        check(back, acknowledged)
        back.close()
    home.close()


async def test_a_store_that_went_back_cannot_make_the_signer_sign_another_tree(tmp_path: Path) -> None:
    """Only the store was restored from yesterday: the signer remembers more, and says so."""
    home = OwnHome.found(tmp_path / "home", Publisher())
    origin = home.publisher.origin()
    await home.sequencer.commit(origin, batch(home.publisher, "old", 3))
    yesterday = home.image(tmp_path / "yesterday")
    await home.sequencer.commit(origin, batch(home.publisher, "new", 3))
    home.close()
    for name in ("signer.db", "signer.db-wal"):
        path = tmp_path / "home" / name
        (yesterday / name).unlink(missing_ok=True)
        if path.exists():
            (yesterday / name).write_bytes(path.read_bytes())
    restored = OwnHome(yesterday, home.publisher)
    for _ in range(2):
        with pytest.raises(FrostError) as raised:
            await restored.sequencer.commit(origin, batch(home.publisher, "fork", 3))
        assert raised.value.code == "signer.conflict"
        assert served(restored) == 3
        assert fsck(restored.disk).findings == ()
    restored.close()
