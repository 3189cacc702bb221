"""Follow other nodes and publishers, stop following, take what there is now."""

from collections.abc import Sequence
from functools import partial

from frostnode.log.withheld import check_shown
from frostnode.operations.parts import Json, Params, Parts, Progress, telling
from frostnode.operations.policy import greet, refresh
from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.names import Did, parse_did
from frostnode.replicate.again import look_again
from frostnode.replicate.follow import PeerFollower, PeerStatus
from frostnode.replicate.node_url import node_url
from frostnode.replicate.policy import Refusal


async def follow(parts: Parts, params: Params, progress: Progress) -> Json:
    """Follow `target`: a node's URL (its stream is carried), or the DID of a publisher.

    Answers {peer} or {followed, refused}: why the policy keeps the publisher out all the same, or null.
    """
    target = str(params["target"])

    def run() -> Json:
        with parts.log.write() as writer:
            if target.startswith("did:"):
                did = parse_did(target)
                check_shown(writer, did)
                writer.follow(did)
                return {"followed": did}
            url = node_url(target)
            writer.put_peer(url)
            return {"peer": url}

    done = await parts.worker.run(run)
    await refresh(parts)
    parts.peers_changed.ring()
    if "followed" in done:
        done["refused"] = await parts.read(partial(_refused, parts, done["followed"]))
    return done


def _refused(parts: Parts, did: Did, reader: LogReader) -> str | None:
    """Why nothing is taken of a publisher, by the carry policy."""
    verdict = parts.carrying.judge(did, reader.place(did))
    return verdict.reason if isinstance(verdict, Refusal) else None


async def follow_all(parts: Parts, dids: Sequence[Did], urls: Sequence[str]) -> Json:
    """Follow all of these publishers and nodes at once: {followed, peers, known}, how many are new and were not."""

    def run() -> Json:
        with parts.log.write() as writer:
            known_dids = set(writer.followed())
            known_urls = {peer.url for peer in writer.peers() if peer.listed_ms is None}
            new_dids, new_urls = set(dids) - known_dids, set(urls) - known_urls
            for did in sorted(new_dids):
                check_shown(writer, did)
                writer.follow(did)
            for url in sorted(new_urls):
                writer.put_peer(url)
        known = len(known_dids & set(dids)) + len(known_urls & set(urls))
        return {"followed": len(new_dids), "peers": len(new_urls), "known": known}

    done = await parts.worker.run(run)
    await refresh(parts)
    parts.peers_changed.ring()
    return done


async def unfollow(parts: Parts, params: Params, progress: Progress) -> Json:
    """Follow `target` no longer. What was taken stays."""
    target = str(params["target"])

    def run() -> Json:
        with parts.log.write() as writer:
            if target.startswith("did:"):
                did = parse_did(target)
                if did not in writer.followed():
                    raise LocalError("peer.unknown", f"{did} is not followed")
                writer.unfollow(did)
                return {"unfollowed": did}
            url = node_url(target)
            if url not in [peer.url for peer in writer.peers()]:
                raise LocalError("peer.unknown", f"{url} is not followed")
            writer.remove_peer(url)
            writer.forget_refusals_by(url)
            return {"removed": url}

    done = await parts.worker.run(run)
    await refresh(parts)
    parts.peers_changed.ring()
    return done


def carried_dids(parts: Parts, followed: list[Did]) -> frozenset[Did] | None:
    """Which publishers are asked for: None for everything."""
    return parts.carrying.policy.asked_for(followed)


async def sync(parts: Parts, params: Params, progress: Progress) -> Json:
    """Take all that every peer has now: {peers: [{url, entries, error}]}; fails when no peer could be reached."""
    peers, followed = await parts.read(lambda reader: (reader.peers(), reader.followed()))
    await greet(parts, [peer.url for peer in peers])
    dids = carried_dids(parts, followed)
    results: list[Json] = []
    faults: list[FrostError] = []
    for peer in peers:
        if dids is not None and not dids:
            break
        follower = PeerFollower(peer.url, parts.world(), dids)
        error = ""
        async with telling(progress, partial(_taken, follower.status)):
            try:
                await follower.once()
                await look_again(parts.carrying, parts.worker, [follower])
            except FrostError as fault:
                faults.append(fault)
                error = f"{fault.code}: {fault}"
        results.append({"url": peer.url, "entries": follower.status.entries, "error": error})
        await progress("syncing", len(results), len(peers))
    if peers and len(faults) == len(peers):
        raise faults[0]
    await parts.project()
    return {"peers": results}


def _taken(status: PeerStatus) -> tuple[str, int]:
    return f"entries of {status.url}", status.entries
