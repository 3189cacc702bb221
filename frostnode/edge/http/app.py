"""The ASGI application: routes from `sync`, `api` and `pages`, and the one place where errors become answers."""

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document, wants_page
from frostnode.edge.http.announcements import AnnouncementResources
from frostnode.edge.http.api.resource import Api
from frostnode.edge.http.atom_feeds import AtomResources
from frostnode.edge.http.compression import Compression
from frostnode.edge.http.editing.pages import EditingPages
from frostnode.edge.http.feeds import FeedResources
from frostnode.edge.http.hub import HubLinks, HubResource
from frostnode.edge.http.inbox import InboxPage
from frostnode.edge.http.lineage import LineageResources
from frostnode.edge.http.machines import Machines
from frostnode.edge.http.mail_links import MailLinkPages
from frostnode.edge.http.names import Names
from frostnode.edge.http.neighbours import NeighbourResources
from frostnode.edge.http.offers import OfferResources
from frostnode.edge.http.orphans import OrphanResources
from frostnode.edge.http.pages import Pages
from frostnode.edge.http.refusals import refusal
from frostnode.edge.http.security import SecurityHeaders
from frostnode.edge.http.signed import Gate
from frostnode.edge.http.sync import SyncResources
from frostnode.edge.http.views import View, ViewHosts, Views
from frostnode.edge.http.witness import WitnessResources
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import FrostError, LocalError


def make_app(parts: Parts, about: dict[str, Any], views: Sequence[View] = ()) -> Starlette:
    """The application of one node; `about` is what /frost/node answers, `views` are shown as sites of their own."""
    sync = SyncResources(
        store=parts.log,
        worker=parts.worker,
        bell=parts.arrived,
        node=about,
        carries=parts.carrying.is_carried,
    )
    neighbours = NeighbourResources(
        parts.log, parts.worker, parts.listed_peers, carries=parts.carrying.is_carried
    )
    pages = Pages(parts, [(view.settings.title, f"/v/{view.settings.name}/") for view in views])
    shown_as = Views(parts, pages, views)
    api = Api(parts, pages)

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, FrostError)
        if _is_page(request):
            return await pages.error(request, error)
        return refusal(error)

    async def not_routed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            unknown = LocalError("request.method", f"{request.url.path} does not know {request.method}")
            return refusal(unknown, error.headers)
        return await refuse(request, LocalError("record.not-found", f"nothing at {request.url.path}"))

    app = Starlette(
        routes=[
            *_offers(parts),
            *_mail_links(parts, pages),
            *InboxPage(parts, pages).routes(),
            *([] if parts.hub is None else HubResource(parts.hub).routes()),
            *neighbours.routes(),
            *WitnessResources(parts.witnessing).routes(),
            *OrphanResources(parts).routes(),
            *AnnouncementResources(parts.world(), parts.carrying.is_carried).routes(),
            *FeedResources(parts).routes(),
            *AtomResources(parts).routes(),
            *sync.routes(),
            *api.routes(),
            *EditingPages(parts, pages, api).routes(),
            *pages.routes(),
            *shown_as.routes(),
            *Machines(parts).routes(),
            *LineageResources(parts, pages).routes(),
            *Names(parts, pages).routes(),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Compression, worker=parts.worker),
            *([Middleware(ViewHosts, hosts=shown_as.hosts())] if shown_as.hosts() else []),
            *([] if parts.hub is None else [Middleware(HubLinks, hub=parts.hub)]),
        ],
        exception_handlers={FrostError: refuse, HTTPException: not_routed},
    )
    app.router.redirect_slashes = False  # every path has one spelling
    return app


def _offers(parts: Parts) -> list[Route]:
    """What is written to, by signed requests alone; nothing where offers are neither made nor taken."""
    if parts.pushing is None:
        return []
    gate = Gate(parts.clock, parts.pushing.offering.is_neighbour)
    return OfferResources(gate=gate, offers=parts.pushing.desk, leases=parts.pushing.leases).routes()


def _mail_links(parts: Parts, pages: Pages) -> list[Route]:
    """Where receivers of mails say yes and no; nothing where no mails are sent."""
    return [] if parts.consent is None else MailLinkPages(parts, pages, parts.consent).routes()


def _is_page(request: Request) -> bool:
    path = request.url.path
    if path.startswith(("/did", "/id")):
        return wants_page(request)
    return not path.startswith(("/frost/", "/api/", "/feeds/", "/.well-known/")) and not wants_document(
        request
    )
