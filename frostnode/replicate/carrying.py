"""What this node carries, as it stands: the policy in force, whom it knows, what it has refused.

One for each node, shared by all that take anything in. Verdicts on publishers are kept in memory, for
they are asked for with every frame; what they follow from is in the store. Safe from any thread; all that
changes the store does so within its one writer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from frostnode.ledger import EVERYONE, STRANGERS, PublisherPlace, Refused
from frostnode.ports import ArrivalKind, Clock, LogReader, LogStore, LogWriter
from frostnode.protocol.limits import (
    PEER_BACKOFF_MAX_S,
    REASON_CHARS_MAX,
    REFUSALS_AT_ONCE_MAX,
    REFUSALS_PER_PEER_MAX,
)
from frostnode.protocol.names import Did
from frostnode.replicate.policy import (
    DAY_MS,
    CarryPolicy,
    Facts,
    Refusal,
    Tier,
    Used,
    Verdict,
    budget,
    host_of,
    judge,
)

_NODE_KEY: Final = "node key of "
"""Name of the setting that holds what a followed node says of itself, before its URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What verdicts follow from, besides the publisher itself."""

    policy: CarryPolicy
    begun: bool = True
    hosted: frozenset[Did] = frozenset()
    followed: frozenset[Did] = frozenset()
    vouched: frozenset[Did] = frozenset()
    node_keys: frozenset[bytes] = frozenset()
    handles: Mapping[Did, str] = field(default_factory=dict)
    peers: frozenset[str] = frozenset()

    def facts(self, did: Did, place: PublisherPlace | None, host: str = "") -> Facts:
        return Facts(
            did=did,
            hosted=did in self.hosted,
            followed=did in self.followed,
            vouched=did in self.vouched or (place is not None and place.node in self.node_keys),
            handle=self.handles.get(did, ""),
            host=host if place is None else host_of(place.url),
        )


class Carrying:
    """See the module. Before the first `refresh` nothing is known of anybody but the policy."""

    def __init__(self, store: LogStore, clock: Clock, policy: CarryPolicy) -> None:
        self._store = store
        self._clock = clock
        self._known = _Known(policy=policy, begun=False)
        self._verdicts: dict[Did, Verdict] = {}
        self._passed_over: dict[str, dict[Did, str]] = {}
        self._changing = Lock()
        self._hidden: dict[bool, frozenset[Did]] = {}
        self._no_strangers: frozenset[Did] | None = None
        self._introduced: set[Did] = set()

    # -- what is asked with every frame and search ------------------------------------------------------

    @property
    def policy(self) -> CarryPolicy:
        """The policy in force."""
        return self._known.policy

    @property
    def handles(self) -> Mapping[Did, str]:
        """The verified handles that verdicts go by."""
        return self._known.handles

    def now_ms(self) -> int:
        """The time by which days and re-checks go."""
        return self._clock.now_ms()

    def passes_over(self, peer: str, did: Did) -> bool:
        """Whether nothing of this publisher's logs is taken from this peer for now."""
        verdict = self._verdicts.get(did)
        refused = self._passed_over.get(peer)
        if isinstance(verdict, Refusal) or refused is None:
            return isinstance(verdict, Refusal)
        return did in refused or (verdict is None and EVERYONE in refused)

    def is_remembered(self, peer: str, did: Did) -> bool:
        """Whether a refusal of this publisher is remembered of this peer."""
        return did in self._passed_over.get(peer, ())

    def is_carried(self, did: Did) -> bool:
        """Whether what is held of a publisher is shown and served."""
        return not isinstance(self._verdicts.get(did), Refusal)

    def tier(self, did: Did) -> Tier | None:
        """The tier of a publisher that is held and carried."""
        verdict = self._verdicts.get(did)
        return verdict if isinstance(verdict, Tier) else None

    def refusal(self, did: Did) -> Refusal | None:
        """Why a publisher that is held is not carried."""
        verdict = self._verdicts.get(did)
        return verdict if isinstance(verdict, Refusal) else None

    def hidden(self, *, include_unknown: bool) -> frozenset[Did]:
        """The held publishers that a search leaves out; the same value while nothing changes."""
        include = include_unknown or self.policy.show_unknown
        with self._changing:
            if include not in self._hidden:
                self._hidden[include] = frozenset(
                    did
                    for did, verdict in self._verdicts.items()
                    if isinstance(verdict, Refusal)
                    or (verdict is Tier.UNKNOWN and not include and did not in self._introduced)
                )
            return self._hidden[include]

    @property
    def hosted(self) -> frozenset[Did]:
        """The publishers that this node hosts."""
        return self._known.hosted

    def no_strangers(self) -> frozenset[Did]:
        """The held publishers that are hosted, followed or vouched for here; the same value while nothing changes."""
        with self._changing:
            if self._no_strangers is None:
                self._no_strangers = frozenset(
                    did
                    for did, verdict in self._verdicts.items()
                    if isinstance(verdict, Tier) and verdict is not Tier.UNKNOWN
                )
            return self._no_strangers

    def share(self, peer: str) -> str:
        """Whose part of the shared quotas a peer uses."""
        return peer if peer in self._known.peers else STRANGERS

    def asked_for(self) -> frozenset[Did] | None:
        """Which publishers peers are asked for; None for all."""
        return self.policy.asked_for(self._known.followed)

    # -- verdicts -----------------------------------------------------------------------------------------

    def judge(self, did: Did, place: PublisherPlace | None, host: str = "") -> Verdict:
        """The verdict on a publisher, wherever it comes from; `host` where its place is not known."""
        return judge(self.policy, self._known.facts(did, place, host), self.now_ms())

    def verdict(self, did: Did) -> Verdict | None:
        """The same for one that is held, None when it is not."""
        return self._verdicts.get(did)

    def used(self, reader: LogReader, share: str) -> Used:
        """What quotas ask of a share; of a publisher they ask `taken_of`."""
        return Used(
            today=reader.taken_today(share, self.now_ms() // DAY_MS),
            unknown=reader.unknown_of(share),
            parts=len(self._known.peers) + 1,
        )

    def offered(self, reader: LogReader, peer: str, did: Did) -> Verdict:
        """What an offer of a publisher's log is answered with: carried in a tier, or refused and why.

        The same as when the log itself came, as far as its identity is known here.
        """
        place = reader.place(did)
        verdict = self.judge(did, place)
        if isinstance(verdict, Tier):
            return self._over(reader, self.share(peer), did, verdict, is_new=place is None) or verdict
        return verdict

    def _over(self, reader: LogReader, share: str, did: Did, tier: Tier, *, is_new: bool) -> Refusal | None:
        used = replace(self.used(reader, share), publisher=reader.taken_of(did))
        return budget(self.policy, tier, used, self.now_ms(), is_new=is_new)

    # -- what admissions have found -------------------------------------------------------------------------

    def learned(self, verdicts: Mapping[Did, Verdict], refused: Mapping[Did, Refusal], peer: str) -> None:
        """Remember what was stored: verdicts on publishers that are held now, and what was refused of a peer."""
        with self._changing:
            fresh = {did: verdict for did, verdict in verdicts.items() if self._verdicts.get(did) != verdict}
            for did in fresh.keys() - self._verdicts.keys():
                for passed in self._passed_over.values():
                    passed.pop(did, None)
            self._verdicts.update(fresh)
            introduced = set() if peer == STRANGERS else verdicts.keys() - self._introduced
            self._introduced |= introduced
            if fresh or introduced:
                self._hidden.clear()
                self._no_strangers = None
            if refused:
                self._passed_over.setdefault(peer, {}).update(
                    (did, refusal.code) for did, refusal in refused.items() if refusal.code != "policy.type"
                )

    # -- changes ----------------------------------------------------------------------------------------

    def refresh(
        self,
        policy: CarryPolicy | None = None,
        vouched: Iterable[Did] | None = None,
        handles: Mapping[Did, str] | None = None,
    ) -> bool:
        """Take up what has changed: the policy, whom the home follows and hosts, who vouches for whom.

        Answers whether anything has: then all that was refused is due to be looked at again. Who comes to
        be carried again is told to those who follow this node, for they were not served meanwhile.
        """
        with self._store.write() as writer:
            known, now_ms = self._read(writer, policy, vouched, handles), self.now_ms()
            if known == self._known:
                return False
            writer.look_again(now_ms)
            verdicts = {
                place.did: judge(known.policy, known.facts(place.did, place), now_ms)
                for place in writer.places()
            }
            self._ask_again(writer, self._tell(writer, verdicts), known.peers)
            writer.mark_unknown(did for did, verdict in verdicts.items() if verdict is Tier.UNKNOWN)
            passed_over: dict[str, dict[Did, str]] = {}
            for peer, did, code in writer.refused_pairs():
                if code != "policy.type" and not isinstance(verdicts.get(did), Tier):
                    passed_over.setdefault(peer, {})[did] = code
            introduced = set(writer.introduced())
            with self._changing:
                self._known, self._verdicts, self._passed_over = known, verdicts, passed_over
                self._introduced = introduced
                self._hidden.clear()
                self._no_strangers = None
        return True

    def _read(
        self,
        reader: LogReader,
        policy: CarryPolicy | None,
        vouched: Iterable[Did] | None,
        handles: Mapping[Did, str] | None,
    ) -> _Known:
        peers = frozenset(peer.url for peer in reader.peers())
        keys = (reader.setting(_NODE_KEY + url) for url in peers)
        return replace(
            self._known,
            begun=True,
            policy=policy or self._known.policy,
            hosted=frozenset(item.did for item in reader.hosted()),
            followed=frozenset(reader.followed()),
            vouched=self._known.vouched if vouched is None else frozenset(vouched),
            handles=self._known.handles if handles is None else dict(handles),
            node_keys=frozenset(bytes.fromhex(key) for key in keys if key),
            peers=peers,
        )

    def _ask_again(self, writer: LogWriter, dids: Sequence[Did], peers: frozenset[str]) -> None:
        """Let every peer be asked for these: what came of them was passed over, by the stream too, without a trace."""
        names = dids if len(dids) <= REFUSALS_PER_PEER_MAX else [EVERYONE]
        now_ms = self.now_ms()
        for peer in sorted(peers):
            for did in names:
                writer.put_refusal(
                    Refused(
                        did=did,
                        peer=peer,
                        code="policy.denied",
                        reason="not carried until now",
                        what="",
                        host="",
                        first_ms=now_ms,
                        last_ms=now_ms,
                        again_ms=now_ms,
                        times=0,
                    )
                )

    def _tell(self, writer: LogWriter, verdicts: Mapping[Did, Verdict]) -> list[Did]:
        """Note who is not carried any more, announce and answer who is carried again."""
        before = frozenset(writer.not_carried())
        refused = {did for did, verdict in verdicts.items() if isinstance(verdict, Refusal)}
        for did in sorted(refused - before):
            writer.put_not_carried(did, is_refused=True)
        again = sorted(before - refused)
        for did in again:
            writer.put_not_carried(did, is_refused=False)
            writer.arrive(ArrivalKind.EVENTS, did)
            for state in writer.logs(did):
                writer.arrive(ArrivalKind.RESTORED, did, state.origin, state.counted)
        return again

    def put_node_key(self, writer: LogWriter, url: str, key: bytes) -> bool:
        """Remember the key that a followed node says is its own; answers whether that is new."""
        is_new = writer.setting(_NODE_KEY + url) != key.hex()
        if is_new:
            writer.put_setting(_NODE_KEY + url, key.hex())
        return is_new

    def knows_node(self, reader: LogReader, url: str) -> bool:
        """Whether a followed node has said which key is its own."""
        return reader.setting(_NODE_KEY + url) is not None

    # -- looking again ------------------------------------------------------------------------------------

    def due(self) -> dict[str, list[Did]]:
        """What was refused and would be carried now, by peer: to be asked for. The rest waits on.

        EVERYONE stands for all that the peer has.
        """
        ask: dict[str, list[Did]] = {}
        dropped: list[Refused] = []
        with self._store.write() as writer:
            for row in writer.refusals_due(self.now_ms(), REFUSALS_AT_ONCE_MAX):
                if row.peer not in self._known.peers:
                    writer.drop_refusals(
                        row.peer, [row.did], self.now_ms()
                    )  # who is not followed offers again
                    dropped.append(row)
                elif (refusal := self._still_refused(writer, row)) is not None:
                    writer.put_refusal(_again(row, refusal))
                else:
                    ask.setdefault(row.peer, []).append(row.did)
        self._let_through(ask, dropped)
        return ask

    def _still_refused(self, reader: LogReader, row: Refused) -> Refusal | None:
        if row.did == EVERYONE:
            return None
        if row.code == "policy.type":
            return self.types_refused(row.what.split())
        place = reader.place(row.did)
        verdict = self.judge(row.did, place, row.host)
        if isinstance(verdict, Refusal):
            return verdict
        return self._over(reader, self.share(row.peer), row.did, verdict, is_new=place is None)

    def types_refused(self, types: Sequence[str]) -> Refusal | None:
        """How content of these types is refused; None when some of it is taken."""
        if any(map(self.policy.takes_type, types)):
            return None
        reason = f"content of type {', '.join(types)} is not taken"
        return Refusal("policy.type", reason[:REASON_CHARS_MAX], self.now_ms() + DAY_MS)

    def _let_through(self, ask: Mapping[str, Sequence[Did]], dropped: Sequence[Refused]) -> None:
        """Judge again what comes of these, if their identity is here; of others it has to come first."""
        with self._changing:
            for row in dropped:
                self._passed_over.get(row.peer, {}).pop(row.did, None)
            for peer, dids in ask.items():
                passed = self._passed_over.get(peer, {})
                for did in dids:
                    if did in self._verdicts:
                        passed.pop(did, None)

    def asked(self, peer: str, dids: Sequence[Did]) -> None:
        """All that the peer had of these was looked at: what was not refused again is done with."""
        with self._store.write() as writer:
            writer.drop_refusals(peer, dids, self.now_ms())
            left = {did for other, did, _ in writer.refused_pairs() if other == peer}
        with self._changing:
            passed = self._passed_over.get(peer, {})
            for did in set(dids) - left:
                passed.pop(did, None)

    def postpone(self, peer: str, dids: Sequence[Did]) -> None:
        """The peer could not be asked: try again later."""
        with self._store.write() as writer:
            writer.postpone(peer, dids, self.now_ms() + PEER_BACKOFF_MAX_S * 1000)


def _again(row: Refused, refusal: Refusal) -> Refused:
    """The same refusal, looked at anew: nobody offered anything, so when it was seen stays."""
    return replace(row, code=refusal.code, reason=refusal.reason, again_ms=refusal.again_ms, times=0)
