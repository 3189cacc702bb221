"""Where the pages' links lead: to pages of this node, or out to addresses that people gave."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from frostnode.edge.http.plain_text import safe_href
from frostnode.protocol.errors import NameError_
from frostnode.protocol.names import DID_PREFIX, parse_did, parse_did_url

_BARE: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "doi": (re.compile(r"(?:doi:)?(10\.[0-9]{4,9}/\S{1,500})", re.IGNORECASE), "https://doi.org/"),
    "orcid": (re.compile(r"((?:[0-9]{4}-){3}[0-9]{3}[0-9X])"), "https://orcid.org/"),
    "ror": (re.compile(r"(0[a-z0-9]{8})"), "https://ror.org/"),
    "ark": (re.compile(r"(ark:/?[0-9]{5,9}/\S{1,500})"), "https://n2t.net/"),
    "swhid": (re.compile(r"(swh:1:\S{1,500})"), "https://archive.softwareheritage.org/"),
    "wikidata": (re.compile(r"([QPL][0-9]{1,12})"), "https://www.wikidata.org/wiki/"),
}
"""Schemes of identifiers: what a bare one looks like, and who resolves it."""

_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,200}")


def record_path(url: str, under: str = "/record") -> str:
    """The path of a record's page. Browsers resolve dots between slashes, so such names go as a parameter."""
    name = url.partition("?")[0]
    if {".", ".."} & set(name.split("/")) or not url.startswith(DID_PREFIX):
        return f"{under}?url={quote(url, safe='')}"
    return f"{under}/{url}"


def link_to(address: str) -> str:
    """Where an address of a record leads: a page here for names of this network; empty when nowhere."""
    try:
        return record_path(str(parse_did_url(address)))
    except NameError_:
        pass
    try:
        return f"/publisher/{parse_did(address)}"
    except NameError_:
        return safe_href(address)


def end_path(name: str) -> str:
    """Where the name of an end of lineage leads: to its page here, to its address, or to who says to be it."""
    return link_to(name) or link_to(name.removeprefix("url:")) or f"/id?name={quote(name, safe='')}"


def identifier_href(scheme: str, value: str) -> str:
    """Where an identifier resolves; empty when that is not known."""
    known = _BARE.get(scheme.lower())
    match = known[0].fullmatch(value) if known else None
    if known and match:
        return known[1] + quote(match[1], safe="/:;=._-()@")
    return link_to(value)


def contact_href(contact: str) -> str:
    """Where the contact of the operator leads: an address of the web, or one of e-mail."""
    return safe_href(contact) or (f"mailto:{quote(contact, safe='@+')}" if _MAIL.fullmatch(contact) else "")
