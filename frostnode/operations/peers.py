"""The nodes that this one follows: how each does, and how far this node is behind it."""

from typing import Final

from frostnode.neighbours import Peer
from frostnode.operations.follow import follow, unfollow
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import PEER_WASTE_BYTES_MAX, PEER_WASTE_FRAMES_MAX
from frostnode.replicate.node_url import node_url
from frostnode.replicate.world import PeerStatus

_STOPPED_SHOWN: Final = 20


async def peers(parts: Parts, params: Params, progress: Progress) -> Json:
    """Every peer, those that the operator added first; and who sent takes that were refused, peer or not."""

    def run() -> list[Json]:
        with parts.log.read() as reader:
            return [_peer_json(parts, reader, peer) for peer in reader.peers()]

    found = await parts.worker.run(run)
    return {
        "peers": sorted(found, key=lambda peer: (peer["found"], peer["url"])),
        "refused_takes": _refused_takes(parts),
    }


async def add_peer(parts: Parts, params: Params, progress: Progress) -> Json:
    """Follow the node at `url`; one that was found belongs to the operator from now on."""
    return await follow(parts, {"target": _url(params)}, progress)


async def remove_peer(parts: Parts, params: Params, progress: Progress) -> Json:
    """Follow the node at `url` no longer. What was taken stays."""
    return await unfollow(parts, {"target": _url(params)}, progress)


def _refused_takes(parts: Parts) -> list[Json]:
    """Senders by URL, or by node key where they are not followed, with the rule that the last take of each broke."""
    refused = {} if parts.pushing is None else parts.pushing.desk.refused.by_sender()
    return [{"node": node, "code": why.partition(":")[0], "error": why} for node, why in refused.items()]


def _url(params: Params) -> str:
    text = str(params["url"])
    if text.startswith("did:"):
        raise LocalError("usage", "a node", found=text, expected="a URL")
    return node_url(text)


def _peer_json(parts: Parts, reader: LogReader, peer: Peer) -> Json:
    follower = parts.followers.get(peer.url)
    status = follower.status if follower is not None else PeerStatus(peer.url)
    error = status.error or peer.last_error
    lag = reader.lag(peer.url)
    now_s = parts.clock.monotonic_s()
    stopped = {**status.failed, **status.stopped}
    return {
        "url": peer.url,
        "found": peer.listed_ms is not None,
        "state": _state(status, error, is_running=follower is not None),
        "detail": str(status.detail) if follower is not None else "",
        "logs": lag.offered,
        "logs_behind": lag.logs,
        "entries_behind": lag.leaves,
        "last_seen_ms": peer.last_seen_ms,
        "code": error.partition(":")[0],
        "error": error,
        "again_s": None if status.waits_until_s is None else max(0, round(status.waits_until_s - now_s)),
        "entries": status.entries,
        "bytes": status.bytes,
        "budget_spent": _budget_spent(status),
        "stopped": dict(list(stopped.items())[:_STOPPED_SHOWN]),
        "stopped_count": len(stopped),
    }


def _budget_spent(status: PeerStatus) -> int:
    """In percent, by what brought nothing; at 100 it is left alone for a while."""
    spent = max(status.wasted_bytes / PEER_WASTE_BYTES_MAX, status.wasted_frames / PEER_WASTE_FRAMES_MAX)
    return min(100, int(100 * spent))


def _state(status: PeerStatus, error: str, *, is_running: bool) -> str:
    if not is_running:
        return "not asked"
    if status.connected:
        return "up to date" if status.caught_up else "catching up"
    if error:
        return "failing"
    return "files" if status.is_static else "connecting"
