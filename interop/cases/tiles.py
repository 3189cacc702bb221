"""Vectors of 04 log: tile paths and entry bundles."""

from typing import Any

from interop.cases.vector import Vector, Vectors

SPEC = "04-log.md#tiles-and-bundles"
VALID_PATHS = [
    ("path-of-a-tile", "A full tile.", "tile/0/005"),
    ("path-of-a-partial-tile", "Its width in hashes.", "tile/0/x001/234.p/5"),
    ("path-of-a-bundle", "Of entries.", "tile/entries/x001/x234/067"),
    ("path-of-a-partial-bundle", "Its width in entries.", "tile/entries/000.p/255"),
    ("path-at-1000", "A group more.", "tile/1/x001/000"),
    ("path-of-the-highest-level", "Beyond level 5 there is one tile.", "tile/6/000.p/31"),
    ("path-of-the-last-bundle", "Of a tree of 2^53 - 1.", "tile/entries/x035/x184/x372/x088/831.p/255"),
]
INVALID_PATHS = [
    ("path-without-groups", "three digits each", "tile/0/5"),
    ("path-with-leading-group", "one spelling", "tile/0/x000/005"),
    ("path-group-without-x", "all but the last", "tile/0/001/234"),
    ("path-last-group-with-x", "all but the last", "tile/0/x001"),
    ("path-width-0", "no empty tile is served", "tile/0/000.p/0"),
    ("path-width-256", "a full tile has no width", "tile/0/000.p/256"),
    ("path-width-with-zero", "one spelling", "tile/0/000.p/05"),
    ("path-level-with-zero", "one spelling", "tile/00/000"),
    ("path-level-64", "level 63 is the last", "tile/64/000"),
    ("path-negative", "no sign", "tile/-1/000"),
    ("path-beyond-any-tree", "2^53 leaves", "tile/entries/x035/x184/x372/x088/831"),
    ("path-level-beyond-any-tree", "no tree has such a tile", "tile/7/000"),
    ("path-of-go-sumdb", "with the height of tiles", "tile/8/0/x001/x234/067"),
    ("path-of-data", "entries are called so elsewhere", "tile/data/000"),
    ("path-with-a-dot-segment", "no climbing", "tile/entries/../000"),
    ("path-with-a-line-end", "nothing behind it", "tile/0/000\n"),
    ("path-with-other-digits", "digits of ASCII", "tile/0/\u0660\u0660\u0660"),
]
VALID_BUNDLES: list[tuple[str, str, Any]] = [
    ("bundle-of-two", "uint16be(length) || leaf.", "0002aabb" + "0001cc"),
    ("bundle-empty", "No leaves.", ""),
    ("bundle-with-a-slot-withheld", "Length zero.", "0001aa" + "0000" + "0001bb"),
    ("bundle-full", "256 leaves.", [["0001aa", 256]]),
    ("bundle-with-a-long-leaf", "512 bytes.", [["0200", 1], ["ee", 512]]),
]
INVALID_BUNDLES: list[tuple[str, str, Any]] = [
    ("bundle-ends-inside-a-length", "one byte", "0001aa00"),
    ("bundle-ends-inside-a-leaf", "a byte is missing", "0002aabb0002cc"),
    ("bundle-of-257", "one leaf too many", [["0001aa", 257]]),
    ("bundle-little-endian", "the length the other way round", "0200aabb"),
    ("bundle-of-257-empty", "also when they are empty", [["0000", 257]]),
]


def vectors() -> Vectors:
    """All of the area."""
    for name, about, text in VALID_PATHS:
        yield Vector(area="tiles", name=name, about=about, spec=SPEC, input={"what": "path", "text": text})
    for name, about, text in INVALID_PATHS:
        given = {"what": "path", "text": text}
        yield Vector(area="tiles", name=name, about=about, spec=SPEC, input=given, error="tile.path")
    for size in (0, 1, 255, 256, 257, 600, 65_792):
        about = f"All bundles and tiles of {size:,} leaves."
        all_of = {"what": "paths", "size": size}
        yield Vector(area="tiles", name=f"paths-of-{size}", about=about, spec=SPEC, input=all_of)
    for name, about, data in VALID_BUNDLES:
        yield Vector(area="tiles", name=name, about=about, spec=SPEC, input={"what": "bundle", "bytes": data})
    for name, about, data in INVALID_BUNDLES:
        given = {"what": "bundle", "bytes": data}
        yield Vector(area="tiles", name=name, about=about, spec=SPEC, input=given, error="tile.malformed")
