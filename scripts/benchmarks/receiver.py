"""The process that takes a log: `receiver URL FOLDER` follows a node once and says how long it took."""

import json
import sys
import time
from pathlib import Path

import trio

from frostnode.edge.clock import SystemClock
from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.random import SystemRandom
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.threads import ThreadWorker
from frostnode.replicate.follow import PeerFollower, World


async def take(url: str, folder: Path) -> dict[str, float]:
    """Follow the node at `url` until it has nothing more."""
    clock, random = SystemClock(), SystemRandom()
    store = SqliteStore(folder / "frost.db", clock=clock, random=random)
    with store.write() as writer:
        writer.put_peer(url)
    async with HttpTransport() as transport:
        world = World(
            store=store,
            worker=ThreadWorker(),
            transport=transport,
            clock=clock,
            random=random,
            changed=lambda: None,
        )
        follower = PeerFollower(url, world)
        cpu_s, begun = time.process_time(), time.perf_counter()
        await follower.once()
        seconds, cpu_s = time.perf_counter() - begun, time.process_time() - cpu_s
    store.close()
    return {"entries": follower.status.entries, "seconds": seconds, "cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(trio.run(take, sys.argv[1], Path(sys.argv[2]))))
