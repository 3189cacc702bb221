"""What a node says of itself at /frost/node: JSON of somebody that nobody vouches for."""

from dataclasses import dataclass
from typing import Final

from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.json_object import read_object
from frostnode.protocol.keys import PublicKey, from_multibase
from frostnode.protocol.limits import NODE_ABOUT_BYTES_MAX
from frostnode.wire import PeerTransport

_PATH: Final = "/frost/node"
_DATABASE_CHARS_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A node. `key` None where it says none that can be read, as a static archive may; `offers`: takes offers.

    `database` tells its store from others, and is empty where it says none; `is_listed`: others may be told of it.
    """

    key: PublicKey | None
    offers: bool
    database: str
    is_listed: bool


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
    said = read_object(raw)
    if said is None:
        raise LogError("offer.malformed", f"{_PATH} is no JSON object")
    try:
        key = from_multibase(str(said.get("node_key", "")))
    except SignatureError:
        key = None
    database = said.get("database")
    return About(
        key=key,
        offers=said.get("offers") is True and key is not None,
        database=database if isinstance(database, str) and len(database) <= _DATABASE_CHARS_MAX else "",
        is_listed=said.get("listed") is not False,
    )
