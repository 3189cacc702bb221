"""Commitments to kits: which of them will have to sign, and how many.

One kit or several: several kits with a threshold are for several people, each with a kit of one's own.
Whoever writes an event needs of each kit only a hash; nobody has to hand over a kit, or a key before its
event.
"""

from collections.abc import Sequence

from frostnode.identity.kits import Kit
from frostnode.protocol.errors import LocalError
from frostnode.protocol.identity import Commitment, key_hash
from frostnode.protocol.identity_form import check_commitment


def kit_hash(kit: Kit, n: int) -> bytes:
    """What a commitment lists for a kit (32 bytes): for event n, or for the recovery event n of the path.

    A holder of a kit gives it to whoever writes the event before.
    """
    return key_hash(kit.public(n))


def commit_hashes(hashes: Sequence[bytes], threshold: int) -> Commitment:
    """Commit to the kits of several people by what `kit_hash` says of each, in any order.

    Raises:
        LocalError: kit.mismatch, when one is given twice
        IdentityError: identity.threshold, identity.malformed
    """
    if len(set(hashes)) != len(hashes):
        raise LocalError("kit.mismatch", "the same kit is given twice", hint="each must be a kit of its own")
    made = Commitment(threshold=threshold, hashes=tuple(sorted(hashes)))
    check_commitment(made, "commitment")
    return made


def commit_kits(kits: Sequence[Kit], n: int, threshold: int) -> Commitment:
    """Commit to kits that are all here, of which `threshold` will have to sign event n.

    Raises:
        LocalError: kit.mismatch, when they are not of one publisher and purpose, or one is given twice
        IdentityError: identity.threshold, identity.malformed
    """
    whose = {(kit.label.did, kit.label.purpose) for kit in kits}
    if len(whose) > 1:
        raise LocalError(
            "kit.mismatch", "publishers and purposes of the kits", found=len(whose), expected="one of each"
        )
    return commit_hashes([kit_hash(kit, n) for kit in kits], threshold)
