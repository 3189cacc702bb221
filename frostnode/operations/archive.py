"""Whole publishers as files: write them, take them in (spec/12-archives.md)."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Final

from frostnode.files_port import Sink, Source
from frostnode.operations.follow import follow, follow_all
from frostnode.operations.parts import Json, Params, Parts, Progress, telling
from frostnode.operations.read import one_publisher, shown_dids
from frostnode.ports import LogReader
from frostnode.protocol.archive import Manifest
from frostnode.protocol.archive_check import ArchiveCheck
from frostnode.protocol.errors import FrostError, LocalError, NameError_
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import ARCHIVE_CHUNK_BYTES, FOLLOWS_FILE_BYTES_MAX
from frostnode.protocol.names import Did, parse_did
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.archive import ARCHIVES, ArchiveIntake, ArchiveStream
from frostnode.replicate.node_url import node_url
from frostnode.replicate.policy import Tier

FOLLOWS: Final = "follows.json"
"""The file beside the archives of an operator: whom the platform hosted and followed."""

FOLLOWS_FORMAT: Final = "frost-follows/1"
_READINGS: Final = 3
"""More than one only where what is held has to give way first."""


# -- out --------------------------------------------------------------------------------------------------


async def export(parts: Parts, params: Params, progress: Progress) -> Json:
    """Write the archive of a publisher to `file`: {did, file, entries, bytes}; `did` where several are hosted.

    A file that exists is only overwritten with `replace`.
    """
    did = await parts.read(partial(one_publisher, parts, did=params.get("did")))
    return await _export(parts, did, str(params["file"]), progress, replace=bool(params.get("replace")))


async def export_all(parts: Parts, params: Params, progress: Progress) -> Json:
    """Write all publishers that are hosted here to `folder`, an archive each, and whom this node follows.

    Answers {archives: […], left_out: [{did, reason}], follows}. Nothing is begun where a file would be in the way.
    """
    folder, replace = str(params["folder"]), bool(params.get("replace"))
    hosted = await parts.read(lambda reader: sorted({item.did for item in reader.hosted()}))
    shown = set(await parts.read(shown_dids))
    names = {did: f"{folder}/{archive_name(did)}" for did in hosted if did in shown}
    for path in () if replace else (*names.values(), f"{folder}/{FOLLOWS}"):
        if await parts.worker.run(partial(parts.files.exists, path)):
            raise LocalError("output.exists", f"{path} exists", hint="give another folder, or --replace")
    archives = [await _export(parts, did, path, progress, replace=replace) for did, path in names.items()]
    follows = await _export_follows(parts, hosted, f"{folder}/{FOLLOWS}", replace=replace)
    left_out = [{"did": did, "reason": "blocked here"} for did in hosted if did not in shown]
    return {"archives": archives, "left_out": left_out, "follows": follows}


def archive_name(did: Did) -> str:
    """What the archive of a publisher is called in a folder of many."""
    return f"{did.rpartition(':')[2]}.frostarchive"


async def _export(parts: Parts, did: Did, path: str, progress: Progress, *, replace: bool) -> Json:
    sink = await parts.worker.run(partial(parts.files.create, path, replace=replace))
    stream, written = ArchiveStream(did), 0
    try:
        async with telling(progress, lambda: (f"entries of {did}", stream.done)):
            while count := await parts.worker.run(partial(_write_batch, parts, stream, sink)):
                written += count
        await parts.worker.run(sink.commit)
    finally:
        sink.discard()
    return {"did": did, "file": path, "entries": stream.done, "bytes": written}


def _write_batch(parts: Parts, stream: ArchiveStream, sink: Sink) -> int:
    with parts.log.read() as reader:
        batch = stream.next_batch(reader)
    sink.write(batch)
    return len(batch)


async def _export_follows(parts: Parts, hosted: Sequence[Did], path: str, *, replace: bool) -> str:
    followed, peers = await parts.read(lambda reader: (reader.followed(), reader.peers()))
    chosen = sorted(peer.url for peer in peers if peer.listed_ms is None)
    data = {"format": FOLLOWS_FORMAT, "followed": sorted(followed), "hosted": hosted, "peers": chosen}

    def write() -> None:
        sink = parts.files.create(path, replace=replace)
        try:
            sink.write(json.dumps(data, indent=2).encode() + b"\n")
            sink.commit()
        finally:
            sink.discard()

    await parts.worker.run(write)
    return path


# -- in ---------------------------------------------------------------------------------------------------


async def import_archives(parts: Parts, params: Params, progress: Progress) -> Json:
    """Take in the archives `files`: {archives: [{file, did, size, entries, forked, hidden, error}]}.

    `forked` is a publisher of whom two histories are known and neither is followed: of it nothing more is taken.

    What is proven is stored, also of a file that is at fault further on; the others go on. A single one raises its
    error. With `follow` its publisher is followed, so that no quota keeps it out.
    """
    files = [str(file) for file in params["files"]]
    results: list[Json] = []
    for file in files:
        intake = _Import(parts, file, follow=bool(params.get("follow")))
        fault: FrostError | None = None
        try:
            await intake.run(progress)
        except FrostError as error:
            fault = _named(error, file)
            if len(files) == 1:
                raise fault from error
        forked = await parts.read(partial(_is_undecided, intake))
        results.append({**intake.as_json(fault), "forked": forked})
    async with telling(progress, lambda: ("arrivals indexed", parts.index.cursor())):
        await parts.project()
    return {"archives": results}


def _named(error: FrostError, file: str) -> FrostError:
    if error.message.startswith(file):
        return error
    return type(error)(
        error.code, f"{file}: {error.message}", found=error.found, expected=error.expected, hint=error.hint
    )


def _is_undecided(intake: "_Import", reader: LogReader) -> bool:
    history = reader.history(intake.manifest.did) if intake.manifest is not None else None
    return history is not None and history.forked


class _Import:
    """One file on its way in."""

    def __init__(self, parts: Parts, file: str, *, follow: bool) -> None:
        self._parts = parts
        self._file = file
        self._follow = follow
        self._read = 0
        self.entries = 0
        self.manifest: Manifest | None = None

    def as_json(self, error: FrostError | None) -> Json:
        """What came of it."""
        did = self.manifest.did if self.manifest else None
        tier = self._parts.carrying.tier(did) if did else None
        return {
            "file": self._file,
            "did": did,
            "size": self.manifest.entries if self.manifest else 0,
            "entries": self.entries,
            "hidden": tier is Tier.UNKNOWN,
            "error": None
            if error is None
            else {"code": error.code, "family": type(error).__name__, "message": str(error)},
        }

    async def run(self, progress: Progress) -> None:
        """Read the file, as often as it brings more."""
        parts = self._parts
        source = await parts.worker.run(partial(parts.files.open, self._file))
        fault: FrostError | None = None
        try:
            if self._follow:
                did = await parts.worker.run(partial(_identified, source))
                await follow(parts, {"target": did}, progress)
            async with telling(progress, lambda: (f"bytes of {self._file}", self._read)):
                try:  # here, or else a nursery wraps what is raised
                    await self._readings(source)
                except FrostError as error:
                    fault = error
        finally:
            source.close()
        if fault is not None:
            raise fault

    async def _readings(self, source: Source) -> None:
        for _ in range(_READINGS):
            await self._parts.worker.run(source.rewind)
            if not await self._reading(source):
                return

    async def _reading(self, source: Source) -> bool:
        """One reading; answers whether another would bring more."""
        parts = self._parts
        door = PeerDoor(parts.carrying, ARCHIVES, anew=True)
        intake = ArchiveIntake(parts.log, door, parts.world().witnesses)
        self._read = 0
        try:
            while chunk := await parts.worker.run(partial(source.read, ARCHIVE_CHUNK_BYTES)):
                await self._feed(intake, chunk)
                self._read += len(chunk)
            intake.close()
        finally:
            self.entries += intake.entries
        return intake.wants_again

    async def _feed(self, intake: ArchiveIntake, chunk: bytes) -> None:
        commits = intake.commits
        try:
            await self._parts.worker.run(partial(intake.feed, chunk))
        finally:
            self.manifest = intake.manifest
            if intake.commits > commits:
                self._parts.arrived.ring()


def _identified(source: Source) -> Did:
    """The publisher of an archive, whose identity is proven before anybody follows it.

    Raises:
        PeerError: what is wrong with the file so far
    """
    check = ArchiveCheck()
    while chunk := source.read(ARCHIVE_CHUNK_BYTES):
        check.feed(chunk)
        if check.did is not None:
            return check.did
    return check.close().did


# -- whom a platform followed -----------------------------------------------------------------------------


async def follow_from(parts: Parts, params: Params, progress: Progress) -> Json:
    """Follow all whom a platform followed, from the `file` beside its archives: {followed, peers, known}.

    `known` counts those who were followed before. With `hosted` whom it hosted is followed too.
    """

    def read() -> bytes:
        source = parts.files.open(str(params["file"]))
        try:
            data = source.read(min(source.size, FOLLOWS_FILE_BYTES_MAX) + 1)
        finally:
            source.close()
        return data

    dids, peers = _read_follows(
        str(params["file"]), await parts.worker.run(read), hosted=bool(params.get("hosted"))
    )
    return await follow_all(parts, dids, peers)


def _read_follows(path: str, data: bytes, *, hosted: bool) -> tuple[list[Did], list[str]]:
    fields: Json = (read_object(data) if len(data) <= FOLLOWS_FILE_BYTES_MAX else None) or {}
    lists = [_texts(fields.get(name)) for name in ("followed", "hosted", "peers")]
    if fields.get("format") != FOLLOWS_FORMAT or None in lists:
        raise LocalError("input.unreadable", f"{path} is no file of follows", expected=FOLLOWS_FORMAT)
    followed, theirs, peers = (texts or [] for texts in lists)
    try:
        dids = [parse_did(did) for did in (*followed, *(theirs if hosted else ()))]
        return dids, [node_url(url) for url in peers]
    except (LocalError, NameError_) as error:
        raise LocalError("input.unreadable", f"{path}: {error}") from error


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list):
        return None
    texts = [item for item in value if isinstance(item, str)]
    return texts if len(texts) == len(value) else None
