"""What somebody typed into a form: texts by the names of inputs, kept as they are whatever they say."""

import json
from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import EDIT_FORM_FIELDS_MAX, EDIT_ROWS_MAX

Typed: TypeAlias = Mapping[str, str]

SECRET: Final = ("form",)
"""Inputs that are the form's own business and no part of what was typed."""


def parse_form(data: bytes) -> dict[str, str]:
    """What a browser sends; of a name that comes twice the last.

    Raises:
        LocalError: usage
    """
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(data),
            encoding="utf-8",
            errors="strict",
            max_num_fields=EDIT_FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise LocalError(
            "usage", "a form", found=error, expected=f"at most {EDIT_FORM_FIELDS_MAX} fields in UTF-8"
        ) from error
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in pairs}


def pack(typed: Typed) -> bytes:
    """As it is kept; equal for equal texts."""
    return json.dumps(dict(typed), ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")


def unpack(data: bytes) -> dict[str, str]:
    """What was kept."""
    return {
        str(name): str(value) for name, value in json.loads(data.decode("utf-8", "surrogatepass")).items()
    }


def rows_of(typed: Typed, name: str) -> list[dict[str, str]]:
    """The rows of a list in their order, by the names of columns; empty ones among them."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in typed.items():
        if not key.startswith(f"{name}."):
            continue
        number, _, column = key[len(name) + 1 :].partition(".")
        if (
            column
            and number.isascii()
            and number.isdigit()
            and len(number) < 6
            and int(number) < EDIT_ROWS_MAX
        ):
            rows.setdefault(int(number), {})[column] = value
    return [rows.get(at, {}) for at in range(max(rows, default=-1) + 1)]
