"""What an archive proves, offline: it is fed to a follower that holds nothing (spec/12-archives.md#verification).

Memory does not grow with the file: of each log the right edge of its tree is kept, of leaves the last bundle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from frostnode.protocol.archive import ArchiveDecoder, Placed, located
from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.cosigners import Cosigner, cosigned_times
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dates import date_text
from frostnode.protocol.duplicity import Branching, branchings, state_branching
from frostnode.protocol.errors import IdentityError, LogError, PeerError
from frostnode.protocol.follow import Follower
from frostnode.protocol.follow_actions import (
    Action,
    Fork,
    Gap,
    Missing,
    NewHead,
    Stopped,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeEvidence,
)
from frostnode.protocol.frames import BodiesFrame, BodyAbsent, EntriesFrame, EventsFrame, Frame
from frostnode.protocol.history import EpochStanding, History
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import CompactRange
from frostnode.protocol.named_body import named_bodies, named_body
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.note import parse_note
from frostnode.protocol.tiles import decode_bundle
from frostnode.protocol.tlog_policy import Policy, Verdict


@dataclass(slots=True, kw_only=True)
class CheckedLog:
    """What is proven of one log: its first `size` leaves; `settled` when the identity history ends the epoch there."""

    origin: Origin
    epoch: int
    size: int = 0
    root: bytes = b""
    settled: bool = False
    end: int | None = None
    disputed: bool = False
    headers_withheld: int = 0
    bodies: int = 0
    bodies_named: int = 0
    bodies_withheld: int = 0
    cosigned: dict[str, int] = field(default_factory=dict)
    """Witnesses that the reader knows, and when each has cosigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedArchive:
    """What an archive proves; `statement` says it in words."""

    did: Did
    tip: Cid
    tip_n: int
    forked: bool
    logs: Sequence[CheckedLog]
    branchings: tuple[Branching, ...]
    """Where the publisher has signed two histories."""
    verdict: Verdict | None
    statement: str

    @property
    def entries(self) -> int:
        """How many entries are proven."""
        return sum(log.size for log in self.logs)


class _NothingHeld:
    """What the follower asks: only what the file itself has brought."""

    def __init__(self) -> None:
        self.known: History | None = None
        self.logs: dict[Origin, LogState] = {}

    def history(self, did: Did) -> History | None:
        return self.known

    def log(self, origin: Origin) -> LogState | None:
        return self.logs.get(origin)

    def leaf(self, origin: Origin, index: int) -> bytes | None:
        return None

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        return {}

    def tree(self, origin: Origin, size: int) -> CompactRange:
        held = self.logs[origin].held
        if held.size != size:
            raise LogError("archive.order", f"tree of {origin}", found=size, expected=held.size)
        return held


