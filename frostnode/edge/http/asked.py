"""What a request asks in its address, for the pages and feeds; the API has a table of its own."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_LIMIT_MAX, SEARCH_OFFSET_MAX

HEADERS: Final = {"cache-control": "no-cache", "access-control-allow-origin": "*"}
"""Everyone may read, and asks again each time."""


async def quiet(what: str, done: int, total: int | None) -> None:
    """No progress over HTTP."""


def url_params(request: Request) -> Mapping[str, Any]:
    """The DID URL in the path, with `?cid=`; or whole as `?url=`, for clients that resolve dots in a path."""
    url = request.path_params.get("url") or request.query_params.get("url", "")
    cid = request.query_params.get("cid")
    return {"url": url + (f"?cid={cid}" if cid is not None else "")}


def whole_number(request: Request, name: str, default: int, maximum: int) -> int:
    """A query parameter.

    Raises:
        LocalError: usage
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= maximum):
        raise LocalError("usage", f"parameter {name}", found=text, expected=f"0 to {maximum}")
    return int(text)


def search_params(request: Request) -> Mapping[str, Any]:
    """q, sort, facets (names apart by commas), cursor, include, limit, offset."""
    return {
        "query": request.query_params.get("q", ""),
        **{name: request.query_params.get(name) for name in ("include", "sort", "facets", "cursor")},
        "limit": whole_number(request, "limit", 20, SEARCH_LIMIT_MAX),
        "offset": whole_number(request, "offset", 0, SEARCH_OFFSET_MAX),
    }


def choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """A query parameter that is one of these; the first, where it is not given.

    Raises:
        LocalError: usage
    """
    text = request.query_params.get(name, choices[0])
    if text not in choices:
        raise LocalError("usage", f"parameter {name}", found=text, expected=" or ".join(choices))
    return text
