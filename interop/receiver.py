"""A receiver without a disk, for the answers of frostnode to streams."""

from dataclasses import replace

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LogError
from frostnode.protocol.follow_actions import (
    Drop,
    Finished,
    Fork,
    Stopped,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeEvidence,
)
from frostnode.protocol.history import History
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange, leaf_hash
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.tiles import decode_bundle


class Receiver:
    """Holds what a follower told it to take."""

    def __init__(self) -> None:
        self.histories: dict[Did, History] = {}
        self.logs: dict[Origin, LogState] = {}
        self.leaves: dict[Origin, list[bytes]] = {}
        self.bodies: set[str] = set()
        self.complete = False

    def history(self, did: Did) -> History | None:
        """The history that is held."""
        return self.histories.get(did)

    def log(self, origin: Origin) -> LogState | None:
        """The log that is held."""
        return self.logs.get(origin)

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        """Nobody has vouched."""
        return {}

    def leaf(self, origin: Origin, index: int) -> bytes | None:
        """A leaf that is held; none here is empty."""
        return self.leaves[origin][index] or None

    def tree(self, origin: Origin, size: int) -> CompactRange:
        """The first leaves that are held; none here is withheld where that is asked."""
        return EMPTY_RANGE.extend(map(leaf_hash, self.leaves[origin][:size]))

    def apply(self, action: object) -> None:
        """Take what was found good."""
        match action:
            case TakeEvents():
                self.histories[action.did] = action.history
            case TakeEntries():
                standing = self.histories[action.did].epoch(action.origin)
                state = self.logs.get(action.origin) or LogState(origin=action.origin, standing=standing)
                self.logs[action.origin] = replace(state, held=action.growth.after)
                self.leaves.setdefault(action.origin, []).extend(decode_bundle(action.growth.bundle))
            case Drop():
                standing = self.histories[action.did].epoch(action.origin)
                state = LogState(origin=action.origin, standing=standing)
                self.logs[action.origin] = replace(state, held=self.tree(action.origin, action.size))
                del self.leaves[action.origin][action.size :]
            case TakeEvidence():
                origin = action.evidence.origin
                standing = self.histories[action.did].epoch(origin)
                state = self.logs.get(origin) or LogState(origin=origin, standing=standing)
                self.logs[origin] = replace(state, disputed=True)
            case TakeBodies():
                self.bodies.update(str(Cid.from_digest(digest)) for digest, _ in action.bodies)
            case Fork():
                raise LogError("checkpoint.fork", f"a second tree of {action.origin}")
            case Stopped():
                raise LogError(action.code, action.reason)
            case Finished():
                self.complete = action.complete
            case _:
                pass
