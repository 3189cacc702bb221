"""Machines of their own on one machine: network namespaces around a bridge, for real processes.

They reach each other and nothing else. Each is held by a process that ends with this one, and it with that: nothing is
left behind whatever happens. Linux, as root; elsewhere `refused` says why not.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

_COMMAND_S: Final = 10
_CLONE_NEWNET: Final = 0x40000000
_NETWORK: Final = "10.77.0"
_HUB: Final = 254
"""The last part of the address of the bridge."""


@dataclass(frozen=True, slots=True)
class Place:
    """One network namespace: the process that holds it, and its address."""

    pid: int
    address: str

    @property
    def prefix(self) -> list[str]:
        """In front of a command: it runs there."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def set_link(self, *, is_up: bool) -> None:
        """Cut it off from all others, or join it to them again."""
        _run([*self.prefix, "ip", "link", "set", "eth0", "up" if is_up else "down"])

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let the sockets be there that this thread opens meanwhile."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            _set_namespace(there)
            yield
        finally:
            _set_namespace(before)
            os.close(there)
            os.close(before)


@contextmanager
def network(count: int) -> Iterator[tuple[Place, list[Place]]]:
    """The hub, from which all can be reached, and `count` places around it.

    Raises:
        OSError, subprocess.SubprocessError: this machine does not allow it
    """
    with ExitStack() as stack:
        hub = Place(stack.enter_context(_held()), f"{_NETWORK}.{_HUB}")
        places = [
            Place(stack.enter_context(_held()), f"{_NETWORK}.{number}") for number in range(1, count + 1)
        ]
        _run([*hub.prefix, "ip", "link", "add", "eth0", "type", "bridge"])
        _join(hub)
        for number, place in enumerate(places):
            ends = f"port{number} netns {hub.pid} type veth peer name eth0 netns {place.pid}"
            _run(["ip", "link", "add", "name", *ends.split()])
            _run([*hub.prefix, "ip", "link", "set", f"port{number}", "master", "eth0", "up"])
            _join(place)
        yield hub, places


def _join(place: Place) -> None:
    _run([*place.prefix, "ip", "address", "add", f"{place.address}/24", "dev", "eth0"])
    for name in ("lo", "eth0"):
        _run([*place.prefix, "ip", "link", "set", name, "up"])


@contextmanager
def _held() -> Iterator[int]:
    """A new namespace for as long as the context, or this process, lasts: the process that is in it."""
    command = ["unshare", "--net", "--", "cat"]
    with subprocess.Popen(  # noqa: S603 - these very words
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"there\n")
        holder.stdin.flush()
        if holder.stdout.readline() != b"there\n":
            raise PermissionError("unshare --net is refused")
        yield holder.pid


def _set_namespace(file: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(file, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns is refused")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_COMMAND_S)  # noqa: S603 - commands from here


@cache
def refused() -> str:
    """Why this machine allows no network namespaces; empty where it does."""
    try:
        with network(1) as (hub, _), hub.entered():
            return ""
    except subprocess.CalledProcessError as error:
        return bytes(error.stderr).decode(errors="replace").strip()
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
