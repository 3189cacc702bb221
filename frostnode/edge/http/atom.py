"""Notices as an Atom document (RFC 4287), with links to the pages before and after it (RFC 5005).

Titles and notes were written by strangers: they become text, and what XML cannot hold becomes U+FFFD. Nothing that names
an entry or a feed depends on the node that shows it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from frostnode.notify.feed_pages import FeedPage
from frostnode.protocol.notice import Notice, NoticeKind, event_type, notice_links, rfc3339

ATOM_TYPE: Final = "application/atom+xml; charset=utf-8"

_ATOM: Final = "http://www.w3.org/2005/Atom"
_HISTORY: Final = "http://purl.org/syndication/history/1.0"
_PROOF_TYPE: Final = "application/vnd.frostnode.proof+cbor"
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a feed says of itself. `path` is where it is on the `node` (a URL, "" when it has none), `page` the page for people."""

    id: str
    title: str
    author: str
    node: str
    path: str
    page: str

    def at(self, path: str) -> str:
        """Where something is on the node, as far as the node knows its own address."""
        return self.node.rstrip("/") + path

    def named(self, page: int | None) -> str:
        """Where a page of the feed is."""
        if page is None:
            return self.at(self.path)
        return f"{self.at(self.path)}{'&' if '?' in self.path else '?'}page={page}"


def atom(head: FeedHead, page: FeedPage) -> bytes:
    """The document. Of what concerns the same entry more than once, it has the newest."""
    ET.register_namespace("", _ATOM)
    ET.register_namespace("fh", _HISTORY)
    newest: dict[str, Notice] = {}
    for notice in page.notices:
        newest.setdefault(entry_id(notice), notice)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", head.id)
    _add(feed, "title", head.title)
    _add(feed, "updated", rfc3339(page.notices[0].change.at_ms if page.notices else 0))
    _add(_add(feed, "author"), "name", head.author)
    _add(feed, "generator", "frostnode")
    for rel, href in _links(head, page):
        _add(feed, "link", rel=rel, href=href, type=ATOM_TYPE.partition(";")[0])
    _add(feed, "link", rel="alternate", href=head.at(head.page), type="text/html")
    if page.name is not None:
        ET.SubElement(feed, f"{{{_HISTORY}}}archive")
    for id_, notice in newest.items():
        _add_entry(feed, id_, notice, page.publishers.get(notice.change.did, ""), head)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def entry_id(notice: Notice) -> str:
    """The DID URL of the exact entry; of a move, that of the log that it opened; of a test, one of its own."""
    change = notice.change
    if notice.kind is NoticeKind.TEST:
        return f"urn:frost:test:{change.id}"
    return change.origin if change.header is None else f"{change.subject}?cid={change.header}"


def _links(head: FeedHead, page: FeedPage) -> Iterable[tuple[str, str]]:
    yield "self", head.named(page.name)
    if page.name is not None:
        yield "current", head.named(None)
    if page.before is not None:
        yield "prev-archive", head.named(page.before)
    if page.after is not None:
        yield "next-archive", head.named(page.after)


def _add_entry(feed: ET.Element, id_: str, notice: Notice, publisher: str, head: FeedHead) -> None:
    change = notice.change
    about = event_type(change.type, notice.kind).split(".")[-2]
    entry = _add(feed, "entry")
    _add(entry, "id", id_)
    _add(entry, "title", f"{_one_line(notice.title) or change.subject}: {about} {notice.kind}")
    _add(entry, "updated", rfc3339(change.at_ms))
    author = _add(entry, "author")
    _add(author, "name", _one_line(publisher) or change.did)
    _add(author, "uri", change.did)
    _add(entry, "category", term=notice.kind)
    links = notice_links(change, head.node or "/")
    _add(entry, "link", rel="alternate", href=links["page"], type="text/html")
    if "proof" in links:
        _add(entry, "link", rel="related", href=links["proof"], type=_PROOF_TYPE, title="Proof")
    _add(entry, "content", _words(notice), type="text")


def _words(notice: Notice) -> str:
    """What there is to read."""
    lines = [notice.note, entry_id(notice)]
    if notice.successor:
        lines.append(f"Use instead: {notice.successor}")
    if notice.host:
        lines.append(f"Now at: {notice.host}")
    if not notice.is_current and notice.kind is not NoticeKind.MOVED:
        lines.append("A later entry has taken its place.")
    return "\n".join(filter(None, lines))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _add(under: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(under, f"{{{_ATOM}}}{name}")
    element.text = _NOT_IN_XML.sub("\ufffd", text) or None
    for attribute, value in attributes.items():
        element.set(attribute, _NOT_IN_XML.sub("\ufffd", value))
    return element
