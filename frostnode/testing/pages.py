"""A page that is held to the rules while it is read: known tags and attributes, all closed, nothing from elsewhere, no script within."""

from html.parser import HTMLParser
from typing import Final

_TAGS: Final = (
    "a article aside b bdi blockquote body br button code datalist dd desc details div dl dt em fieldset footer form g h1 h2 h3 h4 h5 "
    "head header hr html img input label legend li link main mark meta nav ol option p path pre q rect s script section select small "
    "span strong summary svg table tbody td text textarea th thead time title tr ul use wbr"
)
VOID: Final = frozenset(["br", "hr", "img", "input", "link", "meta", "path", "rect", "use", "wbr"])
_ATTRIBUTES: Final = (
    "action alt aria-current aria-describedby aria-hidden aria-invalid aria-label aria-labelledby aria-valuemax aria-valuemin "
    "aria-valuenow autocomplete autofocus charset checked class content d data-copy data-copy-from data-counts data-first datetime "
    "defer dir download for formaction height href id inputmode lang list max maxlength method min name open placeholder "
    "preserveaspectratio rel role rows rx selected src start step tabindex title type value viewbox width x y"
)
TAGS: Final = frozenset(_TAGS.split())
ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())


class Page(HTMLParser):
    """A page as it was read: `text` is its words, `links` its links with their titles.

    Raises:
        AssertionError: when it breaks a rule
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        """The links of the head, by their `rel`."""
        self._open: list[str] = []
        self._texts: list[str] = []
        assert text.startswith("<!doctype html>")
        self.feed(text)
        self.close()
        assert self._open == []
        self.text = " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert tag in TAGS, tag
        assert set(values) <= ATTRIBUTES, values
        for name in ("href", "src", "action", "formaction"):
            if name in values:
                _check_address(tag, values[name], values.get("rel", ""))
        if tag == "script":
            assert values["src"].startswith("/static/")
        if tag not in VOID:
            self._open.append(tag)
        if tag == "a" and "href" in values:
            self.links[values["href"]] = values.get("title", "")
        if tag == "link":
            self.metadata[values["rel"]] = values["href"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert not data.strip() or self._open[-1] != "script", "no script within a page"
        self._texts.append(data)


def _check_address(tag: str, address: str, rel: str) -> None:
    if address.startswith(("http://", "https://")) and (tag, rel) != ("link", "canonical"):
        assert tag == "a" and "noopener" in rel and "nofollow" in rel
    elif not address.startswith(("http://", "https://", "mailto:")):
        assert address.startswith(("/", "?", "#")) and not address.startswith("//")
