"""Archives out and in (spec/12-archives.md): what a peer would be sent, as one file; and a file, judged like a peer.

Rules:
- writing reads the store batch by batch, so that it holds up neither erasures nor the disk; what becomes another
  meanwhile is noticed and is the end of it;
- reading goes through Ingest and nothing else: whatever is stored was proven, and may be cut off and begun again.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from frostnode.log.withheld import check_shown
from frostnode.ports import LogReader, LogStore
from frostnode.protocol.archive import (
    ArchiveDecoder,
    ArchivedLog,
    Manifest,
    Placed,
    encode_begin,
    encode_end,
    encode_part,
    located,
)
from frostnode.protocol.errors import LocalError, LogError, PeerError
from frostnode.protocol.follow_actions import Fork, Stopped
from frostnode.protocol.follow_witnesses import Knowledge
from frostnode.protocol.frames import CheckpointFrame, EntriesFrame, Frame
from frostnode.protocol.journal import Journal
from frostnode.protocol.limits import STREAM_BATCH_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.admission import Door
from frostnode.replicate.dispute import judge_shown, kept_frame
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.serve import (
    bodies_between,
    entries_frame,
    events_frames,
    offered_size,
    runs_of_bodies,
)

ARCHIVES: Final = "archives"
"""What brings something is called, where it is no peer: a name that is no URL."""


class ArchiveStream:
    """The archive of one publisher as it is when the first batch is made, batch by batch."""

    def __init__(self, did: Did) -> None:
        self.did = did
        self.manifest: Manifest | None = None
        self.done = 0
        """How many entries are written."""
        self._notes: dict[Origin, bytes] = {}
        self._bundles: Iterator[_Bundle] = iter(())
        self._bundle: _Bundle | None = None
        self._bodies: deque[tuple[int, int]] = deque()
        self._has_ended = False

    def next_batch(self, reader: LogReader) -> bytes:
        """The next bytes, about STREAM_BATCH_BYTES_MAX of them; empty after the end.

        Raises:
            LocalError: publisher.unknown; record.withheld, for a publisher that is blocked here; archive.changed
        """
        check_shown(reader, self.did)
        if self.manifest is None:
            self.manifest, self._notes = _plan(reader, self.did)
            self._bundles = _bundles(self.manifest)
            return encode_begin(self.manifest) + b"".join(map(encode_part, events_frames(reader, self.did)))
        out: list[bytes] = []
        weight = 0
        while weight < STREAM_BATCH_BYTES_MAX and not self._has_ended:
            for part in self._next_parts(reader):
                out.append(part)
                weight += len(part)
        return b"".join(out)

    def _next_parts(self, reader: LogReader) -> Iterator[bytes]:
        """The next run of bodies; when there is none, what ends this bundle and begins the next."""
        if self._bundle is not None and self._bodies:
            origin = self._bundle.log.origin
            self._check(reader, self._bundle.log)
            yield from map(encode_part, bodies_between(reader, origin, *self._bodies.popleft()))
            return
        if self._bundle is not None and self._bundle.stop == self._bundle.log.size:
            evidence = kept_frame(reader, self._bundle.log.origin)
            if evidence is not None:
                yield encode_part(evidence)
        self._bundle = next(self._bundles, None)
        if self._bundle is None:
            self._has_ended = True
            yield encode_end()
            return
        yield from map(encode_part, self._begin(reader, self._bundle))

    def _begin(self, reader: LogReader, bundle: "_Bundle") -> Iterator[Frame]:
        log = bundle.log
        self._check(reader, log)
        if bundle.start == 0 and log.origin in self._notes:
            yield CheckpointFrame(origin=log.origin, note=self._notes[log.origin])
        if bundle.start < bundle.stop:
            yield entries_frame(reader, log.origin, bundle.start, bundle.stop, log.size)
            self._bodies.extend(runs_of_bodies(reader, log.origin, bundle.start, bundle.stop))
        self.done += bundle.stop - bundle.start

    def _check(self, reader: LogReader, log: ArchivedLog) -> None:
        state = reader.log(log.origin)
        if state is None or offered_size(reader, state) < log.size:
            raise LocalError(
                "archive.changed", f"{log.origin} was cut since the export began", hint="export again"
            )


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Leaves [start, stop) of a log; none at all of one that is empty."""

    log: ArchivedLog
    start: int
    stop: int


def _bundles(manifest: Manifest) -> Iterator[_Bundle]:
    for log in manifest.logs:
        for start in range(0, max(1, log.size), TILE_WIDTH):
            yield _Bundle(log, start, min(log.size, start + TILE_WIDTH))


