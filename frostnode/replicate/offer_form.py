"""Offers, answers and leases between JSON and values (spec/05-sync.md#offers).

Pure. What is read here was written by somebody that nobody vouches for: whatever is not of the stated form
is refused with `offer.malformed`, but fields that are not known are passed over.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LogError, PeerError, brief
from frostnode.protocol.json_object import read_object
from frostnode.protocol.keys import PublicKey, to_multibase
from frostnode.protocol.limits import (
    LEASE_S_MAX,
    NODE_URL_BYTES_MAX,
    NOTE_BYTES_MAX,
    OFFER_ITEMS_MAX,
    OFFER_LATER_S_MAX,
    REASON_CHARS_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.names import Did, Origin, parse_origin

_SLOT_CHARS_MAX: Final = 64
_CODE_CHARS_MAX: Final = 64
_SPAN_ENDS: Final = 2
_DIGEST: Final = re.compile("[0-9a-f]{64}")

T = TypeVar("T")

Span: TypeAlias = tuple[int, int]
"""Leaves from the first to the second, which is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One log that its sender can prove: as in the pages of heads, a `note` of None is the end of the epoch.

    `bodies` is set where bodies of leaves from there on came later than the leaves, `leaves`, [first, behind the last), where
    leaves came that its sender had as hashes alone. `events` names all events that its sender keeps, where more are kept than
    count (`History.events_digest`); `disputed` says that it has evidence against the epoch. A take begins with both.
    """

    did: Did
    origin: Origin
    note: bytes | None
    tip: Cid
    bodies: int | None = None
    leaves: Span | None = None
    events: bytes | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Send the frames of the log to this slot: `leaves` with their bodies, then leaves from `start`, bodies from `bodies` on."""

    start: int
    bodies: int
    slot: str
    leaves: Span | None = None


@dataclass(frozen=True, slots=True)
class Have:
    """There is nothing in it for me."""


@dataclass(frozen=True, slots=True)
class Later:
    """Somebody else is sending it, or too much is under way: ask again in so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """I do not take this log: a code of the error registry, and why."""

    code: str
    reason: str


Answer: TypeAlias = Want | Have | Later | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a take: so many leaves are held now; `refused` when nothing more of the log is taken."""

    size: int
    refused: Refuse | None


# -- offers -------------------------------------------------------------------------------------------


def offer_bytes(to: PublicKey, items: Sequence[Offered]) -> bytes:
    """Write an offer to one node."""
    return _json({"to": to_multibase(to), "items": [offered_json(item) for item in items]})


def offered_json(item: Offered) -> dict[str, Any]:
    """One item of an offer."""
    made: dict[str, Any] = {
        "origin": item.origin,
        "checkpoint": None if item.note is None else item.note.decode(),
        "tip": str(item.tip),
    }
    if item.bodies is not None:
        made["bodies"] = item.bodies
    if item.leaves is not None:
        made["leaves"] = item.leaves
    if item.events is not None:
        made["events"] = item.events.hex()
    if item.disputed:
        made["disputed"] = True
    return made


def read_offer(raw: bytes, me: PublicKey) -> list[Offered]:
    """Read an offer that is for this node.

    Raises:
        LogError: offer.malformed
    """
    said = _object(raw, me)
    items = _list(said, "items", OFFER_ITEMS_MAX)
    offered = [_offered(item) for item in items]
    if len({item.origin for item in offered}) < len(offered):
        raise _malformed("items of an offer", "a log twice", "each once")
    return offered


def _offered(item: dict[str, Any]) -> Offered:
    try:
        origin = _text(item, "origin", NOTE_BYTES_MAX)
        did = parse_origin(origin).did
        tip = Cid.parse(_text(item, "tip", NOTE_BYTES_MAX))
        note = None if item.get("checkpoint") is None else _text(item, "checkpoint", NOTE_BYTES_MAX).encode()
    except UnicodeEncodeError as error:
        raise _malformed("checkpoint of an offer", error.reason, "UTF-8") from error
    except PeerError as error:
        raise LogError("offer.malformed", f"item of an offer: {error}") from error
    bodies = None if item.get("bodies") is None else _number(item, "bodies", TREE_SIZE_MAX)
    disputed = item.get("disputed", False)
    if not isinstance(disputed, bool):
        raise _malformed("disputed", brief(disputed), "true or false")
    return Offered(
        did=did,
        origin=Origin(origin),
        note=note,
        tip=tip,
        bodies=bodies,
        leaves=_span(item, "leaves"),
        events=_digest(item, "events"),
        disputed=disputed,
    )


# -- answers ------------------------------------------------------------------------------------------


def answers_bytes(answers: Sequence[Answer]) -> bytes:
    """Write the answers to an offer, in its order."""
    return _json({"answers": [_answer_json(answer) for answer in answers]})


def _answer_json(answer: Answer) -> dict[str, Any]:
    match answer:
        case Want():
            made = {"answer": "want", "from": answer.start, "bodies": answer.bodies, "slot": answer.slot}
            return made if answer.leaves is None else {**made, "leaves": answer.leaves}
        case Have():
            return {"answer": "have"}
        case Later():
            return {"answer": "later", "seconds": answer.seconds}
        case Refuse():
            return {"answer": "refuse", **_refuse_json(answer)}


