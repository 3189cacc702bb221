"""The answer to a program that is refused something."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse, Response

from frostnode.edge.http.signed import ACCEPT_SIGNATURE
from frostnode.edge.outcomes import http_status, problem
from frostnode.protocol.errors import FrostError

PROBLEM: Final = "application/problem+json"


def refusal(error: FrostError, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document; one that lacks a signature is told what to sign."""
    status = http_status(error)
    # What is refused now may be here, or shown, at the next moment.
    sent = {"cache-control": "no-cache", **(headers or {})}
    if error.code.startswith("request.") and status == 401:
        sent |= {"www-authenticate": "Signature", "accept-signature": ACCEPT_SIGNATURE}
    return JSONResponse(problem(error), status_code=status, media_type=PROBLEM, headers=sent)
