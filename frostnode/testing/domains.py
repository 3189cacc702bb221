"""A world of domains on loopback: what they say over HTTP and in the DNS is what a test lets them say, in real packets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from frostnode.edge.dns_texts import DnsTexts
from frostnode.edge.peer_http import HttpTransport
from frostnode.operations.parts import Parts
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.handles import write_well_known
from frostnode.protocol.names import Did
from frostnode.resolve.domains import Domains
from frostnode.testing.loopback import Handler, Loopback, loopback, response, saying
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.name_server import NameServer, name_server


class DomainWorld:
    """`answers` is what domains say over HTTP, by `/DOMAIN`; `dns` the server that all names are asked of."""

    def __init__(self, web: Loopback, dns: NameServer, answers: dict[str, bytes | Handler]) -> None:
        self.web = web
        self.dns = dns
        self.answers = answers

    def name(self, domain: str, *dids: Did) -> None:
        """Let a domain name these over HTTPS."""
        self.answers[f"/{domain}"] = response(write_well_known(dids))

    def asked(self, domain: str) -> int:
        """How often a domain was asked for its document."""
        return self.web.requests.count(f"/{domain}")


@asynccontextmanager
async def domain_world(parts: Parts) -> AsyncIterator[DomainWorld]:
    """Let a node ask this world while the context lasts."""
    answers: dict[str, bytes | Handler] = {}
    async with loopback(saying(answers)) as web, name_server({}) as dns, HttpTransport() as transport:
        parts.handles.domains = Domains(
            transport, DnsTexts(dns.address), url_of=lambda handle: f"{web.url}/{handle}"
        )
        yield DomainWorld(web, dns, answers)


def publisher_with_profile(name: str, handle: str = "", **fields: Value) -> MemoryPublisher:
    """A publisher whose profile names a domain."""
    publisher = MemoryPublisher(name)
    named: dict[str, Value] = {"handle": handle} if handle else {}
    publisher.put("self", {"name": name.title(), **named, **fields}, "profile")
    return publisher