class ArchiveCheck:
    """Feed it the chunks of a file, then `close` it. `witnesses` are those that the reader knows."""

    def __init__(self, witnesses: Iterable[Cosigner] = (), policy: Policy | None = None) -> None:
        self._decoder = ArchiveDecoder()
        self._held = _NothingHeld()
        self._follower = Follower(self._held)
        self._policy = policy
        self._witnesses = [*witnesses, *(policy.cosigners if policy else ())]
        self._logs: dict[Origin, CheckedLog] = {}
        self._leaves: tuple[int, list[bytes | None]] = 0, []

    @property
    def did(self) -> Did | None:
        """Whose archive it is, as soon as the identity is proven."""
        known = self._held.known
        return known.did if known is not None and known.path else None

    def feed(self, chunk: bytes) -> None:
        """Check what is complete.

        Raises:
            PeerError: the code of whatever does not hold; the message says where in the file
        """
        for placed in self._decoder.feed(chunk):
            self._check(placed)

    def close(self) -> CheckedArchive:
        """What the whole file proves.

        Raises:
            PeerError: archive.truncated, identity.unknown
        """
        self._decoder.close()
        manifest, history = self._decoder.manifest, self._held.known
        if manifest is None or history is None or not history.path:
            raise IdentityError("identity.unknown", "history in the archive", found="no genesis event")
        logs = [
            self._finished(standing) for standing in history.standing if standing.origin in self._held.logs
        ]
        tip = history.path[-1]
        verdict = self._judge(history)
        checked = CheckedArchive(
            did=manifest.did,
            tip=tip.cid,
            tip_n=tip.event.n,
            forked=history.forked,
            logs=logs,
            branchings=branchings(history),
            verdict=verdict,
            statement="",
        )
        unsettled = [log.origin for log in manifest.logs if log.size and log.origin not in self._held.logs]
        return replace(checked, statement="\n".join(_state(checked, unsettled, history)))

    # -- frames -------------------------------------------------------------------------------------

    def _check(self, placed: Placed) -> None:
        try:
            actions = self._follower.feed(placed.frame)
            for action in actions:
                self._apply(action)
            self._count(placed.frame, actions)
        except PeerError as error:
            raise located(error, placed.place) from error
        self._follower.keep()

    def _apply(self, action: Action) -> None:
        logs = self._held.logs
        match action:
            case TakeEvents():
                self._held.known = action.history
                if action.taken.refused:
                    raise action.taken.refused[0][1]
            case TakeEntries():
                state = self._state(action.origin)
                logs[action.origin] = replace(
                    state,
                    held=action.growth.after,
                    served=state.served if action.served is None else action.served,
                    checkpoint=state.checkpoint if action.served is None else action.note,
                    ahead=action.ahead,
                )
            case NewHead():
                state = self._state(action.origin)
                logs[action.origin] = replace(state, served=action.size, checkpoint=action.note)
            case TakeEvidence():
                origin = action.evidence.origin
                logs[Origin(origin)] = replace(self._state(Origin(origin)), disputed=True)
            case TakeBodies():
                """Counted with those that are withheld."""
            case Stopped():
                raise LogError(action.code, f"log {action.origin}: {action.reason}")
            case Missing() | Gap() | Fork():
                raise LogError(
                    "archive.order",
                    "part",
                    found=f"one that needs others ({action.did})",
                    expected="all before",
                )
            case _:
                raise LogError(
                    "archive.order", "part", found=type(action).__name__, expected="one of an archive"
                )

    def _count(self, frame: Frame, actions: Sequence[Action]) -> None:
        match frame:
            case EventsFrame() if self._held.known is None or not self._held.known.path:
                raise IdentityError("identity.unknown", f"history of {frame.did}", found="no genesis event")
            case EntriesFrame():
                if not any(isinstance(action, TakeEntries) for action in actions):
                    self._passed_over(frame)
                else:
                    self._count_leaves(frame)
            case BodiesFrame() if frame.origin in self._held.logs:
                self._count_bodies(frame)
            case _:
                """Nothing to count."""

    def _count_leaves(self, frame: EntriesFrame) -> None:
        log = self._log(Origin(frame.origin))
        log.headers_withheld += len(frame.withheld)
        hidden = {leaf.offset for leaf in frame.withheld}
        leaves = decode_bundle(frame.bundle)
        self._leaves = frame.start, [None if at in hidden else leaf for at, leaf in enumerate(leaves)]
        log.bodies_named += sum(leaf is not None and named_body(leaf) is not None for leaf in self._leaves[1])

    def _count_bodies(self, frame: BodiesFrame) -> None:
        """Each is of a leaf of the same file, so none that does not fit is anybody else's fault, as it may be in a stream."""
        origin, (first, leaves) = Origin(frame.origin), self._leaves
        log, offset = self._log(origin), frame.start - first
        log.bodies += len(named_bodies(origin, frame.start, leaves[offset:], frame.items))
        log.bodies_withheld += sum(isinstance(item, BodyAbsent) for item in frame.items)

    def _passed_over(self, frame: EntriesFrame) -> None:
        """Leaves that do not count: only a forked history, which the reader cannot decide, excuses that."""
        history = self._held.known
        if history is not None and history.forked:
            self._leaves = frame.start, []
            return
        standing = None if history is None else history.epoch(Origin(frame.origin))
        if standing is None or standing.end is None:
            raise LogError(
                "epoch.unknown", f"no event of the archive that counts opened the log {frame.origin}"
            )
        raise LogError(
            "archive.order",
            f"tree that the leaves of {frame.origin} are proven to",
            found=frame.size,
            expected=f"{standing.end.size}, where the identity history ends the epoch",
        )

    def _state(self, origin: Origin) -> LogState:
        known = self._held.known
        standing = known.epoch(origin) if known is not None else None
        return self._held.logs.get(origin) or LogState(origin=origin, standing=standing)

    def _log(self, origin: Origin) -> CheckedLog:
        if origin not in self._logs:
            state = self._state(origin)
            self._logs[origin] = CheckedLog(origin=origin, epoch=state.standing.n if state.standing else 0)
        return self._logs[origin]

    # -- the result ---------------------------------------------------------------------------------

    def _finished(self, standing: EpochStanding) -> CheckedLog:
        log, state = self._log(standing.origin), self._held.logs[standing.origin]
        log.size, log.root, log.disputed = state.held.size, state.held.root(), state.disputed
        log.end = None if standing.end is None else standing.end.size
        log.settled = standing.end is not None and log.size == standing.end.size
        if state.checkpoint:
            times = cosigned_times(parse_note(state.checkpoint), self._witnesses)
            log.cosigned = {witness.name: time_s for witness, time_s in times.items()}
        return log

    def _judge(self, history: History) -> Verdict | None:
        """What the policy says of the last log that has a checkpoint."""
        if self._policy is None:
            return None
        for standing in reversed(history.standing):
            state = self._held.logs.get(standing.origin)
            if state is not None and state.checkpoint and standing.key is not None:
                open_checkpoint(state.checkpoint, standing.origin, standing.key)
                times = cosigned_times(parse_note(state.checkpoint), self._witnesses)
                keys = {witness.key: time_s for witness, time_s in times.items()}
                return self._policy.judge(standing.origin, standing.key, keys)
        return Verdict(False, None, "no log of the archive has a checkpoint")


