"""A node that carries what frames say, and watches of it."""

from itertools import pairwise

import pytest

from frostnode.notify.matching import Matching
from frostnode.notify.watches import Watches
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import SmallNode


class WatchedNode(SmallNode):
    """A node whose stage is stepped by the test."""

    def watch(self, id_, target, *, told=None, form=Form.WEBHOOK, state=None, **more):
        """Let somebody be told: from now on, or from a place on."""
        with self.disk.read() as log:
            now = (log.last_arrival(), 2**62)
        self.parts.watches.put(
            Watch(
                id=id_,
                target=target,
                form=form,
                created_ms=self.clock.now_ms(),
                told=now if told is None else told,
                state=state or (WatchState.LIVE if told is None else WatchState.BEHIND),
                **more,
            )
        )

    def match(self):
        """Match all there is."""
        self.fold()
        while self.parts.matching.step():
            pass

    def due(self, id_):
        """What is due to somebody: (kind, subject) each, in order; the chain of ids is checked by the way."""
        with self.notices.read() as reader:
            dues = reader.due(id_, 10_000)
        for one, other in pairwise(dues):
            assert other.previous == str(one.change.id)
        return [(str(due.change.kind), due.change.subject.partition("/")[2]) for due in dues]

    def restart_stage(self, due_max=None):
        """Forget all that is in memory only."""
        parts = self.parts
        parts.watches = Watches(self.notices, due_max=due_max or parts.watches.due_max)
        parts.matching = Matching(self.store, self.catalog, parts.watches, self.clock, parts.matching.hidden)


@pytest.fixture
def make_node(tmp_path):
    nodes = []

    def make(name="node"):
        nodes.append(WatchedNode(tmp_path / name))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def node(make_node):
    return make_node()


@pytest.fixture
def make_publisher():
    return MemoryPublisher


@pytest.fixture
def publisher():
    return MemoryPublisher()
