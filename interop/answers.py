"""What frostnode answers to the input of a vector, area by area.

An answer is what a vector expects, or an error of frostnode.protocol.errors. The verifiers beside this
file answer the same questions and share no code with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from frostnode.protocol import checkpoint as checkpoints
from frostnode.protocol import dagjson, names, note
from frostnode.protocol.archive_check import ArchiveCheck, CheckedLog
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.duplicity import Branching, branchings
from frostnode.protocol.entry import check_body, decode_body, header_cid, parse_header, same_content
from frostnode.protocol.errors import TreeError
from frostnode.protocol.evidence import verify_evidence
from frostnode.protocol.follow import Follower
from frostnode.protocol.frames import BodyAbsent, Frame, FrameDecoder, WithheldLeaf
from frostnode.protocol.history import History
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.keys import (
    PublicKey,
    SigningKey,
    check_public_key,
    derive_seed,
    from_multibase,
    from_multikey_bytes,
    to_multibase,
    verify,
)
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from frostnode.protocol.names import Origin
from frostnode.protocol.proofs import verify_proof
from frostnode.protocol.range_proof import check_range
from frostnode.protocol.request_signature import SignatureHeaders, Target, signature_base, verify_request
from frostnode.protocol.signature_fields import (
    check_content_digest,
    parse_signature,
    parse_signature_input,
)
from frostnode.protocol.tiles import bundles_for, decode_bundle, parse_tile_path, tiles_for
from frostnode.protocol.tlog_policy import parse_policy
from frostnode.protocol.witness import judge, parse_add_checkpoint
from interop.cases.vector import hexed, octets
from interop.receiver import Receiver

Input = Mapping[str, Any]
Answer = dict[str, Any]


def encoding(given: Input) -> Answer:
    """01 encoding: values."""
    if given["what"] == "dag-json":
        return {"bytes": encode(dagjson.loads(given["text"])).hex()}
    return {"json": dagjson.dumps(decode(octets(given["bytes"]), floats=given.get("floats", True)))}


def name(given: Input) -> Answer:
    """01 encoding: names."""
    what, text = given["what"], given["text"]
    if what == "did":
        return {"genesis": str(names.genesis_of(names.parse_did(text)))}
    if what == "cid":
        return {"digest": Cid.parse(text).digest.hex()}
    if what == "origin":
        origin = names.parse_origin(text)
        return {"did": origin.did, "epoch": origin.epoch, "event": str(origin.event)}
    if what == "did-url":
        url = names.parse_did_url(text)
        return {"did": url.did, "type": url.type, "key": url.key, "cid": url.cid and str(url.cid)}
    {"type": names.check_type, "key": names.check_key}[what](text)
    return {}


def signature(given: Input) -> Answer:
    """01 encoding: keys and signatures."""
    what = given["what"]
    if what == "signature":
        key = check_public_key(octets(given["key"]))
        verify(key, octets(given["message"]), octets(given["signature"]))
        return {}
    if what == "seed":
        signer = SigningKey(octets(given["seed"]))
        return {"public": signer.public.hex(), "signature": signer.sign(octets(given["message"])).hex()}
    if what == "derive":
        return {"seed": derive_seed(octets(given["secret"]), given["label"]).hex()}
    key = (
        from_multibase(given["text"]) if what == "multibase" else from_multikey_bytes(octets(given["bytes"]))
    )
    return {"key": key.hex(), "text": to_multibase(key)}


def identity(given: Input) -> Answer:
    """02 identity."""
    history = History.empty(names.parse_did(given["did"]))
    if given["what"] == "event":
        return event(history, given)
    refused: list[str] = []
    for delivery in given["deliveries"]:
        taken = history.take([parse_signed_event(octets(raw)) for raw in delivery])
        refused += [str(cid) for cid, _ in taken.refused]
    ends = [(epoch.origin, epoch.end) for epoch in history.standing]
    return {
        "path": [str(signed.cid) for signed in history.path],
        "forked": history.forked,
        "missing": sorted(map(str, history.waiting)),
        "refused": sorted(refused),
        "epochs": [
            {"origin": origin, "end": end and {"size": end.size, "root": end.root.hex()}}
            for origin, end in ends
        ],
        "forks": list(map(branching_fields, branchings(history))),
    }


def event(history: History, given: Input) -> Answer:
    """One event below its ancestors."""
    for raw in given["ancestors"]:
        assert not history.take([parse_signed_event(octets(raw))]).refused
    signed = parse_signed_event(octets(given["event"]))
    for _, error in history.take([signed]).refused:
        raise error
    assert history.event(signed.cid)
    return {"cid": str(signed.cid), "n": signed.event.n, "kind": str(signed.event.kind)}


def header(given: Input) -> Answer:
    """03 records: headers."""
    data = octets(given["bytes"])
    parsed = parse_header(data)
    return {
        "op": str(parsed.op),
        "type": parsed.type,
        "key": parsed.key,
        "time": parsed.time,
        "body": parsed.body and str(parsed.body),
        "size": parsed.size,
        "cid": str(header_cid(data)),
        "leaf_hash": leaf_hash(data).hex(),
    }


def body(given: Input) -> Answer:
    """03 records: bodies."""
    if given["what"] == "same-content":
        return {"same": same_content(octets(given["one"]), octets(given["other"]))}
    data = octets(given["body"])
    if given["what"] == "check":
        check_body(parse_header(octets(given["header"])), data)
        return {"cid": str(Cid.of(data))}
    return {"json": dagjson.dumps(decode_body(data)), "cid": str(Cid.of(data))}


def merkle(given: Input) -> Answer:
    """04 log: the tree."""
    what, proof = given["what"], list(map(octets, given.get("proof", ())))
    if what == "root":
        leaves = [leaf_hash(octets(leaf)) for leaf in given["leaves"]]
        return {"root": EMPTY_RANGE.extend(leaves).root().hex()}
    if what == "inclusion":
        leaf, root = octets(given["leaf_hash"]), octets(given["root"])
        verify_inclusion(leaf, given["index"], given["size"], proof, root)
        return {}
    if what == "consistency":
        old_root, new_root = octets(given["old_root"]), octets(given["new_root"])
        verify_consistency(given["old"], old_root, given["new"], new_root, proof)
        return {}
    left, root = check_range(list(map(octets, given["leaf_hashes"])), given["start"], given["size"], proof)
    if root != octets(given["root"]):
        raise TreeError("tree.root", "root by a range proof", found=root, expected=given["root"])
    return {"left": [item.hex() for item in left.hashes]}


def notes(given: Input) -> Answer:
    """04 log: signed notes."""
    if given["what"] == "vkey":
        key_name, kind, key = note.parse_vkey(given["text"])
        return {"name": key_name, "type": kind, "key": key.hex()}
    parsed = note.parse_note(note_bytes(given))
    lines = [
        {"name": line.name, "key_id": line.key_id.hex(), "payload": line.payload.hex()}
        for line in parsed.signatures
    ]
    return {"text": parsed.text, "signatures": lines}


def note_bytes(given: Input) -> bytes:
    """A note as text, or as bytes where it is none."""
    return str(given["note"]).encode() if "note" in given else octets(given["bytes"])


def checkpoint(given: Input) -> Answer:
    """04 log: checkpoints."""
    key = PublicKey(octets(given["key"]))
    opened = checkpoints.open_checkpoint(note_bytes(given), Origin(given["origin"]), key)
    return {"size": opened.size, "root": opened.root.hex()}


def cosignatures(given: Input) -> Answer:
    """04 log: cosignatures."""
    return {"times": checkpoints.verify_cosignatures(note_bytes(given), keys_of(given["witnesses"]))}


def keys_of(witnesses: Mapping[str, Any]) -> dict[str, PublicKey]:
    """Witnesses by name."""
    return {witness: PublicKey(octets(key)) for witness, key in witnesses.items()}


def witness(given: Input) -> Answer:
    """04 log: requests to cosign."""
    asked, found = parse_add_checkpoint(str(given["request"]).encode())
    last = given["last"]
    judge(asked, found, PublicKey(octets(given["key"])), last["size"], octets(last["root"]))
    return {"size": found.size, "root": found.root.hex()}


def policy(given: Input) -> Answer:
    """06 proofs: policies."""
    data = str(given["policy"]).encode() if "policy" in given else octets(given["bytes"])
    cosigned = {PublicKey(octets(key)): time_s for key, time_s in given["cosigned"].items()}
    verdict = parse_policy(data).judge(given["origin"], PublicKey(octets(given["key"])), cosigned)
    return {"holds": verdict.holds, "since": verdict.since}


def tiles(given: Input) -> Answer:
    """04 log: tiles and bundles."""
    if given["what"] == "path":
        path = parse_tile_path(given["text"])
        return {"level": path.level, "n": path.n, "width": path.width}
    if given["what"] == "paths":
        return {"paths": [str(path) for path in (*bundles_for(given["size"]), *tiles_for(given["size"]))]}
    return {"leaves": [leaf.hex() for leaf in decode_bundle(octets(given["bytes"]))]}


def frames(given: Input) -> Answer:
    """05 sync: frames by themselves."""
    decoder = FrameDecoder()
    found = decoder.feed(octets(given["bytes"]))
    return {"frames": [frame_fields(frame) for frame in found], "complete": decoder.is_empty}


def frame_fields(frame: Frame) -> Answer:
    """A frame as a vector shows it."""
    kind = type(frame).__name__.removesuffix("Frame").lower()
    content = {field.name: getattr(frame, field.name) for field in fields(frame)}
    for listed in ("withheld", "items"):
        if listed in content:
            content[listed] = [as_list(item) for item in content[listed]]
    return {"kind": kind, **hexed(content)}


def as_list(item: object) -> object:
    """A withheld leaf or an absent body as the list that it was."""
    if isinstance(item, WithheldLeaf | BodyAbsent):
        return [getattr(item, field.name) for field in fields(item)]
    return item


def stream(given: Input) -> Answer:
    """05 sync: what a receiver that holds nothing takes from a stream."""
    receiver, decoder = Receiver(), FrameDecoder()
    follower = Follower(receiver)
    for frame in decoder.feed(octets(given["bytes"])):
        for action in follower.feed(frame):
            receiver.apply(action)
    held = {origin: state.held for origin, state in receiver.logs.items() if state.held.size}
    standing = [
        (state, receiver.histories[names.parse_origin(state.origin).did]) for state in receiver.logs.values()
    ]
    frozen = [
        state.origin for state, history in standing if state.standing_as(history.epoch(state.origin)).frozen
    ]
    return {
        "frozen": sorted(frozen),
        "logs": {origin: {"held": tree.size, "root": tree.root().hex()} for origin, tree in held.items()},
        "bodies": sorted(receiver.bodies),
        "complete": receiver.complete and decoder.is_empty,
    }


def request(given: Input) -> Answer:
    """05 sync: signed requests."""
    if given["what"] == "base":
        parsed = parse_signature_input(given["signature_input"])
        base = signature_base(parsed, given["values"])
        verify(PublicKey(octets(given["key"])), base, parse_signature(given["signature"], parsed.label))
        return {"base": base.decode()}
    target = Target(**{name: given[name] for name in ("method", "authority", "path", "query")})
    fields = {name: given[name] for name in ("signature_input", "signature", "content_digest")}
    found = verify_request(target, SignatureHeaders(**fields), now_s=given["now"])
    if given["content_digest"] is not None:
        check_content_digest(given["content_digest"], octets(given["body"]))
    return {
        "key": to_multibase(found.key),
        "created": found.created,
        "expires": found.expires,
        "nonce": found.nonce,
    }


def proof(given: Input) -> Answer:
    """06 proofs."""
    verified = verify_proof(octets(given["file"]), keys_of(given["witnesses"]))
    return {
        "did": verified.did,
        "url": str(verified.url),
        "op": str(verified.header.op),
        "time": verified.header.time,
        "body": verified.body is not None,
        "origin": verified.origin,
        "index": verified.index,
        "size": verified.size,
        "root": verified.root.hex(),
        "ended": verified.ended,
        "event": {"n": verified.tip_n, "cid": str(verified.tip)},
        "cosigned": dict(verified.cosigned),
        "forks": list(map(branching_fields, verified.branchings)),
    }


def branching_fields(branching: Branching) -> Answer:
    """Where a history parts, as a vector shows it."""
    cids = [str(rival.cid) for rival in branching.rivals]
    followed = branching.followed and str(branching.followed)
    return {
        "kind": str(branching.kind),
        "after": str(branching.after.cid),
        "followed": followed,
        "others": sorted(cid for cid in cids if cid != followed),
        "settled": branching.settled_by is not None,
    }


def evidence(given: Input) -> Answer:
    """04 log: evidence that an epoch was signed two ways."""
    verified = verify_evidence(octets(given["file"]))
    found = verified.found
    return {
        "did": verified.did,
        "origin": verified.origin,
        "epoch": verified.epoch,
        "key": verified.key.hex(),
        "smaller": {"size": found.smaller.size, "root": found.smaller.root.hex()},
        "larger": {"size": found.larger.size, "root": found.larger.root.hex()},
        "shown": found.shown.hex(),
    }


def archive(given: Input) -> Answer:
    """12 archives."""
    known = [Cosigner(name, key) for name, key in keys_of(given["witnesses"]).items()]
    check = ArchiveCheck(known)
    check.feed(octets(given["file"]))
    checked = check.close()
    return {
        "did": checked.did,
        "event": {"n": checked.tip_n, "cid": str(checked.tip)},
        "forked": checked.forked,
        "forks": list(map(branching_fields, checked.branchings)),
        "logs": [archived_log(log) for log in checked.logs if log.size or log.disputed],
    }


def archived_log(log: CheckedLog) -> Answer:
    """What an archive proves of a log, as a vector shows it."""
    return {
        "origin": log.origin,
        "size": log.size,
        "root": log.root.hex(),
        "settled": log.settled,
        "disputed": log.disputed,
        "headers_withheld": log.headers_withheld,
        "bodies_named": log.bodies_named,
        "bodies": log.bodies,
        "bodies_withheld": log.bodies_withheld,
        "cosigned": log.cosigned,
    }


ANSWERS: dict[str, Callable[[Input], Answer]] = {
    "archives": archive,
    "bodies": body,
    "checkpoints": checkpoint,
    "cosignatures": cosignatures,
    "encoding": encoding,
    "evidence": evidence,
    "frames": frames,
    "headers": header,
    "identity": identity,
    "merkle": merkle,
    "names": name,
    "notes": notes,
    "policies": policy,
    "proofs": proof,
    "requests": request,
    "signatures": signature,
    "streams": stream,
    "tiles": tiles,
    "witness": witness,
}
