"""A new identity: the genesis event, whose CID is the publisher's DID for ever.

It commits to the next authority keys and, if the publisher shall ever be able to recover from theft, to a
recovery set: that is set here or never. It opens epoch 0 at a first host.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from frostnode.identity.kits import authority_key, recovery_key
from frostnode.protocol.identity import Commitment, Epoch, Event, Kind, SignedEvent, commitment, sign_event
from frostnode.protocol.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSet:
    """The seeds of new kits (32 bytes each) and how many of them will have to sign together. It never shows them."""

    seeds: tuple[bytes, ...] = field(repr=False)
    threshold: int

    @classmethod
    def one(cls, seed: bytes) -> "SeedSet":
        """One kit, which signs alone."""
        return cls(seeds=(seed,), threshold=1)

    def commit(self, make: Callable[[bytes, int], SigningKey], n: int) -> Commitment:
        """Commit to key n of each seed.

        Raises:
            IdentityError: identity.threshold, identity.malformed; LocalError: kit.malformed
        """
        return commitment([make(seed, n).public for seed in self.seeds], self.threshold)


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
    recovery = None if recovery_seed is None else SeedSet.one(recovery_seed)
    return create_shared_genesis(SeedSet.one(authority_seed), recovery, epoch=epoch, time_ms=time_ms)


def create_shared_genesis(
    authority: SeedSet, recovery: SeedSet | None, *, epoch: Epoch | None, time_ms: int
) -> SignedEvent:
    """Build and sign the genesis event of a publisher with several kits, m of n for each purpose.

    All authority kits sign it by their key 0; it commits to key 1 of each, and to key 0 of each recovery kit.

    Raises:
        PeerError: key.* or identity.*, for a threshold, keys, a URL or a time that no event may have
        LocalError: kit.malformed, when a seed has not 32 bytes
    """
    following = authority.commit(authority_key, 1)
    firsts = [authority_key(seed, 0) for seed in authority.seeds]
    event = Event(
        kind=Kind.GENESIS,
        n=0,
        time=time_ms,
        keys=tuple(sorted(first.public for first in firsts)),
        next=following,
        recovery=None if recovery is None else recovery.commit(recovery_key, 0),
        epoch=epoch,
    )
    return sign_event(event, firsts)
