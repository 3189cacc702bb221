"""What people wrote in records, as paragraphs of plain text and links: nothing else of it becomes markup.

Descriptions come as plain text, Markdown and HTML, and nobody has checked them. Rules:
- safety does not hang on what is recognised here: what comes out is text, which the templates escape,
  and addresses that `safe_href` let through;
- known HTML tags and a few marks of Markdown become breaks, bullets or nothing, links of both become
  links, everything else stays as it was written.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.limits import PAGE_TEXT_CHARS_MAX


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line; a link when it has an address."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs of lines of runs. `cut` says that there is more than is shown."""

    paragraphs: tuple[tuple[tuple[Run, ...], ...], ...]
    cut: bool


_HARD_BREAK: Final = "\x0b"
_HIDDEN: Final = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)), None)
_BLOCKS: Final = "address|article|blockquote|dd|div|dl|dt|h[1-6]|header|hr|ol|p|pre|section|table|tr|ul"
_INLINE: Final = (
    "a|abbr|b|big|center|cite|code|del|em|figure|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|"
    "tbody|td|tfoot|th|thead|tt|u|var"
)
_TAG: Final = re.compile(
    rf"</?(?:(?P<block>{_BLOCKS})|(?P<line>br|li)|(?:{_INLINE}))\b[^<>]{{0,1000}}>", re.IGNORECASE
)
_RAISED: Final = re.compile(r"<(?P<kind>su[bp])>(?P<words>[^<>]{1,40})</(?P=kind)\s*>", re.IGNORECASE)
_ABOVE: Final = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_BELOW: Final = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_HTML_LINK: Final = re.compile(
    r"<a\s[^<>]{0,300}?\bhref\s*=\s*[\"']?(?P<href>https?://[^\s\"'<>]{1,2000})[^<>]{0,500}>"
    r"(?P<label>[^<]{1,500})</a\s*>",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    r"\[(?P<label>[^\[\]]{1,300})\]\s?\(<?(?P<to>https?://[^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,500}){0,5})>?"
    r"(?:\s+[\"'][^\"'\n]{0,300}[\"'])?\s?\)|(?P<bare>https?://[^\s<>\"`\[\]{}|\\^]{1,2000})"
)
_PARAGRAPH_BREAK: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_OWN_LINE: Final = re.compile(r"(?:[-*•+|#>]|\d{1,3}[.)]\s)")
_HEADING: Final = re.compile(r"#{1,6} ")
_BULLET: Final = re.compile(r"^[-*+] (?=.)")
_BOLD: Final = re.compile(r"(?<![\w*])\*\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*\*(?![\w*])")
_NEAR_LINK: Final = re.compile(r"\[([^\[\]]{1,300})\]\((?!https?://)[\w./#-]{1,300}\)")
"""A link to a page beside the one for which a description was written."""
_EMPHASIS: Final = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*(?![\w*])")
_SPACES: Final = re.compile(r"[ \t\u00a0]+")
_AFTER_ADDRESS: Final = ".,;:!?'*_"


def safe_href(address: str) -> str:
    """The address if a page may link to it, else nothing: only http and https, without credentials."""
    scheme, mark, rest = address.strip().partition("://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    fine = scheme.lower() in ("http", "https") and mark and authority and "@" not in authority
    return address.strip() if fine and address.strip().isprintable() and " " not in address.strip() else ""


def prose(text: str) -> Prose:
    """Paragraphs of a description, at most PAGE_TEXT_CHARS_MAX characters of it."""
    plain = _BOLD.sub(r"\1", without_tags(text[:PAGE_TEXT_CHARS_MAX]))
    blocks = (_lines(block) for block in _PARAGRAPH_BREAK.split(plain))
    paragraphs = tuple(tuple(tuple(runs(line)) for line in lines) for lines in blocks if lines)
    return Prose(paragraphs, cut=len(text) > PAGE_TEXT_CHARS_MAX)


def one_line(text: str, chars_max: int) -> str:
    """The beginning of a text without its markup, on one line, cut between words."""
    lines = ("".join(run.text for run in line) for lines in prose(text).paragraphs for line in lines)
    words = _EMPHASIS.sub(r"\1", _NEAR_LINK.sub(r"\1", " ".join(" ".join(lines).split())))
    if len(words) <= chars_max:
        return words
    return words[:chars_max].rpartition(" ")[0].rstrip(",;:.") + " …"


def runs(line: str) -> Iterator[Run]:
    """A line as text and links."""
    at = 0
    for match in _LINK.finditer(line):
        address, label = match["to"] or match["bare"], match["label"] or ""
        end = match.end()
        if match["bare"]:
            address = _trimmed(address)
            end = match.start() + len(address)
        href = safe_href(address)
        if match.start() > at:
            yield Run(line[at : match.start()])
        yield Run(honest_label(label, address), href) if href else Run(match[0])
        at = end
    if at < len(line):
        yield Run(line[at:])


def honest_label(label: str, address: str) -> str:
    """The words of a link; with the address, where the words look like another one."""
    words = label.strip()
    if not words or words.rstrip("/") == address.rstrip("/"):
        return address
    looks_like_address = "://" in words or words.lower().startswith("www.")
    return f"{words} ({address})" if looks_like_address else words


def _trimmed(address: str) -> str:
    """A bare address without the punctuation of the sentence around it."""
    while address:
        if address[-1] in _AFTER_ADDRESS or (address[-1] == ")" and address.count(")") > address.count("(")):
            address = address[:-1]
        else:
            break
    return address


def without_tags(text: str) -> str:
    """The text with the HTML in it as line breaks, Markdown links or nothing; entities as what they stand for."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_HIDDEN)
    text = _HTML_LINK.sub(lambda match: f"[{match['label']}]({match['href']})", text)
    text = _RAISED.sub(_raise, text)
    text = _TAG.sub(_break, text)
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def _raise(match: re.Match[str]) -> str:
    """What stands above or below the line stays apart from it: 10<sup>7</sup> is not 107."""
    mark, small = ("^", _ABOVE) if match["kind"].lower() == "sup" else ("_", _BELOW)
    words = match["words"].strip()
    return words.translate(small) if words and all(ord(char) in small for char in words) else mark + words


def _break(tag: re.Match[str]) -> str:
    if tag["block"]:
        return "\n\n"
    if tag["line"]:
        return _HARD_BREAK + ("- " if tag[0].lower().startswith("<li") else "")
    return ""


def _lines(block: str) -> list[str]:
    """The lines of a paragraph: what was only wrapped is one line; headings, items and rows keep theirs."""
    lines: list[str] = []
    for hard in block.split(_HARD_BREAK):
        begins = True
        for written in hard.split("\n"):
            line = _SPACES.sub(" ", written).strip()
            heading = _HEADING.match(line)
            if heading:
                line = line[heading.end() :]
            if not line:
                continue
            if begins or heading or _OWN_LINE.match(line):
                lines.append(_BULLET.sub("• ", line))
            else:
                lines[-1] += " " + line
            begins = heading is not None
    return lines
