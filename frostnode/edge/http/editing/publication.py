"""Publishing what a form says, once, through the same operations as the API and the command line."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from frostnode.edge.http.asked import quiet
from frostnode.edge.http.editing.frame import Frame, Work
from frostnode.edge.http.editing.typed import Typed
from frostnode.edge.http.editing.visitors import Visit
from frostnode.edge.http.links import record_path
from frostnode.operations.parts import Json
from frostnode.operations.table import operate
from frostnode.ports import CatalogReader
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.names import DATASET, VERSION, Did, RecordKey, RecordType, check_type_and_key
from frostnode.protocol.records import LATEST_LABEL

_BETWEEN: Final = re.compile(r"[^a-z0-9]+")
_KEY_CHARS: Final = 60


def key_for(type_: str, typed: Typed) -> str:
    """The key of a record: as it was typed, or, of a dataset without one, out of its title.

    Raises:
        NameError_: name.type, name.key
    """
    if type_ == VERSION:
        label = typed.get("label", "").strip()
        if label == LATEST_LABEL:
            raise NameError_("name.key", "label", found=label, expected="another one: it is the newest")
        return check_type_and_key(type_, f"{typed.get('dataset', '')}@{label}")[1]
    return check_type_and_key(type_, typed.get("key", "").strip() or suggested_key(typed.get("title", "")))[1]


def suggested_key(title: str) -> str:
    """A key out of the letters and digits of a title; "" where it has none of ASCII."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return _BETWEEN.sub("-", plain).strip("-")[:_KEY_CHARS].strip("-")


class Publication:
    """For one publisher, by one who is signed in."""

    def __init__(self, frame: Frame, visit: Visit, did: Did) -> None:
        self._frame = frame
        self._visit = visit
        self._did = did

    async def once(self, draft: str, text: str, work: Work) -> str:
        """Publish a draft with this digest of its text, and answer the path of its page; again it is only answered.

        Raises:
            LocalError: idempotency.busy, queue.full; what `work` says
        """
        told = await self._frame.once(self._visit, f"{draft} {text}", {}, work)
        return record_path(str(told["records"][0]["url"]))

    def work(self, type_: str, typed: Typed, fields: Mapping[str, Any]) -> Work:
        """What publishes it."""

        async def run(begun_ms: int, is_again: bool) -> Json:
            if type_ == VERSION:
                return await self._version(typed, fields, is_again=is_again)
            record = {**fields, "type": DATASET, "key": key_for(type_, typed)}
            asked = {"records": [record], "did": self._did, "expected": typed.get("seen", "")}
            return await operate(self._frame.parts, "publish", asked, quiet)

        return run

    async def _version(self, typed: Typed, fields: Mapping[str, Any], *, is_again: bool) -> Json:
        """A version is never published over another one by mistake."""
        key = key_for(VERSION, typed)

        def look(catalog: CatalogReader) -> bool:
            current = catalog.current(self._did, RecordType(VERSION), RecordKey(key))
            return current is not None and current.op == Op.PUT

        if not is_again and await self._frame.parts.read_catalog(look):
            raise LocalError("record.changed", f"{key} is published already", hint="give it another label")
        dataset, _, label = key.partition("@")
        asked = {"dataset": dataset, "label": label, "fields": dict(fields), "did": self._did}
        return await operate(self._frame.parts, "version", asked, quiet)
