"""Where the pages of a live node are to be found in an export: a file name for every path that has one."""

import re
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import NameError_
from frostnode.protocol.names import Did, DidUrl, parse_did, parse_did_url

INDEX: Final = "index.html"
PUBLISHERS: Final = "publishers"
_SLUG_CHARS_MAX: Final = 60
_HASH_CHARS: Final = 16


def publisher_stem(did: Did) -> str:
    """The name of a publisher's pages: without a colon, which is not a letter of file names everywhere."""
    return f"publisher/{did.rpartition(':')[2]}"


def record_folder(did: Did) -> str:
    """The folder of a publisher's records."""
    return f"record/{did.rpartition(':')[2]}"


def record_name(url: DidUrl) -> str:
    """The file of a record: keys may be longer than names of files, differ in case alone, and have dots between slashes."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", url.key)[-_SLUG_CHARS_MAX:].strip("-")
    mark = sha256(f"{url.type}/{url.key}".encode()).hexdigest()[:_HASH_CHARS]
    return f"{record_folder(url.did)}/{words or 'record'}-{mark}.html"


def proof_folder(did: Did) -> str:
    """The folder of the proofs of a publisher's records."""
    return f"proof/{did.rpartition(':')[2]}"


def proof_name(did: Did, mark: str, header: Cid, *, bare: bool) -> str:
    """The file that proves an entry as of the identity history that `mark` stands for; `bare` without its content."""
    return f"{proof_folder(did)}/{mark}/{header}{'-bare' if bare else ''}.frostproof"


def page_name(stem: str, number: int) -> str:
    """The file of a page of a listing, from 0."""
    return f"{stem}.html" if number == 0 else f"{stem}-{number + 1}.html"


def record_at(path: str) -> DidUrl | None:
    """The record whose page a live node has at this path."""
    text = path.removeprefix("/record/")
    if path.startswith("/record?url="):
        text = unquote(path.removeprefix("/record?url="))
    elif text == path:
        return None
    try:
        return parse_did_url(text)
    except NameError_:
        return None


def publisher_at(path: str) -> Did | None:
    """The publisher whose page a live node has at this path."""
    text = path.removeprefix("/publisher/")
    try:
        return parse_did(text) if text != path else None
    except NameError_:
        return None
