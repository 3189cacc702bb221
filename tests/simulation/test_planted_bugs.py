"""Each bug that is planted in the nodes is found: tests of the simulator, not of the nodes."""

from contextlib import suppress
from dataclasses import replace

import pytest
import trio

from frostnode.config import Config
from frostnode.edge.sqlite.catalog import SqliteCatalogWriter
from frostnode.notify import changes
from frostnode.notify.matching import Matching
from frostnode.project import fold
from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import BodiesFrame
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.named_body import NamedBody
from frostnode.protocol.names import parse_origin
from frostnode.replicate import archive
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.offer import Offerer
from frostnode.replicate.start_check import StartCheck
from frostnode.testing.memory_catalog import MemoryCatalogWriter
from frostnode.testing.simulation.faults import Faults
from frostnode.testing.simulation.machine import Bugs
from frostnode.testing.simulation.moves import fork_identity
from frostnode.testing.simulation.options import Nemesis, Options, Work
from frostnode.testing.simulation.owner import Owner
from frostnode.testing.simulation.scenarios import SCENARIOS
from frostnode.testing.simulation.world import Failure, simulate

pytestmark = pytest.mark.slow

CRASHING = Options(
    nodes=2,
    owners=1,
    trouble_s=60,
    worker_s=0.01,
    nemesis=Nemesis(every_s=1, crash_in_sync=1),
    work=Work(every_s=0.7, looks=0, records_max=2),
)


def found(options, *words, seeds=6, play=None, bugs=None):
    """Run seeds until one finds a violation; it must be told with these words."""
    for seed in range(seeds):
        result = simulate(f"planted-{seed}", options, bugs=bugs, **({"play": play} if play else {}))
        if isinstance(result, Failure):
            assert any(word in result.what for word in words), result.what
            return
    pytest.fail(f"not found by {seeds} seeds")


store_effects = Ingest._store_effects


def cursor_first(self, effects, shown, before, outcome):
    """Save the cursor, then what it covers."""
    if self._has_news(outcome):
        with self._store.write() as writer:
            self._write_cursor(writer)
    return store_effects(self, effects, shown, before, outcome)


def test_a_cursor_that_is_saved_before_its_effect(monkeypatch):
    monkeypatch.setattr(Ingest, "_store_effects", cursor_first)
    found(CRASHING, "covers arrival")


def lazy(store):
    store._pool._writer.run("PRAGMA synchronous = OFF")
    return store


def test_a_commit_that_is_acknowledged_before_it_is_durable():
    found(CRASHING, "promised", "never signed", "fsck", "arrival", "forgot", bugs=Bugs(store=lazy))


class Forgetful:
    """A signer that remembers nothing."""

    def __init__(self, signer):
        self._signer = signer

    async def sign(self, request):
        note = await self._signer.sign(request)
        self._signer._memory.run("DELETE FROM signed")
        self._signer._memory.run("INSERT INTO signed VALUES (?, ?, ?, x'')", (request.origin, 0, bytes(32)))
        return note


def test_a_signer_that_forgets(monkeypatch):
    monkeypatch.setattr("frostnode.edge.signer._check_growth", lambda *_: None)
    found(CRASHING, "forgot", bugs=Bugs(signer=Forgetful))


class Obedient:
    """A signer that takes what it is told for what it remembers."""

    def __init__(self, signer):
        self._signer = signer

    async def sign(self, request):
        row = (request.origin, request.old_size, request.old_root)
        self._signer._memory.run("INSERT OR REPLACE INTO signed VALUES (?, ?, ?, x'')", row)
        return await self._signer.sign(request)


async def old_image_alone(world):
    """A host comes back with an old store, and nobody else has what it has lost."""
    host, other = world.machines
    for one, another in ((host, other), (other, host)):
        world.network.block(one.name, another.name)
    async with trio.open_nursery() as nursery:
        world.begin_work(nursery)
        await trio.sleep(5)
        host.keep_image()
        await trio.sleep(10)
        host.restore()
        await host.up()
        await trio.sleep(15)
        nursery.cancel_scope.cancel()
    for one, another in ((host, other), (other, host)):
        world.network.unblock(one.name, another.name)


ALONE = Options(nodes=2, owners=1, work=Work(every_s=1, looks=0))


def test_a_signer_that_signs_what_it_is_asked():
    found(ALONE, "beside", play=old_image_alone, bugs=Bugs(signer=Obedient))


def test_the_signer_refuses_what_it_would_have_to_sign_then():
    result = simulate("alone", ALONE, play=old_image_alone)
    assert not isinstance(result, Failure), result
    assert any("refused signer.conflict" in line for line in result.tail)


async def only_by_the_liar(world):
    """Two nodes hear of each other by a liar alone."""
    for one, other in (("n0", "n1"), ("n1", "n0")):
        world.network.block(one, other)
    await world.trouble()
    for one, other in (("n0", "n1"), ("n1", "n0")):
        world.network.unblock(one, other)


def test_a_body_that_is_not_checked(monkeypatch):
    monkeypatch.setattr(NamedBody, "check", lambda *_: None)
    options = Options(
        nodes=2,
        owners=1,
        liars=("malformer",),
        faults=Faults(cut=0.7),
        work=Work(every_s=1, looks=0),
        fsck_every=5,
    )
    found(options, "fsck: body", seeds=24, play=only_by_the_liar)


def test_a_cut_that_a_view_does_not_follow(monkeypatch):
    monkeypatch.setattr(SqliteCatalogWriter, "drop_entries", lambda *_: None)
    scenario = SCENARIOS["dead-host"]
    found(scenario.options, "not its rebuild", play=scenario.play)


async def follow_once(self):
    """Follow until the first failure, and never again."""
    with suppress(FrostError):
        await self._converse(live=True)
    await trio.sleep_forever()


