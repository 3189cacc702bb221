"""What those cost who read along: memory of a node for each, its time for a change that all or none of them are told."""

import resource
import time
from urllib.parse import urlsplit

import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.protocol.limits import STREAMS_PER_ADDRESS_MAX
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import record
from scripts.benchmarks.nodes import Node, running
from scripts.benchmarks.workshop import Workshop

_PATIENCE_S = 120
_CONNECTING_MAX = 50
_SETTLE_S = 1
_OWN_FILES = 256
_DATA = b"\ndata: "


class Crowd:
    """Many connections that read events of one node. `told` counts what all of them together have got."""

    def __init__(self, node: Node, size: int) -> None:
        self._address = urlsplit(node.url)
        self._size = size
        self._connecting = trio.CapacityLimiter(_CONNECTING_MAX)
        self._awaited = 0
        self._all_told = trio.Event()
        self.told = 0

    async def gather(self, nursery: trio.Nursery, target: str) -> None:
        """Connect them all; a `%s` in the target is another number for each."""
        with trio.fail_after(_PATIENCE_S):
            async with trio.open_nursery() as connecting:
                for n in range(self._size):
                    connecting.start_soon(nursery.start, self._watch, n, target.replace("%s", str(n)))

    async def all_told(self, changes: int) -> None:
        """Wait until each has so many notices."""
        self._awaited, self._all_told = changes * self._size, trio.Event()
        if self.told < self._awaited:
            with trio.fail_after(_PATIENCE_S):
                await self._all_told.wait()

    async def _watch(self, n: int, target: str, *, task_status: trio.TaskStatus[None]) -> None:
        """Read on; one address of this machine may not have them all."""
        own = f"127.0.0.{1 + n // (STREAMS_PER_ADDRESS_MAX - 1)}"
        host, port = self._address.hostname or "", self._address.port or 80
        async with self._connecting:
            stream = await trio.open_tcp_stream(host, port, local_address=own)
            path = f"/frost/events?since=now&target={target}"
            await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            begun = b""
            while b": alive" not in begun:
                begun += await stream.receive_some()
        task_status.started()
        rest = b""
        async with stream:
            async for chunk in stream:
                rest += chunk
                self.told += rest.count(_DATA)
                rest = rest[1 - len(_DATA) :]
                if self.told >= self._awaited:
                    self._all_told.set()


class _Cost:
    """Seconds of the processor of a node since then; of the clock, where the system does not tell the former."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._begun = self._now()

    def seconds(self) -> float:
        return self._now() - self._begun

    def _now(self) -> float:
        used = self._node.cpu_s()
        return time.perf_counter() if used is None else used


def watchers(workshop: Workshop) -> list[Figure]:
    """All of them told of each change, then each with a search of its own that nothing matches."""
    size, changes = workshop.size.watchers, workshop.size.watched
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < size + _OWN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (size + _OWN_FILES, most))
    home = workshop.new_home(f"watched-{len(list(workshop.folder.glob('watched-*')))}")
    with running(home) as node:
        each_bytes, told_s, last_s, quiet_s = trio.run(_measure, node, home, size, changes)

    def figure(name: str, value: float, unit: str, note: str) -> Figure:
        return Figure(name=f"watchers_{name}", value=value, unit=unit, is_cost=True, note=note)

    return [
        figure("kb_each", each_bytes / 1e3, "KB", f"memory of the node for each of {size:,} open streams"),
        figure("told_ms", 1000 * told_s, "ms", f"processor time of a change that {size:,} are told"),
        figure("last_ms", 1000 * last_s, "ms", f"receipt → the last of {size:,} has it"),
        figure(
            "quiet_ms",
            1000 * quiet_s,
            "ms",
            f"processor time of a change that none of {size:,} searches match",
        ),
    ]


async def _measure(node: Node, home: Home, size: int, changes: int) -> tuple[float, float, float, float]:
    """Bytes for each, seconds of the node for a change told to all, until the last has it, and for one that nobody is told."""
    await _publish(home, 0, changes)
    cost = _Cost(node)
    await _publish(home, changes, changes)
    alone_s = cost.seconds()
    before = node.own_bytes()
    async with trio.open_nursery() as nursery:
        crowd = Crowd(node, size)
        await crowd.gather(nursery, "*")
        each_bytes = (node.own_bytes() - before) / size
        cost, last_s = _Cost(node), 0.0
        for n in range(changes):
            await _publish(home, 2 * changes + n, 1)
            begun = time.perf_counter()
            await crowd.all_told(n + 1)
            last_s += (time.perf_counter() - begun) / changes
        told_s = (cost.seconds() - alone_s) / changes
        nursery.cancel_scope.cancel()
    await trio.sleep(_SETTLE_S)
    async with trio.open_nursery() as nursery:
        await Crowd(node, size).gather(nursery, "zyx%s")
        cost = _Cost(node)
        await _publish(home, 3 * changes, changes)
        quiet_s = (cost.seconds() - alone_s) / changes
        nursery.cancel_scope.cancel()
    return each_bytes, told_s, last_s, max(quiet_s, 1e-6)


async def _publish(home: Home, first: int, count: int) -> None:
    """One by one, and a moment after them in which the node does what follows."""
    for n in range(first, first + count):
        answer = await call(home.control, "publish", {"records": [record(3_000_000 + n)]}, quiet)
        assert answer is not None
    if count > 1:
        await trio.sleep(_SETTLE_S)
