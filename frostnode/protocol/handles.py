"""Handles: domains that name publishers, and what a domain says of that.

Rules (spec/11-handles-and-resolution.md#handles):
- a handle is a domain in its one spelling: lower case, at least two labels, no port, no final dot, no address;
- what a domain says is read leniently, for it may speak to others too: what is no DID of this network is passed over;
- a handle holds in one step: the domain names the DID and the profile of that DID names the domain. Nothing is
  followed further, so there is no loop to be caught in.
"""

import json
import re
from collections.abc import Iterable
from typing import Final, NewType

from frostnode.protocol.errors import EncodingError, NameError_
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import HANDLE_CHARS_MAX, HANDLE_DIDS_MAX
from frostnode.protocol.names import Did, parse_did

Handle = NewType("Handle", str)

WELL_KNOWN_PATH: Final = "/.well-known/frost.json"
"""Where a domain names its publishers over HTTPS."""

TXT_LABEL: Final = "_frost"
"""The label before a domain at which its TXT records do the same."""

_TXT: Final = "did="
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HANDLE: Final = re.compile(rf"({_LABEL}\.)+(?![0-9]+$){_LABEL}")


def parse_handle(text: str) -> Handle:
    """Check a handle.

    Raises:
        NameError_: name.handle
    """
    if not is_handle(text):
        raise NameError_(
            "name.handle", "handle", found=text, expected="a domain in lower case, like data.example.org"
        )
    return Handle(text)


def is_handle(text: str) -> bool:
    """Whether a text is a handle."""
    return len(text) <= HANDLE_CHARS_MAX and _HANDLE.fullmatch(text) is not None


def well_known_url(handle: Handle) -> str:
    """Where the domain is asked."""
    return f"https://{handle}{WELL_KNOWN_PATH}"


def read_well_known(raw: bytes) -> frozenset[Did]:
    """The publishers that a domain names in its document: {"dids": ["did:frost:…"]}.

    Raises:
        EncodingError: handle.malformed
    """
    dids = (read_object(raw) or {}).get("dids")
    if not isinstance(dids, list):
        raise EncodingError("handle.malformed", "what the domain says", expected='{"dids": ["did:frost:…"]}')
    return _dids(text for text in dids if isinstance(text, str))


def write_well_known(dids: Iterable[Did]) -> bytes:
    """The document that names these publishers."""
    return json.dumps({"dids": sorted(dids)}, indent=2).encode() + b"\n"


def read_txt(texts: Iterable[str]) -> frozenset[Did]:
    """The publishers that a domain names in its TXT records: `did=did:frost:…`, one in each."""
    return _dids(text.removeprefix(_TXT) for text in texts if text.startswith(_TXT))


def _dids(texts: Iterable[str]) -> frozenset[Did]:
    found: dict[Did, None] = {}
    for text in texts:
        try:
            found[parse_did(text)] = None
        except NameError_:
            continue
        if len(found) == HANDLE_DIDS_MAX:
            break
    return frozenset(found)
