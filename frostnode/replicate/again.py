"""Look again at what was refused: what would be carried now is asked for, from where it was left."""

from collections.abc import Iterable
from functools import partial

from frostnode.ports import Worker
from frostnode.protocol.errors import FrostError
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.follow import PeerFollower


async def look_again(carrying: Carrying, worker: Worker, followers: Iterable[PeerFollower]) -> bool:
    """Ask for what is due, at most REFUSALS_AT_ONCE_MAX publishers; answers whether anything was.

    A peer that does not answer well is asked some time later, one that has no follower here when it has one.
    """
    due = await worker.run(carrying.due)
    by_url = {follower.url: follower for follower in followers}
    is_asked = False
    for peer, dids in due.items():
        try:
            if peer not in by_url:
                continue
            is_asked = True
            await by_url[peer].again(dids)
        except FrostError:
            await worker.run(partial(carrying.postpone, peer, dids))
        else:
            await worker.run(partial(carrying.asked, peer, dids))
    return is_asked
