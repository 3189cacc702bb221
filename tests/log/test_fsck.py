"""Fsck finds every kind of damage that is planted, says where, and finds nothing in what is sound."""

import shutil
from pathlib import Path

import pytest
import trio

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.fsck import Report, fsck
from frostnode.ports import ArrivalKind
from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.errors import StorageError
from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.growth import grow
from frostnode.protocol.identity import End
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import EMPTY_RANGE, leaf_hash, leaf_hashes
from frostnode.protocol.names import Origin
from frostnode.testing.clock import ManualClock
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom

OWN, CARRIED = Publisher("own"), Publisher("carried")
OWN_LOG, CARRIED_LOG = OWN.origin(), CARRIED.origin()


async def fill(home: OwnHome) -> None:
    """An own log of 600 entries, some erased; a carried log that ended, moved, was stolen and recovered."""
    entries = [OWN.put(f"k{number}", padding=number) for number in range(598)]
    await home.sequencer.commit(OWN_LOG, [*entries, OWN.withdraw("k1"), OWN.put("large", padding=100_000)])
    with home.disk.write() as writer:
        for index in (7, 8, 590):
            writer.withhold_body(OWN_LOG, index, "erased", "wish")
            if index != 7:
                writer.withhold_leaf(OWN_LOG, index, "erased", "wish")
            writer.arrive(ArrivalKind.ERASED, OWN.did, OWN_LOG, index, index + 1)
    leaves = [CARRIED.put(f"c{number}").header for number in range(20)]
    home.learn(CARRIED)
    carry(home, CARRIED_LOG, leaves)
    end = End(size=15, root=EMPTY_RANGE.extend(leaf_hashes(leaves[:15])).root())
    CARRIED.move(end)
    home.learn(CARRIED)
    carry(home, CARRIED.origin(), leaves[15:])
    CARRIED.recover(CARRIED.genesis, end)
    home.learn(CARRIED)


