"""Each bug that is planted in the nodes is found: tests of the simulator, not of the nodes."""

from contextlib import contextmanager

import pytest

from frostnode.edge.sqlite.catalog import SqliteCatalogWriter
from frostnode.protocol import follow
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.named_body import NamedBody
from frostnode.protocol.note import parse_note
from frostnode.replicate.session import Session
from frostnode.testing.simulation.faults import Faults
from frostnode.testing.simulation.machine import Bugs
from frostnode.testing.simulation.options import Nemesis, Options, Work
from frostnode.testing.simulation.scenarios import SCENARIOS
from frostnode.testing.simulation.world import Failure, simulate

pytestmark = pytest.mark.slow

CRASHING = Options(
    nodes=2,
    owners=2,
    trouble_s=40,
    worker_s=0.02,
    nemesis=Nemesis(every_s=2, crash=0.3, crash_in_sync=1),
    work=Work(every_s=1, looks=0),
)


def found(options, *words, seeds=6, play=None, bugs=None):
    """Run seeds until one finds a violation; it must be told with these words."""
    for seed in range(seeds):
        result = simulate(f"planted-{seed}", options, bugs=bugs, **({"play": play} if play else {}))
        if isinstance(result, Failure):
            assert any(word in result.what for word in words), result.what
            return
    pytest.fail(f"not found by {seeds} seeds")


class Recorder:
    """A writer that lets a cursor through and keeps the effects back."""

    def __init__(self, writer):
        self._writer = writer
        self.kept = []

    def __getattr__(self, name):
        if name not in ("take_events", "append", "serve", "put_bodies", "arrive"):
            return getattr(self._writer, name)

        def keep(*args, **kwargs):
            self.kept.append((name, args, kwargs))
            return [True] * len(args[0]) if name == "put_bodies" else 0

        return keep


class CursorFirst:
    """A store that commits a cursor before its effects, in a transaction of its own."""

    def __init__(self, store):
        self._store = store
        self.read = store.read
        self.close = store.close

    @contextmanager
    def write(self):
        with self._store.write() as writer:
            recorder = Recorder(writer)
            yield recorder
        if recorder.kept:
            with self._store.write() as writer:
                for name, args, kwargs in recorder.kept:
                    getattr(writer, name)(*args, **kwargs)


def test_a_cursor_that_is_saved_before_its_effect():
    found(CRASHING, "covers arrival", "serves", bugs=Bugs(store=CursorFirst))


def lazy(store):
    store._writer.run("PRAGMA synchronous = OFF")
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


def test_a_signer_that_signs_what_it_is_asked(monkeypatch):
    monkeypatch.setattr("frostnode.edge.signer._check_growth", lambda *_: None)
    scenario = SCENARIOS["old-image"]
    found(scenario.options, "signed", play=scenario.play, bugs=Bugs(signer=Forgetful))


def test_a_body_that_is_not_checked(monkeypatch):
    monkeypatch.setattr(NamedBody, "check", lambda *_: None)
    found(SCENARIOS["malformer"].options, "fsck: body")


def test_a_head_that_is_not_checked(monkeypatch):
    monkeypatch.setattr(follow, "open_checkpoint", unchecked)
    found(SCENARIOS["slanderer"].options, "checkpoint", "never signed", "fsck")


def unchecked(note, origin, key):
    return parse_checkpoint_text(parse_note(note).text)


def test_a_cut_that_a_view_does_not_follow(monkeypatch):
    monkeypatch.setattr(SqliteCatalogWriter, "drop_entries", lambda *_: None)
    scenario = SCENARIOS["dead-host"]
    found(scenario.options, "not its rebuild", play=scenario.play)


async def in_vain(self, gap):
    """Ask for nothing."""


def test_a_gap_that_is_never_filled(monkeypatch):
    monkeypatch.setattr(Session, "_fill", in_vain)
    options = Options(nodes=3, owners=1, work=Work(every_s=2), faults=Faults(cut=0.5), healing_s=120)
    found(options, "no harmony", "covers arrival", seeds=3)
