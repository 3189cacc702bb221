"""How things are called: DIDs, DID URLs of records, record types and keys, origins of logs.

Source of the grammar: spec/01-encoding.md#names. Every name has one spelling: what a parser takes, its
formatter gives back character by character. Percent-encoding has no place here, no name needs it.
"""

import re
from dataclasses import dataclass
from typing import Final, NewType, NoReturn

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import NameError_
from frostnode.protocol.limits import IDENTITY_PATH_EVENTS_MAX, KEY_CHARS_MAX, TYPE_CHARS_MAX

Did = NewType("Did", str)
Origin = NewType("Origin", str)
RecordType = NewType("RecordType", str)
RecordKey = NewType("RecordKey", str)

DID_PREFIX: Final = "did:frost:"
DATASET: Final = RecordType("dataset")
VERSION: Final = RecordType("version")

_TYPE: Final = re.compile(rf"[a-z][a-z0-9.-]{{0,{TYPE_CHARS_MAX - 1}}}")
_KEY: Final = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:/-]*(@[A-Za-z0-9._~:-]+)?")
_EPOCH: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_QUERY: Final = "?cid="


def did_of(genesis: Cid) -> Did:
    """Name the publisher whose identity begins with the genesis event of this CID."""
    return Did(f"{DID_PREFIX}{genesis}")


def parse_did(text: str) -> Did:
    """Check the DID of a publisher.

    Raises:
        NameError_: name.did
    """
    genesis_of(Did(text))
    return Did(text)


def genesis_of(did: Did) -> Cid:
    """Return the CID of the genesis event that a DID is made of.

    Raises:
        NameError_: name.did
    """
    if did.startswith(DID_PREFIX):
        try:
            return Cid.parse(did[len(DID_PREFIX) :])
        except NameError_ as error:
            raise NameError_("name.did", "DID", found=did, expected=f"{DID_PREFIX} and a CID") from error
    raise NameError_("name.did", "DID", found=did, expected=f"{DID_PREFIX} and a CID")


def check_type(text: str) -> RecordType:
    """Check the type of a record.

    Raises:
        NameError_: name.type
    """
    if _TYPE.fullmatch(text) is None:
        expected = f"1 to {TYPE_CHARS_MAX} of a-z 0-9 . - that begin with a letter"
        raise NameError_("name.type", "record type", found=text, expected=expected)
    return RecordType(text)


def check_key(text: str) -> RecordKey:
    """Check the key of a record of any type: `KEY`, or `KEY@LABEL` for a version.

    Whether the key fits its type is for `check_type_and_key` to say.

    Raises:
        NameError_: name.key
    """
    if len(text) > KEY_CHARS_MAX or _KEY.fullmatch(text) is None:
        expected = f"1 to {KEY_CHARS_MAX} of A-Z a-z 0-9 . _ ~ : / - that begin with neither ~ nor /"
        raise NameError_("name.key", "record key", found=text, expected=expected)
    return RecordKey(text)


def check_type_and_key(type_: str, key: str) -> tuple[RecordType, RecordKey]:
    """Check a type and a key that belong together: a version's key has a label, no other key has one.

    Raises:
        NameError_: name.type, name.key
    """
    pair = check_type(type_), check_key(key)
    if ("@" in key) != (type_ == VERSION):
        expected = "KEY@LABEL" if type_ == VERSION else "no @LABEL"
        raise NameError_("name.key", f"key of a record of type {type_}", found=key, expected=expected)
    return pair


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginParts:
    """What the origin of a log says: whose log, which epoch, and the event that opened it."""

    did: Did
    epoch: int
    event: Cid


def parse_origin(text: str) -> OriginParts:
    """Read the origin of an epoch's log.

    Raises:
        NameError_: name.origin
    """
    parts = text.split("/")
    try:
        did, log, number, event = parts
        if log == "log" and _EPOCH.fullmatch(number) and int(number) < IDENTITY_PATH_EVENTS_MAX:
            return OriginParts(did=parse_did(did), epoch=int(number), event=Cid.parse(event))
    except (NameError_, ValueError) as error:
        raise _not_an_origin(text) from error
    raise _not_an_origin(text)


def _not_an_origin(text: str) -> NameError_:
    return NameError_("name.origin", "origin", found=text, expected="DID/log/EPOCH/CID of the opening event")


def format_origin(did: Did, epoch: int, event: Cid) -> Origin:
    """Name the log of the epoch with this number that `event` opened."""
    return Origin(f"{did}/log/{epoch}/{event}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DidUrl:
    """The name of a record; with `cid`, of the exact entry whose header has that CID.

    Raises:
        NameError_: name.type, name.key, when it is made of a key that does not fit its type
    """

    did: Did
    type: RecordType
    key: RecordKey
    cid: Cid | None = None

    def __post_init__(self) -> None:
        check_type_and_key(self.type, self.key)

    def __str__(self) -> str:
        """The one spelling: that of `url_of`, and `?cid=CID`."""
        url = url_of(self.did, self.type, self.key)
        return url if self.cid is None else f"{url}{_QUERY}{self.cid}"


def url_of(did: str, type_: str, key: str) -> str:
    """The DID URL of a record, of names that were checked when they came: `did/KEY`, `did/KEY@LABEL` or `did/~TYPE/KEY`."""
    return f"{did}/{key}" if type_ in (DATASET, VERSION) else f"{did}/~{type_}/{key}"


def parse_did_url(text: str) -> DidUrl:
    """Read the DID URL of a record or of an exact entry.

    Raises:
        NameError_: name.did-url; the cause says which part
    """
    path, query, cid = text.partition(_QUERY)
    did, slash, record = path.partition("/")
    if not slash:
        _not_a_did_url(text)
    if not record.startswith("~"):
        type_, key = VERSION if "@" in record else DATASET, record
    else:
        name, _, key = record[1:].partition("/")
        type_ = RecordType(name)
        if type_ in (DATASET, VERSION):
            _not_a_did_url(text)
    try:
        return DidUrl(
            did=parse_did(did), type=type_, key=RecordKey(key), cid=Cid.parse(cid) if query else None
        )
    except NameError_ as error:
        _not_a_did_url(text, error)


def _not_a_did_url(text: str, cause: NameError_ | None = None) -> NoReturn:
    expected = "DID/KEY, DID/KEY@LABEL or DID/~TYPE/KEY, then nothing or ?cid=CID"
    raise NameError_("name.did-url", "DID URL of a record", found=text, expected=expected) from cause
