"""Which record a search leads straight to: that whose name it is."""

from contextlib import suppress

from frostnode.operations.parts import Parts
from frostnode.operations.read import find_entry
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.identifiers import HANDLE_SCHEME, identifier, scheme_of
from frostnode.protocol.names import DID_PREFIX, Did, parse_did_url, url_of
from frostnode.protocol.records import PROFILE


def goes_to(parts: Parts, catalog: CatalogReader, log: LogReader, text: str, without: frozenset[Did]) -> str:
    """The DID URL of the record that the text names by itself: by its DID URL or any identifier; "" where it names none.

    A domain names nobody here, for it may as well be a word.
    """
    name = text.strip()
    with suppress(NameError_, LocalError):
        if name.startswith(DID_PREFIX):
            entry = find_entry(parts, catalog, log, parse_did_url(name))
            return name if entry.op == Op.PUT else ""
        if name and scheme_of(spelled := identifier(name)) != HANDLE_SCHEME:
            blocked = {block.did for block in log.blocks() if not block.type}
            verified = parts.carrying.handles.keys()
            for entry in catalog.claims(spelled, limit=1, first=verified, without=without | blocked):
                if entry.type != PROFILE:
                    return url_of(entry.did, entry.type, entry.key)
    return ""
