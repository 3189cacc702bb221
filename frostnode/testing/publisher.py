"""A publisher with real keys, made from a seed: signs events and entries as a careful owner would."""

from frostnode.log.sequencer import Submission
from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.entry import Header, Op, encode_body, encode_header
from frostnode.protocol.history import History, Taken
from frostnode.protocol.identity import (
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    commitment,
    sign_event,
)
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.limits import SALT_BYTES
from frostnode.protocol.names import Did, Origin, RecordKey, RecordType, did_of, format_origin
from frostnode.protocol.records import PROFILE, PROFILE_KEY
from frostnode.testing.random import SeededRandom


class Publisher:
    """One identity from its genesis on. `history` is what it has said so far, as one that heard all of it knows."""

    def __init__(self, seed: str = "publisher", *, time_ms: int = 1_800_000_000_000) -> None:
        self._random = SeededRandom(seed)
        self._secret = self._random.bytes(32)
        self._time_ms = time_ms
        self._log_keys: dict[str, SigningKey] = {}
        self.genesis = self._sign(Kind.GENESIS, None, None, None, "authority/0")
        self.did: Did = did_of(self.genesis.cid)
        self.history = History.empty(self.did)
        self.taken: Taken = self._take(self.genesis)

    def _key(self, label: str) -> SigningKey:
        return SigningKey(derive_seed(self._secret, label))

    def _sign(
        self, kind: Kind, prev: SignedEvent | None, end: End | None, recovery: int | None, signer: str
    ) -> SignedEvent:
        n = 0 if prev is None else prev.event.n + 1
        key = self._key(f"log/{'' if prev is None else prev.cid}/{kind}")
        following = 0 if recovery is None else recovery + 1
        event = Event(
            kind=kind,
            n=n,
            time=self._time_ms + n,
            keys=(self._key(signer).public,),
            next=commitment([self._key(f"authority/{n + 1}").public], 1),
            prev=None if prev is None else prev.cid,
            recovery=None
            if kind is Kind.ORDINARY
            else commitment([self._key(f"recovery/{following}").public], 1),
            end=end,
            epoch=Epoch(key=key.public, node=self._key("node").public, url=f"https://host-{n}.example"),
        )
        signed = sign_event(event, [self._key(signer)])
        self._log_keys[str(signed.cid)] = key
        return signed

    def _take(self, signed: SignedEvent) -> Taken:
        self.taken = self.history.take([signed])
        return self.taken

    # -- acts -----------------------------------------------------------------------------------------

    def move(self, end: End) -> Taken:
        """End the open epoch and open the next one."""
        last = self.history.path[-1]
        return self._take(self._sign(Kind.ORDINARY, last, end, None, f"authority/{last.event.n + 1}"))

    def recover(self, good: SignedEvent, end: End) -> Taken:
        """Void all that came after the event `good`, and end the epoch that it opened."""
        spent = sum(signed.event.kind is Kind.RECOVERY for signed in self.history.path)
        return self._take(self._sign(Kind.RECOVERY, good, end, spent, f"recovery/{spent}"))

    # -- logs -----------------------------------------------------------------------------------------

    def origin(self, signed: SignedEvent | None = None) -> Origin:
        """The log that an event opened; by default that of the last one that counts."""
        event = self.history.path[-1] if signed is None else signed
        return format_origin(self.did, event.event.n, event.cid)

    def log_key(self, origin: str) -> SigningKey | None:
        """The key of one of this publisher's logs."""
        return self._log_keys.get(origin.rpartition("/")[2])

    # -- entries --------------------------------------------------------------------------------------

    def put(self, key: str, *, title: str = "", type_: str = "dataset", padding: int = 0) -> Submission:
        """An entry with a body of its own; `padding` makes the body that many bytes larger."""
        body = encode_body({"title": title or key, "padding": "x" * padding}, self._random.bytes(SALT_BYTES))
        header = Header(
            op=Op.PUT,
            type=RecordType(type_),
            key=RecordKey(key),
            time=self._time_ms,
            body=Cid.of(body),
            size=len(body),
        )
        return Submission(encode_header(header), body)

    def profile(self, fields: dict[str, Value]) -> Submission:
        """Its profile."""
        body = encode_body(fields, self._random.bytes(SALT_BYTES))
        header = Header(
            op=Op.PUT,
            type=PROFILE,
            key=RecordKey(PROFILE_KEY),
            time=self._time_ms,
            body=Cid.of(body),
            size=len(body),
        )
        return Submission(encode_header(header), body)

    def withdraw(self, key: str, *, type_: str = "dataset") -> Submission:
        """A tombstone."""
        header = Header(op=Op.WITHDRAW, type=RecordType(type_), key=RecordKey(key), time=self._time_ms)
        return Submission(encode_header(header), None)
