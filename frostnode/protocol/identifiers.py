"""Identifiers that the world has for things, each in one spelling: what `/id/` finds records by.

Rules (spec/11-handles-and-resolution.md#identifiers):
- all spellings of one identifier become one name, `scheme:value`: `https://doi.org/10.5067/X`, `doi:10.5067/X` and
  `10.5067/X` are `doi:10.5067/x`;
- what says nothing of its kind is told by its form; what has no form that is known is no identifier;
- a name is a key to look up and nothing else: it is never fetched.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from frostnode.protocol.errors import NameError_
from frostnode.protocol.handles import is_handle
from frostnode.protocol.limits import IDENTIFIER_CHARS_MAX, IDENTIFIERS_PER_RECORD_MAX
from frostnode.protocol.names import DID_PREFIX

HANDLE_SCHEME: Final = "handle"
"""Names of this scheme are made of handles of profiles alone."""

_URL: Final = "url"
_UNRESERVED: Final = "/:@!$&'()*+,;=~-._%"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,63}")
_ABOUT: Final = ("canonical", "cite-as", "self")
"""Relations of links that lead to what the record is about."""


def _same(text: str) -> str:
    return text


def _ark(text: str) -> str:
    """Hyphens mean nothing in an ARK, and neither does what is left open at its end."""
    naan, _, name = text.partition("/")
    return f"{naan.lower()}/{name.replace('-', '').rstrip('/.')}"


def _lsid(text: str) -> str:
    """The authority is a domain, the rest is taken as it stands."""
    authority, _, rest = text.partition(":")
    return f"{authority.lower()}:{rest}"


_FORMS: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("doi", r"(?:(?:info:|urn:)?doi[:/]\s*|hdl:)?(10\.[0-9]{4,9}(?:\.[0-9]+)*/\S+)", str.lower),
    ("ark", r"ark:/?([0-9bcdfghjkmnpqrstvwxz]{5,16}/\S+)", _ark),
    ("lsid", r"(?:urn:lsid:|lsid:)([^:\s]+:[^:\s]+:[^:\s]+(?::[^:\s]+)?)", _lsid),
    ("swh", r"swh:(1:(?:cnt|dir|rel|rev|snp):[0-9a-f]{40})(?:;\S*)?", str.lower),
    ("orcid", r"(?:orcid:)?((?:[0-9]{4}-){3}[0-9]{3}[0-9x])", str.upper),
    ("issn", r"(?:urn:issn:|issn[: ]\s*)?([0-9]{4}-[0-9]{3}[0-9x])", str.upper),
    ("ror", r"ror:(0[a-z0-9]{8})", str.lower),
    ("wikidata", r"(?:wikidata:|wd:)?([qpl][1-9][0-9]{0,11})", str.upper),
    ("hdl", r"(?:hdl:|handle:)([0-9a-z.]+/\S+)", str.lower),
)
"""Kind, its form with what it is known by, around the one group that is its value, and its one spelling. The first that fits counts."""

_FORM: Final = re.compile("|".join(form for _, form, _ in _FORMS), re.IGNORECASE)

_RESOLVERS: Final[Mapping[str, tuple[str, str]]] = {
    "doi.org": ("", "doi:"),
    "dx.doi.org": ("", "doi:"),
    "www.doi.org": ("", "doi:"),
    "hdl.handle.net": ("", "hdl:"),
    "orcid.org": ("", "orcid:"),
    "ror.org": ("", "ror:"),
    "portal.issn.org": ("resource/ISSN/", "issn:"),
    "www.wikidata.org": (r"wiki/", "wikidata:"),
    "wikidata.org": (r"wiki/", "wikidata:"),
    "archive.softwareheritage.org": ("", ""),
    "lsid.info": ("", ""),
}
"""Sites whose addresses are identifiers: what stands before it in the path, and what kind it is."""

_ARK_IN_PATH: Final = re.compile(r"/?(ark:/?[0-9bcdfghjkmnpqrstvwxz]{5,16}/.+)", re.IGNORECASE)


def identifier(text: str) -> str:
    """The one spelling of an identifier: `doi:…`, `ark:…`, `handle:DOMAIN`, `url:https://…`, or `SCHEME:VALUE` of any other.

    Raises:
        NameError_: name.identifier
    """
    if (name := known_identifier(text)) is not None:
        return name
    expected = "a DOI, ARK, LSID, SWHID, ISSN, ORCID, Wikidata item, domain, URL, or SCHEME:VALUE"
    raise NameError_("name.identifier", "identifier", found=text, expected=expected)


def known_identifier(text: str) -> str | None:
    """The same of what may be no identifier: then None."""
    plain = text.strip()
    if len(plain) > IDENTIFIER_CHARS_MAX or not plain.isprintable():
        return None
    lower = plain.lower()
    address = plain[len(_URL) + 1 :] if lower.startswith(f"{_URL}:") else plain
    if address.lower().startswith(("http://", "https://")):
        return _of_url(address)
    if (name := _by_form(plain)) is not None:
        return name
    if is_handle(lower):
        return f"{HANDLE_SCHEME}:{lower}"
    scheme, colon, value = plain.partition(":")
    if not colon or not value or _SCHEME.fullmatch(scheme.lower()) is None or plain.startswith(DID_PREFIX):
        return None
    return f"{scheme.lower()}:{value.strip()}"


def _by_form(text: str) -> str | None:
    match = _FORM.fullmatch(text)
    if match is None or match.lastindex is None:
        return None
    scheme, _, spell = _FORMS[match.lastindex - 1]
    return f"{scheme}:{spell(match[match.lastindex])}"


def _of_url(text: str) -> str | None:
    """An address is the identifier that it stands for, if its site is known; else itself, in one spelling.

    What an address is does not change with its protocol, its default port and its fragment.
    """
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if not host or "@" in parts.netloc:
        return None
    path = unquote(parts.path)
    if (match := _ARK_IN_PATH.fullmatch(path)) is not None:
        return f"ark:{_ark(match[1][4:].lstrip('/'))}"
    if host in _RESOLVERS:
        before, scheme = _RESOLVERS[host]
        value = path.removeprefix("/").removeprefix("entity/" if "wikidata" in host else before)
        value = value.removeprefix(before)
        if (name := _by_form(f"{scheme}{value}")) is not None:
            return name
    place = f"[{host}]" if ":" in host else host
    if port is not None and port not in (80, 443):
        place += f":{port}"
    query = f"?{quote(unquote(parts.query), safe=_UNRESERVED + '?')}" if parts.query else ""
    return f"{_URL}:https://{place}{quote(path or '/', safe=_UNRESERVED)}{query}"


def scheme_of(name: str) -> str:
    """The kind of an identifier in its one spelling."""
    return name.partition(":")[0]


# -- what a record claims -------------------------------------------------------------------------------


def identifiers_of(fields: object, *, is_profile: bool = False) -> tuple[str, ...]:
    """What a record says that it is known by: its identifiers, homepage and telling links; a profile's handle.

    Nobody has checked the fields: what has not its shape is passed over. At most IDENTIFIERS_PER_RECORD_MAX.
    """
    if not isinstance(fields, Mapping):
        return ()
    found: dict[str, None] = {}
    if is_profile and isinstance(fields.get("handle"), str) and is_handle(fields["handle"]):
        found[f"{HANDLE_SCHEME}:{fields['handle']}"] = None
    for text in _texts(fields):
        name = known_identifier(text)
        if name is not None and scheme_of(name) != HANDLE_SCHEME:
            found[name] = None
        if len(found) >= IDENTIFIERS_PER_RECORD_MAX:
            break
    return tuple(found)


def _texts(fields: Mapping[str, object]) -> Iterator[str]:
    """The spellings, as they stand in a record."""
    for item in _maps(fields.get("identifiers")):
        scheme, value = item.get("scheme"), item.get("value")
        if isinstance(scheme, str) and isinstance(value, str) and value:
            yield _spelled("-".join(scheme.lower().split()), value.strip())
    if isinstance(homepage := fields.get("homepage"), str):
        yield homepage
    for item in _maps(fields.get("links")):
        if item.get("rel") in _ABOUT and isinstance(href := item.get("href"), str):
            yield href


def _spelled(scheme: str, value: str) -> str:
    """An identifier with its kind before it, unless it says that already."""
    lower = value.lower()
    if lower.startswith(("http://", "https://", f"{scheme}:", "urn:", "info:", "swh:")):
        return value
    return value if scheme in ("url", "uri", "urn", "swhid") else f"{scheme}:{value}"


def _maps(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (item for item in value[:IDENTIFIERS_PER_RECORD_MAX] if isinstance(item, dict))
