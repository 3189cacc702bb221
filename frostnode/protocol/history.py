"""The identity history of one publisher as one node has met it: what counts, and where each epoch stands.

Rules (spec/02-identity.md#what-counts):
- an event is taken with all its ancestors; until they are here it waits, is asked for, has no effect;
- one batch is taken at once: which of two events of a place comes first is then nobody's say;
- taking again what is here changes nothing, and log data never changes anything here;
- the only memory besides the events is the choice at each place; both must be stored together.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError, IdentityError, PeerError, StorageError
from frostnode.protocol.event_tree import Cosigned, EventTree, Place, no_witness
from frostnode.protocol.identity import (
    Kind,
    SignedEvent,
    check_successor,
    parse_signed_event,
    verify_signatures,
)
from frostnode.protocol.limits import IDENTITY_WAITING_EVENTS_MAX
from frostnode.protocol.names import Did, Origin, format_origin, genesis_of
from frostnode.protocol.standing import EpochChange, EpochStanding, Fork, Taken, standing_changes

__all__ = ["Cosigned", "EpochChange", "EpochStanding", "Fork", "History", "Place", "Taken", "no_witness"]


_EMPTY_PATH: Final[tuple[SignedEvent, ...]] = ()


class History:
    """Everything known of one publisher's identity. It changes by `take` alone; `copy` it to be able to go back."""

    def __init__(self, did: Did) -> None:
        self.did = did
        self._genesis = genesis_of(did)
        self._tree: EventTree | None = None
        self._waiting: dict[Cid, SignedEvent] = {}
        self._path = _EMPTY_PATH
        self._standing: dict[Origin, EpochStanding] = {}
        self._forked = False

    @classmethod
    def empty(cls, did: Did) -> "History":
        """A history of which nothing is known yet.

        Raises:
            NameError_: name.did
        """
        return cls(did)

    @classmethod
    def load(cls, did: Did, events: Iterable[bytes], choices: Mapping[Place, Cid | None]) -> "History":
        """Build the history again from the bytes of `events`, in order, and from `choices`.

        Neither signatures nor rules are checked again: `audit` does.

        Raises:
            StorageError: storage.damaged
        """
        history = cls(did)
        try:
            for raw in events:
                history._add(parse_signed_event(raw))
        except (PeerError, KeyError) as error:
            raise StorageError("storage.damaged", f"identity events of {did}: {error}") from error
        history._restore(choices)
        return history

    def copy(self) -> "History":
        """A history of its own, equal to this one."""
        twin = History(self.did)
        twin._tree = self._tree.copy() if self._tree else None
        twin._waiting = dict(self._waiting)
        twin._follow()
        return twin

    # -- what is known --------------------------------------------------------------------------------

    @property
    def events(self) -> tuple[SignedEvent, ...]:
        """All events that are kept, ancestors first, in the order in which they were taken."""
        return tuple(self._tree.events.values()) if self._tree else ()

    @property
    def choices(self) -> Mapping[Place, Cid | None]:
        """What is followed at each place; None where neither is. To be stored with the events."""
        return dict(self._tree.choices) if self._tree else {}

    @property
    def waiting(self) -> tuple[Cid, ...]:
        """The missing ancestors that events here wait for."""
        asked = (signed.event.prev or self._genesis for signed in self._waiting.values())
        return tuple(dict.fromkeys(cid for cid in asked if cid not in self._waiting))

    def event(self, cid: Cid) -> SignedEvent | None:
        """An event that is kept, whether or not it counts."""
        return self._tree.events.get(cid) if self._tree else None

    @property
    def events_digest(self) -> bytes | None:
        """Names the events that are kept, where there are more than count: else the tip says as much.

        SHA-256 of their CIDs, digest by digest, in order of bytes: alike on nodes that met them in another order.
        """
        if self._tree is None or len(self._tree.events) == len(self._path):
            return None
        return sha256(b"".join(sorted(cid.digest for cid in self._tree.events))).digest()

    # -- what counts ----------------------------------------------------------------------------------

    @property
    def path(self) -> tuple[SignedEvent, ...]:
        """The events that count, from genesis on."""
        return self._path

    @property
    def tip(self) -> Cid | None:
        """The last event that counts."""
        return self._path[-1].cid if self._path else None

    @property
    def forked(self) -> bool:
        """Whether the path stops at two events of which neither is followed: its last epoch accepts nothing."""
        return self._forked

    @property
    def undecided(self) -> tuple[Cid, ...]:
        """Where the path stops at an undecided place: its rivals and all events below them."""
        return () if self._tree is None or not self._forked else self._tree.undecided()

    @property
    def forks(self) -> tuple[Fork, ...]:
        """Every place on the path that has more than one event, in order."""
        if self._tree is None:
            return ()
        base = self._tree.base(self._path[-1].cid)
        counts = {signed.cid for signed in self._path}
        found = []
        for cid in (signed.cid for signed in self._path):
            for kind in (Kind.RECOVERY, Kind.ORDINARY):
                rivals = self._tree.rivals(kind, cid)
                if len(rivals) > 1:
                    found.append(
                        Fork(
                            place=Place(kind, cid),
                            followed=next((rival for rival in rivals if rival in counts), None),
                            others=tuple(rival for rival in rivals if rival not in counts),
                            settled=kind is Kind.ORDINARY and self._tree.base(cid) != base,
                        )
                    )
        return tuple(found)

    @property
    def standing(self) -> tuple[EpochStanding, ...]:
        """The epochs that count, in order."""
        return tuple(self._standing.values())

    def epoch(self, origin: Origin) -> EpochStanding | None:
        """The epoch of a log, if it counts."""
        return self._standing.get(origin)

    # -- taking ---------------------------------------------------------------------------------------

    def take(self, events: Sequence[SignedEvent], cosigned: Cosigned = no_witness) -> Taken:
        """Take a batch at once; an empty one decides anew, with further cosignatures, where neither is followed."""
        old_path, old = self._path, self._standing
        refused: list[tuple[Cid, FrostError]] = []
        self._admit(events, refused)
        new = self._settle(refused)
        dropped: list[Cid] = []
        if self._tree is not None:
            self._tree.decide(new, cosigned)
            dropped = self._tree.prune(new)
            self._follow()
        gone = set(dropped)
        return Taken(
            new=tuple(signed for signed in new if signed.cid not in gone),
            refused=tuple(refused),
            dropped=tuple(dropped),
            missing=self.waiting,
            changes=standing_changes(old, self._standing),
            switched=self._path[: len(old_path)] != old_path,
        )

    def _admit(self, events: Sequence[SignedEvent], refused: list[tuple[Cid, FrostError]]) -> None:
        """Let all wait that is new and signed as it says. A badly signed copy leaves no trace of its CID."""
        for signed in events:
            if self.event(signed.cid) is None and signed.cid not in self._waiting:
                try:
                    verify_signatures(signed)
                except PeerError as error:
                    refused.append((signed.cid, error))
                else:
                    self._waiting[signed.cid] = signed

    def _settle(self, refused: list[tuple[Cid, FrostError]]) -> list[SignedEvent]:
        """Add what has all its ancestors here now; answers the added events, ancestors first."""
        below: dict[Cid | None, list[SignedEvent]] = {}
        for signed in self._waiting.values():
            below.setdefault(signed.event.prev, []).append(signed)
        ready = deque(
            signed for prev, some in below.items() if prev is None or self.event(prev) for signed in some
        )
        new = []
        while ready:
            signed = ready.popleft()
            del self._waiting[signed.cid]
            try:
                self._check(signed)
            except PeerError as error:
                refused.append((signed.cid, error))
            else:
                self._add(signed)
                new.append(signed)
            ready.extend(below.get(signed.cid, ()))
        for cid in list(self._waiting)[:-IDENTITY_WAITING_EVENTS_MAX]:
            del self._waiting[cid]
        return new

    def _check(self, signed: SignedEvent) -> None:
        """Check an event against its ancestors.

        Raises:
            IdentityError: identity.*
        """
        if signed.event.prev is None:
            if signed.cid != self._genesis:
                raise IdentityError(
                    "identity.unknown", "genesis event", found=signed.cid, expected=self._genesis
                )
            return
        prev = self.event(signed.event.prev)
        if prev is None or self._tree is None:
            raise IdentityError("identity.predecessor", f"predecessor {signed.event.prev} was refused")
        base = self._tree.events[self._tree.base(prev.cid)]
        check_successor(signed.event, prev.event, base.event)

    def _add(self, signed: SignedEvent) -> None:
        if self._tree is not None:
            self._tree.add(signed)
        elif signed.cid == self._genesis:
            self._tree = EventTree(signed)
        else:
            raise KeyError(signed.cid)

    def _follow(self) -> None:
        """Work out from the tree what counts now."""
        if self._tree is None:
            return
        cids, self._forked = self._tree.counted()
        self._path = tuple(self._tree.events[cid] for cid in cids)
        standing = map(self._stand, self._path, (*self._path[1:], None))
        self._standing = {epoch.origin: epoch for epoch in standing}

    def _stand(self, signed: SignedEvent, successor: SignedEvent | None) -> EpochStanding:
        event, epoch = signed.event, signed.event.epoch
        return EpochStanding(
            n=event.n,
            origin=format_origin(self.did, event.n, signed.cid),
            event=signed.cid,
            key=epoch.key if epoch else None,
            node=epoch.node if epoch else None,
            url=epoch.url if epoch else None,
            end=successor.event.end if successor else None,
            accepts=successor is None and epoch is not None and not self._forked,
        )

    # -- checking what is stored ----------------------------------------------------------------------

    def _restore(self, choices: Mapping[Place, Cid | None]) -> None:
        """Remember what was chosen: at each place where there are events, one of them or none.

        Raises:
            StorageError: storage.damaged
        """
        places = self._tree.places() if self._tree else {}
        if choices.keys() != places.keys():
            raise StorageError(
                "storage.damaged", "places", found=len(choices), expected=f"the {len(places)} of the events"
            )
        for place, choice in choices.items():
            if choice is not None and choice not in places[place]:
                raise StorageError(
                    "storage.damaged", f"choice at {place.event}", found=choice, expected="one of its events"
                )
        if self._tree is not None:
            self._tree.choices.update(choices)
        self._follow()

    def audit(self) -> list[tuple[Cid, FrostError]]:
        """Check every kept event again, signatures and rules; answers those that fail."""
        failures: list[tuple[Cid, FrostError]] = []
        for signed in self.events:
            try:
                verify_signatures(signed)
                self._check(signed)
            except FrostError as error:
                failures.append((signed.cid, error))
        return failures
