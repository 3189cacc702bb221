"""For which publishers a peer's cursor speaks: others are not behind it, however far it has come.

Kept beside the cursor as a setting of the home. Written before the first cursor that it is true of, so
the two need no common transaction.
"""

from frostnode.ports import LogReader, LogWriter
from frostnode.protocol.names import Did

_EVERYTHING = "*"


def read_scope(reader: LogReader, url: str) -> frozenset[Did] | None:
    """The publishers that the cursor of this peer covers; None for all."""
    text = reader.setting(_name(url)) or ""
    return None if text == _EVERYTHING else frozenset(map(Did, text.split()))


def write_scope(writer: LogWriter, url: str, dids: frozenset[Did] | None) -> None:
    """Note what the next cursors of this peer cover."""
    writer.put_setting(_name(url), _EVERYTHING if dids is None else " ".join(sorted(dids)))


def _name(url: str) -> str:
    return f"cursor covers {url}"