def _plan(reader: LogReader, did: Did) -> tuple[Manifest, dict[Origin, bytes]]:
    """What there is to be archived now, with the checkpoints: of each epoch that counts the largest tree held completely."""
    history = reader.history(did)
    if history is None:
        raise LocalError("publisher.unknown", f"{did} is not carried here")
    states = reader.logs(did)
    logs = [ArchivedLog(origin=state.origin, size=offered_size(reader, state)) for state in states]
    notes = {state.origin: state.checkpoint for state in states if state.checkpoint is not None}
    return Manifest(did=did, tip=history.tip, logs=tuple(logs)), notes


class ArchiveIntake:
    """One reading of a file into a store: feed it the chunks, then `close` it.

    `wants_again` says that another reading of the same file would bring more: what was held was not of the
    settled tree, or a fork can be proven by leaves that have gone by.
    """

    def __init__(self, store: LogStore, door: Door, witnesses: Knowledge) -> None:
        self._store = store
        self._door = door
        self._witnesses = witnesses
        self._decoder = ArchiveDecoder()
        self._ingest: Ingest | None = None
        self._stopped: Journal[Origin, Stopped] = Journal()
        self._forks: dict[Origin, tuple[Fork, Sequence[int]]] = {}
        self._gaps: set[Origin] = set()
        self.commits = 0

    @property
    def manifest(self) -> Manifest | None:
        """What the file says that it holds, as soon as that is read."""
        return self._decoder.manifest

    @property
    def entries(self) -> int:
        """How many leaves were stored."""
        return 0 if self._ingest is None else self._ingest.entries

    @property
    def wants_again(self) -> bool:
        """See the class."""
        return bool(self._gaps or self._forks)

    def feed(self, chunk: bytes) -> None:
        """Judge and store what is complete now.

        Raises:
            PeerError: what came before the fault is stored; the message says where in the file it is
            LocalError: record.withheld, policy.*: nothing is taken of this publisher; StorageError
        """
        placed: list[Placed] = []
        try:
            placed.extend(self._decoder.feed(chunk))
        except PeerError:
            self._take(placed)
            raise
        self._take(placed)

    def close(self) -> None:
        """There is no more.

        Raises:
            LogError: archive.truncated; what stopped a log
        """
        self._decoder.close()
        stopped = next(iter(self._stopped), None)
        if stopped is not None and stopped.origin not in self._forks:
            raise LogError(stopped.code, f"log {stopped.origin}: {stopped.reason}")

    def _take(self, placed: Sequence[Placed]) -> None:
        if not placed or self.manifest is None:
            return
        did = self.manifest.did
        if self._ingest is None:
            with self._store.read() as reader:
                check_shown(reader, did)
            self._ingest = Ingest(
                self._store, None, frozenset([did]), self._stopped, self._door, self._witnesses
            )
        try:
            outcome = self._ingest.take([item.frame for item in placed])
        except PeerError as error:
            first, last = placed[0].place, placed[-1].place
            raise located(error, first if first == last else f"{first} to {last}") from error
        finally:
            self.commits = self._ingest.commits
        self._check_taken(did)
        self._note(outcome)
        for item in placed:
            if isinstance(item.frame, EntriesFrame):
                self._prove(item.frame)

    def _check_taken(self, did: Did) -> None:
        """Say why nothing is taken.

        Raises:
            LocalError: policy.*
        """
        with self._store.read() as reader:
            is_known = reader.history(did) is not None
            if is_known and not self._door.passes_over(did):
                return
            code = next((code for _, other, code in reader.refused_pairs() if other == did), "policy.denied")
        raise LocalError(
            code, f"{did} is not taken", hint="`frost follow` it, or change [carry] in frost.toml"
        )

    def _note(self, outcome: Outcome) -> None:
        self._gaps |= outcome.gaps.keys()
        self._gaps -= {origin for origin, size in outcome.sizes.items() if size == self._size(origin)}
        for origin, (fork, sizes) in outcome.forks.items():
            if sizes:
                self._forks[origin] = fork, sizes

    def _size(self, origin: Origin) -> int | None:
        logs = self.manifest.logs if self.manifest is not None else ()
        return next((log.size for log in logs if log.origin == origin), None)

    def _prove(self, frame: EntriesFrame) -> None:
        """Make evidence of a fork, when its tree is shown where that can be done."""
        fork, sizes = self._forks.get(Origin(frame.origin), (None, ()))
        if fork is None or not any(frame.start <= size < frame.start + TILE_WIDTH for size in sizes):
            return
        if judge_shown(self._store, fork, fork.note, frame):
            del self._forks[Origin(frame.origin)]
            self.commits += 1
