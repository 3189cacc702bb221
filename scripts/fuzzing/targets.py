"""Every parser that a peer can reach, as functions of any bytes.

The invariant of all: any bytes parse, or raise a FrostError, never anything else, in bounded time and memory.
Where there is more to be said of what was parsed (it is written again as it was, two readers agree), it is asserted.
"""

import json
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from frostnode.edge.http.extent import read_extent
from frostnode.protocol import dagjson, names
from frostnode.protocol.checkpoint import open_checkpoint, parse_checkpoint_text, verify_cosignatures
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.entry import decode_body, parse_header, read_leaf, same_content
from frostnode.protocol.errors import FrostError, LocalError
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
from frostnode.protocol.keys import PublicKey, SigningKey, from_multibase, from_multikey_bytes, to_multibase
from frostnode.protocol.named_body import NamedBody, named_body
from frostnode.protocol.names import Origin
from frostnode.protocol.note import format_note, parse_note, parse_signatures, parse_vkey
from frostnode.protocol.proofs import decode_proof, read_path, verify_proof
from frostnode.protocol.query import parse_query
from frostnode.protocol.records import RECORD_TYPES, check_record, texts_of, title_of
from frostnode.protocol.request_signature import SignatureHeaders, Target, sign_request, verify_request
from frostnode.protocol.signature_fields import (
    check_content_digest,
    format_content_digest,
    parse_signature,
    parse_signature_input,
)
from frostnode.protocol.tiles import decode_bundle, encode_bundle, parse_tile_path
from frostnode.replicate.about import read_about
from frostnode.replicate.cursor import Cursor, cursor_text, parse_cursor_text
from frostnode.replicate.listing import read_heads, read_withheld
from frostnode.replicate.node_url import node_url
from frostnode.replicate.offer_form import (
    Have,
    Later,
    LeaseAsked,
    Offered,
    Refuse,
    Taken,
    Want,
    answers_bytes,
    lease_bytes,
    leased_bytes,
    offer_bytes,
    read_answers,
    read_lease,
    read_leased,
    read_offer,
    read_taken,
    taken_bytes,
)
from frostnode.replicate.policy import CarryPolicy, parse_rule
from frostnode.replicate.policy_table import lines_of, read_policy
from frostnode.testing.memory_publisher import MemoryPublisher
from interop.answers import stream
from scripts.fuzzing.seeds import seeds_of, vectors_of

Seeds = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One function of any bytes, the areas of vectors that it begins with, seeds of its own beside them."""

    name: str
    run: Callable[[bytes], object]
    areas: tuple[str, ...]
    own: Seeds
    bytes_max: int

    def seeds(self) -> set[bytes]:
        """What to begin with."""
        return {*self.own(), *(seed for area in self.areas for seed in seeds_of(area, self.bytes_max))}

    def check(self, data: bytes) -> None:
        """Hold the invariant."""
        with suppress(FrostError):
            self.run(data)


TARGETS: dict[str, Fuzzed] = {}


def target(
    *areas: str, seeds: Seeds = tuple, bytes_max: int = 4096
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Make a target of a function, under its name."""

    def register(run: Callable[[bytes], object]) -> Callable[[bytes], object]:
        name = run.__name__.replace("_", "-")
        TARGETS[name] = Fuzzed(name, run, areas, seeds, bytes_max)
        return run

    return register


def text_of(data: bytes) -> str:
    """Any bytes as text; what is no UTF-8 becomes half characters, such as JSON can say."""
    return data.decode("utf-8", "surrogateescape")


def all_of(given: Any, *readers: Callable[[Any], object]) -> None:
    """Give the same to several readers, each of which may refuse it."""
    for read in readers:
        with suppress(FrostError):
            read(given)


# -- the stream ---------------------------------------------------------------------------------------


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
    """What a body says is looked through for titles, texts, extents, and as a record of each type."""
    same_content(data, data[::-1])
    fields = decode_body(data)
    texts_of(fields)
    for type_ in (*RECORD_TYPES, "org.example.type"):
        title_of(type_, "key", fields)
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


# -- pages and cursors --------------------------------------------------------------------------------


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


@cache
def _publisher() -> MemoryPublisher:
    publisher = MemoryPublisher("fuzzed")
    publisher.put("one", {"title": "One"})
    return publisher


def _head() -> dict[str, Any]:
    publisher = _publisher()
    note, tip = publisher.note().decode(), str(publisher.genesis.cid)
    return {"did": publisher.did, "origin": publisher.origin, "epoch": 0, "checkpoint": note, "tip": tip}


