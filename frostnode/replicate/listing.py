"""Read the pages of heads and of what is withheld: JSON of a source that nobody vouches for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import REASON_CHARS_MAX
from frostnode.protocol.names import Did, Origin, parse_origin

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """What a source says of one log. `note` None: the end of the epoch stands for it."""

    did: Did
    origin: Origin
    note: bytes | None
    tip: Cid | None
    disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldLine:
    """A leaf or body that a source does not give out, and why."""

    origin: str
    index: int
    reason: str


def read_heads(raw: bytes, number: int) -> tuple[list[HeadLine], int | None]:
    """The lines of a page of heads, and the number of the next page.

    Raises:
        LogError: heads.malformed
    """
    return _read_page(raw, "heads", number, _head)


def read_withheld(raw: bytes, number: int) -> tuple[list[WithheldLine], int | None]:
    """The lines of a page of what is withheld, and the number of the next page.

    Raises:
        LogError: heads.malformed
    """
    lines, following = _read_page(raw, "withheld", number, _withheld)
    return [line for line in lines if line is not None], following


def _read_page(
    raw: bytes, name: str, number: int, read: Callable[[dict[str, Any]], T]
) -> tuple[list[T], int | None]:
    page = read_object(raw) or {}
    items = page.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise LogError("heads.malformed", f"page {number} of {name}", expected=f"{{{name}: […], next}}")
    following = page.get("next")
    if following is not None and (type(following) is not int or following <= number):
        raise LogError(
            "heads.malformed", f"page after {number} of {name}", found=following, expected=f"> {number}"
        )
    return [read(item) for item in items], following


def _head(item: dict[str, Any]) -> HeadLine:
    try:
        did = parse_origin(_text(item, "origin")).did
        note, tip = _text_or_none(item, "checkpoint"), _text_or_none(item, "tip")
        if item.get("did") != did:
            raise LogError("heads.malformed", "publisher of a head", found=item.get("did"), expected=did)
        return HeadLine(
            did=did,
            origin=Origin(item["origin"]),
            note=None if note is None else note.encode(),
            tip=None if tip is None else Cid.parse(tip),
            disputed=item.get("disputed") is True,
        )
    except (PeerError, UnicodeEncodeError) as error:
        raise LogError("heads.malformed", f"line of a head: {error}") from error


def _withheld(item: dict[str, Any]) -> WithheldLine | None:
    """One line; None for one of another kind: whom the source blocks, and what it may come to withhold."""
    if item.get("kind") not in ("body", "header"):
        return None
    index, reason = item.get("index"), _text(item, "reason")
    if type(index) is not int:
        raise LogError("heads.malformed", "index of what is withheld", found=index, expected="a number")
    return WithheldLine(origin=_text(item, "origin"), index=index, reason=_shown(reason))


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str):
        raise LogError("heads.malformed", f"{name!r} of a line", found=type(value).__name__, expected="text")
    return value


def _text_or_none(item: dict[str, Any], name: str) -> str | None:
    return None if item.get(name) is None else _text(item, name)


def _shown(reason: str) -> str:
    """A reason as frames may carry it: JSON can say half of a character, a store and a page cannot."""
    return reason[:REASON_CHARS_MAX].encode("utf-8", "replace").decode("utf-8")
