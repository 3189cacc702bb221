"""What programs publish: the operations of the command line, for the publisher that the token is for.

An answer comes when what it tells is on disk and signed, and whoever reads then finds it.
"""

from typing import Any, Final

from frostnode.edge.http.api.declared import Call, Result
from frostnode.edge.http.asked import quiet
from frostnode.operations.parts import Json
from frostnode.operations.table import operate
from frostnode.ports import CatalogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import DID_PREFIX, DidUrl, parse_did_url

_TAG_CHARS_MAX: Final = 200


async def publish(call: Call) -> Result:
    """Publish one record or a batch, in one go or not at all."""
    records = call.body if isinstance(call.body, list) else [call.body]
    return await _written(call, "publish", {"records": records, **call.values})


async def put(call: Call) -> Result:
    """Publish the record of this name with these fields, over the entry that was named."""
    url = _named(call)
    if {"type", "key"} & call.body.keys():
        raise LocalError(
            "usage", "body", found="type or key", expected="the fields alone: the address says both"
        )
    record = {**call.body, "type": url.type, "key": url.key}
    params = {"records": [record], "did": url.did, "dry_run": call.values.get("dry_run")}
    result = await _written(call, "publish", {**params, "expected": _expected(call)})
    assert isinstance(result.content, dict)
    (told,) = result.content["records"]
    is_new = told["status"] == "published" and told["replaces"] is None
    return Result(content=result.content, status=201 if is_new else 200, headers=_headers(told))


async def withdraw(call: Call) -> Result:
    """Withdraw the record of this name."""
    url = _named(call)
    params = {"url": str(url), "dry_run": call.values.get("dry_run"), "expected": _expected(call)}
    return await _written(call, "withdraw", params)


async def version(call: Call) -> Result:
    """Publish a version of a dataset."""
    own = {name: call.body.get(name) for name in ("dataset", "label", "did", "dry_run")}
    fields = {name: value for name, value in call.body.items() if name not in own}
    return await _written(call, "version", {**own, "fields": fields})


async def derive(call: Call) -> Result:
    """Publish what something was made from."""
    return await _written(call, "derive", call.body)


async def _written(call: Call, operation: str, params: Json) -> Result:
    """What an operation did that writes to a log, for the publisher that the token is for."""
    assert call.token is not None
    did = _limited(call, params)
    told = await operate(call.parts, operation, {**params, "did": did}, quiet)
    await catch_up(call.parts.worker, call.parts.catalog_fold)  # who reads what was written finds it
    if call.is_again:
        told["records"] = [await _as_it_was(call, told["did"], one) for one in told["records"]]
    return Result(content=told)


def _limited(call: Call, params: Json) -> Any:
    """The publisher that is written for; a token may be for one alone.

    Raises:
        LocalError: token.scope
    """
    only = call.token.did if call.token is not None else None
    said = [params.get("did"), *(_did_of(params.get(name)) for name in ("url", "dataset", "target"))]
    for did in filter(None, said):
        if only is not None and did != only:
            raise LocalError("token.scope", "publisher of the token", found=only, expected=did)
    return params.get("did") or only


def _did_of(name: Any) -> str | None:
    return str(name).partition("/")[0] if str(name).startswith(DID_PREFIX) else None


async def _as_it_was(call: Call, did: Any, told: Json) -> Json:
    """What an earlier try of the same request has published before it could say so was published by this request."""
    if told["status"] != "unchanged":
        return told
    cid = Cid.parse(told["header"])

    def look(catalog: CatalogReader) -> Json:
        entry = catalog.entry_by_header(did, cid)
        if entry is None or entry.time_ms < call.begun_ms:
            return told
        history = catalog.entries(did, entry.type, entry.key)  # newest first
        older = history[[item.header for item in history].index(entry.header) + 1 :]
        replaced = older[0] if older and older[0].op == Op.PUT else None
        return {**told, "status": "published", "replaces": str(replaced.header) if replaced else None}

    return await call.parts.read_catalog(look)


def _named(call: Call) -> DidUrl:
    url = parse_did_url(call.values["url"])
    if url.cid is not None:
        raise LocalError(
            "usage", "name of a record", found=str(url), expected="no ?cid=: If-Match says the entry"
        )
    return url


def _expected(call: Call) -> str | None:
    """Which entry is replaced: by If-Match the one of this tag, which begins with its header CID; by If-None-Match none.

    Raises:
        LocalError: usage
    """
    match, none_match = (call.request.headers.get(name) for name in ("if-match", "if-none-match"))
    if none_match is not None:
        if match is not None or none_match.strip() != "*":
            raise LocalError("usage", "If-None-Match", found=none_match, expected="*, without If-Match")
        return ""
    if match is None:
        return None
    tag = match.strip().removeprefix('"').removesuffix('"')
    if not tag.strip(' "') or "," in tag or len(match) > _TAG_CHARS_MAX:
        raise LocalError("usage", "If-Match", found=match, expected="* or one tag")
    return tag.partition("-")[0]


def _headers(told: Json) -> dict[str, str]:
    """The tag that a later If-Match says."""
    return {"etag": f'"{told["header"]}"'} if "header" in told else {}