def carry(home: OwnHome, origin: Origin, leaves: list[bytes]) -> None:
    """Leaves as a peer sent them: the fourth is withheld there, no body has come yet."""
    slots = [WithheldLeaf(3, leaf_hash(leaves[3]), "elsewhere")]
    growth = grow(EMPTY_RANGE, [*leaves[:3], b"", *leaves[4:]], slots)
    held = growth.after
    key = CARRIED.log_key(origin)
    assert key is not None
    with home.disk.write() as writer:
        writer.append(origin, growth)
        writer.serve(origin, sign_checkpoint(Checkpoint(origin, held.size, held.root()), key), held.size)
        writer.arrive(ArrivalKind.ENTRIES, CARRIED.did, origin, 0, held.size)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which nothing is wrong."""
    folder = tmp_path_factory.mktemp("fsck") / "home"
    home = OwnHome.found(folder, OWN)
    trio.run(fill, home)
    home.close()
    return folder / "frost.db"


def check(path: Path, **cursors: int) -> Report:
    store = SqliteStore(path, clock=ManualClock(), random=SeededRandom(1))
    report = fsck(store, cursors=cursors)
    store.close()
    return report


def test_a_sound_home_has_no_findings(sound: Path) -> None:
    report = check(sound, catalog=1, index=12)
    assert report.findings == ()
    assert (report.publishers, report.logs, report.entries, report.bodies) == (2, 4, 625, 596)
    assert report.as_json()["findings"] == []


async def test_an_own_log_that_came_back_from_carriers_may_lack_bodies(tmp_path: Path) -> None:
    """A host that was set back has the leaves at once, and the bodies as far as others have them."""
    publisher = Publisher("set back")
    home = OwnHome.found(tmp_path / "home", publisher)
    origin = publisher.origin()
    await home.sequencer.commit(origin, [publisher.put("old", padding=1)])
    lost = [publisher.put(f"lost{number}", padding=1).header for number in range(3)]
    with home.disk.read() as reader:
        state = reader.log(origin)
    assert state is not None
    growth = grow(state.held, lost)
    key = publisher.log_key(origin)
    assert key is not None
    with home.disk.write() as writer:
        writer.append(origin, growth)
        head = Checkpoint(origin, growth.after.size, growth.after.root())
        writer.serve(origin, sign_checkpoint(head, key), head.size)
        writer.arrive(ArrivalKind.ENTRIES, publisher.did, origin, 1, head.size)
    assert fsck(home.disk).findings == ()
    with home.disk.write() as writer:
        writer.arrive(ArrivalKind.BODIES, publisher.did, origin, 2, 3)
    findings = fsck(home.disk).findings
    assert ["body of leaf 2" in finding.what for finding in findings] == [True]
    home.close()


def test_progress_is_told(sound: Path) -> None:
    store, told = SqliteStore(sound, clock=ManualClock(), random=SeededRandom(1)), []
    report = fsck(store, progress=lambda what, done: told.append((what, done)))
    store.close()
    assert len([what for what, _ in told if what == "entries"]) >= 4, "told while it goes on"
    assert dict(told) == {
        "publishers": report.publishers,
        "logs": report.logs,
        "entries": report.entries,
        "bodies": report.bodies,
        "arrivals": report.arrivals,
    }


FLIP = "substr({0}, 1, {1}) || x'ff' || substr({0}, {1} + 2)"
"""SQL for a blob with another byte at an offset."""


def flip(table: str, column: str, offset: int, where: str) -> str:
    value = FLIP.format(column, offset)
    return f"UPDATE {table} SET {column} = CAST({value} AS BLOB) WHERE {where}"


OWN_ROW = f"origin = '{OWN_LOG}'"
CARRIED_ROW = f"origin = '{CARRIED_LOG}'"
GENESIS = "id = (SELECT min(id) FROM event)"

DAMAGE: dict[str, tuple[str, str]] = {
    # identities
    "byte of an event": (flip("event", "signed", 200, GENESIS), "identity"),
    "signature of an event": (flip("event", "signed", 20 + 300, "id = 2"), "identity"),
    "event under a wrong digest": (flip("event", "digest", 3, GENESIS), "identity"),
    "event lost": ("DELETE FROM event WHERE id = 3", "identity"),
    "choice lost": ("DELETE FROM choice WHERE kind = 'recovery'", "identity"),
    "choice of nothing": ("UPDATE choice SET event = NULL WHERE kind = 'ordinary'", "identity"),
    "choice of another event": ("UPDATE choice SET event = place", "identity"),
    "tip": (flip("publisher", "tip", 3, f"did = '{OWN.did}'"), "identity"),
    "mark of a fork": (f"UPDATE publisher SET forked = 1 WHERE did = '{OWN.did}'", "identity"),
    "epoch that counts taken for void": (f"UPDATE log SET counts = 0 WHERE {OWN_ROW}", "identity"),
    "void epoch taken for one that counts": ("UPDATE log SET counts = 1", "identity"),
    "end moved": (f"UPDATE log SET end_size = 16 WHERE {CARRIED_ROW}", "identity"),
    "end forgotten": (f"UPDATE log SET end_size = NULL, end_root = NULL WHERE {CARRIED_ROW}", "identity"),
    "ended epoch taken for open": (f"UPDATE log SET accepts = 1 WHERE {CARRIED_ROW}", "identity"),
    "log key": (flip("log", "key", 3, OWN_ROW), "identity"),
    "host": (f"UPDATE log SET url = 'https://evil.example' WHERE {OWN_ROW}", "identity"),
    "hosted log that nobody opened": ("UPDATE hosted SET origin = origin || 'x'", "identity"),
    # logs
    "byte of a bundle": (flip("bundle", "leaves", 5000, "id = (SELECT max(id) FROM bundle)"), "log"),
    "length in a bundle": (flip("bundle", "leaves", 0, "id = (SELECT min(id) FROM bundle)"), "log"),
    "bundle cut short": ("UPDATE bundle SET leaves = substr(leaves, 1, length(leaves) - 1)", "log"),
    "bundle lost": ("DELETE FROM bundle WHERE id = (SELECT min(id) FROM bundle)", "log"),
    "last bundle lost": ("DELETE FROM bundle WHERE id = (SELECT max(id) FROM bundle)", "log"),
    "bundles exchanged": (
        "UPDATE bundle SET leaves = (SELECT other.leaves FROM bundle AS other WHERE other.id <> bundle.id)",
        "log",
    ),
    "bundle too many": ("INSERT INTO bundle SELECT max(id) + 1, leaves FROM bundle", "log"),
    "byte of a tail": (flip("log", "tail", 5000, OWN_ROW), "log"),
    "tail lost": (f"UPDATE log SET tail = x'' WHERE {OWN_ROW}", "log"),
    "tail of a carried log": (flip("log", "tail", 100, CARRIED_ROW), "log"),
    "compact range": (flip("log", "edge", 40, OWN_ROW), "log"),
    "compact range cut short": (f"UPDATE log SET edge = substr(edge, 33) WHERE {OWN_ROW}", "log"),
    "size": (f"UPDATE log SET size = size - 1 WHERE {OWN_ROW}", "log"),
    "byte of a tile": (flip("tile", "hashes", 40, "1"), "log"),
    "tile cut short": ("UPDATE tile SET hashes = substr(hashes, 1, 32)", "log"),
    "tile lost": ("DELETE FROM tile", "log"),
    "tile too many": ("INSERT INTO tile SELECT id + 1, hashes FROM tile", "log"),
    "root in a note": (
        f"UPDATE log SET checkpoint = CAST(replace(checkpoint, '600', '599') AS BLOB) WHERE {OWN_ROW}",
        "log",
    ),
    "note lost": (f"UPDATE log SET checkpoint = NULL WHERE {OWN_ROW}", "log"),
    "note of another log": (
        f"UPDATE log SET checkpoint = (SELECT checkpoint FROM log WHERE {CARRIED_ROW}) WHERE {OWN_ROW}",
        "log",
    ),
    "served less than signed": (f"UPDATE log SET served = 599 WHERE {OWN_ROW}", "log"),
    "served more than held": (f"UPDATE log SET served = 601 WHERE {OWN_ROW}", "log"),
    "hash of a withheld leaf": (flip("withheld_leaf", "hash", 3, "leaf = 8"), "log"),
    "hash of a leaf withheld elsewhere": (flip("withheld_leaf", "hash", 3, "leaf = 3"), "log"),
    "withheld leaf forgotten": ("DELETE FROM withheld_leaf WHERE leaf = 590", "log"),
    "withheld leaf still there": (
        "INSERT INTO withheld_leaf SELECT log, 9, hash, state, reason, header FROM withheld_leaf WHERE leaf = 8",
        "log",
    ),
    "body of an own entry lost": ("DELETE FROM body WHERE digest = (SELECT min(digest) FROM body)", "log"),
    # bodies
    "byte of a pack": (flip("pack", "bodies", 9000, "id = 1"), "body"),
    "byte of an erased body": (
        """UPDATE pack SET bodies = CAST(substr(bodies, 1, at) || x'01' || substr(bodies, at + 2) AS BLOB)
        FROM (SELECT start - 1 AS at FROM body WHERE pack = 1 AND start > 0
        AND start NOT IN (SELECT start + size FROM body WHERE pack = 1)) WHERE id = 1""",
        "body",
    ),
    "pack cut short": ("UPDATE pack SET bodies = substr(bodies, 1, length(bodies) - 1) WHERE id = 1", "body"),
    "bytes that nobody claims": (
        "UPDATE pack SET bodies = CAST(bodies || x'01' AS BLOB) WHERE id = 1",
        "body",
    ),
    "pack lost": ("DELETE FROM pack WHERE id = 2", "body"),
    "last pack lost": ("DELETE FROM pack WHERE id = (SELECT max(id) FROM pack)", "body"),
    "pack that nobody points into": ("INSERT INTO pack (bodies) VALUES (x'0102')", "body"),
    "place of a body": ("UPDATE body SET start = start + 1 WHERE pack = 1 AND start > 5000", "body"),
    "size of a body": ("UPDATE body SET size = size - 1 WHERE pack = 1 AND start = 0", "body"),
    "two bodies in one place": (
        """UPDATE body SET start = 0, size = (SELECT size FROM body WHERE pack = 1 AND start = 0)
        WHERE digest = (SELECT max(digest) FROM body WHERE pack = 1)""",
        "body",
    ),
    "digest of a body": (flip("body", "digest", 3, "digest = (SELECT min(digest) FROM body)"), "body"),
    # arrivals
    "arrival lost": ("DELETE FROM arrival WHERE number = 4", "arrival"),
    "first arrival lost": ("DELETE FROM arrival WHERE number = 1", "arrival"),
    "announcement of entries lost": (
        "UPDATE arrival SET kind = 'bodies' WHERE kind = 'entries' AND start = 256",
        "arrival",
    ),
    "last announcement lost": (
        "UPDATE arrival SET kind = 'bodies' WHERE kind = 'entries' AND start = 512",
        "arrival",
    ),
    "announcement twice": (
        "UPDATE arrival SET kind = 'entries' WHERE kind = 'bodies' AND start = 256",
        "arrival",
    ),
    "tag cut short": ("UPDATE arrival SET tag = x'00' WHERE number = 3", "arrival"),
    "kind": ("UPDATE arrival SET kind = 'rumour' WHERE number = 3", "structure"),
    "entries that are not held": (
        "UPDATE arrival SET stop = 700 WHERE kind = 'erased' AND start = 590",
        "arrival",
    ),
    "empty run": ("UPDATE arrival SET stop = start WHERE kind = 'erased' AND start = 590", "arrival"),
    "run across bundles": ("UPDATE arrival SET start = 250 WHERE kind = 'erased' AND start = 590", "arrival"),
    "cut beyond what is held": ("UPDATE arrival SET start = 21 WHERE kind = 'cut'", "arrival"),
    "event of a log": ("UPDATE arrival SET log = 1 WHERE kind = 'events'", "arrival"),
    # structure
    "bundle of no log": ("INSERT INTO bundle VALUES (99 << 32, x'')", "structure"),
    "tile of no log": ("INSERT INTO tile VALUES (99 << 32, x'')", "structure"),
    "event of no publisher": ("UPDATE event SET publisher = 99 WHERE id = 1", "structure"),
    "body both here and withheld": (
        "INSERT INTO withheld_body SELECT min(digest), 1, 0, 'erased', '' FROM body",
        "structure",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_planted_damage_is_found(sound: Path, tmp_path: Path, damage: str) -> None:
    sql, area = DAMAGE[damage]
    path = tmp_path / "frost.db"
    shutil.copy(sound, path)
    database = Database(path)
    database.run("PRAGMA foreign_keys = OFF")
    before = database.one("SELECT total_changes()")
    database.run(sql)
    assert database.one("SELECT total_changes()") != before, "nothing was damaged"
    database.close()
    findings = check(path).findings
    assert area in {finding.area for finding in findings}, [str(finding) for finding in findings]
    assert all(str(finding) for finding in findings)


def test_a_forged_signature_is_found(sound: Path, tmp_path: Path) -> None:
    """The tree is right, but another key says so."""
    path = tmp_path / "frost.db"
    shutil.copy(sound, path)
    store = SqliteStore(path, clock=ManualClock(), random=SeededRandom(1))
    with store.write() as writer:
        state = writer.log(OWN_LOG)
        assert state is not None
        forged = sign_checkpoint(Checkpoint(OWN_LOG, 600, state.held.root()), SigningKey(bytes(32)))
        writer.serve(OWN_LOG, forged, 600)
    (finding,) = fsck(store).findings[:1]
    store.close()
    assert (finding.area, finding.where) == ("log", OWN_LOG)
    assert "not signed" in str(finding) or "signer" in str(finding)


def test_a_cursor_beyond_the_last_arrival_is_found(sound: Path) -> None:
    findings = check(sound, catalog=3, index=10_000).findings
    assert [(finding.area, finding.where) for finding in findings] == [("arrival", "index")]


def test_a_page_that_the_database_cannot_read_is_found(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "frost.db"
    data = bytearray(sound.read_bytes())
    data[16384 * 3 : 16384 * 3 + 100] = bytes(100)
    path.write_bytes(data)
    assert "structure" in {finding.area for finding in check(path).findings}


def test_a_file_cut_short_is_found_where_it_is_opened(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "frost.db"
    path.write_bytes(sound.read_bytes()[: -16384 * 2])
    with pytest.raises(StorageError) as raised:
        check(path)
    assert raised.value.code == "storage.damaged"
