"""Messages that a receiver can verify with any library of Standard Webhooks: headers, signatures, forms of keys.

Rules (spec/14-notices.md#webhooks):
- `v1a` is Ed25519 by the notice key of the node, which everybody can verify;
- `v1` is HMAC-SHA256 by the secret of the watch, where it has one;
- what is signed is `⟨id⟩.⟨seconds⟩.⟨body⟩`; an id is made here and has three dots, so that nobody can shift them.
"""

from base64 import b64encode
from hashlib import sha256
from hmac import digest
from typing import Final

from frostnode.protocol.keys import PublicKey, SigningKey

_SECRET: Final = "whsec_"  # noqa: S105 - the prefix of all secrets is none
_PUBLIC_KEY: Final = "whpk_"


def webhook_headers(id_: str, body: bytes, *, now_s: int, key: SigningKey, secret: bytes) -> dict[str, str]:
    """The header fields of a message that is sent now; `secret` b"" where the receiver has none."""
    signed = f"{id_}.{now_s}.".encode() + body
    signatures = [f"v1a,{_base64(key.sign(signed))}"]
    if secret:
        signatures.append(f"v1,{_base64(digest(secret, signed, sha256))}")
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(signatures),
    }


def write_webhook_secret(secret: bytes) -> str:
    """The text of a secret, for its receiver's eyes alone."""
    return _SECRET + _base64(secret)


def write_webhook_key(key: PublicKey) -> str:
    """The text of a public key, as receivers are configured with it."""
    return _PUBLIC_KEY + _base64(key)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
