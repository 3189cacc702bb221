"""Page or document, plain or compressed: what a client would rather have (RFC 9110, 12.5)."""

from typing import Final

from starlette.requests import Request

_PAGE: Final = "text/html"
_GZIP: Final = ("gzip", "x-gzip")
"""Two names of one coding (RFC 9110, 8.4.1.3)."""
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


def takes_gzip(header: str) -> bool:
    """Whether a client that sends this Accept-Encoding would have gzip at least as gladly as nothing of the kind."""
    ranks = _ranks(header)
    named = [ranks[name] for name in _GZIP if name in ranks]
    rank = max(named) if named else ranks.get("*", 0.0)
    return rank > 0.0 and rank >= ranks.get("identity", 0.0)


def _ranks(header: str) -> dict[str, float]:
    """What is named, in lower case and without its parameters, with its weight."""
    found: dict[str, float] = {}
    for part in header.split(",")[:_PARTS_MAX]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            found[kind] = max(0.0, min(1.0, float(weight)))
        except ValueError:
            found[kind] = 0.0
    return found
