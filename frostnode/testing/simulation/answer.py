"""One request at an ASGI server, as it runs there, and the answer on its way back.

The server side lives in the nursery of its machine and dies with it. A client that hangs up is told as a
real server tells it: the application hears `http.disconnect`, and what it still sends goes nowhere.
"""

from typing import Final

import httpx
import trio

from frostnode.testing.simulation.network import Message, Network, Server

_WINDOW: Final = 8
"""So many pieces of an answer are under way before its sender has to wait."""


class Answer:
    """See the module. `head` is set when there is a status, or never will be."""

    def __init__(
        self, network: Network, server: Server, source: str, request: httpx.Request, body: bytes
    ) -> None:
        self.head = trio.Event()
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_whole = False
        """Whether the application said its last, or nobody wants to hear more."""
        self._network = network
        self._name = request.url.host
        self._gone = trio.Event()
        self._body = body
        self._is_asked = False
        self._send, self._receive = trio.open_memory_channel[bytes](_WINDOW)
        server.nursery.start_soon(self._serve, server, _scope(source, request))

    async def _serve(self, server: Server, scope: Message) -> None:
        answers = self._network.open_answers
        answers[self._name] = answers.get(self._name, 0) + 1
        try:
            await server.app(scope, self._hear, self._say)
        except Exception as error:  # noqa: BLE001 - whatever it is, the world is told
            self._network.failed(self._name, error)
        finally:
            answers[self._name] -= 1
            self._send.close()
            self.head.set()

    async def _hear(self) -> Message:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _say(self, message: Message) -> None:
        await trio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
            self.head.set()
            return
        if message.get("body") and not self._gone.is_set():
            try:
                await self._send.send(bytes(message["body"]))
            except trio.BrokenResourceError:
                self._gone.set()
        if not message.get("more_body", False):
            self.is_whole = True
            self._send.close()

    async def piece(self) -> bytes | None:
        """What the application says next; None at the end, whether it said its last or not."""
        try:
            return await self._receive.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            return None

    async def drain(self) -> None:
        """Let the application say all of it, to nobody."""
        while await self.piece() is not None:
            pass

    def hang_up(self) -> None:
        """Listen no longer: for who does, that is the end."""
        self.is_whole = True
        self._gone.set()
        self._receive.close()


def _scope(source: str, request: httpx.Request) -> Message:
    path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": (source, 1),
        "server": (request.url.host, request.url.port or 80),
    }
