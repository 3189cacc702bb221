"""Identity events: the signed acts by which a publisher keeps, moves and recovers its identity.

Rules (spec/02-identity.md):
- an event has one byte string and its CID is over the event without its signatures, so that copies
  signed by different people are one event, and a copy with bad signatures spoils no other;
- whether an event is valid depends on its ancestors alone: on no log, no other branch, no order of
  arrival and no clock. What counts among valid events is for `history` to say.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from frostnode.protocol.dagcbor import decode, encode
from frostnode.protocol.errors import IdentityError
from frostnode.protocol.identity_form import (
    EMPTY_END,
    Commitment,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    check_commitment,
    encode_event,
    parse_signed_event,
)
from frostnode.protocol.keys import PublicKey, SigningKey, to_multikey_bytes, verify

__all__ = [
    "EMPTY_END",
    "Commitment",
    "End",
    "Epoch",
    "Event",
    "Kind",
    "SignedEvent",
    "attach_signatures",
    "check_successor",
    "commitment",
    "encode_event",
    "event_message",
    "key_hash",
    "parse_signed_event",
    "sign_event",
    "verify_signatures",
]

EVENT_CONTEXT: Final = b"frost-identity-event/v1\n"
"""What a signature begins with, so that it means nothing anywhere else."""


def key_hash(key: PublicKey) -> bytes:
    """Hash a key as commitments list it: SHA-256 of its 34 multikey bytes."""
    return sha256(to_multikey_bytes(key)).digest()


def commitment(keys: Sequence[PublicKey], threshold: int) -> Commitment:
    """Commit to `keys`, of which `threshold` will have to sign.

    Raises:
        IdentityError: identity.threshold, identity.malformed
    """
    made = Commitment(threshold=threshold, hashes=tuple(sorted(map(key_hash, keys))))
    check_commitment(made, "commitment")
    return made


def event_message(event: Event) -> bytes:
    """Return what each key of the event signs."""
    return EVENT_CONTEXT + encode_event(event)


def sign_event(event: Event, keys: Sequence[SigningKey]) -> SignedEvent:
    """Sign an event with all of its keys, given in any order.

    Raises:
        IdentityError: identity.keys, or whatever a reader of the event would find wrong with its form
    """
    message = event_message(event)
    return attach_signatures(event, {key.public: key.sign(message) for key in keys})


def attach_signatures(event: Event, signatures: Mapping[PublicKey, bytes]) -> SignedEvent:
    """Put together an event and signatures that its keys made, perhaps on different machines.

    Raises:
        IdentityError: identity.keys, or whatever a reader of the event would find wrong with its form
    """
    if set(signatures) != set(event.keys):
        raise IdentityError(
            "identity.keys", "signers", found=_hex(sorted(signatures)), expected=_hex(event.keys)
        )
    body = decode(encode_event(event))
    return parse_signed_event(encode({"event": body, "sigs": [signatures[key] for key in event.keys]}))


def _hex(keys: Sequence[bytes]) -> str:
    return " ".join(key.hex() for key in keys)


# -- validity -----------------------------------------------------------------------------------------


def verify_signatures(signed: SignedEvent) -> None:
    """Check that every revealed key signed the event.

    Raises:
        SignatureError: signature.invalid, key.refused
    """
    message = event_message(signed.event)
    for key, signature in zip(signed.event.keys, signed.signatures, strict=True):
        verify(key, message, signature)


def check_successor(event: Event, prev: Event, base: Event) -> None:
    """Check an event against its ancestors: `prev` that it names, and `base`.

    `base` is the nearest recovery event at or above `prev`, or else genesis. The signatures are for
    `verify_signatures`.

    Raises:
        IdentityError: identity.predecessor, identity.recovery, identity.keys, identity.threshold, identity.end
    """
    if event.n != prev.n + 1:
        raise IdentityError("identity.predecessor", "event number", found=event.n, expected=prev.n + 1)
    if event.kind is Kind.RECOVERY:
        if base.recovery is None:
            raise IdentityError("identity.recovery", "genesis committed to no recovery set")
        _check_revealed(event.keys, base.recovery, "recovery set")
    else:
        _check_revealed(event.keys, prev.next, "authority keys")
    if prev.epoch is None and event.end != EMPTY_END:
        raise IdentityError(
            "identity.end", "end of an epoch without key", found=event.end, expected=EMPTY_END
        )


def _check_revealed(keys: Sequence[PublicKey], made: Commitment, what: str) -> None:
    for key in keys:
        if key_hash(key) not in made.hashes:
            raise IdentityError(
                "identity.keys", f"{what}: revealed key", found=key, expected="one committed to"
            )
    if len(keys) < made.threshold:
        raise IdentityError(
            "identity.threshold", f"{what}: revealed keys", found=len(keys), expected=made.threshold
        )
