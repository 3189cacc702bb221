"""What the flow asks of the wire: the only ways out, to other nodes and the DNS, and the key that speaks for this one."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self


class RequestSigner(Protocol):
    """The holder of the node key (trusted with: speaking to other nodes as this one, with nothing else)."""

    def sign(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """The header fields that sign a request that is sent now; `body` None for one that is streamed."""


class PeerTransport(Protocol):
    """The only way out. Raises TransportError and nothing else; every wait and size is bounded.

    What a peer rightly says of a request is a LocalError: record.not-found for 404, record.withheld for
    451, and others by their code. `post` and `send` are signed with the node key.
    """

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """The body of a 200 answer to GET `url`."""

    def stream(self, url: str) -> "AsyncBytes":
        """Chunks of a long answer; the context closes the connection."""

    async def post(self, url: str, body: bytes, *, bytes_max: int) -> bytes:
        """The body of a 200 answer to POST `url` with a JSON document."""

    async def send(self, url: str, chunks: AsyncIterator[bytes], *, bytes_max: int) -> bytes:
        """The body of a 200 answer to POST `url` with frames, read from `chunks` as fast as the peer takes them."""

    async def exchange(self, url: str, body: bytes, *, bytes_max: int) -> tuple[int, str, bytes]:
        """(status, media type, body) of any answer to POST `body`, unsigned: for protocols that say something by these."""


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What somebody answered at a URL that a watch names; `body` as far as it is read."""

    status: int
    retry_after: str = ""
    body: bytes = b""


class Callbacks(Protocol):
    """The way out to URLs that watches name: redirects are not followed, every wait and size is bounded.

    Raises TransportError, or LocalError lease.address for an address that it does not go to; neither says the URL.
    """

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """The answer to POST, whatever its status."""

    async def get(self, url: str) -> CallbackAnswer:
        """The answer to GET, whatever its status."""


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """What a mail server answered: its code, the enhanced one if it gave one, and whether the receiver was refused."""

    code: int
    enhanced: str = ""
    is_of_receiver: bool = False


class Mailer(Protocol):
    """The way out for mails. Raises TransportError and nothing else; every wait is bounded."""

    async def send(self, to: str, message: bytes) -> MailAnswer:
        """The answer to a mail, taken or not."""


class TextRecords(Protocol):
    """The DNS, as far as domains say something of themselves in it. Raises TransportError and nothing else; bounded."""

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each as one text; none when it has none or does not exist."""


class AsyncBytes(Protocol):
    """An open answer."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> bytes: ...
