"""The pages of a node as files: the same templates, with links that are right below any address."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context

from frostnode.edge.http.record_page import record_values
from frostnode.edge.http.rendering import load_static, make_environment
from frostnode.operations.site_names import (
    INDEX,
    PUBLISHERS,
    page_name,
    publisher_at,
    publisher_stem,
    record_at,
    record_name,
)
from frostnode.protocol.names import Did, DidUrl

_AS_THEY_ARE: Final = ("/frost/", "/static/", "/proof/")


class Site:
    """A `frostnode.files_port.SitePages`. One thread at a time."""

    def __init__(self, has_publisher: Callable[[Did], bool], has_record: Callable[[DidUrl], bool]) -> None:
        self._has_publisher = has_publisher
        self._has_record = has_record
        paths, self._static = load_static()
        self._templates = make_environment(paths, at=self._filter(), pager=self._pager)
        self._up = "./"

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Style sheets and images, by file name."""
        for name, file in self._static.items():
            yield f"static/{name}", file.content

    def page(self, name: str, template: str, values: Mapping[str, Any]) -> bytes:
        """A page as it stands in the file `name`."""
        self._up = "../" * name.count("/") or "./"
        shown = {"query": "", **values}
        if template == "record.html":
            shown |= record_values(values["record"], values["around"], at=self._at)
        return self._templates.get_template(template).render(shown).encode()

    def _filter(self) -> Callable[..., str]:
        @pass_context  # or else it is asked once for all pages, when a template is compiled
        def at(_: Context, path: str) -> str:
            return self._at(path)

        return at

    def _at(self, path: str) -> str:
        """Where a path of a live node is in files; "" for what has none. Never begins with what looks like a scheme."""
        file = self._file(path)
        return "" if file is None else self._up + file

    def _file(self, path: str) -> str | None:
        if path.startswith(_AS_THEY_ARE):
            return path[1:]
        if path == "/":
            return INDEX
        if path == "/publishers":
            return page_name(PUBLISHERS, 0)
        did, url = publisher_at(path), record_at(path)
        if did is not None and self._has_publisher(did):
            return page_name(publisher_stem(did), 0)
        if url is not None and url.cid is None and self._has_record(url):
            return record_name(url)
        return None

    def _pager(self, pages: Mapping[str, Any], offset: int) -> str:
        return self._up + page_name(pages["stem"], offset // pages["step"])