def _refuse_json(answer: Refuse) -> dict[str, Any]:
    return {"code": answer.code, "reason": answer.reason[:REASON_CHARS_MAX]}


def read_answers(raw: bytes, count: int) -> list[Answer]:
    """Read the answers to an offer of `count` items.

    Raises:
        LogError: offer.malformed
    """
    answers = [_answer(item) for item in _list(_object(raw), "answers", OFFER_ITEMS_MAX)]
    if len(answers) != count:
        raise _malformed("answers to an offer", len(answers), count)
    return answers


def _answer(item: dict[str, Any]) -> Answer:
    what = item.get("answer")
    if what == "want":
        slot = _text(item, "slot", _SLOT_CHARS_MAX)
        if not (slot.isascii() and slot.isalnum()):
            raise _malformed("slot", slot, "letters and digits")
        start, bodies = (_number(item, name, TREE_SIZE_MAX) for name in ("from", "bodies"))
        return Want(start=start, bodies=bodies, slot=slot, leaves=_span(item, "leaves"))
    if what == "have":
        return Have()
    if what == "later":
        return Later(min(_number(item, "seconds", TREE_SIZE_MAX), OFFER_LATER_S_MAX))
    if what == "refuse":
        return _refuse(item)
    raise _malformed("answer", what, "want, have, later or refuse")


def _refuse(item: dict[str, Any]) -> Refuse:
    """Text of a stranger, for people to read."""
    code, reason = _text(item, "code", _CODE_CHARS_MAX), _text(item, "reason", REASON_CHARS_MAX)
    return Refuse(brief(code), "".join(char if char.isprintable() else "\ufffd" for char in reason))


# -- takes --------------------------------------------------------------------------------------------


def taken_bytes(taken: Taken) -> bytes:
    """Write what came of a take."""
    refused = None if taken.refused is None else _refuse_json(taken.refused)
    return _json({"size": taken.size, "refused": refused})


def read_taken(raw: bytes) -> Taken:
    """Read what came of a take.

    Raises:
        LogError: offer.malformed
    """
    said = _object(raw)
    refused = said.get("refused")
    if refused is not None and not isinstance(refused, dict):
        raise _malformed("refusal", type(refused).__name__, "an object or null")
    return Taken(
        size=_number(said, "size", TREE_SIZE_MAX), refused=None if refused is None else _refuse(refused)
    )


# -- leases -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseAsked:
    """Push to the node at `url` for so many seconds; 0 ends it."""

    url: str
    seconds: int


def lease_bytes(to: PublicKey, asked: LeaseAsked) -> bytes:
    """Write the request for a lease."""
    return _json({"to": to_multibase(to), "url": asked.url, "seconds": asked.seconds})


def read_lease(raw: bytes, me: PublicKey) -> LeaseAsked:
    """Read a request for a lease that is for this node.

    Raises:
        LogError: offer.malformed
    """
    said = _object(raw, me)
    return LeaseAsked(
        url=_text(said, "url", NODE_URL_BYTES_MAX), seconds=_number(said, "seconds", LEASE_S_MAX)
    )


def leased_bytes(seconds: int) -> bytes:
    """Write for how long a lease was given."""
    return _json({"seconds": seconds})


def read_leased(raw: bytes) -> int:
    """Read for how many seconds a lease was given.

    Raises:
        LogError: offer.malformed
    """
    return _number(_object(raw), "seconds", LEASE_S_MAX)


# -- JSON ---------------------------------------------------------------------------------------------


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(raw: bytes, me: PublicKey | None = None) -> dict[str, Any]:
    """A JSON object; one that says to whom it is said must be for this node, or anybody could pass it on."""
    said = read_object(raw)
    if said is None:
        raise LogError("offer.malformed", "no JSON object")
    if me is not None and said.get("to") != to_multibase(me):
        raise _malformed("node that is spoken to", said.get("to"), to_multibase(me))
    return said


def _list(said: dict[str, Any], name: str, count_max: int) -> list[dict[str, Any]]:
    items = said.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _malformed(name, type(items).__name__, "a list of objects")
    if len(items) > count_max:
        raise _malformed(name, len(items), f"≤ {count_max}")
    return items


def _text(item: dict[str, Any], name: str, bytes_max: int) -> str:
    value = item.get(name)
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > bytes_max:
        raise _malformed(name, brief(value), f"text of at most {bytes_max} bytes")
    return value


def _number(item: dict[str, Any], name: str, maximum: int) -> int:
    value = item.get(name)
    if type(value) is not int or not 0 <= value <= maximum:
        raise _malformed(name, brief(value), f"0 to {maximum}")
    return value


def _span(item: dict[str, Any], name: str) -> Span | None:
    value = item.get(name)
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) != _SPAN_ENDS
        or not all(type(end) is int for end in value)
        or not 0 <= value[0] < value[1] <= TREE_SIZE_MAX
    ):
        raise _malformed(name, brief(value), f"two numbers, 0 to {TREE_SIZE_MAX}, the second larger")
    return value[0], value[1]


def _digest(item: dict[str, Any], name: str) -> bytes | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise _malformed(name, brief(value), "64 hexadecimal digits in lower case")
    return bytes.fromhex(value)


def _malformed(what: str, found: object, expected: object) -> LogError:
    return LogError("offer.malformed", what, found=found, expected=expected)
