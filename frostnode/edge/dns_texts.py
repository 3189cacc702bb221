"""TXT records over dnspython: the resolver of this machine, or another, asked with bounds.

What it answers is believed as far as the operator's resolver checks it: a domain whose zone is signed is as safe in
the DNS as over HTTPS only where that resolver validates.
"""

from typing import Final

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

from frostnode.protocol.errors import TransportError, brief
from frostnode.protocol.limits import HANDLE_DIDS_MAX, HANDLE_LOOK_UP_S

_NONE: Final = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class DnsTexts:
    """TextRecords; with a `server` (address, port) that one is asked, without it those of this machine."""

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._server = server
        self._backend = dns.asyncbackend.get_backend("trio")

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name; of very many the first."""
        try:
            answer = await self._resolver().resolve(
                f"{name}.", "TXT", lifetime=HANDLE_LOOK_UP_S, search=False, backend=self._backend
            )
        except _NONE:
            return []
        except dns.exception.Timeout as error:
            raise TransportError("transport.timeout", f"TXT records of {name}") from error
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise TransportError(
                "transport.unreachable", f"TXT records of {name}: {brief(str(error))}"
            ) from error
        found = [record for record in answer if isinstance(record, TXTBase)]
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found[:HANDLE_DIDS_MAX]]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """Made anew, so that a machine that changes its network is followed."""
        if self._server is None:
            return dns.asyncresolver.Resolver()
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        return resolver
