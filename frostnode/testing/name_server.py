"""A name server on loopback that says exactly what a test wants: real packets, no zone."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import trio


class NameServer:
    """One running server; it keeps silent about names in `silent`, and fails for those in `failing`."""

    def __init__(self, texts: Mapping[str, list[str]]) -> None:
        self.texts = dict(texts)
        self.silent: set[str] = set()
        self.failing: set[str] = set()
        self.asked: list[str] = []
        self.address = ("127.0.0.1", 0)

    def answer(self, packet: bytes) -> bytes | None:
        """The answer to one packet; None for none."""
        query = dns.message.from_wire(packet)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name in self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.texts:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.texts[name]:
            quoted = [f'"{text}"' for text in self.texts[name]]
            reply.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "TXT", quoted))
        return reply.to_wire()


@asynccontextmanager
async def name_server(texts: Mapping[str, list[str]]) -> AsyncIterator[NameServer]:
    """Serve on a free UDP port of 127.0.0.1 while the context lasts."""
    server = NameServer(texts)
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as socket:
        await socket.bind(("127.0.0.1", 0))
        server.address = socket.getsockname()

        async def serve() -> None:
            while True:
                packet, sender = await socket.recvfrom(4096)
                if (reply := server.answer(packet)) is not None:
                    await socket.sendto(reply, sender)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            yield server
            nursery.cancel_scope.cancel()
