"""Fsck verifies again what froze a log, what a log begins, and that what was dropped is accounted for."""

import shutil
from pathlib import Path

import pytest

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.fsck import Report, fsck
from frostnode.replicate.ingest import Ingest
from frostnode.testing.clock import ManualClock
from frostnode.testing.equivocation import twin_of
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom


def publisher(name: str, count: int) -> MemoryPublisher:
    made = MemoryPublisher(name)
    for at in range(count):
        made.withdraw(f"key-{at}")
    return made


FORKED, PARTIAL, LOST = publisher("forked", 10), publisher("partial", 600), publisher("lost", 300)


def open_store(path: Path) -> SqliteStore:
    return SqliteStore(path, clock=ManualClock(), random=SeededRandom(1))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that is frozen, one of which a part is here, one that dropped back and went on, one that is astray."""
    path = tmp_path_factory.mktemp("fsck") / "frost.db"
    store = open_store(path)
    astray = publisher("astray", 10)
    for frames in (
        [*FORKED.stream(), *twin_of(FORKED, 5).stream()],
        list(PARTIAL.stream())[:4],
        [*twin_of(LOST, 270).stream(), LOST.move().events(), *LOST.stream(256)],
        [*astray.stream(), twin_of(astray, 5).move(8).events()],
    ):
        Ingest(store, None).take(frames)
    store.close()
    return path


def check(path: Path) -> Report:
    store = open_store(path)
    report = fsck(store)
    store.close()
    return report


def test_a_sound_store_has_no_findings(sound: Path) -> None:
    assert check(sound).findings == ()
    store = open_store(sound)
    with store.read() as reader:
        states = [reader.log(each.origin) for each in (FORKED, PARTIAL, LOST)]
        assert [state and state.held.size for state in states] == [10, 256, 300]
        assert (states[0].frozen, states[1].ahead is not None) == (True, True)  # type: ignore[union-attr]
        assert len(reader.astray()) == 1
    store.close()


DAMAGE = {
    "note of the evidence": (
        "UPDATE evidence SET larger = CAST(replace(larger, x'3133', x'3134') AS BLOB)",
        "evidence",
    ),
    "proof of the evidence": ("UPDATE evidence SET proof = substr(proof, 1, 32)", "evidence"),
    "evidence lost": ("DELETE FROM evidence", "evidence"),
    "frozen without evidence": (
        f"UPDATE log SET frozen = 1 WHERE origin = '{PARTIAL.origin}'",
        "evidence",
    ),
    "evidence that froze nothing": ("UPDATE log SET frozen = 0", "evidence"),
    "what lies beyond": (
        "UPDATE log SET beyond = CAST(substr(beyond, 1, 31) || x'ff' || substr(beyond, 33) AS BLOB)",
        "which is not complete",
    ),
    "too little beyond": ("UPDATE log SET beyond = substr(beyond, 1, 32)", "is not complete"),
    "note of the tree ahead": (
        "UPDATE log SET ahead = CAST(replace(ahead, x'363030', x'363031') AS BLOB)",
        "is not complete",
    ),
    "astray and not said so": ("UPDATE log SET astray = 0", "root at the end"),
    "said to be astray": (
        f"UPDATE log SET astray = 1 WHERE origin = '{LOST.origin}'",
        "root at the end",
    ),
    "drop that was not told": ("UPDATE arrival SET kind = 'cut' WHERE kind = 'dropped'", "arrival"),
    "drop in no order": ("UPDATE arrival SET stop = start WHERE kind = 'dropped'", "dropped"),
    "frozen at no size": ("UPDATE arrival SET start = -1 WHERE kind = 'frozen'", "frozen"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_planted_damage_is_found(sound: Path, tmp_path: Path, what: str) -> None:
    sql, words = DAMAGE[what]
    path = tmp_path / "frost.db"
    shutil.copy(sound, path)
    database = Database(path)
    database.begin(write=True)
    database.run(sql)
    database.commit()
    database.close()
    findings = [str(finding) for finding in check(path).findings]
    assert any(words in finding for finding in findings), findings
