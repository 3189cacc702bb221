"""From records to log entries: what a publisher may say, and what of it is new.

A record that says what is published already is left: importing a catalog again publishes what changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frostnode.log.content import readable_body
from frostnode.log.left import CHANGED_SINCE, TO_GO_ON, left
from frostnode.log.sequencer import Submission
from frostnode.log.withheld import check_shown
from frostnode.neighbours import Hosted
from frostnode.ports import CatalogEntry, CatalogReader, CatalogStore, Clock, LogReader, LogStore, Random
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dagjson import from_json
from frostnode.protocol.entry import Header, Op, encode_body, encode_header
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import SALT_BYTES
from frostnode.protocol.names import Did, DidUrl, Origin, parse_did
from frostnode.protocol.records import LINEAGE, SUBSCRIPTION, check_record, named_fields
from frostnode.publish.lineage_check import LineageCheck
from frostnode.publish.subscription_check import SubscriptionCheck


@dataclass(frozen=True, slots=True)
class Place:
    """The open epoch that new entries of a publisher go to."""

    did: Did
    origin: Origin


@dataclass(frozen=True, slots=True)
class Checked:
    """A record that may be published; `changed` unless it is published already in the same words.

    `blocked` is why it may not: its record is blocked here. `current` is what stands now under its name.
    """

    url: DidUrl
    changed: bool
    submission: Submission
    blocked: str = ""
    current: CatalogEntry | None = None

    @property
    def replaced(self) -> str:
        """The header CID of the record that stands now under its name; "" when there is none, or it is withdrawn."""
        return str(self.current.header) if self.current is not None and self.current.op == Op.PUT else ""

    def check_expected(self, expected: str) -> None:
        """Check that what it shall take the place of is what its author has seen: a header CID, `*` for any, "" for none.

        Who has seen something else and says what stands there already has lost nothing.

        Raises:
            LocalError: record.changed
        """
        found = self.replaced
        if found == expected or (expected == "*" and found) or not self.changed:
            return
        raise LocalError(
            "record.changed",
            f"{self.url}: the entry that is replaced",
            found=found or "none",
            expected={"": "none", "*": "one"}.get(expected, expected),
            hint="read it again, then decide",
        )


def open_place(reader: LogReader, did: str | None) -> Place:
    """Which publisher, and its epoch whose log key is here.

    Raises:
        LocalError: publisher.not-hosted, usage; record.withheld, when the publisher is blocked here
    """
    hosted = reader.hosted()
    wanted = parse_did(did) if did else None
    open_here = {item.did: item.origin for item in hosted if _is_open(reader, item)}
    dids = {wanted} & open_here.keys() if wanted is not None else open_here.keys()
    if len(dids) > 1:
        raise LocalError("usage", "this home hosts several publishers", expected="--as DID", found=len(dids))
    for publisher in dids:
        check_shown(reader, publisher)
        return Place(publisher, open_here[publisher])
    gone = [item.did for item in hosted if wanted in (None, item.did)]
    if gone:
        raise _left(reader, gone[-1])
    raise LocalError(
        "publisher.not-hosted", f"no open log of {wanted or 'any publisher'} here", hint="`frost init`"
    )


def _is_open(reader: LogReader, item: Hosted) -> bool:
    history = reader.history(item.did)
    standing = history.epoch(item.origin) if history is not None else None
    return standing is not None and standing.end is None


def _left(reader: LogReader, did: Did) -> LocalError:
    """Why a publisher that was hosted here cannot publish here."""
    found = left(reader, did)
    if found is not None and found.is_here:
        return LocalError("epoch.ended", f"{did}: {CHANGED_SINCE}", hint=TO_GO_ON)
    return LocalError(
        "epoch.ended",
        f"{did} has moved",
        found="another host" if found is None else found.where,
        expected="this node",
        hint="publish there, or bring it here: `frost move`",
    )


class Checker:
    """Holds records against the rules and against what is published. Synchronous: run it in a worker."""

    def __init__(self, log: LogStore, catalog: CatalogStore, clock: Clock, random: Random) -> None:
        self._log = log
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._lineage = LineageCheck()
        self._subscriptions = SubscriptionCheck()

    def check(self, place: Place, records: Sequence[Any]) -> list[Checked]:
        """Check records in their lossless JSON form: maps with `type`, `key` and the fields of the body.

        Raises:
            FrostError: naming the record and the field
        """
        with self._catalog.read() as catalog, self._log.read() as log:
            return [self._check(catalog, log, place, record) for record in records]

    def _check(self, catalog: CatalogReader, log: LogReader, place: Place, record: Any) -> Checked:
        type_, key, fields = named_fields(record)
        url = DidUrl(did=place.did, type=type_, key=key, cid=None)
        try:
            value = check_record(type_, key, from_json(fields))
            if type_ == LINEAGE:
                self._lineage.check(catalog, place.did, key, value)
            elif type_ == SUBSCRIPTION:
                self._subscriptions.check(catalog, place.did, key, value)
            body = encode_body(value, self._random.bytes(SALT_BYTES))
        except FrostError as error:
            error.message = f"{url}: {error.message}"
            raise
        current = catalog.current(place.did, type_, key)
        published = (
            readable_body(log, current.body) if current is not None and current.body is not None else None
        )
        header = Header(
            op=Op.PUT, type=type_, key=key, time=self._clock.now_ms(), body=Cid.of(body), size=len(body)
        )
        block = log.block(place.did, type_, key)
        if block is not None:
            return Checked(url, False, Submission(encode_header(header), body), block.reason, current)
        return Checked(url, published != value, Submission(encode_header(header), body), "", current)

    def withdrawal(self, place: Place, url: DidUrl) -> Checked:
        """The tombstone of a record.

        Raises:
            LocalError: record.not-found; record.withheld, when the record is blocked here
        """
        with self._catalog.read() as catalog, self._log.read() as log:
            check_shown(log, url.did, url.type, url.key)
            current = catalog.current(url.did, url.type, url.key)
        if current is None:
            raise LocalError("record.not-found", f"{url} was never published")
        header = Header(op=Op.WITHDRAW, type=url.type, key=url.key, time=self._clock.now_ms())
        return Checked(url, current.op != Op.WITHDRAW, Submission(encode_header(header), None), "", current)
