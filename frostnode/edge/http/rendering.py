"""Templates and what goes with them: filters for times and names, static files under the hash of what they hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from frostnode.edge.http.dress import Dress
from frostnode.edge.http.links import contact_href, end_path, link_to, record_path
from frostnode.edge.http.plain_text import one_line, runs
from frostnode.edge.http.record_view import bytes_text
from frostnode.edge.http.times import day_text, iso_text, utc_text
from frostnode.protocol.limits import PAGE_LIST_ITEMS_MAX

_PACKAGE: Final = "frostnode.edge.http"
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HASH_CHARS: Final = 12


@dataclass(frozen=True, slots=True)
class StaticFile:
    """What a static path answers."""

    content: bytes
    media_type: str


def load_static() -> tuple[Mapping[str, str], Mapping[str, StaticFile]]:
    """Read the folder `static`: paths by name (`site.css`), and files by the last part of their path.

    The hash of the content is part of the path, so whoever has a file may keep it for ever.
    """
    paths: dict[str, str] = {}
    found: dict[str, StaticFile] = {}
    for source in files(_PACKAGE).joinpath("static").iterdir():
        stem, _, suffix = source.name.rpartition(".")
        content = source.read_bytes()
        name = f"{stem}.{sha256(content).hexdigest()[:_HASH_CHARS]}.{suffix}"
        paths[source.name] = f"/static/{name}"
        found[name] = StaticFile(content, _MEDIA_TYPES[suffix])
    return paths, found


def as_it_is(path: str) -> str:
    """Where a path of a live node leads: there."""
    return path


def pager_link(pages: Mapping[str, Any], offset: int) -> str:
    """The link to another page of a listing on a live node: the same path with other parameters."""
    return "?" + urlencode({**pages["params"], pages.get("by", "offset"): offset})


def make_environment(
    static_paths: Mapping[str, str],
    *,
    at: Callable[..., str] | None = None,
    pager: Callable[[Mapping[str, Any], int], str] = pager_link,
    dress: Dress | None = None,
) -> Environment:
    """The templates: everything is escaped, an unknown name is an error.

    `at` answers where a path of a live node is to be found in files, and "" for nowhere; without it the pages are those of
    a live node, in the `dress` of one of its views.
    """
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {
        "at": at or (dress.at if dress else as_it_is),
        "bytes": bytes_text,
        "contact_href": contact_href,
        "count": count_text,
        "cut": cut_text,
        "day": day_text,
        "end_path": end_path,
        "form_path": form_path,
        "in_pre": in_pre,
        "iso": iso_text,
        "json": json_text,
        "link_to": link_to,
        "one_line": one_line,
        "pager_link": pager,
        "record_path": record_path,
        "runs": runs,
        "utc": utc_text,
    }
    environment.filters.update(filters)
    environment.globals["static"] = static_paths
    environment.globals["live"] = at is None
    environment.globals["dress"] = dress
    environment.globals["items_max"] = PAGE_LIST_ITEMS_MAX
    return environment


def count_text(count: int, singular: str = "", plural: str = "") -> str:
    """A number with thin spaces between thousands, and the noun in its number."""
    number = f"{count:,}".replace(",", "\u202f")
    if not singular:
        return number
    return f"{number} {singular if count == 1 else plural or singular + 's'}"


def cut_text(text: str, chars_max: int) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def in_pre(text: str) -> Markup:
    """A text between tags: JSON is half quotes, and there they need no escape of five characters each."""
    return Markup(str(escape(text)).replace("&#34;", '"').replace("&#39;", "'"))  # noqa: S704 - escaped, but for quotes


def json_text(value: object) -> str:
    """A value as JSON, on one line."""
    return json.dumps(value, ensure_ascii=False)


def form_path(name: str, form: str) -> str:
    """The address of a lineage in another form."""
    path = record_path(name, "/api/lineage")
    return f"{path}{'&' if '?' in path else '?'}form={form}"