# -- in words -----------------------------------------------------------------------------------------


def _state(checked: CheckedArchive, unsettled: Sequence[Origin], history: History) -> Iterable[str]:
    yield f"The archive of {checked.did}, as of identity event {checked.tip_n} ({checked.tip})."
    if checked.forked:
        yield "Its identity is forked: two histories of it were signed; what follows is what both share."
    here = {log.origin: log for log in checked.logs}
    for standing in history.standing:
        log = here.get(standing.origin)
        if log is not None:
            yield _state_log(log)
        elif standing.end is not None and standing.end.size:
            yield f"Epoch {standing.n}: none of {_count(standing.end.size, 'entry', 'entries')}."
    for origin in unsettled:
        yield f"Not judged, because the identity is forked: {origin}."
    yield from map(state_branching, checked.branchings)
    if checked.verdict is not None:
        since = "" if checked.verdict.since is None else f" since {date_text(checked.verdict.since)}"
        holds = f"holds{since}" if checked.verdict.holds else "does not hold"
        yield f"The policy {holds}: {checked.verdict.reason}."
    yield "All that is in the file is proven. What was published or decided later is not in it."


def _state_log(log: CheckedLog) -> str:
    tree = "where the identity history ends the epoch" if log.settled else "signed by the epoch's key"
    entries = _count(log.size, "entry", "entries")
    text = f"Epoch {log.epoch}: {entries}, {tree}; the contents of {log.bodies} of {log.bodies_named}"
    if log.bodies_withheld:
        text += f", {log.bodies_withheld} withheld"
    if log.headers_withheld:
        text += f"; {_count(log.headers_withheld, 'header', 'headers')} as hashes alone"
    if log.disputed:
        text += "; its key has signed two trees"
    if log.cosigned:
        times = sorted((time_s, name) for name, time_s in log.cosigned.items())
        text += "; cosigned " + ", ".join(f"by {name} at {date_text(time_s)}" for time_s, name in times)
    return text + "."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
