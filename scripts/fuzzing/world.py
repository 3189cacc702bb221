"""Targets: what domains say, and the names that the world outside has for things."""

from collections.abc import Iterable
from contextlib import suppress

from frostnode.protocol.errors import FrostError
from frostnode.protocol.handles import read_txt, read_well_known, write_well_known
from frostnode.protocol.identifiers import identifier
from frostnode.protocol.names import parse_did
from frostnode.testing.memory_publisher import MemoryPublisher
from scripts.fuzzing.fuzzed import target, text_of


def _names() -> Iterable[bytes]:
    yield from (
        b"https://doi.org/10.5067/X",
        b"ark:/12148/btv1b8449691v",
        b"urn:lsid:ubio.org:a:11815",
        b"Q42",
    )
    yield write_well_known([MemoryPublisher("fuzzed").did])


@target(seeds=_names)
def names_of_the_world(data: bytes) -> None:
    """What a domain says names DIDs; an identifier has one spelling, which is a spelling of itself."""
    with suppress(FrostError):
        assert all(parse_did(did) for did in read_well_known(data))
    text = text_of(data)
    read_txt([text])
    name = identifier(text)
    assert identifier(name) == name
