"""What it costs to keep up with a node that carries very many logs, when nothing changed and when one log did."""

import statistics
import time
from base64 import urlsafe_b64encode

import httpx

from frostnode.protocol.frames import BodiesFrame, CursorFrame, EntriesFrame, Frame, FrameDecoder
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.nodes import running
from scripts.benchmarks.workshop import Workshop

_ROUNDS = 50


def nothing_changed_ms(workshop: Workshop) -> Figure:
    """One round trip: the stream since the last cursor, to its end."""
    with running(workshop.network) as node, httpx.Client(base_url=node.url, timeout=600) as client:
        cursor = _last_cursor(_frames(client, None))
        taken = []
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            frames = _frames(client, cursor)
            taken.append(time.perf_counter() - begun)
            assert not any(isinstance(frame, EntriesFrame | BodiesFrame) for frame in frames)
    return Figure(
        name="nothing_changed_ms",
        value=1000 * statistics.median(taken),
        unit="ms",
        target=20,
        is_cost=True,
        note=f"{workshop.size.logs:,} logs carried, one round trip",
    )


def one_changed_ms(workshop: Workshop) -> Figure:
    """The same when one log has one entry more."""
    home = workshop.network
    with running(home) as node, httpx.Client(base_url=node.url, timeout=600) as client:
        cursor = _last_cursor(_frames(client, None))
        taken, weights = [], []
        for _ in range(min(_ROUNDS, workshop.size.singles)):
            workshop.publish_one(home)
            begun = time.perf_counter()
            answer = _stream(client, cursor)
            frames = FrameDecoder().feed(answer)
            taken.append(time.perf_counter() - begun)
            weights.append(len(answer))
            cursor = _last_cursor(frames)
            assert sum(isinstance(frame, EntriesFrame) for frame in frames) == 1
    return Figure(
        name="one_changed_ms",
        value=1000 * statistics.median(taken),
        unit="ms",
        target=20,
        is_cost=True,
        note=f"{statistics.median(weights):,.0f} bytes, whatever the other {workshop.size.logs:,} logs hold",
    )


def _frames(client: httpx.Client, cursor: bytes | None) -> list[Frame]:
    return FrameDecoder().feed(_stream(client, cursor))


def _stream(client: httpx.Client, cursor: bytes | None) -> bytes:
    since = {} if cursor is None else {"since": urlsafe_b64encode(cursor).decode().rstrip("=")}
    return client.get("/frost/stream", params={"live": "false", **since}).raise_for_status().content


def _last_cursor(frames: list[Frame]) -> bytes:
    return next(frame.cursor for frame in reversed(frames) if isinstance(frame, CursorFrame))
