"""A new identity: the genesis event, whose CID is the publisher's DID for ever.

It commits to the next authority key and, if the publisher shall ever be able to recover from theft, to a
recovery set: that is set here or never. It opens epoch 0 at a first host.
"""

from frostnode.identity.kits import authority_key, recovery_key
from frostnode.protocol.identity import Epoch, Event, Kind, SignedEvent, commitment, sign_event


def create_genesis(
    authority_seed: bytes, recovery_seed: bytes | None, *, epoch: Epoch | None, time_ms: int
) -> SignedEvent:
    """Build and sign the genesis event of a publisher with one authority kit; its CID makes the DID.

    Args:
        authority_seed: 32 bytes; its key 0 signs, its key 1 is committed to.
        recovery_seed: 32 bytes; its key 0 is the recovery set. None: a stolen kit can never be overruled.
        epoch: log key and host of epoch 0; None to open it without.
        time_ms: the claimed time, in milliseconds since 1970.

    Raises:
        PeerError: key.* or identity.*, for keys, a URL or a time that no event may have
        LocalError: kit.malformed, when a seed has not 32 bytes
    """
    first, following = authority_key(authority_seed, 0), authority_key(authority_seed, 1)
    recovery = None if recovery_seed is None else commitment([recovery_key(recovery_seed, 0).public], 1)
    event = Event(
        kind=Kind.GENESIS,
        n=0,
        time=time_ms,
        keys=(first.public,),
        next=commitment([following.public], 1),
        recovery=recovery,
        epoch=epoch,
    )
    return sign_event(event, [first])
