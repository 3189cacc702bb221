"""A node that carries what frames say, and watches of it."""

import json
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import trio

from frostnode.notify.matching import Matching
from frostnode.notify.watches import Watches
from frostnode.notify.webhook import WebhookSender
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.protocol.keys import SigningKey
from frostnode.testing.callbacks import MemoryCallbacks
from frostnode.testing.clock import RunningClock
from frostnode.testing.memory_notices import MemoryNotifyStore
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import SmallNode


class WatchedNode(SmallNode):
    """A node whose stage is stepped by the test. Its notices are in memory, unless a crash is to leave them."""

    def __init__(self, folder, *, on_disk=False, **more):
        super().__init__(folder, notices=None if on_disk else MemoryNotifyStore(), **more)

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
        parts.watches = Watches(self.notices, self.index.words, due_max=due_max or parts.watches.due_max)
        parts.matching = Matching(self.store, self.catalog, parts.watches, self.clock, parts.matching.hidden)


class TellingNode(WatchedNode):
    """A node that delivers, in the time of the run."""

    def __init__(self, folder, callbacks, senders=(), *, on_disk=False):
        clock = RunningClock()
        webhook = WebhookSender(
            callbacks=callbacks, key=SigningKey(bytes(32)), clock=clock, node="https://node.example"
        )
        made = {form: make(callbacks, clock) for form, make in dict(senders).items()}
        super().__init__(folder, on_disk=on_disk, clock=clock, senders={Form.WEBHOOK: webhook, **made})
        self.callbacks = callbacks

    @asynccontextmanager
    async def delivering(self):
        """While the context lasts, what is due is delivered."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.parts.delivery.run)
            yield
            nursery.cancel_scope.cancel()

    def tell(self, *frames):
        """Carry what frames prove, match it, and ring."""
        self.take(*frames)
        self.match()
        self.parts.due.ring()

    def events(self, url):
        """The events that came to a URL, in order."""
        return [json.loads(message.body) for message in self.callbacks.at(url)]

    def tries(self, id_):
        """How deliveries to one go."""
        with self.notices.read() as reader:
            return reader.tries(id_)

    def state(self, id_):
        """How it stands with one."""
        with self.notices.read() as reader:
            return reader.watch(id_).state


@pytest.fixture
def callbacks():
    return MemoryCallbacks()


@pytest.fixture
def make_telling(tmp_path, callbacks):
    nodes = []

    def make(name="telling", **more):
        nodes.append(TellingNode(tmp_path / name, callbacks, **more))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def make_node(tmp_path):
    nodes = []

    def make(name="node", **more):
        nodes.append(WatchedNode(tmp_path / name, **more))
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
