"""What a test vector is, and how cases state one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Octets = str | list[list[Any]]
"""Bytes in a vector: hex, or where that were long a list of [hex, times]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One input with the error that it must meet, or without one if it must be taken."""

    area: str
    name: str
    about: str
    spec: str
    input: dict[str, Any]
    error: str | None = None


Vectors = Iterator[Vector]


def octets(form: Octets) -> bytes:
    """The bytes that a vector states."""
    if isinstance(form, str):
        return bytes.fromhex(form)
    return b"".join(bytes.fromhex(part) * times for part, times in form)


def hexed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with all bytes as hex, through lists and maps."""
    return {name: _hexed(value) for name, value in fields.items()}


def _hexed(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_hexed(item) for item in value]
    return hexed(value) if isinstance(value, dict) else value
