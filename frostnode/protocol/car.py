"""CAR v1 files ↔ blocks (spec/12-archives.md#container): a head with one root, then blocks that each carry their CID.

Rules:
- only our CIDs (CIDv1, dag-cbor, sha2-256), one root, one spelling of every number: the same blocks are the same bytes;
- a block is hashed before anybody looks at it; what is wrong names the block and the byte at which it begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.dagcbor import CID_PREFIX, Cid, encode
from frostnode.protocol.errors import LogError
from frostnode.protocol.limits import ARCHIVE_BLOCK_BYTES_MAX

_CID_BYTES: Final = len(CID_PREFIX) + 32
_LENGTH_BYTES_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose bytes have the hash of its CID. `number` counts from 0, `at` is the byte at which it begins."""

    number: int
    at: int
    cid: Cid
    data: bytes

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"block {self.number} at byte {self.at}"


def encode_head(root: Cid) -> bytes:
    """The head of a file with this root."""
    head = encode({"roots": [root], "version": 1})
    return _varint(len(head)) + head


def encode_block(cid: Cid, data: bytes) -> bytes:
    """One block."""
    return _varint(_CID_BYTES + len(data)) + cid.raw + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_HEAD: Final = encode_head(Cid.from_digest(bytes(32)))
HEAD_BYTES: Final = len(_HEAD)
"""The length of the head, which is always the same."""
_BEGIN: Final = _HEAD[: _HEAD.index(CID_PREFIX) + len(CID_PREFIX)]


def is_car(begin: bytes) -> bool:
    """Whether a file that begins so, with some dozen bytes, is one of ours, sound or not."""
    return begin.startswith(_BEGIN[: -len(CID_PREFIX)])


class CarDecoder:
    """Turns chunks of a file into blocks; holds at most one incomplete block. After an error it must not be fed again."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._number = 0
        self.root: Cid | None = None
        """The root, as soon as the head is read."""

    def feed(self, chunk: bytes) -> Iterator[Block]:
        """The blocks that `chunk` completes.

        Raises:
            LogError: archive.malformed
        """
        self._buffer += chunk
        if self.root is None and not self._read_head():
            return
        while (length := self._read_length()) is not None:
            begin, size = length
            if len(self._buffer) < begin + size:
                return
            content = bytes(self._buffer[begin : begin + size])
            block = Block(self._number, self._at, *self._checked(content))
            del self._buffer[: begin + size]
            self._at += begin + size
            self._number += 1
            yield block

    def close(self) -> None:
        """There is no more.

        Raises:
            LogError: archive.truncated, inside of the head or of a block
        """
        if self.root is None or self._buffer:
            raise LogError(
                "archive.truncated",
                "archive" if self.root is None else self.place,
                found=f"{len(self._buffer)} bytes, then the end",
                expected="more",
            )

    @property
    def place(self) -> str:
        """Where the next block begins, in words."""
        return f"block {self._number} at byte {self._at}"

    def _read_head(self) -> bool:
        head = bytes(self._buffer[:HEAD_BYTES])
        if not _BEGIN.startswith(head[: len(_BEGIN)]):
            raise _no_archive(head)
        if len(head) < HEAD_BYTES:
            return False
        root = Cid.from_digest(head[len(_BEGIN) : len(_BEGIN) + 32])
        if encode_head(root) != head:
            raise _no_archive(head)
        self.root = root
        del self._buffer[:HEAD_BYTES]
        self._at = HEAD_BYTES
        return True

    def _read_length(self) -> tuple[int, int] | None:
        """How long the head of the next block is, and the block; None while that is not known."""
        number = 0
        for count, byte in enumerate(self._buffer[:_LENGTH_BYTES_MAX]):
            number |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                is_short = number > _CID_BYTES and (byte or not count)
                if not is_short or number > ARCHIVE_BLOCK_BYTES_MAX:
                    raise self._malformed("length", number, f"{_CID_BYTES + 1} to {ARCHIVE_BLOCK_BYTES_MAX}")
                return count + 1, number
        if len(self._buffer) >= _LENGTH_BYTES_MAX:
            raise self._malformed("length", "too many bytes", f"≤ {ARCHIVE_BLOCK_BYTES_MAX}")
        return None

    def _checked(self, content: bytes) -> tuple[Cid, bytes]:
        named, data = content[:_CID_BYTES], content[_CID_BYTES:]
        if not named.startswith(CID_PREFIX):
            raise self._malformed("CID", named, "CIDv1 dag-cbor sha2-256")
        cid = Cid.of(data)
        if cid.raw != named:
            raise self._malformed("bytes hash to another CID", cid, Cid(named))
        return cid, data

    def _malformed(self, what: str, found: object, expected: object) -> LogError:
        return LogError("archive.malformed", f"{self.place}: {what}", found=found, expected=expected)


def _no_archive(begin: bytes) -> LogError:
    return LogError(
        "archive.malformed", "not an archive", found=begin[:16], expected="a CAR v1 file with one root"
    )
