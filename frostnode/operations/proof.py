"""Make the portable file that proves one record (spec/06-proofs.md)."""

import re
from base64 import b64encode

from frostnode.log.withheld import withheld_error
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import find_entry
from frostnode.ports import CatalogEntry, LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.merkle import inclusion_proof
from frostnode.protocol.names import parse_did_url
from frostnode.protocol.proofs import ProofFile, encode_proof
from frostnode.protocol.withheld import Withheld
from frostnode.replicate.serve import offered_size


async def proof(parts: Parts, params: Params, progress: Progress) -> Json:
    """The proof file of the record `url`: {url, name, bytes (base64)}; with `bare` of its entry, without the content."""
    data, name = await proof_bytes(parts, str(params["url"]), bare=bool(params.get("bare")))
    return {"url": params["url"], "name": name, "bytes": b64encode(data).decode()}


async def proof_bytes(parts: Parts, text: str, *, bare: bool) -> tuple[bytes, str]:
    """The proof file of the record at a DID URL, and a name for it.

    Raises:
        LocalError: record.withheld, for content that is withheld here, unless the file is to be without it
    """
    url = parse_did_url(text)

    def run() -> bytes:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            return make_proof(log, find_entry(parts, catalog, log, url), bare=bare)

    name = re.sub(r"[^A-Za-z0-9._-]", "-", url.key)[-80:].lstrip(".-")
    return await parts.worker.run(run), f"{name}.frostproof"


def make_proof(log: LogReader, entry: CatalogEntry, *, bare: bool = False) -> bytes:
    """The bytes of the file for one entry, proven to the largest tree that this node can prove.

    Raises:
        LocalError: record.withheld; record.absent, when the tree around the entry is not complete here yet
    """
    state = log.log(entry.origin)
    history = log.history(entry.did)
    size = offered_size(log, state) if state is not None else 0
    if state is None or history is None or entry.index >= size:
        raise LocalError("record.absent", f"the tree around entry {entry.index} is not complete here yet")
    leaf = log.leaves(entry.origin, entry.index, entry.index + 1)
    body = log.body(entry.body) if entry.body is not None and not bare else None
    if isinstance(body, Withheld):
        error = withheld_error(body)
        error.hint = "the entry is provable without its content: ask for the bare proof"
        raise error
    return encode_proof(
        ProofFile(
            history=tuple(event.raw for event in history.path),
            origin=entry.origin,
            index=entry.index,
            path=tuple(inclusion_proof(entry.index, size, log.node_at(entry.origin))),
            checkpoint=state.checkpoint or b"",
            header=leaf.bundle[2:],
            body=body if isinstance(body, bytes) else None,
        )
    )
