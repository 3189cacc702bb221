"""The logo of a view: a picture that can do nothing but be seen, and whose size is known before it is there.

PNG as it is; SVG without scripts, without anything from elsewhere, and without what a parser would have to expand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import VIEW_LOGO_BYTES_MAX

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD_BYTES: Final = 24
_SVG: Final = "{http://www.w3.org/2000/svg}"
_NOT_DRAWN: Final = frozenset({"script", "foreignObject", "iframe", "audio", "video", "handler", "listener"})
_NUMBER: Final = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]{1,9})?)(?:px)?\s*")
_IN_ITSELF: Final = re.compile(r"#|data:image/(?:png|jpeg);", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"@import|expression|url\(\s*['\"]?(?!#)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture, its kind (`png`, `svg`), and the shape that it is drawn in."""

    content: bytes
    kind: str
    width: float
    height: float


def read_logo(path: Path) -> Logo:
    """The picture in a file.

    Raises:
        LocalError: input.unreadable
    """
    try:
        with path.open("rb") as file:
            content = file.read(VIEW_LOGO_BYTES_MAX + 1)
    except OSError as error:
        raise LocalError("input.unreadable", f"logo {path}: {error.strerror}") from error
    if len(content) > VIEW_LOGO_BYTES_MAX:
        raise _wrong(path, "more", f"at most {VIEW_LOGO_BYTES_MAX} bytes")
    if content.startswith(_PNG):
        return _png(path, content)
    return _svg(path, content)


def _png(path: Path, content: bytes) -> Logo:
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
    if len(content) < _PNG_HEAD_BYTES or content[12:16] != b"IHDR" or not width or not height:
        raise _wrong(path, "a PNG without a head", "a PNG or an SVG")
    return Logo(content=content, kind="png", width=width, height=height)


def _svg(path: Path, content: bytes) -> Logo:
    lowered = content.lower()
    if b"<!doctype" in lowered or b"<!entity" in lowered or b"<?xml-stylesheet" in lowered:
        raise _wrong(path, "a document type or style sheet of XML", "an SVG without")
    try:
        root = ET.fromstring(content.decode())  # noqa: S314 - without a document type there is nothing to expand
    except (ET.ParseError, ValueError) as error:
        raise _wrong(path, "something else", "a PNG or an SVG in UTF-8") from error
    if root.tag != f"{_SVG}svg":
        raise _wrong(path, root.tag, "a PNG or an SVG")
    for element in root.iter():
        for fault in _faults(element):
            raise _wrong(path, fault, "an SVG that is drawn, and does nothing")
    width, height = _shape(root)
    if not width or not height:
        raise _wrong(path, "an SVG without a size", "one with a viewBox, or a width and height")
    return Logo(content=content, kind="svg", width=width, height=height)


def _faults(element: ET.Element) -> Iterator[str]:
    """What an element has that a picture does not need."""
    name = element.tag.rpartition("}")[2]
    if name in _NOT_DRAWN:
        yield f"<{name}>"
    if name == "style" and _ELSEWHERE.search(element.text or ""):
        yield "a style from elsewhere"
    for attribute, value in element.attrib.items():
        bare = attribute.rpartition("}")[2].lower()
        if bare.startswith("on"):
            yield f"the attribute {bare}"
        if bare in ("href", "src") and not _IN_ITSELF.match(value.strip()):
            yield f"the address {value}"
        if bare not in ("href", "src") and _ELSEWHERE.search(value):
            yield f"{bare} with an address"


def _shape(root: ET.Element) -> tuple[float, float]:
    box = root.get("viewBox", "").replace(",", " ").split()
    said = box[2:] if len(box) == 4 else [root.get("width", ""), root.get("height", "")]
    width, height = (float(found[1]) if (found := _NUMBER.fullmatch(text)) else 0.0 for text in said)
    return width, height


def _wrong(path: Path, found: str, expected: str) -> LocalError:
    return LocalError("input.unreadable", f"logo {path}", found=found, expected=expected)
