"""Text from strangers inside of code: as one literal of Python, as one word of a shell."""

import re
import shlex
from typing import Final

_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_CHARS_MAX: Final = 80


def literal(text: str) -> str:
    """A literal of Python whose value is this text."""
    found = repr(text)
    return f'"{found[1:-1]}"' if found.startswith("'") and '"' not in found else found


def word(text: str) -> str:
    """One word of a POSIX shell whose value is this text."""
    return shlex.quote(text)


def file_name(href: str, default: str = "data") -> str:
    """A plain file name out of the end of an address: nothing hidden, nothing that looks like an option or a path."""
    last = href.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    return _NAME.sub("-", last).strip(".-_")[-_NAME_CHARS_MAX:].lstrip(".-_") or default
