"""Ranges of heads as JSON: what is answered, and what is read of a peer that nobody vouches for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, LogError, PeerError
from frostnode.protocol.head_ranges import Answer, Bounds, HeadItem, Range
from frostnode.protocol.limits import (
    CURSOR_BYTES_MAX,
    HEAD_RANGE_HEADS_MAX,
    HEAD_RANGE_PARTS_MAX,
    ORIGIN_BYTES_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.merkle import HASH_BYTES
from frostnode.protocol.names import Origin, parse_origin
from frostnode.replicate.cursor import cursor_text, parse_cursor_text

_LEAVES_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RangesPage:
    """What a peer answers: its cursor as of these heads, and one answer for each range that was asked for."""

    cursor: bytes
    answers: Sequence[Answer]


def format_bounds(bounds: Bounds) -> str:
    """The form in a query: low, comma, high."""
    return f"{bounds.low},{bounds.high}"


def parse_bounds(text: str) -> Bounds:
    """Read the form in a query.

    Raises:
        LocalError: usage
    """
    low, comma, high = text.partition(",")
    fine = comma and text.isascii() and max(len(low), len(high)) <= ORIGIN_BYTES_MAX
    if not fine or "," in high or (high and high <= low):
        raise LocalError("usage", "parameter range", found=text, expected="LOW,HIGH in order")
    return Bounds(low, high)


def ranges_json(page: RangesPage) -> dict[str, Any]:
    """The page as a JSON value."""
    return {"cursor": cursor_text(page.cursor), "ranges": [_answer_json(answer) for answer in page.answers]}


def _answer_json(answer: Answer) -> dict[str, Any]:
    about = {"low": answer.bounds.low, "high": answer.bounds.high}
    if answer.parts:
        return {**about, "parts": [_range_json(part) for part in answer.parts]}
    return {**about, "heads": [_head_json(head) for head in answer.heads]}


def _range_json(part: Range) -> dict[str, Any]:
    return {
        "high": part.bounds.high,
        "count": part.count,
        "leaves": part.leaves,
        "fingerprint": part.fingerprint.hex(),
    }


def _head_json(head: HeadItem) -> dict[str, Any]:
    return {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "tip": str(head.tip),
        "forked": head.forked,
        "disputed": head.disputed,
    }


def read_ranges(raw: bytes, asked: Sequence[Bounds]) -> RangesPage:
    """Read the page that answers `asked`.

    Raises:
        LogError: heads.malformed
    """
    try:
        page = json.loads(raw)
        if not isinstance(page, dict):
            raise _malformed("page of ranges", type(page).__name__, "an object")
        return RangesPage(
            cursor=_cursor(page.get("cursor")), answers=_answers(_items(page, "ranges", len(asked)), asked)
        )
    except (ValueError, RecursionError) as error:
        raise LogError("heads.malformed", "page of ranges is not JSON") from error


def _cursor(text: Any) -> bytes:
    try:
        cursor = parse_cursor_text(text if isinstance(text, str) else "!")
    except LocalError as error:
        raise _malformed("cursor of ranges", text, "base64url") from error
    if len(cursor) > CURSOR_BYTES_MAX:
        raise _malformed("cursor of ranges", f"{len(cursor)} bytes", f"≤ {CURSOR_BYTES_MAX}")
    return cursor


def _answers(items: Sequence[Mapping[str, Any]], asked: Sequence[Bounds]) -> list[Answer]:
    if len(items) != len(asked):
        raise _malformed("ranges of heads", len(items), f"{len(asked)} that were asked for")
    return [_answer(item, bounds) for item, bounds in zip(items, asked, strict=True)]


def _answer(item: Mapping[str, Any], bounds: Bounds) -> Answer:
    found = Bounds(_text(item, "low"), _text(item, "high"))
    if found != bounds:
        raise _malformed("range of heads", found, bounds)
    if "parts" in item:
        return Answer(bounds=bounds, parts=_parts(_items(item, "parts", HEAD_RANGE_PARTS_MAX), bounds))
    heads = [_head(head) for head in _items(item, "heads", HEAD_RANGE_HEADS_MAX)]
    origins = [head.origin for head in heads]
    if sorted(set(origins)) != origins or not all(origin in bounds for origin in origins):
        raise _malformed(f"heads of {bounds}", "others, or out of order", "those between the bounds")
    return Answer(bounds=bounds, heads=heads)


def _parts(items: Sequence[Mapping[str, Any]], bounds: Bounds) -> list[Range]:
    """Parts that cover the range without gap, each smaller than it."""
    parts: list[Range] = []
    low = bounds.low
    for at, item in enumerate(items, 1):
        high = _text(item, "high")
        is_last = at == len(items)
        if (high != bounds.high) if is_last else (high <= low or (bounds.high and high >= bounds.high)):
            raise _malformed(f"parts of {bounds}", high, "an ascending cover")
        parts.append(
            Range(
                bounds=Bounds(low, high),
                count=_number(item, "count", TREE_SIZE_MAX),
                leaves=_number(item, "leaves", _LEAVES_MAX),
                fingerprint=_hash(item, "fingerprint"),
            )
        )
        low = high
    if len(parts) < 2:
        raise _malformed(f"parts of {bounds}", len(parts), "two or more")
    return parts


def _head(item: Mapping[str, Any]) -> HeadItem:
    try:
        origin = _text(item, "origin")
        parse_origin(origin)
        size = _number(item, "size", TREE_SIZE_MAX)
        return HeadItem(
            origin=Origin(origin),
            size=size,
            root=_hash(item, "root") if size else b"",
            tip=Cid.parse(_text(item, "tip")),
            forked=_flag(item, "forked"),
            disputed=_flag(item, "disputed"),
        )
    except PeerError as error:
        raise _malformed(f"head in a range: {error}", None, None) from error


def _items(page: Mapping[str, Any], name: str, count_max: int) -> Sequence[Mapping[str, Any]]:
    items = page.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _malformed(f"{name} of heads", type(items).__name__, "a list of objects")
    if len(items) > count_max:
        raise _malformed(f"{name} of heads", len(items), f"≤ {count_max}")
    return items


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.isascii() or len(value) > ORIGIN_BYTES_MAX:
        raise _malformed(f"{name} in a range", value, f"at most {ORIGIN_BYTES_MAX} characters")
    return value


def _number(item: Mapping[str, Any], name: str, value_max: int) -> int:
    value = item.get(name)
    if type(value) is not int or not 0 <= value <= value_max:
        raise _malformed(f"{name} in a range", value, f"0 to {value_max}")
    return value


def _flag(item: Mapping[str, Any], name: str) -> bool:
    value = item.get(name)
    if not isinstance(value, bool):
        raise _malformed(f"{name} of a head", value, "true or false")
    return value


def _hash(item: Mapping[str, Any], name: str) -> bytes:
    text = _text(item, name)
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise _malformed(f"{name} in a range", text, "hex") from error
    if value.hex() != text or len(value) != HASH_BYTES:
        raise _malformed(f"{name} in a range", text, f"{HASH_BYTES} bytes of hex")
    return value


def _malformed(what: str, found: object, expected: object) -> LogError:
    return LogError("heads.malformed", what, found=found, expected=expected)
