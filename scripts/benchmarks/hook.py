"""The process that takes webhooks: `hook` answers 200 to whatever is posted, as fast as it can, and says its port first."""

import asyncio

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_LENGTH = b"content-length: "


class Taking(asyncio.Protocol):
    """One connection: requests with a stated length, one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            at = head.find(_LENGTH) + len(_LENGTH)
            length = int(head[at:].partition(b"\r\n")[0])
            if len(self._rest) < end + 4 + length:
                return
            self._rest = self._rest[end + 4 + length :]
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(_ANSWER)


async def take() -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(Taking, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(take())
