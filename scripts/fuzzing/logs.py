"""Targets: what identities, logs and records are made of, as streams and files bring it."""

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Final

from frostnode.edge.http.extent import read_extent
from frostnode.protocol import dagjson, names
from frostnode.protocol.checkpoint import open_checkpoint, parse_checkpoint_text, verify_cosignatures
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.entry import decode_body, parse_header, read_leaf, same_content
from frostnode.protocol.errors import FrostError
from frostnode.protocol.evidence import parse_evidence, verify_evidence
from frostnode.protocol.frames import (
    Frame,
    FrameDecoder,
    encode_byte_string,
    encode_frame,
    split_byte_strings,
)
from frostnode.protocol.history import History
from frostnode.protocol.identity import parse_signed_event, verify_signatures
from frostnode.protocol.keys import PublicKey, from_multibase, from_multikey_bytes, to_multibase
from frostnode.protocol.named_body import NamedBody, named_body
from frostnode.protocol.names import Origin
from frostnode.protocol.note import format_note, parse_note, parse_signatures, parse_vkey
from frostnode.protocol.proofs import decode_proof, read_path, verify_proof
from frostnode.protocol.records import RECORD_TYPES, check_record, title_of
from frostnode.protocol.references import references_of
from frostnode.protocol.tiles import decode_bundle, encode_bundle, parse_tile_path
from frostnode.replicate.node_url import node_url
from frostnode.search.reading import document_of
from frostnode.search.subscription_target import target_of
from frostnode.testing.memory_publisher import MemoryPublisher
from interop.answers import stream
from scripts.fuzzing.fuzzed import all_of, target, text_of
from scripts.fuzzing.seeds import vectors_of

# -- the stream ---------------------------------------------------------------------------------------


_PUBLISHER: Final = MemoryPublisher("fuzz").did


def _decoded(chunks: Iterable[bytes]) -> tuple[list[Frame], bool, str]:
    """Frames, whether the end was reached, and the code of the error."""
    decoder, found = FrameDecoder(), list[Frame]()
    try:
        for chunk in chunks:
            found += decoder.feed(chunk)
    except FrostError as error:
        return [], False, error.code
    return found, decoder.is_empty, ""


@target("frames", "streams", bytes_max=16_384)
def frames(data: bytes) -> None:
    """The same frames come of a stream whole and in pieces, and of themselves written again."""
    whole = _decoded([data])
    step = 1 + sum(data[-2:]) % 97
    assert _decoded(data[at : at + step] for at in range(0, len(data), step)) == whole
    assert _decoded(map(encode_frame, whole[0]))[0] == whole[0]


@target("streams", bytes_max=16_384)
def streams(data: bytes) -> None:
    """A follower that holds nothing takes or refuses what a stream says."""
    stream({"bytes": data.hex()})


# -- encoding and names -------------------------------------------------------------------------------


@target("encoding", "bodies", "headers")
def dag_cbor(data: bytes) -> None:
    """What is read is written as the same bytes, and keeps its value through JSON."""
    value = decode(data)
    assert encode(value) == data
    assert encode(dagjson.loads(dagjson.dumps(value))) == data


@target("encoding")
def dag_json(data: bytes) -> None:
    """What is read has a canonical form that is read again."""
    form = encode(dagjson.loads(text_of(data)))
    assert encode(decode(form)) == form


@target("names", "signatures", seeds=lambda: [b"https://host.example:8417/frost", b"http://[::1]:1"])
def names_and_urls(data: bytes) -> None:
    """Names have one spelling."""
    text = text_of(data)
    for read in (names.parse_did_url, Cid.parse):
        with suppress(FrostError):
            assert str(read(text)) == text
    all_of(
        text,
        names.parse_did,
        names.parse_origin,
        names.check_type,
        names.check_key,
        Cid.parse_any,
        parse_vkey,
    )
    with suppress(FrostError):
        assert node_url(node_url(text)) == node_url(text)


@target("signatures")
def keys(data: bytes) -> None:
    """Public keys have one spelling."""
    all_of(data, from_multikey_bytes)
    assert to_multibase(from_multibase(text_of(data))) == text_of(data)


# -- identity -----------------------------------------------------------------------------------------


