"""Targets: pages, requests and answers of other nodes, and the policies by which they are judged."""

import json
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

from frostnode.edge.peer_http import read_problem
from frostnode.protocol.errors import FrostError, LocalError, TransportError
from frostnode.protocol.head_ranges import EVERYTHING, Comparison, HeadItem, HeadSet, bounds_of
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.limits import HEAD_RANGES_MAX, PEERS_LISTED_MAX, QUERY_CHARS_MAX
from frostnode.protocol.names import Origin
from frostnode.protocol.note import parse_note, parse_signatures
from frostnode.protocol.notice import NoticeId, parse_notice_id
from frostnode.protocol.request_signature import SignatureHeaders, Target, sign_request, verify_request
from frostnode.protocol.signature_fields import (
    check_content_digest,
    format_content_digest,
    parse_signature,
    parse_signature_input,
)
from frostnode.protocol.tlog_policy import parse_policy
from frostnode.protocol.witness import judge, parse_add_checkpoint, parse_size_answer
from frostnode.replicate.about import read_about
from frostnode.replicate.cursor import Cursor, cursor_text, parse_cursor_text
from frostnode.replicate.discovery import read_list
from frostnode.replicate.listing import read_heads, read_withheld
from frostnode.replicate.node_url import may_be_public, node_url
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
from frostnode.replicate.range_listing import (
    RangesPage,
    format_bounds,
    parse_bounds,
    ranges_json,
    read_ranges,
)
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.matching import DocumentWords, Question
from frostnode.search.printing import print_query
from frostnode.search.saved_search import parse_saved_search
from frostnode.search.subscription_target import OfSearch, parse_target
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.plain_words import plain_words
from scripts.fuzzing.fuzzed import all_of, target, text_of
from scripts.fuzzing.seeds import vectors_of

_ME = SigningKey(b"m" * 32)

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


def _queries() -> Iterable[bytes]:
    yield from (
        b'sea +ice -"old map" x:y',
        '"Grönland +'.encode(),
        b'ice* title:"sea ic"* license:cc* year:2020',
    )
    yield b'publisher:nasa keyword:"sea ice" after:2020-02 before:2024 bbox:350,-10,10,20 point:1,2 during:2020/..'
    yield b"doi:10.5067/X id:https://example.org/%7Ea source:own -host:s3:b"


@target(seeds=_queries)
def queries(data: bytes) -> None:
    """A query is printed as what it was read as, and matches any texts in bounded time."""
    text = text_of(data)
    query = parse_query(text)
    printed = print_query(query)
    if len(printed) <= QUERY_CHARS_MAX:  # identifiers grow where they are encoded
        assert parse_query(printed) == query
    document = SearchDocument(
        did=_publisher().did, type="dataset", key="one", title=text, texts=(text, "sea ice")
    )
    Question(query, plain_words).judge(DocumentWords(document, plain_words))


def _targets() -> Iterable[bytes]:
    yield from (b"*", b"sea ice", b'"sea ice" -map type:dataset', _publisher().did.encode())
    yield f"{_publisher().did}/ice".encode()
    yield f"publisher:{_publisher().did} ice".encode()


@target(seeds=_targets)
def subscription_targets(data: bytes) -> None:
    """What somebody wants to be told of is written as it is read, and matches any words in bounded time."""
    found = parse_target(text_of(data))
    assert parse_target(str(found)) == found
    if isinstance(found, OfSearch):
        printed = print_query(found.search.query)
        assert len(printed) > QUERY_CHARS_MAX or parse_saved_search(printed) == found.search


@target(
    seeds=lambda: [str(NoticeId(number=7, position=0, database=bytes(16), tag=bytes(8))).encode()],
    bytes_max=256,
)
def notice_ids(data: bytes) -> None:
    """The id of a notice has one spelling."""
    assert str(parse_notice_id(text_of(data))) == text_of(data)


# -- comparing heads, finding nodes -------------------------------------------------------------------


def _range_pages() -> Iterable[bytes]:
    item = HeadItem(
        origin=_publisher().origin, size=1, root=bytes(32), tip=_publisher().genesis.cid, forked=False
    )
    others = [replace(item, origin=Origin(f"{item.origin[:-3]}{at:03}"), size=at) for at in range(100)]
    for heads_, bounds in (([item], EVERYTHING), (others, EVERYTHING), (others, bounds_of(_publisher().did))):
        page = RangesPage(cursor=b"cursor", answers=[HeadSet(heads_).answer(bounds)])
        yield format_bounds(bounds).encode() + b"\n" + _json(ranges_json(page))


@target(seeds=_range_pages, bytes_max=16_384)
def head_ranges(data: bytes) -> None:
    """A line of ranges, and the answer to them: it is written as what it was read as, and can be compared with."""
    line, _, raw = data.partition(b"\n")
    asked = [parse_bounds(text) for text in text_of(line).split(" ")[:HEAD_RANGES_MAX]]
    page = read_ranges(raw, asked)
    assert read_ranges(_json(ranges_json(page)), asked) == page
    comparison = Comparison(HeadSet(head for answer in page.answers for head in answer.heads), asked)
    assert comparison.asks() == asked
    comparison.take(page.answers)


@target(
    seeds=lambda: [_json({"peers": ["https://a.example", "http://[::1]:1", "http://127.0.0.1:8417/x", 3]})]
)
def peer_lists(data: bytes) -> None:
    """Of the nodes that a peer lists there are never many, each once and in one spelling."""
    urls = read_list(data)
    assert len(set(urls)) == len(urls) <= PEERS_LISTED_MAX
    for url in urls:
        assert node_url(url) == url
        may_be_public(url)


@target(seeds=lambda: [_json({"code": "usage", "detail": "said"}), b'{"code": [{"a": 1e999}]}'])
def problems(data: bytes) -> None:
    """What a peer says of its refusal can be told."""
    code, detail = read_problem(data, "")
    TransportError("transport.status", code, found=detail)


# -- witnesses ----------------------------------------------------------------------------------------


@target("witness", seeds=lambda: [b"17\n"], bytes_max=8192)
def cosigning(data: bytes) -> None:
    """A request to cosign is written as it was read, and judged; so are the answers."""
    all_of(data, parse_size_answer, parse_signatures)
    request, checkpoint = parse_add_checkpoint(data)
    assert request.to_bytes() == data
    judge(request, checkpoint, _publisher().key.public, request.old, checkpoint.root)


@target("policies")
def witness_policies(data: bytes) -> None:
    """A policy that holds by some witnesses holds by all of them, and not later."""
    policy = parse_policy(data)
    origin, key = (policy.logs[0].origin, policy.logs[0].key) if policy.logs else ("", _ME.public)
    times = {witness.key: at for at, witness in enumerate(policy.cosigners)}
    some = policy.judge(origin, key, dict([*times.items()][::2]))
    every = policy.judge(origin, key, times)
    assert every.holds >= some.holds
    if some.since is not None:
        assert every.since is not None
        assert every.since <= some.since


# -- requests from node to node -----------------------------------------------------------------------

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
        did=publisher.did,
        origin=publisher.origin,
        note=publisher.note(),
        tip=publisher.genesis.cid,
        bodies=0,
        leaves=(0, 1),
        events=bytes(32),
    )
    yield offer_bytes(_ME.public, [item])
    yield answers_bytes([Want(start=0, bodies=0, slot="abc", leaves=(0, 1)), Have(), Later(3), refuse])
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
