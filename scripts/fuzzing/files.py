"""Targets: files that people hand to each other."""

from collections.abc import Iterable

from frostnode.protocol.archive_check import ArchiveCheck
from frostnode.protocol.car import CarDecoder, encode_block, encode_head
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.frames import encode_byte_string, split_byte_strings
from frostnode.testing.archives import archive_of
from frostnode.testing.memory_publisher import MemoryPublisher
from scripts.fuzzing.fuzzed import target


def _archives() -> Iterable[bytes]:
    publisher = MemoryPublisher("fuzz")
    publisher.put("a", {"title": "A"})
    publisher.put("b", {"title": "B"})
    moved = publisher.move()
    moved.put("c", {"title": "C"})
    for archive in (archive_of(publisher), archive_of(publisher, moved)):
        yield b"".join(encode_byte_string(block.data) for block in CarDecoder().feed(archive))


@target(seeds=_archives, bytes_max=16_384)
def archives(data: bytes) -> None:
    """Blocks of an archive, each under the CID that it has, are judged."""
    blocks = list(split_byte_strings(data))
    check = ArchiveCheck()
    check.feed(encode_head(Cid.of(blocks[0] if blocks else data)))
    check.feed(b"".join(encode_block(Cid.of(each), each) for each in blocks))
    check.close()
