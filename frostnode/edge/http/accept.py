"""Page or document: what a client would rather have, by its Accept header (RFC 9110, 12.5.1)."""

from typing import Final

from starlette.requests import Request

_PAGE: Final = "text/html"
_PARTS_MAX: Final = 64


def preferred(request: Request, offered: tuple[str, ...]) -> str:
    """The media type out of these that the client ranks first; ties and silence go by their order.

    A page is given only to whoever names it: browsers do, programs that take anything want the document.
    """
    ranks = _ranks(request.headers.get("accept", ""))
    best, best_rank = next(kind for kind in offered if kind != _PAGE), 0.0
    for kind in offered:
        rank = ranks.get(kind, 0.0)
        if kind != _PAGE:
            rank = max(rank, 0.0 if kind in ranks else ranks.get("application/*", ranks.get("*/*", 0.0)))
        if rank > best_rank:
            best, best_rank = kind, rank
    return best


def wants_page(request: Request) -> bool:
    """Whether a person is looking."""
    return preferred(request, (_PAGE, "application/json")) == _PAGE


def wants_document(request: Request) -> bool:
    """Whether a program that came to a page would rather have JSON: it says so, and ranks no page as high."""
    ranks = _ranks(request.headers.get("accept", ""))
    return ranks.get("application/json", 0.0) > ranks.get(_PAGE, 0.0)


def _ranks(header: str) -> dict[str, float]:
    """Media types in lower case, without their parameters, with their weight."""
    found: dict[str, float] = {}
    for part in header.split(",")[:_PARTS_MAX]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            found[kind] = max(0.0, min(1.0, float(weight)))
        except ValueError:
            found[kind] = 0.0
    return found
