"""Write the static paths of a node as files, so that any web server is followed like it (spec/12-archives.md#a-site-of-files).

Rules:
- what is under a head is written before the head, and removed after it; heads are those of what was written, not of
  what the store has come to since;
- a file that holds just that already is not written again;
- the store is read bundle by bundle: it goes on meanwhile, and erasures wait for nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frostnode.files_port import Folder
from frostnode.log.withheld import withheld_line
from frostnode.ports import Head, LogReader, LogStore
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.limits import HEADS_PAGE_MAX, NOTE_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.note import parse_note
from frostnode.protocol.tiles import TilePath, bundle_path, bundles_for, decode_bundle, tiles_for
from frostnode.protocol.witness import origin_digest
from frostnode.replicate.dispute import evidence_file
from frostnode.replicate.serve import bodies_between, offered_size, runs_of_bodies

MARK: Final = "frost/node"
"""Is written first: by it a folder is known to be an export, whole or begun."""

_PARTIAL: Final = ".part"


def _everyone(did: Did) -> bool:
    return True


def _no_note(origin: Origin) -> bytes | None:
    return None


@dataclass(slots=True, kw_only=True)
class StaticExport:
    """One export of `store` to `folder`; run through its `steps`, each of which is short."""

    store: LogStore
    folder: Folder
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the node says of itself at /frost/node."""
    carries: Callable[[Did], bool] = _everyone
    cosigned: Callable[[Origin], bytes | None] = _no_note
    """The note that this node has cosigned last of a log."""
    entries: int = 0
    written: int = 0
    kept: int = 0
    removed: int = 0
    _logs: dict[Origin, tuple[int, int]] = field(default_factory=dict)
    """How many leaves of each log the last export showed, and how many this one does."""
    _pages: dict[str, int] = field(default_factory=dict)
    _dids: set[Did] = field(default_factory=set)

    @property
    def publishers(self) -> int:
        """How many are written."""
        return len(self._dids)

    def steps(self) -> Iterator[None]:
        """Do it all, in many steps.

        Raises:
            StorageError; LocalError: archive.changed, when a log is cut under it
        """
        with self.store.read() as reader:
            about = {"database": reader.database.hex(), **self.about, "offers": False}
        self.put(MARK, _json(about))
        yield from self._listing("withheld", self._withheld_lines)
        with self.store.read() as reader:
            dids = [did for did in reader.dids() if self.carries(did) and reader.block(did) is None]
        for did in dids:
            yield from self._publisher(did)
        yield from self._listing("heads", self._head_lines)
        yield from self._remove_stale()

    def put(self, name: str, data: bytes) -> None:
        """Write a file, unless it is there as it is."""
        if self.folder.put(name, data):
            self.written += 1
        else:
            self.kept += 1

    def keep(self, name: str) -> bool:
        """Leave a file as it is, if there is one; answers whether there is."""
        is_there = self.folder.size(name) is not None
        self.kept += is_there
        return is_there

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.folder.remove(name)
        self.removed += 1

    # -- one publisher ------------------------------------------------------------------------------

    def _publisher(self, did: Did) -> Iterator[None]:
        with self.store.read() as reader:
            history = reader.history(did)
            if history is None or reader.block(did) is not None:
                return
            states = reader.logs(did)
            plans = [(state, offered_size(reader, state)) for state in states]
        identity = b"".join(encode_byte_string(event.raw) for event in history.events)
        self.put(f"frost/{did}/identity", identity)
        self._dids.add(did)
        for state, size in plans:
            yield from self._log(state, size)

    def _log(self, state: LogState, size: int) -> Iterator[None]:
        origin = state.origin
        self._logs[origin] = self._size_before(origin), size
        for bundle in bundles_for(size):
            with self.store.read() as reader:
                self._check(reader, origin, size)
                missing = self._missing_bodies(reader, origin, bundle)
            yield from self._bodies(origin, missing)
            with self.store.read() as reader:
                start = bundle.n * TILE_WIDTH
                leaves = reader.leaves(origin, start, start + bundle.width)
            self.put(f"frost/{origin}/{bundle}", leaves.bundle)
            self.entries += bundle.width
            yield
        for tile in tiles_for(size):
            with self.store.read() as reader:
                self._check(reader, origin, size)
                node, first = reader.node_at(origin), tile.n * TILE_WIDTH
                hashes = [node(8 * (tile.level or 0), first + at) for at in range(tile.width)]
            self.put(f"frost/{origin}/{tile}", b"".join(hashes))
            yield
        self._bundle_before(origin)
        self._heads_of(state)

    def _bundle_before(self, origin: Origin) -> None:
        """The partial bundle that the last export showed stays for a while; what is withheld since goes from it too."""
        before, now = self._logs[origin]
        start = before // TILE_WIDTH * TILE_WIDTH
        if not start < before < now:
            return
        name = f"frost/{origin}/{bundle_path(before // TILE_WIDTH, before - start)}"
        if self.folder.size(name) is not None:
            with self.store.read() as reader:
                leaves = reader.leaves(origin, start, before)
            self.put(name, leaves.bundle)

    def _heads_of(self, state: LogState) -> None:
        """What is signed about a log, now that all that it is about is there."""
        origin = state.origin
        if state.checkpoint is not None:
            self.put(f"frost/{origin}/checkpoint", state.checkpoint)
        with self.store.read() as reader:
            evidence = None if reader.evidence(origin) is None else evidence_file(reader, origin)
        if evidence is not None:
            self.put(f"frost/{origin}/evidence", evidence)
        if (note := self.cosigned(origin)) is not None:
            self.put(f"frost/witness/{_digest(origin)}/checkpoint", note)

    def _size_before(self, origin: Origin) -> int:
        """How many leaves the last export showed."""
        note = self.folder.read(f"frost/{origin}/checkpoint", NOTE_BYTES_MAX)
        try:
            return 0 if note is None else parse_checkpoint_text(parse_note(note).text).size
        except PeerError:
            return 0

    def _check(self, reader: LogReader, origin: Origin, size: int) -> None:
        state = reader.log(origin)
        if state is None or offered_size(reader, state) < size:
            raise LocalError(
                "archive.changed", f"{origin} was cut since the export began", hint="export again"
            )

    def _missing_bodies(self, reader: LogReader, origin: Origin, bundle: TilePath) -> list[tuple[int, int]]:
        """Runs of leaves whose bodies are not all there; a file of the right size under its CID is."""
        start = bundle.n * TILE_WIDTH
        stop = start + bundle.width
        leaves = decode_bundle(reader.leaves(origin, start, stop).bundle)
        named = [named_body(leaf) for leaf in leaves]
        return [
            (begin, end)
            for begin, end in runs_of_bodies(reader, origin, start, stop)
            if any(
                body is not None and self.folder.size(_body_name(Cid.from_digest(body.digest))) != body.size
                for body in named[begin - start : end - start]
            )
        ]

    def _bodies(self, origin: Origin, runs: list[tuple[int, int]]) -> Iterator[None]:
        for start, stop in runs:
            with self.store.read() as reader:
                for frame in bodies_between(reader, origin, start, stop):
                    for item in frame.items:
                        if isinstance(item, bytes) and reader.blocked_body(cid := Cid.of(item)) is None:
                            self.put(_body_name(cid), item)
            yield

    # -- listings -----------------------------------------------------------------------------------

    def _listing(
        self, name: str, lines: Callable[[LogReader, int], list[dict[str, Any]] | None]
    ) -> Iterator[None]:
        """All pages of a listing: each as it is in the store, so that none is long."""
        number = 0
        while True:
            with self.store.read() as reader:
                page, following = lines(reader, number), lines(reader, number + 1)
            after = number + 1 if following is not None else None
            self.put(f"frost/{name}/{number}", _json({name: page or [], "next": after}))
            yield
            number += 1
            if after is None:
                break
        self._pages[name] = number

    @staticmethod
    def _withheld_lines(reader: LogReader, page: int) -> list[dict[str, Any]] | None:
        return [withheld_line(item) for item in reader.withheld(page)] or None

    def _head_lines(self, reader: LogReader, page: int) -> list[dict[str, Any]] | None:
        """A page of heads as far as they are written; None behind the last."""
        heads = reader.heads(page)
        if not heads:
            return None
        return [self._head_line(head) for head in heads if head.origin in self._logs]

    def _head_line(self, head: Head) -> dict[str, Any]:
        note = self.folder.read(f"frost/{head.origin}/checkpoint", NOTE_BYTES_MAX)
        return head_line(head) | {"checkpoint": None if note is None else note.decode()}

    # -- what is no longer to be had ------------------------------------------------------------------

    def _remove_stale(self) -> Iterator[None]:
        digests = {_digest(origin) for origin in self._logs}
        allowed: tuple[str, frozenset[str]] = "", frozenset()
        for count, name in enumerate(self.folder.names("frost")):
            _, area, *rest = name.split("/")
            if area in self._dids and len(rest) > 1:
                origin = "/".join([area, *rest[:3]])
                if origin != allowed[0]:
                    allowed = origin, self._files_of(Origin(origin))
            if not self._belongs(name, area, rest, digests=digests, files=allowed[1]):
                self.remove(name)
            if count % HEADS_PAGE_MAX == 0:
                yield

    def _belongs(
        self,
        name: str,
        area: str,
        rest: list[str],
        *,
        digests: set[str],
        files: frozenset[str],
    ) -> bool:
        """Whether a file below frost/ is still to be had."""
        last = name.rpartition("/")[2]
        if last.startswith(".") and last.endswith(_PARTIAL):
            return False  # an export was cut off
        if area in self._pages:
            return rest[0].isdigit() and int(rest[0]) < self._pages[area]
        if area == "body":
            return self._is_given(rest[0])
        if area == "witness":
            return rest[0] in digests
        if area.startswith("did:"):
            return area in self._dids and (rest == ["identity"] or name in files)
        return True

    def _files_of(self, origin: Origin) -> frozenset[str]:
        """The files of a log, also those of the tree that the last export has shown."""
        if origin not in self._logs:
            return frozenset()
        before, now = self._logs[origin]
        tiles = {
            str(path) for size in (min(before, now), now) for path in (*tiles_for(size), *bundles_for(size))
        }
        return frozenset(f"frost/{origin}/{path}" for path in (*tiles, "checkpoint", "evidence"))

    def _is_given(self, text: str) -> bool:
        try:
            cid = Cid.parse(text)
        except PeerError:
            return True  # not ours
        with self.store.read() as reader:
            return reader.erased_among((), [cid]) is None and reader.blocked_body(cid) is None


def head_line(head: Head) -> dict[str, Any]:
    """One line of the pages of heads, in JSON."""
    return {
        "did": head.did,
        "origin": head.origin,
        "epoch": head.epoch,
        "checkpoint": head.checkpoint.decode() if head.checkpoint else None,
        "tip": str(head.tip),
        "forked": head.forked,
        "disputed": head.disputed,
    }


def _body_name(cid: Cid) -> str:
    return f"frost/body/{cid}"


def _digest(origin: Origin) -> str:
    return origin_digest(origin).hex()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
