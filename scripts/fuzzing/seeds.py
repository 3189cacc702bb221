"""What fuzzing begins with: the inputs of the test vectors, as text and as the bytes that they are in hex."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[2] / "interop" / "vectors"


def vectors_of(area: str) -> Iterator[dict[str, Any]]:
    """The inputs of an area's vectors, valid or not."""
    for path in sorted((VECTORS / area).glob("*/*.json")):
        yield json.loads(path.read_text("utf-8"))["input"]


def seeds_of(area: str, bytes_max: int) -> set[bytes]:
    """Every text, number of bytes and list of them in these inputs that is no longer than `bytes_max`."""
    found = {seed for given in vectors_of(area) for seed in _leaves(given)}
    return {seed for seed in found if len(seed) <= bytes_max}


def _leaves(value: Any) -> Iterator[bytes]:
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
        try:
            yield bytes.fromhex(value)
        except ValueError:
            return
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        try:  # bytes as a vector states long ones: [hex, times]
            yield b"".join(bytes.fromhex(part) * times for part, times in value)
        except (TypeError, ValueError):
            for item in value:
                yield from _leaves(item)