def test_a_follower_that_gives_up(monkeypatch):
    """Seen where nothing is pushed, which would make up for it."""
    monkeypatch.setattr(PeerFollower, "run", follow_once)
    options = Options(
        nodes=3,
        owners=1,
        work=Work(every_s=2),
        faults=Faults(cut=0.5),
        config=Config(offers=False),
        healing_s=120,
    )
    found(options, "no harmony")


async def offer_once(self):
    """Push until the first failure, and never again."""
    with suppress(FrostError):
        await self._converse()
    await trio.sleep_forever()


def test_a_sender_that_gives_up(monkeypatch):
    """Seen where nothing comes but by pushes."""
    monkeypatch.setattr(Offerer, "run", offer_once)
    faults = Faults(drop_response=0.5)
    found(
        Options(nodes=3, owners=1, shape="line", work=Work(every_s=2), faults=faults, healing_s=120),
        "no harmony",
    )


def in_scenario(name, *words, bugs=None):
    scenario = SCENARIOS[name]
    found(scenario.options, *words, play=scenario.play, bugs=bugs)


act = Owner._act


async def act_anew(self, *args):
    """Sign at each try, as if nothing had been kept of the one before."""
    self._kept = None
    return await act(self, *args)


def test_an_owner_that_signs_at_each_try(monkeypatch):
    monkeypatch.setattr(Owner, "_act", act_anew)
    in_scenario("planned-move", "its owner signed two events")


def key_of_all(store, seed, origin):
    """Whether or not the epoch has ended."""
    with store.read() as reader:
        hosted = reader.hosted_log(origin)
    return None if hosted is None else SigningKey(derive_seed(seed, hosted.key_label))


def test_a_host_that_signs_on_behind_an_end(monkeypatch):
    monkeypatch.setattr("frostnode.log.sequencer.open_log", lambda reader, origin: reader.log(origin))
    monkeypatch.setattr("frostnode.testing.simulation.machine.log_key", key_of_all)
    in_scenario("set-back-host", "of whose end it has heard")


async def at_once(self, origin):
    """Ask nobody."""


def test_a_host_that_asks_nobody_before_it_signs(monkeypatch):
    monkeypatch.setattr(StartCheck, "ready", at_once)
    in_scenario("set-back-host", "beside")


class Undeterred:
    """What a reader of the store says, but that no epoch is void and none has an end."""

    def __init__(self, reader):
        self._reader = reader

    def __getattr__(self, name):
        return getattr(self._reader, name)

    def log(self, origin):
        state = self._reader.log(origin)
        history = self._reader.history(parse_origin(origin).did)
        standing = history.standing[0] if state.standing is None else state.standing
        return state.standing_as(replace(standing, n=parse_origin(origin).epoch, end=None))


put_entries = fold._put_entries


def let_views_drop_nothing(monkeypatch):
    """Neither those of nodes nor those that they are held against."""
    for writer in (SqliteCatalogWriter, MemoryCatalogWriter):
        monkeypatch.setattr(writer, "drop_entries", lambda *_: None)
    monkeypatch.setattr(fold, "_put_entries", lambda log, *rest: put_entries(Undeterred(log), *rest))


def test_views_that_show_what_does_not_count(monkeypatch):
    """They are their rebuilds."""
    let_views_drop_nothing(monkeypatch)
    in_scenario("dead-host", "is shown, at")


def test_a_view_of_a_void_epoch(monkeypatch):
    let_views_drop_nothing(monkeypatch)
    found(SCENARIOS["two-moves"].options, "of the void epoch", play=fork_and_recover, seeds=1)


async def fork_and_recover(world):
    """Half of the machines have shown what a recovery then makes void."""
    owner, _ = await fork_identity(world)
    _, one, *others = world.machines
    await owner.recover(one.ask, after=owner.history[0].cid, urls=[other.url for other in others])


async def fork_alone(world):
    """Two people move a publisher, and nobody recovers it."""
    await fork_identity(world)


def test_nodes_that_follow_different_branches():
    options = replace(SCENARIOS["two-moves"].options, healing_s=60)
    found(options, "differ in", play=fork_alone, seeds=1)


def told_later(self, last, dues, late):
    """Say up to where was matched, then what is due."""
    with self.watches.store.write() as writer:
        writer.advance(last.number, last.tag)
    commit_notices(self, last, dues, late)


commit_notices = Matching._commit


def test_a_cursor_of_notices_that_is_saved_before_what_is_due(monkeypatch):
    monkeypatch.setattr(Matching, "_commit", told_later)
    found(CRASHING, "never told")


def test_what_is_cut_and_not_retracted(monkeypatch):
    monkeypatch.setattr(changes, "_counted", lambda log, arrival: arrival.start)
    scenario = SCENARIOS["lost-tail"]
    found(scenario.options, "never retracted", play=scenario.play)


plan = archive._plan


def last_epoch_alone(reader, did):
    """What an export is about, without the epochs before the last."""
    manifest, notes = plan(reader, did)
    return replace(manifest, logs=manifest.logs[-1:]), notes


def test_an_export_that_leaves_out_an_epoch(monkeypatch):
    monkeypatch.setattr(archive, "_plan", last_epoch_alone)
    in_scenario("platform-shuts-down", "does not hold what the platform held")


def test_an_export_without_bodies(monkeypatch):
    monkeypatch.setattr(archive, "encode_part", without_bodies)
    in_scenario("platform-shuts-down", "does not hold what the platform held")


encode_part = archive.encode_part


def without_bodies(frame):
    """The block of a frame, nothing of bodies."""
    return b"" if isinstance(frame, BodiesFrame) else encode_part(frame)
