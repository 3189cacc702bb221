"""How fast what is due goes out: webhooks to a receiver that takes everything at once, until the store knows of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import trio

from frostnode.config import Config
from frostnode.edge.callbacks import HttpCallbacks
from frostnode.log.sequencer import Submission
from frostnode.node import open_parts
from frostnode.notify_port import Form, Watch
from frostnode.operations.parts import Parts
from frostnode.protocol.limits import DELIVERIES_AT_ONCE_MAX
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import entry, record
from scripts.benchmarks.workshop import Workshop, publish

_WATCHES = 100
_LAST_POSITION = 2**62
_BODY_BYTES = 1500


@contextmanager
def _hook() -> Iterator[str]:
    """A receiver in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "scripts.benchmarks.hook"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def outbox_webhooks_per_s(workshop: Workshop) -> Figure:
    """Webhooks a second, from many watches of one node to one receiver."""
    records = max(10, workshop.size.entries // 400)
    home = workshop.new_home("telling")

    async def run(url: str) -> tuple[float, float]:
        with home.lock():
            async with open_parts(home, Config(private_callbacks=True)) as parts:
                await _make_due(parts, url, records)
                begun_s = trio.current_time()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(parts.delivery.run)
                    while await parts.worker.run(partial(_is_due, parts)):  # noqa: ASYNC110 - the store rings no bell
                        await trio.sleep(0.01)
                    taken_s = trio.current_time() - begun_s
                    nursery.cancel_scope.cancel()
        return _WATCHES * records / taken_s, await _bare(url, _WATCHES * records)

    with _hook() as url:
        rate, ceiling = trio.run(run, url)
    note = f"{_WATCHES} watches, {records} changes each; the ceiling posts as much, unsigned, of nothing"
    return Figure(
        name="outbox_webhooks_per_s", value=rate, unit="1/s", target=700, ceiling=ceiling, note=note
    )


async def _make_due(parts: Parts, url: str, records: int) -> None:
    for n in range(_WATCHES):
        with parts.log.read() as log:
            told = (log.last_arrival(), _LAST_POSITION)
        parts.watches.put(
            Watch(
                id=f"w{n}",
                target="*",
                form=Form.WEBHOOK,
                created_ms=0,
                told=told,
                address=f"{url}?{n}",
                secret=bytes(24),
            )
        )
    await publish(
        parts, (Submission(header, body) for header, body in map(entry, map(record, range(records))))
    )
    await parts.project()
    while await parts.worker.run(parts.matching.step):
        pass


def _is_due(parts: Parts) -> bool:
    with parts.notices.read() as reader:
        return bool(reader.next_due(parts.clock.now_ms(), 1, Form.WEBHOOK, is_slow=False)) or any(
            reader.due_count(f"w{n}") for n in range(_WATCHES)
        )


async def _bare(url: str, count: int) -> float:
    """Posts a second of as many bytes, as many at once, with nothing to look up, sign or write down."""
    body = bytes(_BODY_BYTES)

    async def post(callbacks: HttpCallbacks, n: int) -> None:
        for _ in range(count // DELIVERIES_AT_ONCE_MAX):
            await callbacks.post(f"{url}?{n}", {"content-type": "text/plain"}, body)

    async with HttpCallbacks() as callbacks:
        begun_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            for n in range(DELIVERIES_AT_ONCE_MAX):
                nursery.start_soon(post, callbacks, n)
        return count // DELIVERIES_AT_ONCE_MAX * DELIVERIES_AT_ONCE_MAX / (trio.current_time() - begun_s)
