"""Short names: who works at a home says `KEY`, `KEY@LABEL` or `~TYPE/KEY` for a record of the publisher hosted there.

Strangers who ask over HTTP say whole names.
"""

from typing import Any, Final

from frostnode.operations.parts import Params, Parts
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.identifiers import identifier
from frostnode.protocol.names import DID_PREFIX, DidUrl, parse_did_url
from frostnode.protocol.references import dataset_of, is_latest
from frostnode.publish.submit import open_place

SHORT: Final[dict[str, tuple[str, ...]]] = {
    "show": ("url",),
    "similar": ("url",),
    "withdraw": ("url",),
    "proof": ("url",),
    "diff": ("a", "b"),
    "lineage": ("url",),
    "citations": ("url",),
    "derive": ("used",),
}
"""Which parameters of an operation name records."""


async def in_full(parts: Parts, operation: str, params: Params) -> Params:
    """The parameters with whole names for the short ones.

    Raises:
        LocalError: record.not-found, for what is neither a record of the own publisher nor any other name
    """
    names = [name for name in SHORT.get(operation, ()) if params.get(name)]
    if all(_is_whole(params[name]) for name in names):
        return params

    def run() -> Params:
        with parts.log.read() as log, parts.catalog.read() as catalog:
            return {
                **params,
                **{name: _full(log, catalog, params[name], params.get("did")) for name in names},
            }

    return await parts.worker.run(run)


def _is_whole(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_whole, value))
    return str(value).startswith(DID_PREFIX)


def _full(log: LogReader, catalog: CatalogReader, value: Any, did: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_full(log, catalog, item, did) for item in value]
    text = str(value)
    if text.startswith(DID_PREFIX):
        return text
    found = _own(log, catalog, text, did)
    if found is not None:
        return found
    try:
        identifier(text)
    except NameError_ as error:
        raise LocalError(
            "record.not-found",
            "record or identifier",
            found=text,
            expected="the key of a record that is published here, a DID URL, a DOI, a web address …",
        ) from error
    return text


def _own(log: LogReader, catalog: CatalogReader, text: str, did: Any) -> str | None:
    """The DID URL of a record that the publisher hosted here has published."""
    try:
        url = parse_did_url(f"{open_place(log, did).did}/{text}")
    except (NameError_, LocalError):
        return None
    return str(url) if _is_published(catalog, url) else None


def _is_published(catalog: CatalogReader, url: DidUrl) -> bool:
    if is_latest(url):
        return bool(catalog.versions(url.did, dataset_of(url).key, limit=1))
    return catalog.current(url.did, url.type, url.key) is not None
