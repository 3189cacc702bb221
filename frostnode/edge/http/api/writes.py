"""The rows of the table that need a token. Every write takes an Idempotency-Key."""

from collections.abc import Sequence
from typing import Final

from frostnode.access_port import Scope
from frostnode.edge.http.api import publishing, shapes, subscribing
from frostnode.edge.http.api.bodies import JSON, LINES
from frostnode.edge.http.api.declared import (
    Body,
    Choice,
    Cost,
    Each,
    Either,
    Fields,
    Flag,
    Item,
    Route,
    Run,
    Text,
    Whole,
)
from frostnode.edge.http.api.reads import NAME, RECORD
from frostnode.operations.parts import Json
from frostnode.protocol.limits import INBOX_ITEMS_MAX, PUBLISH_BATCH_RECORDS_MAX

_OFFSET_MAX: Final = 2**31
_WRITE: Final = "Writing"
_TOLD: Final = "Subscriptions and inbox"
_TEXT: Final = Text()
_WRITE_ERRORS: Final = (
    "name.did",
    "name.type",
    "name.key",
    "record.field",
    "record.withheld",
    "body.too-large",
    "header.too-large",
    "encoding.too-large",
    "encoding.float",
    "publisher.not-hosted",
    "epoch.ended",
    "epoch.frozen",
    "signer.conflict",
    "home.copied",
    "storage.conflict",
)
_AS: Final = Item("did", Text(200), "DID of the publisher, where the node hosts several.")
_DRY_RUN: Final = Item("dry_run", Flag(), "Check and answer, publish nothing.", default=False)
_DRY_RUN_IN_BODY: Final = Item("dry_run", Flag(is_in_body=True), "Check and answer, publish nothing.")
_RECORD_BODY: Final = Fields(
    (
        Item("type", Text(64, pattern="[a-z][a-z0-9.-]*"), "Type of the record.", is_required=True),
        Item("key", Text(200, 1), "Key of the record, `KEY@LABEL` for a version.", is_required=True),
    ),
    is_open=True,
)
_ID: Final = Item("id", Text(NAME.chars_max, 1), "Id of a subscription, or its target.", is_required=True)
_MAP: Final = Fields(is_open=True)


def _post(
    path: str,
    id_: str,
    about: str,
    run: Run,
    *,
    shape: Json,
    body: Body,
    scope: Scope,
    errors: Sequence[str],
    items: tuple[Item, ...] = (),
) -> Route:
    group = _WRITE if scope is Scope.PUBLISH else _TOLD
    return Route(
        method="POST",
        path=path,
        id=id_,
        group=group,
        about=about,
        run=run,
        answer=shape,
        body=body,
        scope=scope,
        cost=Cost.WRITE,
        errors=errors,
        items=items,
    )


_VERSION: Final = Fields(
    (
        Item("dataset", _TEXT, "Key of the dataset, or its DID URL.", is_required=True),
        Item("label", Text(199, 1), "What the version is called.", is_required=True),
        Item("title", _TEXT, "Title."),
        Item("locations", Each(_MAP), "Where its data is: maps with `href`."),
        Item("snapshot", _MAP, "`system` and `id` of what holds it."),
        Item("digests", Each(_MAP), "Maps with `algorithm` and `value`."),
        Item("size", Whole(2**63), "Bytes in all."),
        Item("schema", _MAP, "`arrays` and `tables`."),
        Item("changes", _MAP, "`note` and `summary` of what is new."),
        _AS,
        _DRY_RUN_IN_BODY,
    )
)
_DERIVED: Final = Fields(
    (
        Item(
            "target", _TEXT, "What was made: key or DID URL of an own version or dataset.", is_required=True
        ),
        Item("used", Each(_TEXT), "What it was made from: DID URLs and other URIs.", is_required=True),
        Item("title", _TEXT, "Title."),
        Item(
            "activity",
            Fields(
                tuple(
                    Item(name, _TEXT, about)
                    for name, about in (
                        ("name", "What was done."),
                        ("code", "The program."),
                        ("container", "What it ran in."),
                    )
                )
            ),
            "How it was made.",
        ),
        Item("key", Text(200), "Key of the lineage record; by default that of what was made."),
        _AS,
        _DRY_RUN_IN_BODY,
    )
)
_SUBSCRIPTION: Final = Fields(
    (
        Item("target", _TEXT, "DID URL of a dataset, a DID, or words to search for.", is_required=True),
        Item("behalf", _TEXT, "Own dataset that depends on it: its key or DID URL."),
        Item("form", Choice(("inbox", "webhook", "email")), "How to be told; into the inbox by default."),
        Item("address", Text(2048), "Where, of a webhook or by e-mail."),
        Item("private", Flag(is_in_body=True), "Tell nobody: publish no record of it."),
        Item("since", Choice(("now", "beginning")), "From where on."),
        Item("digest_s", Whole(604_800), "Seconds that are gathered into one e-mail."),
        _AS,
        _DRY_RUN_IN_BODY,
    )
)
_IDS: Final = Fields((Item("ids", Each(Text(200)), "Ids of notices; all, when it is left out."),))
_NAMED: Final = Fields((_ID,))

