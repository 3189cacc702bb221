"""What a node says of itself at /frost/node, and where a node can be: JSON of somebody that nobody vouches for."""

import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from frostnode.protocol.errors import LocalError, LogError, SignatureError
from frostnode.protocol.keys import PublicKey, from_multibase
from frostnode.protocol.limits import NODE_ABOUT_BYTES_MAX, NODE_URL_BYTES_MAX
from frostnode.wire import PeerTransport

_PATH: Final = "/frost/node"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A node. `key` None where it says none that can be read, as a static archive may; `offers`: takes offers."""

    key: PublicKey | None
    offers: bool


async def ask_about(transport: PeerTransport, url: str) -> About:
    """Ask the node at a base URL.

    Raises:
        TransportError; LocalError: record.not-found and others; LogError: offer.malformed
    """
    return read_about(await transport.fetch(url + _PATH, bytes_max=NODE_ABOUT_BYTES_MAX))


def read_about(raw: bytes) -> About:
    """Read the answer.

    Raises:
        LogError: offer.malformed
    """
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise LogError("offer.malformed", f"{_PATH} is not JSON") from error
    if not isinstance(said, dict):
        raise LogError("offer.malformed", _PATH, found=type(said).__name__, expected="an object")
    try:
        key = from_multibase(str(said.get("node_key", "")))
    except SignatureError:
        key = None
    return About(key=key, offers=said.get("offers") is True and key is not None)


_ADDRESS: Final = re.compile(r"[!-~]+")
"""Printable ASCII without blanks: all that a URL is made of."""


def node_url(text: str) -> str:
    """The base URL of a node: scheme and host in lower case, no slash at its end.

    Raises:
        LocalError: usage
    """
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
        parts = urlsplit("")
    fine = (
        _ADDRESS.fullmatch(text)
        and parts.scheme in ("http", "https")
        and parts.hostname
        and not (parts.query or parts.fragment or "@" in parts.netloc)
    )
    if not fine or not port_is_fine or len(text) > NODE_URL_BYTES_MAX:
        raise LocalError("usage", "URL of a node", found=text, expected="http(s)://HOST[:PORT][/PATH]")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
