"""Make the portable file that proves one record (spec/06-proofs.md)."""

import re
from base64 import b64encode
from collections.abc import Sequence

from frostnode.log.withheld import withheld_error
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import find_entry
from frostnode.operations.vouch import known_witnesses
from frostnode.ports import CatalogEntry, LogReader
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.cosigners import is_witness_url, keep_known, merge_notes
from frostnode.protocol.duplicity import handed_on
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import NOTE_BYTES_MAX, PUBLISHER_WITNESSES_MAX
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import compact_range, inclusion_proof
from frostnode.protocol.names import Origin, parse_did_url
from frostnode.protocol.note import parse_note
from frostnode.protocol.proofs import ProofFile, encode_proof
from frostnode.protocol.withheld import Withheld
from frostnode.protocol.witness import origin_digest
from frostnode.replicate.serve import offered_size


async def proof(parts: Parts, params: Params, progress: Progress) -> Json:
    """The proof file of the record `url`: {url, name, bytes (base64)}; with `bare` of its entry, without the content.

    `witnesses` are asked for their word at their URLs.
    """
    data, name = await proof_bytes(
        parts, str(params["url"]), params.get("witnesses") or [], bare=bool(params.get("bare"))
    )
    return {"url": params["url"], "name": name, "bytes": b64encode(data).decode()}


async def proof_bytes(
    parts: Parts, text: str, witnesses: Sequence[str] = (), *, bare: bool = False
) -> tuple[bytes, str]:
    """The proof file of the record at a DID URL, and a name for it.

    Raises:
        LocalError: record.*, publisher.unknown, usage; record.withheld, for content that is withheld here, unless
            the file is to be without it
        TransportError, PeerError: of a witness that was asked
    """
    url = parse_did_url(text)

    def find() -> CatalogEntry:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            return find_entry(parts, catalog, log, url)

    entry = await parts.worker.run(find)
    asked = [await _ask(parts, witness, entry.origin) for witness in _witness_urls(witnesses)]

    def make() -> bytes:
        own = parts.witness.last(entry.origin)
        with parts.catalog.read() as catalog, parts.log.read() as log:
            state = log.log(entry.origin)
            notes = [*asked, *([own.note] if own is not None else [])]
            if state is not None and state.checkpoint is not None:
                known = known_witnesses(parts, log, catalog, entry.did)
                notes.insert(0, keep_known(state.checkpoint, entry.origin, known))
            return make_proof(log, entry, notes, bare=bare)

    name = re.sub(r"[^A-Za-z0-9._-]", "-", url.key)[-80:].lstrip(".-")
    return await parts.worker.run(make), f"{name}.frostproof"


def _witness_urls(texts: Sequence[str]) -> list[str]:
    urls = [str(text).rstrip("/") for text in texts]
    if len(urls) > PUBLISHER_WITNESSES_MAX or not all(map(is_witness_url, urls)):
        raise LocalError(
            "usage",
            "witnesses",
            found=urls,
            expected=f"at most {PUBLISHER_WITNESSES_MAX} http(s)://HOST/PATH",
        )
    return urls


async def _ask(parts: Parts, url: str, origin: Origin) -> bytes:
    return await parts.transport.fetch(
        f"{url}/{origin_digest(origin).hex()}/checkpoint", bytes_max=NOTE_BYTES_MAX
    )


def make_proof(
    log: LogReader, entry: CatalogEntry, notes: Sequence[bytes] = (), *, bare: bool = False
) -> bytes:
    """The bytes of the file for one entry.

    It is proven to the end of its epoch, or to the tree that most have cosigned of those that `notes` are
    about and this node holds; of several the largest.

    Raises:
        LocalError: record.withheld; record.absent, when the tree around the entry is not complete here yet
        LogError: of a note that is none of this log
    """
    state = log.log(entry.origin)
    history = log.history(entry.did)
    size = offered_size(log, state) if state is not None else 0
    if state is None or history is None or entry.index >= size:
        raise LocalError("record.absent", f"the tree around entry {entry.index} is not complete here yet")
    size, note = _best(log, state, size, entry.index, notes)
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
            checkpoint=note,
            header=leaf.bundle[2:],
            body=body if isinstance(body, bytes) else None,
            rivals=tuple(event.raw for event in handed_on(history)),
        )
    )


def _best(
    log: LogReader, state: LogState, offered: int, index: int, notes: Sequence[bytes]
) -> tuple[int, bytes]:
    """The size of the tree to prove the entry to, and its note; of an ended epoch the end, with or without a note."""
    end = state.standing.end if state.standing is not None else None
    best: dict[Checkpoint, bytes] = {}
    for note in notes:
        checkpoint = _opened(state, note)
        if index < checkpoint.size <= offered and (end is None or checkpoint.size == end.size):
            tree = compact_range(checkpoint.size, log.node_at(state.origin))
            if tree.root() == checkpoint.root:
                held = best.get(checkpoint, note)
                best[checkpoint] = merge_notes(held, note, state.origin, None) or held
    ranked = sorted(
        best, key=lambda checkpoint: (len(parse_note(best[checkpoint]).signatures), checkpoint.size)
    )
    if ranked:
        return ranked[-1].size, best[ranked[-1]]
    return offered, (state.checkpoint or b"") if end is None else b""


def _opened(state: LogState, note: bytes) -> Checkpoint:
    assert state.standing is not None
    if state.standing.key is None:
        raise LocalError("record.absent", f"{state.origin} was opened without a key")
    return open_checkpoint(note, state.origin, state.standing.key)
