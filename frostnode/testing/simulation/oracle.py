"""What the world knows, and no node is asked: who is honest, what was signed, promised and announced."""

from collections.abc import Callable, Iterable

from frostnode.ports import Arrival, Signer, SignRequest
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import PeerError
from frostnode.protocol.identity import Kind, SignedEvent
from frostnode.protocol.merkle import EMPTY_ROOT, Hash, verify_consistency
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.note import parse_note


class Oracle:
    """See the module. `violated` is told what an honest node must never do."""

    def __init__(self, violated: Callable[[str], None]) -> None:
        self.violated = violated
        self.honest: set[Did] = set()
        """Publishers whose keys only honest nodes hold."""
        self.honest_urls: set[str] = set()
        self.trees: dict[Origin, dict[int, Hash]] = {}
        """Every tree that was signed of an honest log: its root by its size."""
        self.receipts: dict[Origin, dict[int, Cid]] = {}
        """Every promise: which header stands where."""
        self.arrivals: dict[bytes, list[Arrival]] = {}
        """What each database has announced, in order."""
        self.waiting: set[tuple[bytes, int]] = set()
        """Arrivals (database, number) that were beyond the largest complete tree: nobody was sent what they say."""
        self.stolen: set[Origin] = set()
        """Logs of honest publishers whose key a thief has: it was given up before."""
        self.has_thief = False
        self.robbed: set[Origin] = set()
        """Logs whose key a burglar has while the host goes on signing with it."""
        self.events: dict[tuple[Did, Kind, Cid | None], Cid] = {}
        """What owners have signed for each place."""
        self.careless: set[Did] = set()
        """Publishers that may be forked: two people act with one kit, or one of them has stolen it."""
        self.forgetful: set[str] = set()
        """Machines whose signer was set back too."""

    def signed(self, request: SignRequest, note: bytes) -> None:
        """An honest signer has answered: it must extend everything that it ever signed of this log."""
        trees = self.trees.setdefault(request.origin, {})
        checkpoint = parse_checkpoint_text(parse_note(note).text)
        size, root = checkpoint.size, checkpoint.root
        if trees.get(size) == root:
            return
        if request.origin in self.robbed:
            trees[size] = root  # it goes on from whatever bears its signature
            return
        last = max(trees, default=0)
        expected = (last, trees.get(last, EMPTY_ROOT))
        try:
            if (request.old_size, request.old_root) != expected or size <= last:
                self.violated(f"{request.origin}: signed {size} beside {last}")
            verify_consistency(*expected, size, root, request.consistency)
        except PeerError as error:
            self.violated(f"{request.origin}: signed {size} beside {last}: {error}")
        trees[size] = root

    def promised(self, origin: Origin, index: int, header: Cid) -> None:
        """A receipt has left a node."""
        known = self.receipts.setdefault(origin, {}).setdefault(index, header)
        if known != header:
            self.violated(f"{origin}: receipts for two entries at {index}")

    def announced(self, database: bytes, arrivals: Iterable[Arrival]) -> None:
        """A database has committed arrivals. One that was set back announces some numbers again."""
        known = self.arrivals.setdefault(database, [])
        for arrival in arrivals:
            if arrival.number > len(known) + 1:
                self.violated(f"arrival {arrival.number} after {len(known)}")
            if len(known) < arrival.number or known[arrival.number - 1] != arrival:
                del known[arrival.number - 1 :]
                known.append(arrival)

    def owner_signed(self, did: Did, signed: SignedEvent) -> None:
        """An owner has signed an event, and may send it: there is no other one for its place."""
        place = (did, signed.event.kind, signed.event.prev)
        known = self.events.setdefault(place, signed.cid)
        if known != signed.cid and did not in self.careless:
            self.violated(f"{did}: its owner signed two events after {signed.event.prev}")

    def rob(self, origin: Origin) -> None:
        """A burglar has the key of a log from now on."""
        self.robbed.add(origin)
        self.stolen.add(origin)

    def given_up(self, origin: Origin) -> None:
        """The key of an epoch is not used any more: from now on a thief may have it, if there is one."""
        if self.has_thief:
            self.stolen.add(origin)

    def is_honest(self, origin: Origin) -> bool:
        """Whether a log is one whose key only honest nodes hold."""
        return parse_origin(origin).did in self.honest and origin not in self.stolen


class WatchedSigner:
    """A `frostnode.ports.Signer` whose every answer the oracle hears before anybody else."""

    def __init__(self, signer: Signer, oracle: Oracle) -> None:
        self._signer = signer
        self._oracle = oracle

    async def sign(self, request: SignRequest) -> bytes:
        """The signed note of the checkpoint (origin, new_size, new_root)."""
        note = await self._signer.sign(request)
        self._oracle.signed(request, note)
        return note
