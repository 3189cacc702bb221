"""A mail server on loopback that takes what comes, or says what a test wants; no threads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import trio


@dataclass(slots=True)
class SmtpServer:
    """A server at `port` of 127.0.0.1. `refusals` are answers by the command that they answer, in capitals."""

    port: int
    refusals: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    """What it says that it can do."""
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Receiver and mail."""
    commands: list[str] = field(default_factory=list)
    _heard: trio.Event = field(default_factory=trio.Event)

    async def has(self, count: int) -> list[tuple[str, EmailMessage]]:
        """Wait for so many mails."""
        while len(self.taken) < count:
            await self._heard.wait()
        return self.taken

    async def serve(self, stream: trio.SocketStream) -> None:
        """One session."""
        lines = _Lines(stream)
        receiver = ""
        async with stream:
            await lines.say("220 mail.example ESMTP")
            while (line := await lines.next()) is not None:
                self.commands.append(line)
                command = line.split(" ")[0].upper()
                receiver = line if command == "RCPT" else receiver
                if command in self.refusals:
                    await lines.say(self.refusals[command])
                elif command == "EHLO":
                    *first, last = ["mail.example", *self.offers]
                    await lines.say(*(f"250-{each}" for each in first), f"250 {last}")
                elif command == "QUIT":
                    await lines.say("221 bye")
                elif command == "DATA":
                    await lines.say("354 go on")
                    mail = message_from_bytes(await lines.until_dot(), policy=default)
                    assert isinstance(mail, EmailMessage)
                    self.taken.append((receiver, mail))
                    await lines.say("250 taken")
                    self._heard.set()
                    self._heard = trio.Event()
                else:
                    await lines.say("250 fine")


class _Lines:
    """A connection in lines."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""

    async def say(self, *lines: str) -> None:
        await self._stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def next(self) -> str | None:
        """The next line; None at the end."""
        while b"\r\n" not in self._rest:
            try:
                data = await self._stream.receive_some()
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line.decode()

    async def until_dot(self) -> bytes:
        """A mail, with dots at beginnings of lines as they were."""
        lines: list[str] = []
        while (line := await self.next()) not in (".", None):
            assert line is not None
            lines.append(line.removeprefix("."))
        return "\r\n".join(lines).encode()


@asynccontextmanager
async def smtp_server() -> AsyncIterator[SmtpServer]:
    """Serve while the context lasts."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server = SmtpServer(listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
