"""The examples of spec/05-sync.md: a stream that a follower takes, and a signed offer of the same log."""

import json
import re
from pathlib import Path

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.follow import Follower
from frostnode.protocol.follow_actions import Advance, Finished, TakeBodies, TakeEntries, TakeEvents
from frostnode.protocol.frames import FrameDecoder
from frostnode.protocol.keys import from_multibase
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.request_signature import SignatureHeaders, Target, verify_request
from frostnode.protocol.signature_fields import check_content_digest
from frostnode.protocol.tiles import decode_bundle
from frostnode.replicate.offer_form import Want, read_answers, read_offer

SPEC = Path(__file__).parents[2] / "spec" / "05-sync.md"


class Nothing:
    """A receiver that holds nothing."""

    def history(self, did: Did) -> None:
        return None

    def log(self, origin: Origin) -> None:
        return None

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        """Nobody has vouched."""
        return {}

    def leaf(self, origin: Origin, index: int) -> None:
        return None

    def tree(self, origin: Origin, size: int) -> CompactRange:
        return EMPTY_RANGE


def test_the_example_is_followed():
    found = re.search(r"```json example\n(.*?)```", SPEC.read_text("utf-8"), re.DOTALL)
    example = json.loads(found.group(1))
    decoder, follower = FrameDecoder(), Follower(Nothing())
    actions = [
        action
        for item in example["frames"]
        for frame in decoder.feed(bytes.fromhex(item["bytes"]))
        for action in follower.feed(frame)
    ]
    events, entries, bodies, advance, finished = actions
    assert isinstance(events, TakeEvents)
    assert events.did == example["did"]
    assert isinstance(entries, TakeEntries)
    assert (entries.origin, entries.served) == (example["origin"], example["size"])
    assert entries.growth.after.root().hex() == example["root"]
    headers = [read_leaf(leaf) for leaf in decode_bundle(entries.growth.bundle)]
    assert [header.key if header else None for header in headers] == example["keys"]
    assert isinstance(bodies, TakeBodies)
    assert [str(Cid.from_digest(digest)) for digest, _ in bodies.bodies] == example["bodies"]
    assert all(Cid.of(body).digest == digest for digest, body in bodies.bodies)
    assert advance == Advance(cursor=bytes.fromhex(example["cursor"]))
    assert finished == Finished(complete=True, reason="end.complete")


def test_the_offer_is_signed_and_read():
    text = SPEC.read_text("utf-8")
    stream = json.loads(re.search(r"```json example\n(.*?)```", text, re.DOTALL)[1])
    example = json.loads(re.search(r"```json example offer\n(.*?)```", text, re.DOTALL)[1])
    fields = {name.replace("-", "_"): value for name, value in example["headers"].items()}
    target = Target(**{name: example[name] for name in ("method", "authority", "path", "query")})
    body = example["body"].encode()
    verify_request(target, SignatureHeaders(**fields), now_s=example["now"])
    check_content_digest(example["headers"]["content-digest"], body)
    (item,) = read_offer(body, from_multibase(json.loads(body)["to"]))
    assert (item.did, item.origin) == (stream["did"], stream["origin"])
    (answer,) = read_answers(example["answer"].encode(), 1)
    assert isinstance(answer, Want)
    assert (answer.start, answer.bodies) == (0, 0)