@target("identity")
def identity_events(data: bytes) -> None:
    """An event alone, its signatures, and its place in a history."""
    signed = parse_signed_event(data)
    all_of(signed, verify_signatures)
    History.empty(names.did_of(signed.cid)).take([signed])


def _histories() -> Iterable[bytes]:
    for given in vectors_of("identity"):
        for delivery in given.get("deliveries", [[*given.get("ancestors", ()), given.get("event", "")]]):
            yield b"".join(encode_byte_string(bytes.fromhex(raw)) for raw in delivery if isinstance(raw, str))


@target("identity", seeds=_histories, bytes_max=16_384)
def identity_histories(data: bytes) -> None:
    """A whole history, as it is one resource and as it is part of a proof."""
    events = list(split_byte_strings(data))
    did = names.did_of(parse_signed_event(events[0]).cid) if events else names.did_of(Cid.of(b""))
    History.empty(did).take([parse_signed_event(raw) for raw in events])
    read_path(did, events)


# -- entries ------------------------------------------------------------------------------------------


@target("headers")
def headers(data: bytes) -> None:
    """The short way to the body that a leaf names says what the long one says."""
    header = read_leaf(data)
    long_way = None
    if header is not None and header.body is not None and header.size is not None:
        long_way = NamedBody(header.body.digest, header.size)
    assert named_body(data) == long_way
    parse_header(data)


@target("bodies", "encoding")
def bodies(data: bytes) -> None:
    """What a body says is looked through for titles, documents, extents, and as a record of each type."""
    same_content(data, data[::-1])
    fields = decode_body(data)
    target_of(fields)
    for type_ in (*RECORD_TYPES, "org.example.type"):
        title_of(type_, "key", fields)
        references_of(_PUBLISHER, type_, fields)
        document_of(_PUBLISHER, type_, "key", fields, newest=fields)
        with suppress(FrostError):
            check_record(type_, "key", fields)
    extent = dagjson.to_json(fields.get("extent"))
    if isinstance(extent, dict):
        read_extent(extent)


# -- logs ---------------------------------------------------------------------------------------------


@target("notes", "checkpoints", "cosignatures")
def notes(data: bytes) -> None:
    """A note is written again as the same bytes."""
    all_of(data, parse_signatures)
    assert format_note(parse_note(data)) == data


@cache
def _signers() -> tuple[set[tuple[Origin, PublicKey]], dict[str, PublicKey]]:
    """The logs and witnesses of the vectors."""
    logs = {
        (Origin(given["origin"]), PublicKey(bytes.fromhex(given["key"])))
        for given in vectors_of("checkpoints")
    }
    witnesses = {
        name: PublicKey(bytes.fromhex(key))
        for given in vectors_of("cosignatures")
        for name, key in given["witnesses"].items()
    }
    return logs, witnesses


@target("checkpoints", "cosignatures")
def checkpoints(data: bytes) -> None:
    """Of a checkpoint there is one text; signatures of logs and witnesses are judged."""
    logs, witnesses = _signers()
    for origin, key in logs:
        with suppress(FrostError):
            open_checkpoint(data, origin, key)
    all_of(data, lambda note: verify_cosignatures(note, witnesses))
    text = parse_note(data).text
    assert parse_checkpoint_text(text).text() == text


@target("tiles", bytes_max=8192)
def bundles(data: bytes) -> None:
    """The leaves of a bundle are put together to the same bytes."""
    assert encode_bundle(decode_bundle(data)) == data


@target(
    "tiles", seeds=lambda: [b"tile/entries/x001/234.p/5", b"tile/0/000", b"tile/63/000.p/1"], bytes_max=256
)
def tile_paths(data: bytes) -> None:
    """Each tile has one path."""
    assert str(parse_tile_path(text_of(data))) == text_of(data)


@target("proofs", bytes_max=16_384)
def proofs(data: bytes) -> None:
    """Proof files are read, and judged with the witnesses of the vectors."""
    all_of(data, decode_proof)
    verify_proof(data, _signers()[1])


@target("evidence", bytes_max=16_384)
def evidence(data: bytes) -> None:
    """Evidence is read and judged."""
    all_of(data, parse_evidence)
    verify_evidence(data)
