"""Every signer keeps one tree per log, only ever growing, with the same answer to the same request: the local one, and the
fakes over it while their faults are idle. The rest is of the local one's memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frostnode.edge.signer import LocalSigner
from frostnode.ports import Signer, SignRequest
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    CompactRange,
    consistency_proof,
    leaf_hash,
)
from frostnode.protocol.names import Origin
from frostnode.testing.faults import FaultySigner
from frostnode.testing.simulation.oracle import Oracle, WatchedSigner
from frostnode.testing.worker import InlineWorker

ORIGIN = Origin("did:frost:x/log/0/y")
OTHER = Origin("did:frost:x/log/1/z")
KEY = SigningKey(bytes(32))
LEAVES = [leaf_hash(bytes([index])) for index in range(20)]
OTHER_LEAVES = [*LEAVES[:5], *(leaf_hash(b"other" + bytes([index])) for index in range(15))]


def tree(size: int, leaves: list[bytes] = LEAVES) -> CompactRange:
    return EMPTY_RANGE.extend(leaves[:size])


def growth(old: int, new: int, leaves: list[bytes] = LEAVES, origin: Origin = ORIGIN) -> SignRequest:
    def hashes(level: int, index: int) -> bytes:
        return EMPTY_RANGE.extend(leaves[index << level : (index + 1) << level]).hashes[0]

    return SignRequest(
        origin=origin,
        old_size=old,
        old_root=tree(old, leaves).root(),
        new_size=new,
        new_root=tree(new, leaves).root(),
        consistency=consistency_proof(old, new, hashes),
    )


def open_signer(path: Path) -> LocalSigner:
    return LocalSigner(path, {ORIGIN: KEY, OTHER: KEY}.get, InlineWorker())


def violated(what: str) -> None:
    pytest.fail(what)


@pytest.fixture(params=["local", "faulty", "watched"])
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Signer]:
    local = open_signer(tmp_path / "signer.db")
    fakes: dict[str, Signer] = {
        "faulty": FaultySigner(local),
        "watched": WatchedSigner(local, Oracle(violated)),
    }
    yield fakes.get(request.param, local)
    local.close()


async def refused(signer: Signer, request: SignRequest, code: str = "signer.conflict") -> None:
    with pytest.raises(LocalError) as raised:
        await signer.sign(request)
    assert raised.value.code == code


async def test_what_it_signs_is_a_checkpoint_of_the_log(signer: Signer) -> None:
    note = await signer.sign(growth(0, 7))
    assert open_checkpoint(note, ORIGIN, KEY.public) == Checkpoint(ORIGIN, 7, tree(7).root())


async def test_the_same_request_gets_the_same_answer(signer: Signer, tmp_path: Path) -> None:
    note = await signer.sign(growth(0, 7))
    assert await signer.sign(growth(0, 7)) == note
    again = open_signer(tmp_path / "signer.db")
    assert await again.sign(growth(0, 7)) == note
    again.close()


async def test_a_tree_may_only_grow_out_of_the_last_one(signer: Signer) -> None:
    await signer.sign(growth(0, 5))
    await signer.sign(growth(5, 9))
    await refused(signer, growth(5, 12))
    await refused(signer, growth(0, 12))
    await refused(signer, growth(0, 5))
    await refused(signer, growth(9, 9, OTHER_LEAVES))
    await refused(signer, growth(9, 12, OTHER_LEAVES))
    await refused(signer, growth(5, 9, OTHER_LEAVES))
    await signer.sign(growth(9, 12))


async def test_the_proof_is_checked(signer: Signer) -> None:
    await signer.sign(growth(0, 5))
    good, forged = growth(5, 12), growth(5, 12, OTHER_LEAVES)
    await refused(signer, replace(good, consistency=()))
    await refused(signer, replace(good, consistency=[*good.consistency[:-1], bytes(32)]))
    await refused(signer, replace(good, new_root=bytes(32)))
    await refused(signer, replace(good, new_root=forged.new_root))
    await signer.sign(good)


async def test_without_memory_it_begins_at_the_empty_tree(signer: Signer) -> None:
    await refused(signer, growth(3, 7))
    await refused(signer, growth(0, 0))
    await signer.sign(growth(0, 7))


async def test_logs_are_kept_apart(signer: Signer) -> None:
    await signer.sign(growth(0, 9))
    await signer.sign(growth(0, 3, OTHER_LEAVES, OTHER))
    await signer.sign(growth(3, 4, OTHER_LEAVES, OTHER))
    await signer.sign(growth(9, 10))


async def test_a_log_without_key_is_not_hosted(signer: Signer) -> None:
    await refused(signer, growth(0, 1, origin=Origin("nobody/log/0/x")), "publisher.not-hosted")


async def test_an_older_memory_refuses(signer: Signer, tmp_path: Path) -> None:
    """A backup of the memory was put back: the signer knows too little to vouch for what is there."""
    await signer.sign(growth(0, 5))
    for name in ("signer.db", "signer.db-wal"):
        (tmp_path / f"old {name}").write_bytes((tmp_path / name).read_bytes())
    await signer.sign(growth(5, 9))
    restored = open_signer(tmp_path / "old signer.db")
    await refused(restored, growth(9, 12))
    restored.close()


async def test_a_memory_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "signer.db").write_bytes(b"x" * 5000)
    with pytest.raises(StorageError) as raised:
        open_signer(tmp_path / "signer.db")
    assert raised.value.code == "storage.damaged"


def put_back(path: Path, kept: bytes) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    path.write_bytes(kept)


async def test_a_memory_that_was_set_back_goes_on_from_its_own_larger_signature(tmp_path: Path) -> None:
    old = open_signer(tmp_path / "signer.db")
    await old.sign(growth(0, 5))
    old.close()
    kept = (tmp_path / "signer.db").read_bytes()
    old = open_signer(tmp_path / "signer.db")
    note = await old.sign(growth(5, 9))
    old.close()
    put_back(tmp_path / "signer.db", kept)
    signer = open_signer(tmp_path / "signer.db")
    try:
        await refused(signer, growth(9, 12))
        forged = await LocalSigner(
            tmp_path / "thief.db", {ORIGIN: SigningKey(b"t" * 32)}.get, InlineWorker()
        ).sign(growth(0, 9))
        await refused(signer, replace(growth(9, 12), old_note=forged))
        await refused(signer, replace(growth(9, 12, OTHER_LEAVES), old_note=note))
        signed = await signer.sign(replace(growth(9, 12), old_note=note))
        assert open_checkpoint(signed, ORIGIN, KEY.public).size == 12
        await refused(signer, replace(growth(5, 8), old_note=None))
    finally:
        signer.close()


async def test_a_lost_memory_signs_nothing_even_if_shown_its_own_signature(tmp_path: Path) -> None:
    first = open_signer(tmp_path / "first.db")
    note = await first.sign(growth(0, 5))
    first.close()
    empty = open_signer(tmp_path / "empty.db")
    await refused(empty, replace(growth(5, 9), old_note=note))
    empty.close()
