"""Links by which the receiver of mails says yes or no: nobody else can make them, and nothing is stored for them.

A link names the watch and carries a tag over what it does, the watch and its address, and of a consent also when the watch
was made: it is of no use for another address, and a yes is none to a later watch of the same name. A no stays one.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import urlencode

from frostnode.notify_port import Watch

_TAG_BYTES: Final = 16


class Wish(StrEnum):
    """What a link does; its path ends with it."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class MailLinks:
    """The links of the node at `url`; `key` is a secret of its own."""

    url: str
    key: bytes = field(repr=False)

    def link(self, wish: Wish, watch: Watch) -> str:
        """Where a receiver says so."""
        query = urlencode({"watch": watch.id, "tag": self._tag(wish, watch)})
        return f"{self.url.rstrip('/')}/notices/{wish}?{query}"

    def is_of(self, wish: Wish, watch: Watch, tag: str) -> bool:
        """Whether a tag is that of this wish of this watch."""
        return compare_digest(self._tag(wish, watch).encode(), tag.encode("utf-8", "replace"))

    def _tag(self, wish: Wish, watch: Watch) -> str:
        when = str(watch.created_ms) if wish is Wish.CONFIRM else ""
        said = f"{wish}\0{watch.id}\0{watch.address}\0{when}"
        tag = digest(self.key, said.encode(), sha256)[:_TAG_BYTES]
        return urlsafe_b64encode(tag).rstrip(b"=").decode("ascii")
