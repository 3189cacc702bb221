"""The witness over HTTP: the paths and status codes of C2SP tlog-witness, and requests that are none."""

import pytest

from frostnode.protocol.checkpoint import cosigned_at
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import (
    ADD_CHECKPOINT_BYTES_MAX,
    COSIGN_INTERVAL_S,
    REQUEST_BODY_TIMEOUT_S,
)
from frostnode.protocol.merkle import consistency_proof
from frostnode.protocol.note import parse_note, parse_signatures
from frostnode.protocol.witness import AddCheckpoint, origin_digest
from frostnode.testing.memory_publisher import MemoryPublisher

PATH = "/frost/witness/add-checkpoint"


def body(source, old=0, size=None, note=None, proof=None):
    size = len(source.leaves) if size is None else size
    path = consistency_proof(old, size, source.node) if 0 < old < size else []
    return AddCheckpoint(
        old=old, proof=tuple(path if proof is None else proof), note=note or source.note(size)
    ).to_bytes()


def carried(node, count=3):
    return node.publish(*[("dataset", f"key-{at}", {"title": f"Title {at}"}) for at in range(count)])


def static_path(source):
    return f"/frost/witness/{origin_digest(source.origin).hex()}/checkpoint"


async def test_a_checkpoint_is_cosigned(node):
    source = carried(node)
    answer = await node.ask(PATH, "POST", body=body(source))
    assert answer.status == 200
    (line,) = parse_signatures(answer.body)
    witness = node.parts.witness.cosigner
    assert (line.name, line.key_id) == witness.line_key
    note = parse_note(source.note()).with_signatures([line])
    assert cosigned_at(note, witness.name, witness.key) == node.clock.now_ms() // 1000


async def test_the_last_one_is_served_on_the_static_path_and_named_by_the_node(node):
    source = carried(node)
    assert (await node.ask(static_path(source))).status == 404
    answer = await node.ask(PATH, "POST", body=body(source))
    served = await node.ask(static_path(source))
    assert served.status == 200
    assert served.headers["content-type"] == "text/plain; charset=utf-8"
    assert served.body == source.note() + answer.body


async def test_another_old_size_is_a_conflict_that_says_the_right_one(node):
    source = carried(node)
    await node.ask(PATH, "POST", body=body(source))
    answer = await node.ask(PATH, "POST", body=body(source, old=2))
    assert (answer.status, answer.body) == (409, b"3\n")
    assert answer.headers["content-type"].startswith("text/x.tlog.size")
    assert (await node.ask(PATH, "POST", body=body(source, old=3))).status == 200


@pytest.mark.parametrize(
    ("status", "code", "data"),
    [
        (400, "witness.malformed", lambda source: b""),
        (400, "witness.malformed", lambda source: b"old 1\n\n" + source.note(0)),
        (400, "witness.malformed", lambda source: body(source)[:-1]),
        (404, "witness.unknown", lambda source: body(MemoryPublisher("stranger"))),
        (
            403,
            "witness.signature",
            lambda source: body(source, note=source.note().replace(source.origin.encode() + b" ", b"x ")),
        ),
        (
            403,
            "witness.signature",
            lambda source: body(source, note=source.note(2).replace(b"\n2\n", b"\n3\n")),
        ),
        (422, "tree.proof", lambda source: body(source, proof=[bytes(32)])),
        (503, "witness.ahead", lambda source: source.put("more", {"title": "more"}) and body(source)),
    ],
    ids=["nothing", "old above", "unfinished", "stranger", "no line", "line fails", "proof", "ahead"],
)
async def test_what_is_refused_has_its_status(node, status, code, data):
    source = carried(node)
    answer = await node.ask(PATH, "POST", body=data(source))
    assert (answer.status, answer.code) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert node.parts.witness.last(source.origin) is None


async def test_another_root_at_the_size_that_was_cosigned_is_unprocessable(node):
    source = carried(node)
    await node.ask(PATH, "POST", body=body(source))
    twin = MemoryPublisher("publisher")
    for at in range(3):
        twin.put(f"other-{at}", {"title": "other"})
    answer = await node.ask(PATH, "POST", body=body(twin, old=3))
    assert (answer.status, answer.code) == (422, "tree.root")


async def test_too_soon_is_told_with_the_time_to_wait(node):
    source = carried(node)
    await node.ask(PATH, "POST", body=body(source))
    start = len(source.leaves)
    source.put("more", {"title": "more"})
    node.clock.set_ms(node.clock.now_ms() - 60_000)  # `take` lets a minute pass
    node.parts.witnessing._resting[source.origin] = node.clock.monotonic_s() + 61
    node.take(*list(source.stream(start)))
    answer = await node.ask(PATH, "POST", body=body(source, old=3))
    assert (answer.status, answer.code) == (429, "witness.early")
    assert answer.headers["retry-after"] == str(COSIGN_INTERVAL_S)


async def test_a_request_above_the_limit_is_not_read(node):
    limit = b"x" * ADD_CHECKPOINT_BYTES_MAX
    assert (await node.ask(PATH, "POST", body=limit)).status == 400
    answer = await node.ask(PATH, "POST", body=limit + b"x")
    assert (answer.status, answer.code) == (413, "request.too-large")


async def test_an_endless_request_is_not_read(node, autojump_clock):
    answer = await node.ask(PATH, "POST", body=[b"x" * 16_384] * 1000)
    assert (answer.status, answer.code) == (413, "request.too-large")


async def test_a_byte_a_second_is_not_waited_for(node, autojump_clock):
    answer = await node.ask(PATH, "POST", body=[b"x"] * 10 * REQUEST_BODY_TIMEOUT_S)
    assert (answer.status, answer.code) == (408, "request.too-slow")


@pytest.mark.parametrize("digest", ["0" * 63, "0" * 65, "0" * 63 + "g", "A" * 64, "\u0660" * 64])
async def test_what_is_no_digest_names_nothing(node, digest):
    answer = await node.ask(f"/frost/witness/{digest}/checkpoint")
    assert (answer.status, answer.code) == (404, "record.not-found")


async def test_reading_is_not_asking(node):
    assert (await node.ask(PATH)).status in (404, 405)
    assert (await node.ask(static_path(MemoryPublisher("p")), "POST")).status == 405


def test_the_name_of_a_witness_is_its_key(node):
    name = node.parts.witness.cosigner.name
    assert name.startswith("frost-witness/z6Mk")
    assert node.parts.witness.cosigner.key == SigningKey(b"witness".ljust(32)).public
