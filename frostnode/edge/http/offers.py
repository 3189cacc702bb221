"""The resources that are written to: offers, takes and leases, by signed requests alone (spec/05-sync.md#offers)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.signed import Gate, RequestChunks, SignedBody
from frostnode.protocol.limits import LEASE_BYTES_MAX, OFFER_BYTES_MAX
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.offer_desk import OfferDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferResources:
    """The handlers, over one node's desks."""

    gate: Gate
    offers: OfferDesk
    leases: LeaseDesk

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/frost/offer", self.offer, methods=["POST"]),
            Route("/frost/take/{slot}", self.take, methods=["POST"]),
            Route("/frost/lease", self.lease, methods=["POST"]),
        ]

    async def offer(self, request: Request) -> Response:
        """What this node wants of a batch of logs."""
        sender = self.gate.admit(request, is_streamed=False)
        body = SignedBody(request, OFFER_BYTES_MAX)
        return _json(await self.offers.offer(sender.key, body, is_known=sender.is_known))

    async def take(self, request: Request) -> Response:
        """The frames of one wanted log."""
        sender = self.gate.admit(request, is_streamed=True)
        slot, chunks = request.path_params["slot"], RequestChunks(request)
        return _json(await self.offers.take(sender.key, slot, chunks, is_known=sender.is_known))

    async def lease(self, request: Request) -> Response:
        """Be pushed to."""
        sender = self.gate.admit(request, is_streamed=False)
        body = SignedBody(request, LEASE_BYTES_MAX)
        return _json(await self.leases.lease(sender.key, body, is_known=sender.is_known))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})
