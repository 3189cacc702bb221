"""All that is carried as a folder of files: what nodes follow, and pages for people (spec/12-archives.md#a-site-of-files)."""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any, Final

from frostnode.files_port import Folder, SitePages
from frostnode.operations import lineage, read
from frostnode.operations.front import front
from frostnode.operations.parts import Json, Params, Parts, Progress, telling
from frostnode.operations.proof import proof_bytes
from frostnode.operations.site_names import (
    INDEX,
    PUBLISHERS,
    page_name,
    proof_folder,
    proof_name,
    publisher_stem,
    record_folder,
    record_name,
)
from frostnode.ports import LogReader
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.duplicity import handed_on
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SITE_PROOF_BODY_BYTES_MAX
from frostnode.protocol.names import Did, DidUrl, Origin, parse_did, parse_did_url
from frostnode.replicate.static_export import MARK, StaticExport

_STEPS_AT_ONCE: Final = 16
_PER_PAGE: Final = 100
_MARK_CHARS: Final = 16
_OURS: Final = ("publisher", "record", "proof", "static")


async def export_static(parts: Parts, params: Params, progress: Progress) -> Json:
    """Write all that is carried to `folder`: {publishers, entries, written, kept, removed}; with `pages` for people too.

    Raises:
        LocalError: output.exists, when the folder holds something else; archive.changed
    """
    folder = await parts.worker.run(partial(parts.files.folder, str(params["folder"])))
    try:
        export = StaticExport(
            store=parts.log,
            folder=folder,
            about=parts.about,
            carries=parts.carrying.is_carried,
            cosigned=partial(_cosigned, parts),
        )
        await parts.worker.run(partial(_check_ours, folder, str(params["folder"])))
        async with telling(progress, lambda: ("entries", export.entries)):
            await _run(parts, export.steps())
        if params.get("pages", True):
            await parts.project()
            await _Pages(parts, export).write(progress)
        else:
            await parts.worker.run(partial(_remove_pages, export))
    finally:
        folder.close()
    return {
        "publishers": export.publishers,
        "entries": export.entries,
        "written": export.written,
        "kept": export.kept,
        "removed": export.removed,
    }


def _check_ours(folder: Folder, path: str) -> None:
    """Never write among, or over, what others have put there."""
    if folder.size(MARK) is None and not folder.is_empty():
        raise LocalError(
            "output.exists", f"{path} holds something else than an export", hint="give an empty folder"
        )


def _cosigned(parts: Parts, origin: Origin) -> bytes | None:
    own = parts.witness.last(origin)
    return None if own is None else own.note


async def _run(parts: Parts, steps: Iterator[None]) -> None:
    def some() -> bool:
        return all(next(steps, steps) is None for _ in range(_STEPS_AT_ONCE))

    while await parts.worker.run(some):
        pass


def _remove_pages(export: StaticExport) -> None:
    """What an export with pages has left: it may show what is withheld now."""
    for under in _OURS:
        for name in export.folder.names(under):
            export.remove(name)
    names = [name for name in _listing_names(export.folder) if export.folder.size(name) is not None]
    for name in (*names, *([INDEX] if export.folder.size(INDEX) is not None else [])):
        export.remove(name)


def _listing_names(folder: Folder, start: int = 0) -> Iterator[str]:
    """The pages of publishers that are there, from one on."""
    while folder.size(name := page_name(PUBLISHERS, start)) is not None:
        yield name
        start += 1


