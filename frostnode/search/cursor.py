"""Where somebody is in the answer to a search: a text that a client hands back as it is to go on.

Rules (spec/15-search.md#pages-of-an-answer):
- as long as the index is the same, a place is a number of hits; when it has changed, whoever goes on does so after the hit that was
  shown last, wherever that is now, or else at the same number;
- a cursor belongs to one search: with another one it is refused.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_CURSOR_CHARS_MAX, SEARCH_OFFSET_MAX

_DIGEST_CHARS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """After `position` hits, of which `last` (the name of a record, "" for none) was the last that was shown."""

    generation: str
    position: int
    last: str = ""


def digest_of(*said: str) -> str:
    """What stands for a search in a cursor."""
    return sha256(json.dumps(said).encode()).hexdigest()[:_DIGEST_CHARS]


def print_cursor(place: Place, digest: str) -> str:
    """The text of a place in the answer to a search."""
    said = json.dumps([place.generation, place.position, place.last, digest], separators=(",", ":"))
    return urlsafe_b64encode(said.encode()).decode().rstrip("=")


def parse_cursor(text: str, digest: str) -> Place:
    """Read a cursor.

    Raises:
        LocalError: query.malformed, when it is none, or of another search
    """
    if len(text) > SEARCH_CURSOR_CHARS_MAX:
        raise _malformed(f"{len(text)} characters")
    try:
        said = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError) as error:
        raise _malformed(text[:_DIGEST_CHARS]) from error
    match said:
        case [str(generation), int(position), str(last), str(of)] if (
            type(position) is int and 0 <= position <= SEARCH_OFFSET_MAX
        ):
            if of != digest:
                raise _malformed("that of another search")
            return Place(generation=generation, position=position, last=last)
    raise _malformed(text[:_DIGEST_CHARS])


def _malformed(found: str) -> LocalError:
    return LocalError(
        "query.malformed", "cursor", found=found, expected="one that this search has answered with"
    )
