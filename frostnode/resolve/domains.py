"""Ask a domain which publishers are its own: over HTTPS and in the DNS, either is enough.

Trust: a domain is a stranger that strangers chose. It is asked over the guarded way out, one document of bounded size,
in bounded time, without redirects; what it says names publishers and can do nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from frostnode.protocol.errors import FrostError, LocalError, PeerError, TransportError
from frostnode.protocol.handles import TXT_LABEL, Handle, read_txt, read_well_known, well_known_url
from frostnode.protocol.limits import HANDLE_DOCUMENT_BYTES_MAX, HANDLE_LOOK_UP_S
from frostnode.protocol.names import Did
from frostnode.wire import PeerTransport, TextRecords

WELL_KNOWN: Final = "well-known"
DNS: Final = "dns"

_SAYS_NOTHING: Final = "record.not-found"
_FINAL: Final = frozenset({"transport.too-large", "lease.address"})
"""Answers of the wire that are the domain's own and will be the same the next time."""


@dataclass(frozen=True, slots=True)
class _Way:
    """What came of one way: whom it names, what went wrong, and whether that may be another thing soon."""

    dids: frozenset[Did] = frozenset()
    reason: str = ""
    is_answer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSays:
    """Whom a domain names, by which way each; what went wrong; and which ways have not answered."""

    named: dict[Did, str]
    reason: str
    silent: frozenset[str] = frozenset()

    @property
    def is_answer(self) -> bool:
        """Whether both ways have answered."""
        return not self.silent


_STRAIGHT: Final = " (redirects are not followed: the document must be at this very address)"

Asking: TypeAlias = Callable[[Handle], str]
"""Where a domain has its document."""


class Domains:
    """Both ways. Without `texts` there is no DNS here, and it says nothing."""

    def __init__(
        self, web: PeerTransport, texts: TextRecords | None, url_of: Asking = well_known_url
    ) -> None:
        self._web = web
        self._texts = texts
        self._url_of = url_of

    async def ask(self, handle: Handle) -> DomainSays:
        """Ask both at once; never fails, and takes HANDLE_LOOK_UP_S at most."""
        found: dict[str, _Way] = {}

        async def ask(name: str) -> None:
            found[name] = _Way(reason=f"no answer in {HANDLE_LOOK_UP_S} s", is_answer=False)
            with trio.move_on_after(HANDLE_LOOK_UP_S):
                found[name] = await self._ask(name, handle)

        async with trio.open_nursery() as nursery:
            for name in (WELL_KNOWN, DNS):
                nursery.start_soon(ask, name)
        named = {did: name for name in (DNS, WELL_KNOWN) for did in sorted(found[name].dids)}
        reasons = [f"{name}: {found[name].reason}" for name in (WELL_KNOWN, DNS) if found[name].reason]
        return DomainSays(
            named=named,
            reason="; ".join(reasons),
            silent=frozenset(name for name, way in found.items() if not way.is_answer),
        )

    async def _ask(self, name: str, handle: Handle) -> _Way:
        try:
            return _Way(await (self._by_web(handle) if name == WELL_KNOWN else self._by_dns(handle)))
        except FrostError as error:
            if error.code == _SAYS_NOTHING:
                return _Way()
            reason = f"{error}{_STRAIGHT}" if _is_redirect(error) else str(error)
            return _Way(reason=reason, is_answer=_is_final(error))

    async def _by_web(self, handle: Handle) -> frozenset[Did]:
        raw = await self._web.fetch(self._url_of(handle), bytes_max=HANDLE_DOCUMENT_BYTES_MAX)
        return read_well_known(raw)

    async def _by_dns(self, handle: Handle) -> frozenset[Did]:
        if self._texts is None:
            return frozenset()
        return read_txt(await self._texts.texts(f"{TXT_LABEL}.{handle}"))


def _is_final(error: FrostError) -> bool:
    """Whether the domain has answered, though not as it should: a redirect is not followed and is no outage."""
    if isinstance(error, TransportError) and error.code == "transport.status":
        return _is_redirect(error)
    return isinstance(error, PeerError | LocalError) or error.code in _FINAL


def _is_redirect(error: FrostError) -> bool:
    return error.code == "transport.status" and str(error.found).startswith("3")