@target(seeds=lambda: [_json({"heads": [_head(), {**_head(), "disputed": True}], "next": 1})])
def heads(data: bytes) -> None:
    """Pages of heads, and the notes on them."""
    for line in read_heads(data, 0)[0]:
        if line.note is not None:
            all_of(line.note, parse_note)


def _withheld() -> Iterable[bytes]:
    line = {"origin": _publisher().origin, "index": 0, "kind": "body", "state": "erased", "reason": "asked"}
    yield _json({"withheld": [line, {**line, "kind": "header"}, {"kind": "publisher"}], "next": None})


@target(seeds=_withheld)
def withheld(data: bytes) -> None:
    """Pages of what is withheld: reasons can be stored and shown."""
    for line in read_withheld(data, 0)[0]:
        line.reason.encode()


@target(seeds=lambda: [cursor_text(Cursor(bytes(16), 7, b"tagtagta").to_bytes()).encode()], bytes_max=256)
def cursors(data: bytes) -> None:
    """A cursor has one spelling."""
    cursor = parse_cursor_text(text_of(data))
    assert cursor_text(cursor) == text_of(data)
    assert Cursor.from_bytes(cursor).to_bytes() == cursor


@target(seeds=lambda: [b'sea +ice -"old map" x:y', '"Grönland +'.encode()])
def queries(data: bytes) -> None:
    """Whatever is searched for has letters or digits."""
    assert all(any(map(str.isalnum, term.text)) for term in parse_query(text_of(data)))


# -- requests from node to node -----------------------------------------------------------------------

_ME = SigningKey(b"m" * 32)
_NOW_S = 1_800_000_000
_TARGET = Target(method="POST", authority="host.example", path="/frost/offers", query="?")


def _signed_requests() -> Iterable[bytes]:
    for digest in (None, format_content_digest(b"body")):
        signed = sign_request(_ME, _TARGET, content_digest=digest, now_s=_NOW_S, nonce="n" * 22)
        yield "\n".join(signed.as_mapping().values()).encode()
    for given in vectors_of("requests"):
        fields = (given.get(name) or "" for name in ("signature_input", "signature", "content_digest"))
        yield "\n".join(map(str, fields)).encode("utf-8", "surrogatepass")


@target(seeds=_signed_requests)
def signature_fields(data: bytes) -> None:
    """The fields of a signed request, alone and together; one is written as it was read."""
    given, signature, digest, *_ = [*text_of(data).split("\n"), "", ""]
    with suppress(FrostError):
        assert str(parse_signature_input(given)) == given
    all_of(signature, lambda text: parse_signature(text, "frost"))
    all_of(digest, lambda text: check_content_digest(text, b"body"))
    headers = SignatureHeaders(signature_input=given, signature=signature, content_digest=digest or None)
    verify_request(_TARGET, headers, now_s=_NOW_S)


def _offers() -> Iterable[bytes]:
    publisher = _publisher()
    refuse = Refuse("policy.denied", "not here")
    item = Offered(
        did=publisher.did, origin=publisher.origin, note=publisher.note(), tip=publisher.genesis.cid, bodies=0
    )
    yield offer_bytes(_ME.public, [item])
    yield answers_bytes([Want(start=0, bodies=0, slot="abc"), Have(), Later(3), refuse])
    yield from (taken_bytes(Taken(size=1, refused=each)) for each in (None, refuse))
    yield lease_bytes(_ME.public, LeaseAsked(url="https://host.example", seconds=60))
    yield leased_bytes(60)
    yield _json({"software": "frostnode", "node_key": to_multibase(_ME.public), "offers": True})


@target(seeds=_offers)
def offers(data: bytes) -> None:
    """Offers, leases and their answers, and what a node says of itself."""
    all_of(data, lambda raw: read_offer(raw, _ME.public), lambda raw: read_lease(raw, _ME.public))
    all_of(data, *(lambda raw, count=count: read_answers(raw, count) for count in range(5)))
    all_of(data, read_taken, read_leased, read_about)


# -- policy -------------------------------------------------------------------------------------------


def _rules() -> Iterable[bytes]:
    yield from (b"handle:*.example.org", b"host:example.org", b"type:dataset", _publisher().did.encode())
    yield "\n".join(lines_of(CarryPolicy())).encode()


@target(seeds=_rules)
def policy_rules(data: bytes) -> None:
    """A rule is written as it was read; a table says a policy that says the same table."""
    text = text_of(data)
    with suppress(FrostError):
        assert str(parse_rule(text)) == text
    try:
        table = tomllib.loads(text).get("carry")
    except (ValueError, RecursionError) as error:
        raise LocalError("input.unreadable", f"not TOML: {error}") from error
    policy = read_policy(table)
    assert read_policy(tomllib.loads("\n".join(lines_of(policy)))["carry"]) == policy