class _Pages:
    """Writing the pages of one export: publisher by publisher, so that only the names of one are kept."""

    def __init__(self, parts: Parts, export: StaticExport) -> None:
        self._parts = parts
        self._export = export
        self._dids: frozenset[Did] = frozenset()
        self._site: SitePages = parts.make_site(self._has_publisher, self._has_record)

    def _has_publisher(self, did: Did) -> bool:
        return did in self._dids

    def _has_record(self, url: DidUrl) -> bool:
        if url.did not in self._dids:
            return False
        with self._parts.catalog.read() as catalog:
            entry = catalog.current(url.did, url.type, url.key)
        return entry is not None and entry.op != "withdraw"

    async def write(self, progress: Progress) -> None:
        """All pages; then what was left of pages that are no more."""
        everyone = (await read.publishers(self._parts, {}, progress))["publishers"]
        self._dids = frozenset(parse_did(item["did"]) for item in everyone)
        for name, data in self._site.assets():
            await self._parts.worker.run(partial(self._export.put, name, data))
        for count, item in enumerate(everyone):
            await progress("pages of publishers", count, len(everyone))
            await self._publisher(parse_did(item["did"]))
        for offset in range(0, max(1, len(everyone)), _PER_PAGE):
            pager = _pager(PUBLISHERS, offset, len(everyone))
            values = {
                "publishers": everyone[offset : offset + _PER_PAGE],
                "total": len(everyone),
                "pager": pager,
            }
            await self._put(page_name(PUBLISHERS, offset // _PER_PAGE), "publishers.html", values)
        await self._put(INDEX, "home.html", {"front": await front(self._parts, {}, progress)})
        await self._parts.worker.run(partial(self._remove_stale, max(1, -(-len(everyone) // _PER_PAGE))))

    async def _put(self, name: str, template: str, values: dict[str, Any]) -> None:
        shown = {"node_name": self._parts.name, **values}
        await self._parts.worker.run(lambda: self._export.put(name, self._site.page(name, template, shown)))

    async def _publisher(self, did: Did) -> None:
        stem, names = publisher_stem(did), set[str]()
        mark = await self._parts.read(partial(_mark, did=did))
        offset = pages = 0
        while True:
            asked = {"did": did, "limit": _PER_PAGE, "offset": offset}
            try:
                found = await read.publisher(self._parts, asked, _quietly)
            except LocalError:  # blocked a moment ago: the next export removes what is there
                return
            total = sum(found["records"].values())
            for item in found["listing"]:
                names |= await self._record(item["url"], mark)
            values = {"publisher": found, "total": total, "pager": _pager(stem, offset, total)}
            await self._put(page_name(stem, pages), "publisher.html", values)
            offset, pages = offset + _PER_PAGE, pages + 1
            if offset >= total:
                break
        await self._parts.worker.run(partial(self._remove_other, did, names, pages))

    async def _record(self, url: str, mark: str) -> set[str]:
        """The page of a record and its proof; answers their names."""
        name = record_name(parse_did_url(url))
        try:
            shown = await read.show(self._parts, {"url": url}, _quietly)
        except LocalError:  # gone a moment ago, and with it its page
            return set()
        around = await lineage.around(self._parts, shown)
        proof = await self._proof(shown, mark)
        await self._put(name, "record.html", {"record": shown, "around": around, "proof_file": proof})
        return {name, proof}

    async def _proof(self, shown: Json, mark: str) -> str:
        """The name of the file that proves a record, "" if none can.

        One that is there stays: with each entry the tree grows, and all proofs of the log with it, but an older tree
        proves as well while the identity history is the same.
        """
        withheld = shown["content"]["state"] in ("erased", "refused")
        bare = withheld or (shown["size"] or 0) > SITE_PROOF_BODY_BYTES_MAX
        did, header = parse_did(shown["did"]), Cid.parse(shown["header"])
        name = proof_name(did, mark, header, bare=bare)
        if not shown["proof"]["available"]:
            return ""
        if await self._parts.worker.run(partial(self._export.keep, name)):
            return name
        try:
            data, _ = await proof_bytes(self._parts, f"{shown['url']}?cid={header}", bare=bare)
        except LocalError:  # withheld a moment ago
            return ""
        await self._parts.worker.run(partial(self._export.put, name, data))
        return name

    def _remove_other(self, did: Did, names: set[str], pages: int) -> None:
        """Pages and proofs of this publisher that are no more."""
        for folder in (record_folder(did), proof_folder(did)):
            for name in self._export.folder.names(folder):
                if name not in names:
                    self._export.remove(name)
        while self._export.folder.size(name := page_name(publisher_stem(did), pages)) is not None:
            self._export.remove(name)
            pages += 1

    def _remove_stale(self, listing: int) -> None:
        """Pages of publishers that are no more, of shorter listings, and old style sheets."""
        folder = self._export.folder
        cids = {did.rpartition(":")[2] for did in self._dids}
        assets = {name for name, _ in self._site.assets()}
        for under in ("publisher", "record", "proof"):
            for name in folder.names(under):
                if name.split("/")[1].partition(".")[0].partition("-")[0] not in cids:
                    self._export.remove(name)
        for name in folder.names("static"):
            if name not in assets:
                self._export.remove(name)
        for name in list(_listing_names(folder, listing)):
            self._export.remove(name)


def _mark(reader: LogReader, *, did: Did) -> str:
    """Stands for all events that proofs of a publisher's records carry."""
    history = reader.history(did)
    events = () if history is None else (*history.path, *handed_on(history))
    return sha256(b"".join(event.cid.digest for event in events)).hexdigest()[:_MARK_CHARS]


def _pager(stem: str, offset: int, total: int) -> dict[str, Any]:
    return {
        "first": offset + 1,
        "last": min(offset + _PER_PAGE, total),
        "total": total,
        "params": {},
        "stem": stem,
        "step": _PER_PAGE,
        "before": max(0, offset - _PER_PAGE) if offset else None,
        "after": offset + _PER_PAGE if offset + _PER_PAGE < total else None,
    }


async def _quietly(what: str, done: int, total: int | None) -> None:
    """The whole is told, not each page."""
