"""Ask the nodes that this one follows to push to it too: for where long streams do not last.

A lease is asked for again when half of it is over; a node that gives none is asked again as late.
"""

from dataclasses import dataclass, field
from typing import Final

from frostnode.bell import Bell
from frostnode.protocol.errors import FrostError
from frostnode.protocol.limits import LEASE_ASKED_S, PEERS_CHECK_S
from frostnode.replicate.about import ask_about
from frostnode.replicate.offer_form import LeaseAsked, lease_bytes, read_leased
from frostnode.replicate.world import World

_ANSWER_BYTES_MAX: Final = 1024


@dataclass(slots=True, kw_only=True)
class LeaseAsker:
    """See the module. `url` is where this node can be reached; `answers` says what came of it, by peer."""

    url: str
    world: World
    changed: Bell
    answers: dict[str, str] = field(default_factory=dict)
    _due_s: dict[str, float] = field(default_factory=dict)

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            heard = self.changed.listen()
            peers = await self.world.worker.run(self._peers)
            self._due_s = {url: self._due_s.get(url, 0) for url in peers}
            for url in [url for url, due_s in self._due_s.items() if due_s <= self.world.clock.monotonic_s()]:
                try:
                    seconds = await self._ask(url)
                    self.answers[url] = f"for {seconds} s"
                except FrostError as error:
                    self.answers[url] = f"{error.code}: {error}"
                self._due_s[url] = self.world.clock.monotonic_s() + LEASE_ASKED_S / 2
            await heard.wait(PEERS_CHECK_S)

    async def _ask(self, url: str) -> int:
        """Ask one node; answers for how many seconds it pushes."""
        about = await ask_about(self.world.transport, url)
        if about.key is None:
            return 0
        body = lease_bytes(about.key, LeaseAsked(url=self.url, seconds=LEASE_ASKED_S))
        raw = await self.world.transport.post(f"{url}/frost/lease", body, bytes_max=_ANSWER_BYTES_MAX)
        return read_leased(raw)

    def _peers(self) -> list[str]:
        with self.world.store.read() as reader:
            return [peer.url for peer in reader.peers()]
