"""Descriptions as people wrote them, Markdown with some HTML in it, as markup that is safe to show.

Rules:
- parsing is markdown-it's, with HTML off; what is written out is decided here, tag by tag: no attribute of the source gets
  through but the address of a link that `safe_href` lets through, and the number with which a list begins;
- nothing is fetched: an image is a link to it;
- at most PAGE_TEXT_CHARS_MAX characters are read, nested at most PAGE_TEXT_DEPTH_MAX deep.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from frostnode.edge.http.plain_text import honest_label, runs, safe_href, without_tags
from frostnode.protocol.limits import PAGE_TEXT_CHARS_MAX, PAGE_TEXT_DEPTH_MAX


@dataclass(frozen=True, slots=True)
class Rich:
    """Markup to be shown as it is. `cut` says that there is more than is shown."""

    html: Markup
    cut: bool


_OUTWARD: Final = 'rel="nofollow noopener noreferrer"'
_PLAIN: Final = ("em", "strong", "s", "ul", "thead", "tbody", "tr")
_BLOCKS: Final = ("p", "li", "blockquote", "th", "td")
"""Blocks of text, each of which finds its own direction."""
_HEADINGS: Final = {"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h5", "h5": "h5", "h6": "h5"}
"""A description stands below the headings of its page."""
_BREAK: Final = "\x0b"
_BREAKS: Final = re.compile(r"\x0b\s*(?=\x0b)")
"""All but the last of several."""


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": PAGE_TEXT_DEPTH_MAX})
    parser.enable(["table", "strikethrough"])
    parser.disable(["code", "html_block", "html_inline"])  # whoever indents HTML does not mean code
    parser.validateLink = _any_link  # type: ignore[method-assign]  # as its documentation says to
    parser.normalizeLink = _as_written  # type: ignore[method-assign]  # the same
    return parser


def _any_link(url: str) -> bool:
    """What may be a link is decided where it is written out, so that its words stay when it may not."""
    return True


def _as_written(url: str) -> str:
    """An address is shown as it was written, or not at all."""
    return url


def rich(text: str) -> Rich:
    """Make markup of a description."""
    plain = _BREAKS.sub("", without_tags(text[:PAGE_TEXT_CHARS_MAX]))
    source = plain.replace(f"{_BREAK}- ", "\n- ").replace(_BREAK, "  \n")
    html = "".join(_blocks(_parser().parse(source)))
    return Rich(Markup(html), cut=len(text) > PAGE_TEXT_CHARS_MAX)  # noqa: S704 - every piece of it was escaped below


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _inline(token.children or ())
        elif token.type in ("fence", "code_block"):
            yield f'<pre tabindex="0"><code>{escape(token.content)}</code></pre>'
        elif token.type == "hr":
            yield "<hr>"
        elif not token.hidden:
            yield _tag(token)


def _tag(token: Token) -> str:
    """The opening or closing tag of a token; nothing for a kind that is not known."""
    name = _HEADINGS.get(token.tag, token.tag)
    if name == "table":
        return (
            '<div class="scroll" tabindex="0"><table class="list">' if token.nesting > 0 else "</table></div>"
        )
    if name == "ol":
        return _numbered(token) if token.nesting > 0 else "</ol>"
    if name in _PLAIN:
        return f"<{name}>" if token.nesting > 0 else f"</{name}>"
    if name in _BLOCKS or token.tag in _HEADINGS:
        return f'<{name} dir="auto">' if token.nesting > 0 else f"</{name}>"
    return ""


def _numbered(token: Token) -> str:
    start = token.attrs.get("start", 1)
    return f'<ol start="{start}">' if isinstance(start, int) and start != 1 else "<ol>"


def _inline(tokens: Sequence[Token]) -> Iterator[str]:
    href, words = "", ""
    for token in tokens:
        if token.type == "link_open":
            href, words = safe_href(str(token.attrs.get("href", ""))), ""
            if href:
                yield _opening(href)
        elif token.type == "link_close":
            if href:
                yield f"{_truth(words, href)}</a>"
            href = ""
        elif token.type == "text":
            words += token.content
            yield str(escape(token.content)) if href else _with_links(token.content)
        elif token.type == "code_inline":
            words += token.content
            yield f"<code>{escape(token.content)}</code>"
        elif token.type == "softbreak":
            yield "\n"
        elif token.type == "hardbreak":
            yield "<br>"
        elif token.type == "image":
            words += token.content
            yield _image(token, is_linked=bool(href))
        else:
            yield _tag(token)


def _opening(href: str) -> str:
    return f'<a href="{escape(href)}" {_OUTWARD} title="{escape(href)}">'


def _truth(words: str, href: str) -> str:
    """What must be said behind the words of a link that look like another address."""
    return (
        str(escape(honest_label(words, href).removeprefix(words.strip())))
        if words.strip()
        else str(escape(href))
    )


def _with_links(text: str) -> str:
    return "".join(
        f"{_opening(run.href)}{escape(run.text)}</a>" if run.href else str(escape(run.text))
        for run in runs(text)
    )


def _image(token: Token, *, is_linked: bool) -> str:
    """An image as the words for it, which lead to it."""
    words, href = token.content.strip() or "image", safe_href(str(token.attrs.get("src", "")))
    return f"{_opening(href)}{escape(words)}</a>" if href and not is_linked else str(escape(words))
