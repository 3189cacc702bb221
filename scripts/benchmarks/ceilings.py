"""What this machine can do at most, measured in the same run: hashing, signing, disk, loopback."""

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

from frostnode.protocol.keys import SigningKey

_ROUND_S = 0.02
_CHUNK = 64 * 1024
_LOOPBACK_BYTES = 256 * 1024 * 1024
_APPEND_BYTES = 1024 * 1024
_APPENDS = 16
_SMALL_APPENDS = 64


def seconds_each(work: Callable[[], object]) -> float:
    """How long one call takes, the best of five rounds: what else runs here only makes it slower."""
    count = 1
    while (taken := _timed(work, count)) < _ROUND_S:
        count *= 2
    return min(taken, *(_timed(work, count) for _ in range(5))) / count


def _timed(work: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - begun


@cache
def sha256_s(size: int) -> float:
    """Seconds to hash `size` bytes on one core."""
    data = bytes(size)
    return seconds_each(lambda: sha256(data).digest())


@cache
def signature_s() -> float:
    """Seconds to make one Ed25519 signature."""
    key = SigningKey(bytes(32))
    return seconds_each(lambda: key.sign(b"checkpoint" * 10))


def _appends(folder: Path, size: int, count: int) -> list[float]:
    data = os.urandom(size)
    path = folder / "appends"
    rounds = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            begun = time.perf_counter()
            file.write(data)
            os.fsync(file.fileno())
            rounds.append(time.perf_counter() - begun)
    path.unlink()
    return rounds


@cache
def append_s(folder: Path) -> float:
    """Seconds until 1 KB more of a file in this folder is on disk: the median."""
    return statistics.median(_appends(folder, 1024, _SMALL_APPENDS))


@cache
def disk_bytes_per_s(folder: Path) -> float:
    """Bytes per second that are on disk, a mebibyte at a time."""
    return _APPEND_BYTES * _APPENDS / sum(_appends(folder, _APPEND_BYTES, _APPENDS))


@cache
def loopback_bytes_per_s() -> float:
    """Bytes per second from one thread to another through a socket of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    sender = threading.Thread(target=_send, args=(listener.getsockname(),))
    sender.start()
    connection, _ = listener.accept()
    with listener, connection:
        begun = time.perf_counter()
        buffer = bytearray(_CHUNK)
        while connection.recv_into(buffer):
            pass
        taken = time.perf_counter() - begun
    sender.join()
    return _LOOPBACK_BYTES / taken


def _send(address: tuple[str, int]) -> None:
    data = bytes(_CHUNK)
    with socket.create_connection(address) as connection:
        for _ in range(_LOOPBACK_BYTES // _CHUNK):
            connection.sendall(data)
