"""The forms of datasets and versions: drafts of them, what they will look like, and their publication.

A draft is what was typed, and nothing is refused in it but its size. It is held against the rules when it is looked at or published.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.access_port import Scope
from frostnode.edge.http.asked import quiet
from frostnode.edge.http.editing.desk import draft_json, is_first, named
from frostnode.edge.http.editing.fields import FORMS, Rows, field_json, fields_of
from frostnode.edge.http.editing.filling import fill
from frostnode.edge.http.editing.frame import Frame, see, told
from frostnode.edge.http.editing.previews import preview
from frostnode.edge.http.editing.publication import Publication, key_for
from frostnode.edge.http.editing.reading import Read, read_record
from frostnode.edge.http.editing.typed import Typed, pack, rows_of, unpack
from frostnode.edge.http.editing.visitors import ROOT, Visit
from frostnode.edge.http.links import record_path
from frostnode.edge.outcomes import http_status
from frostnode.editing_port import Draft, EditingStore
from frostnode.operations import read
from frostnode.operations.versions import named_dataset
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import EDIT_ROWS_MAX, TITLE_CHARS_MAX
from frostnode.protocol.names import DATASET, VERSION, Did, parse_did_url
from frostnode.protocol.records import title_of

_ID: Final = re.compile(r"[0-9a-f]{16}")
_MORE: Final = "more:"
_ROWS_MORE: Final = 3
_NOT_KEPT: Final = ("do", "understood", "sum", "once")
"""Inputs that say what to do, and are no part of a draft."""


class RecordForms:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._parts = frame.parts

    def routes(self) -> list[Route]:
        """A path for each way into a form, and those of a draft."""
        return [
            Route(f"{ROOT}/dataset", self.dataset),
            Route(f"{ROOT}/version", self.version),
            Route(f"{ROOT}/draft/{{id}}", self.draft),
            Route(f"{ROOT}/draft/{{id}}", self.send, methods=["POST"]),
            Route(f"{ROOT}/draft/{{id}}/preview", self.preview),
        ]

    async def dataset(self, request: Request) -> Response:
        """The form of a new dataset, or of the one that `url` names.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, record.not-found, record.absent
        """
        visit = await self._admitted(request)
        url = request.query_params.get("url", "")
        if not url:
            did = visit.publisher(request.query_params.get("as", ""))
            return await self._form(visit, did, self._frame.new_id(), DATASET, {})
        name = parse_did_url(url)
        did = visit.publisher(str(name.did))
        shown = await read.show(self._parts, {"url": url.partition("?")[0]}, quiet)
        if shown["content"]["state"] not in ("here", "withdrawn") or shown["type"] != DATASET:
            raise LocalError("record.absent", f"{url}: {shown['content'].get('reason', 'no dataset')}")
        seen = shown["header"] if shown["content"]["state"] == "here" else ""
        typed = {**fill(DATASET, shown["content"].get("fields", {})), "key": shown["key"], "seen": seen}
        return await self._form(visit, did, self._frame.new_id(), DATASET, typed)

    async def version(self, request: Request) -> Response:
        """The form of a new version of the dataset that `url` names.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, record.not-found; NameError_
        """
        visit = await self._admitted(request)
        asked = request.query_params.get("url", "")
        name = await self._parts.worker.run(lambda: named_dataset(self._parts, {"url": asked}))
        did = visit.publisher(str(name.did))
        await read.show(self._parts, {"url": str(name)}, quiet)
        return await self._form(visit, did, self._frame.new_id(), VERSION, {"dataset": str(name.key)})

    async def draft(self, request: Request) -> Response:
        """A draft, to go on with.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, record.not-found
        """
        visit, draft = await self._kept(request)
        return await self._form(visit, draft.did, draft.id, draft.type, unpack(draft.typed))

    async def preview(self, request: Request) -> Response:
        """How a draft will look; with what is wrong its form instead.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, record.not-found
        """
        visit, draft = await self._kept(request)
        typed = unpack(draft.typed)
        found = await self._read(draft.type, typed)
        if found.faults:
            return await self._form(visit, draft.did, draft.id, draft.type, typed, found=found, status=422)
        return await self._looks(visit, draft, typed, found)

    async def _looks(
        self, visit: Visit, draft: Draft, typed: Typed, found: Read, faults: Mapping[str, str] | None = None
    ) -> Response:
        publisher = await named(self._parts, draft.did)
        dataset = await self._title(draft.did, typed)
        key, now_ms = key_for(draft.type, typed), self._parts.clock.now_ms()
        values = await self._parts.worker.run(
            lambda: preview(publisher, draft.type, key, found.fields, dataset=dataset, now_ms=now_ms)
        )
        more = {
            "draft": draft,
            "sum": _sum(draft.typed),
            "is_first": await is_first(self._parts, draft.did),
            "faults": faults or {},
            "is_edit": bool(typed.get("seen")),
        }
        document = {
            **draft_json(draft),
            "publisher": publisher,
            "record": {**found.fields, "type": draft.type, "key": key},
            "url": values["record"]["url"],
            "dataset": dataset,
            "first": more["is_first"],
            "replaces": typed.get("seen", ""),
            "faults": more["faults"],
        }
        status = 422 if faults else 200
        return await self._frame.page("preview.html", visit, {**values, **more}, document, status=status)

    async def send(self, request: Request) -> Response:
        """What the form asks: keep, look at, publish, throw away, or more rows of a list.

        Raises:
            LocalError: form.foreign, token.scope, publisher.not-hosted, usage, …; SignInAgain
        """
        visit, sent = await self._frame.visitors.sent(request)
        visit.need(Scope.PUBLISH)
        did, id_, do = visit.publisher(sent.get("as", "")), _id(request), sent.get("do", "save")
        if do == "drop":
            await self._parts.worker.run(lambda: self._store.drop_draft(did, id_))
            return see(f"{ROOT}?{urlencode({'as': did})}")
        if do == "publish-draft":
            return await self._publish_draft(visit, did, id_, sent)
        typed = {name: value for name, value in sent.items() if name not in _NOT_KEPT}
        type_ = typed.get("type", DATASET)
        if type_ not in FORMS:
            raise LocalError("usage", "type of a draft", found=type_, expected=" or ".join(FORMS))
        if do == "publish":
            return await self._publish(visit, did, id_, type_, typed, sent)
        try:
            await self._keep(did, id_, type_, typed)
        except LocalError as error:
            return await self._form(visit, did, id_, type_, typed, error=error)
        here = f"{ROOT}/draft/{id_}"
        if do == "preview":
            return see(f"{here}/preview?{urlencode({'as': did})}")
        if do.startswith(_MORE):
            return await self._form(visit, did, id_, type_, typed, more=do.removeprefix(_MORE))
        return see(f"{here}?{urlencode({'as': did, 'kept': 1})}")

    async def _publish(
        self, visit: Visit, did: Did, id_: str, type_: str, typed: Typed, sent: Typed
    ) -> Response:
        """Publish what was typed; else the form again with what is wrong, and a draft of it."""
        found = await self._read(type_, typed)
        if await is_first(self._parts, did) and sent.get("understood") != "1":
            found.faults["understood"] = "please say that you know"
        error: FrostError | None = None
        if not found.faults:
            try:
                return await self._done(visit, did, id_, type_, typed, found)
            except FrostError as failure:
                error = failure
        try:
            await self._keep(did, id_, type_, typed)
        except LocalError as failure:
            error = error or failure
        return await self._form(visit, did, id_, type_, typed, found=found, error=error, status=422)

    async def _publish_draft(self, visit: Visit, did: Did, id_: str, sent: Typed) -> Response:
        """Publish a draft as it was looked at; one that has changed since is looked at anew."""
        draft = await self._parts.worker.run(lambda: self._store.draft(did, id_))
        wanted = sent.get("sum", "")
        if draft is None:  # sent twice: it is answered what it was answered

            async def nothing(begun_ms: int, is_again: bool) -> dict[str, Any]:
                raise LocalError("record.not-found", "no such draft: it was published, or thrown away")

            return see(await self._publication(visit, did).once(id_, wanted, nothing))
        if _sum(draft.typed) != wanted:
            return see(f"{ROOT}/draft/{id_}/preview?{urlencode({'as': did})}")
        typed = unpack(draft.typed)
        found = await self._read(draft.type, typed)
        if await is_first(self._parts, did) and sent.get("understood") != "1" and not found.faults:
            return await self._looks(visit, draft, typed, found, {"understood": "please say that you know"})
        error: FrostError | None = None
        if not found.faults:
            try:
                return await self._done(visit, did, id_, draft.type, typed, found)
            except FrostError as failure:
                error = failure
        return await self._form(visit, did, id_, draft.type, typed, found=found, error=error, status=422)

    async def _done(
        self, visit: Visit, did: Did, id_: str, type_: str, typed: Typed, found: Read
    ) -> Response:
        publication = self._publication(visit, did)
        work = publication.work(type_, typed, found.fields)
        path = await publication.once(id_, _sum(pack(typed)), work)
        await self._parts.worker.run(lambda: self._store.drop_draft(did, id_))
        return see(path)

    def _publication(self, visit: Visit, did: Did) -> Publication:
        return Publication(self._frame, visit, did)

    async def _read(self, type_: str, typed: Typed) -> Read:
        def run() -> Read:
            found = read_record(type_, typed)
            try:
                key_for(type_, typed)
            except FrostError as error:
                name = "label" if type_ == VERSION else "key"
                found.faults[name] = f"expected {error.expected}" if error.expected else error.message
            return found

        return await self._parts.worker.run(run)

    async def _title(self, did: Did, typed: Typed) -> str:
        """Of the dataset of a version."""
        if not typed.get("dataset"):
            return ""
        try:
            shown = await read.show(self._parts, {"url": f"{did}/{typed['dataset']}"}, quiet)
        except FrostError:
            return ""
        return str(shown["title"])

    async def _form(
        self,
        visit: Visit,
        did: Did,
        id_: str,
        type_: str,
        typed: Typed,
        *,
        found: Read | None = None,
        error: FrostError | None = None,
        more: str = "",
        status: int = 200,
    ) -> Response:
        """The form with what was typed; a fault of the whole stands at its head."""
        faults = dict(found.faults) if found is not None else {}
        published = f"{did}/{typed['key']}" if typed.get("seen") else ""
        values = {
            "id": id_,
            "type": type_,
            "parts_of": FORMS[type_],
            "typed": typed,
            "rows": {
                field.name: _inputs(typed, field.name, more)
                for field in fields_of(type_)
                if isinstance(field, Rows)
            },
            "more": more,
            "faults": faults,
            "problem": told(error) if error is not None else None,
            "publisher": await named(self._parts, did),
            "is_first": await is_first(self._parts, did),
            "published": published,
            "published_path": record_path(published) if published else "",
            "dataset": await self._title(did, typed),
            "is_kept": await self._parts.worker.run(lambda: self._store.draft(did, id_)) is not None,
        }
        document = {
            **{name: values[name] for name in ("id", "type", "publisher", "dataset", "published")},
            "kept": values["is_kept"],
            "first": values["is_first"],
            "fields": [field_json(field) for field in fields_of(type_)],
            "values": dict(typed),
            "faults": faults,
        }
        status = http_status(error) if error is not None else status
        return await self._frame.page("record-form.html", visit, values, document, status=status)

    async def _keep(self, did: Did, id_: str, type_: str, typed: Typed) -> None:
        title = title_of(
            type_, typed.get("key") or typed.get("label") or "", {"title": typed.get("title", "")}
        )
        draft = Draft(
            id=id_,
            did=did,
            type=type_,
            title=title[:TITLE_CHARS_MAX],
            typed=pack(typed),
            changed_ms=self._parts.clock.now_ms(),
        )
        await self._parts.worker.run(lambda: self._store.put_draft(draft))

    async def _kept(self, request: Request) -> tuple[Visit, Draft]:
        visit = await self._admitted(request)
        did, id_ = visit.publisher(request.query_params.get("as", "")), _id(request)
        draft = await self._parts.worker.run(lambda: self._store.draft(did, id_))
        if draft is None:
            raise LocalError("record.not-found", "no such draft: it was published, or thrown away")
        return visit, draft

    async def _admitted(self, request: Request) -> Visit:
        visit = await self._frame.visitors.needed(request)
        visit.need(Scope.PUBLISH)
        return visit

    @property
    def _store(self) -> EditingStore:
        assert self._parts.editing is not None  # or nobody would be signed in
        return self._parts.editing


def _sum(typed: bytes) -> str:
    return sha256(typed).hexdigest()[:32]


def _id(request: Request) -> str:
    id_ = str(request.path_params["id"])
    if _ID.fullmatch(id_) is None:
        raise LocalError("record.not-found", "no such draft")
    return id_


def _inputs(typed: Typed, name: str, more: str) -> list[dict[str, str]]:
    """The rows that are shown: those that were typed, an empty one, and more where more are asked for."""
    rows = rows_of(typed, name)
    while rows and not any(rows[-1].values()):
        rows.pop()
    return [*rows, *({} for _ in range(_ROWS_MORE + 1 if more == name else 1))][:EDIT_ROWS_MAX]
