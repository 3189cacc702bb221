"""A store and a signer in one folder, with one publisher's logs hosted: enough to publish, crash and come back."""

import shutil
from pathlib import Path

from frostnode.edge.signer import LocalSigner
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.sequencer import Sequencer
from frostnode.neighbours import Hosted
from frostnode.protocol.history import History
from frostnode.protocol.names import Origin
from frostnode.testing.clock import ManualClock
from frostnode.testing.faults import FaultySigner, FaultyStore
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker


class OwnHome:
    """The real adapters over `folder`, with faults to be switched on; opened again, it is what a crash left."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.folder = folder
        self.publisher = publisher
        self.disk = SqliteStore(
            folder / "frost.db", clock=ManualClock(), random=SeededRandom(str(folder.name))
        )
        self.keys = LocalSigner(folder / "signer.db", publisher.log_key, InlineWorker())
        self.store = FaultyStore(self.disk)
        self.signer = FaultySigner(self.keys)
        self.sequencer = Sequencer(self.store, self.signer, InlineWorker())

    @classmethod
    def found(cls, folder: Path, publisher: Publisher) -> "OwnHome":
        """A new home that hosts the publisher's open epoch."""
        folder.mkdir(parents=True, exist_ok=True)
        home = cls(folder, publisher)
        home.learn()
        home.host(publisher.origin())
        return home

    def learn(self, publisher: Publisher | None = None) -> None:
        """Take the events that a publisher has signed and this home has not."""
        told = (publisher or self.publisher).history
        with self.disk.read() as reader:
            history = reader.history(told.did) or History.empty(told.did)
        taken = history.take(told.events)
        with self.disk.write() as writer:
            writer.take_events(told.did, history, taken)

    def host(self, origin: Origin) -> None:
        """Hold the log key of an epoch."""
        with self.disk.write() as writer:
            writer.host(Hosted(did=self.publisher.did, origin=origin, key_label="test"))

    def image(self, folder: Path) -> Path:
        """Copy the files as they are at this moment: what a machine that loses power now comes back with."""
        folder.mkdir(parents=True)
        for path in self.folder.iterdir():
            if not path.name.endswith("-shm"):  # shared memory does not outlive the machine
                shutil.copy(path, folder / path.name)
        return folder

    def close(self) -> None:
        """Give the files back."""
        self.disk.close()
        self.keys.close()
