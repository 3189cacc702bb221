"""Targets: what domains say, and the names that the world outside has for things."""

from collections.abc import Iterable
from contextlib import suppress

from frostnode.protocol.errors import FrostError
from frostnode.protocol.handles import read_txt, read_well_known, write_well_known
from frostnode.protocol.identifiers import identifier
from frostnode.protocol.names import parse_did
from frostnode.search.areas import areas_of
from frostnode.search.formats import format_of, format_of_address
from frostnode.search.hosts import host_of
from frostnode.search.licenses import license_family
from frostnode.search.terms import access_of, price_of
from frostnode.search.times import days_of, period_of
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


def _words() -> Iterable[bytes]:
    return (
        b"[CC BY-NC-SA 4.0](https://creativecommons.org/licenses/by-nc-sa/4.0/)",
        b"There are no restrictions on the use of this data.",
        b"image/tiff; application=geotiff; profile=cloud-optimized",
        b"https://bucket.s3.us-west-2.amazonaws.com/a.zarr/",
        b"1978-10-26T00:00:00Z/2001-02",
        b"requester pays, 5 EUR",
        b"170 -10 -170 10",
    )


@target(seeds=_words)
def words_of_the_world(data: bytes) -> None:
    """What people write of licenses, formats, places, times and prices means one of few things, or nothing."""
    text = text_of(data)
    for read in (license_family, format_of, format_of_address, host_of, days_of):
        read(text)
    price_of([text])
    access_of([text])
    period_of([text, text.split("/")])
    areas_of([[*data[:6]], [float(byte) * 5 - 600 for byte in data[:4]]])