ROUTES: Final[tuple[Route, ...]] = (
    _post(
        "/api/publish",
        "publish",
        "Publish a record, or a batch: a JSON array, or a record a line. All of them are published, or none.",
        publishing.publish,
        shape=shapes.PUBLISHED,
        body=Body(
            kind=Either(_RECORD_BODY, Each(_RECORD_BODY, 1, PUBLISH_BATCH_RECORDS_MAX)),
            about="Records: type, key and whatever is known.",
            media_types=(JSON, LINES),
        ),
        scope=Scope.PUBLISH,
        items=(_AS, _DRY_RUN),
        errors=(*_WRITE_ERRORS, "lineage.cycle", "query.malformed"),
    ),
    Route(
        method="PUT",
        path="/api/record",
        id="edit",
        group=_WRITE,
        about="Publish the record of this name. If-Match names the entry that it replaces, If-None-Match: * says that there is none.",
        run=publishing.put,
        answer=shapes.PUBLISHED,
        named=RECORD,
        items=(_DRY_RUN,),
        body=Body(kind=_MAP, about="The fields of the record, all of them: none of the old ones stays."),
        errors=(*_WRITE_ERRORS, "name.did-url", "record.changed", "lineage.cycle", "query.malformed"),
        scope=Scope.PUBLISH,
        cost=Cost.WRITE,
        conditional=True,
    ),
    Route(
        method="DELETE",
        path="/api/record",
        id="withdraw",
        group=_WRITE,
        about="Withdraw the record of this name: it leaves every catalog, its history stays.",
        run=publishing.withdraw,
        answer=shapes.PUBLISHED,
        named=RECORD,
        items=(_DRY_RUN,),
        errors=(*_WRITE_ERRORS, "name.did-url", "record.changed", "record.not-found"),
        scope=Scope.PUBLISH,
        cost=Cost.WRITE,
        conditional=True,
    ),
    _post(
        "/api/versions",
        "version",
        "Publish a version of a dataset; the one before it is found and named.",
        publishing.version,
        shape=shapes.VERSION_PUBLISHED,
        body=Body(kind=_VERSION, about="The version."),
        scope=Scope.PUBLISH,
        errors=(*_WRITE_ERRORS, "name.did-url", "record.not-found"),
    ),
    _post(
        "/api/lineage",
        "derive",
        "Publish what something was made from; names of this network are pinned to exact entries.",
        publishing.derive,
        shape=shapes.DERIVED,
        body=Body(kind=_DERIVED, about="What, from what, and how."),
        scope=Scope.PUBLISH,
        errors=(
            *_WRITE_ERRORS,
            "name.did-url",
            "publisher.unknown",
            "record.not-found",
            "record.withdrawn",
            "lineage.cycle",
        ),
    ),
    Route(
        method="GET",
        path="/api/subscriptions",
        id="subscriptions",
        group=_TOLD,
        about="All that this node tells somebody of.",
        run=subscribing.listed,
        answer=shapes.SUBSCRIPTIONS,
        scope=Scope.SUBSCRIBE,
    ),
    _post(
        "/api/subscriptions",
        "subscribe",
        "Be told when something changes. Unless it is private, a record says so to everybody.",
        subscribing.subscribe,
        shape=shapes.SUBSCRIBED,
        body=Body(kind=_SUBSCRIPTION, about="Of what, and how."),
        scope=Scope.SUBSCRIBE,
        errors=(*_WRITE_ERRORS, "name.did-url", "query.malformed"),
    ),
    Route(
        method="DELETE",
        path="/api/subscriptions",
        id="unsubscribe",
        group=_TOLD,
        about="Be told no more.",
        run=subscribing.unsubscribe,
        answer=shapes.ids("removed"),
        items=(_ID,),
        errors=("record.not-found", *_WRITE_ERRORS),
        scope=Scope.SUBSCRIBE,
        cost=Cost.WRITE,
    ),
    *(
        _post(
            f"/api/subscriptions/{name}",
            name,
            about,
            run,
            shape=shapes.ids(done),
            body=Body(kind=_NAMED, about="Which one."),
            scope=Scope.SUBSCRIBE,
            errors=("record.not-found", *errors),
        )
        for name, done, about, run, errors in (
            (
                "pause",
                "paused",
                "Tell a subscription nothing for now; its place is kept.",
                subscribing.pause,
                (),
            ),
            ("resume", "resumed", "Go on where it was stopped.", subscribing.resume, ()),
            (
                "test",
                "tested",
                "Send a test notice, once.",
                subscribing.test,
                ("transport.status", "transport.unreachable", "transport.timeout"),
            ),
        )
    ),
    Route(
        method="GET",
        path="/api/inbox",
        id="inbox",
        group=_TOLD,
        about="What came in, newest first.",
        run=subscribing.inbox,
        answer=shapes.INBOX,
        items=(
            Item("limit", Whole(INBOX_ITEMS_MAX, 1), "How many at most.", default=50),
            Item("offset", Whole(_OFFSET_MAX), "How many to pass over.", default=0),
            Item("all", Flag(), "Also what was read.", default=False),
        ),
        scope=Scope.INBOX,
    ),
    _post(
        "/api/inbox/read",
        "readInbox",
        "Mark what came in as read.",
        subscribing.read_inbox,
        shape=shapes.READ,
        body=Body(kind=_IDS, about="Which of it."),
        scope=Scope.INBOX,
        errors=("cursor.malformed",),
    ),
)
