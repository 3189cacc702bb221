"""For which publishers a peer's cursor speaks: others are not behind it, however far it has come.

A publisher that was passed over for a while, by a decision of this node, is lacking behind every cursor: when
it is taken again, every peer is asked for it from its beginning.

Kept beside the cursor as a setting of the home. Written before the first cursor that it is true of, so
the two need no common transaction.
"""

from collections.abc import Iterator, Mapping

from frostnode.ports import LogReader, LogWriter
from frostnode.protocol.limits import STREAM_DIDS_MAX
from frostnode.protocol.names import Did

_EVERYTHING = "*"


def read_scope(reader: LogReader, url: str) -> frozenset[Did] | None:
    """The publishers that the cursor of this peer covers; None for all."""
    text = reader.setting(_name(url)) or ""
    return None if text == _EVERYTHING else frozenset(map(Did, text.split()))


def write_scope(writer: LogWriter, url: str, dids: frozenset[Did] | None) -> None:
    """Note what the next cursors of this peer cover."""
    writer.put_setting(_name(url), _EVERYTHING if dids is None else " ".join(sorted(dids)))


def read_lacking(reader: LogReader, url: str) -> dict[Did, int]:
    """The publishers that were passed over before the cursor of this peer, each with the arrival that ended that."""
    items = (item.split("#") for item in (reader.setting(_lacking(url)) or "").split())
    return {Did(did): int(number) for did, number in items}


def not_lacking(writer: LogWriter, url: str, asked: Mapping[Did, int]) -> None:
    """This peer was asked for these again."""
    left = read_lacking(writer, url)
    if left.items() & asked.items():
        _write_lacking(writer, url, dict(left.items() - asked.items()))


def ask_again(writer: LogWriter, did: Did) -> None:
    """Note that every peer is to be asked again for a publisher of whom nothing was taken for a while."""
    for peer in writer.peers():
        _write_lacking(writer, peer.url, read_lacking(writer, peer.url) | {did: writer.last_arrival()})


def _write_lacking(writer: LogWriter, url: str, lacking: Mapping[Did, int]) -> None:
    items = (f"{did}#{number}" for did, number in sorted(lacking.items()))
    writer.put_setting(_lacking(url), " ".join(items))


def _lacking(url: str) -> str:
    return f"cursor lacks {url}"


def _name(url: str) -> str:
    return f"cursor covers {url}"


def some_at_a_time(dids: frozenset[Did]) -> Iterator[frozenset[Did]]:
    """So many at a time as one request names."""
    names = sorted(dids)
    for at in range(0, len(names), STREAM_DIDS_MAX):
        yield frozenset(names[at : at + STREAM_DIDS_MAX])
