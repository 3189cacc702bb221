"""Whom a node carries, and how much of them: facts in, verdict out (spec/10-carrying.md).

Rules:
- what this node hosts is always carried; then deny comes before allow, allow before mode and tier;
- a budget refuses once it is used up: what is taken may pass it by one frame, never by two;
- what a followed publisher sends never counts against the peer that brings it;
- what one peer may bring of unknown publishers depends on nothing that another peer does.

It knows neither time nor store: both are arguments.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from frostnode.ledger import NOTHING, Amount
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.handles import Handle, is_handle
from frostnode.protocol.limits import POLICY_RECHECK_S
from frostnode.protocol.names import Did, check_type, parse_did

DAY_MS: Final = 86_400_000
_RECHECK_MS: Final = POLICY_RECHECK_S * 1000
_GIB: Final = 2**30
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,253}[a-z0-9])?|[0-9a-f:.]{0,45}:[0-9a-f:.]{1,45}")
"""A host as `host_of` answers it: in lower case, an IPv6 address without brackets."""


class Mode(StrEnum):
    """Whom a node carries whom no rule names."""

    EVERYTHING = "everything"
    FOLLOWED = "followed"


class Tier(StrEnum):
    """How far a publisher is trusted with this node's disk."""

    OWN = "own"
    FOLLOWED = "followed"
    VOUCHED = "vouched"
    UNKNOWN = "unknown"


class About(StrEnum):
    """What a rule looks at."""

    DID = "did"
    HANDLE = "handle"
    HOST = "host"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `allow` or `deny`. A name of a host or handle may begin with `*.`: all names below it."""

    about: About
    name: str

    def __str__(self) -> str:
        """As it is written in frost.toml."""
        return self.name if self.about is About.DID else f"{self.about}:{self.name}"

    def names(self, value: str) -> bool:
        """Whether the rule is about this value; about nothing, when nothing is known."""
        if self.about in (About.HOST, About.HANDLE) and self.name.startswith("*."):
            return value.endswith(self.name[1:])
        return value != "" and value == self.name


def parse_rule(text: str) -> Rule:
    """Read a DID, `handle:NAME`, `host:NAME` or `type:NAME`.

    Raises:
        LocalError: input.unreadable
    """
    about, _, name = text.partition(":")
    try:
        match about:
            case "did":
                return Rule(About.DID, parse_did(text))
            case "type":
                return Rule(About.TYPE, check_type(name))
            case "handle" | "host" if _HOST.fullmatch(name.removeprefix("*.")):
                return Rule(About(about), name)
    except PeerError as error:
        raise _not_a_rule(text) from error
    raise _not_a_rule(text)


def _not_a_rule(text: str) -> LocalError:
    return LocalError(
        "input.unreadable",
        "rule of a carry policy",
        found=text,
        expected="a DID, handle:NAME, host:NAME or type:NAME, names in lower case",
    )


def host_of(url: str | None) -> str:
    """The host in a URL, in lower case, without its port; "" when there is none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Upper bounds; None is no bound. What a kind of quota does not bound is None."""

    publishers: int | None = None
    entries: int | None = None
    bytes: int | None = None
    subscriptions: int | None = None

    def used_up(self, used: Amount, *, parts: int = 1, is_new: bool = True) -> str | None:
        """Which bound of one of so many equal parts is reached, as a person would say it; None while there is room.

        The bound on publishers is only about new ones.
        """
        if is_new and self.publishers is not None and used.publishers >= self.publishers // parts:
            return f"{self.publishers // parts} publishers"
        if self.entries is not None and used.entries >= self.entries // parts:
            return f"{self.entries // parts} entries"
        if self.bytes is not None and used.bytes >= self.bytes // parts:
            return f"{self.bytes // parts} bytes"
        if self.subscriptions is not None and used.subscriptions >= self.subscriptions // parts:
            return f"{self.subscriptions // parts} subscriptions"
        return None


UNBOUNDED: Final = Quota()


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryPolicy:
    """The table `[carry]` of frost.toml; the docstrings say what each setting is and whom it trusts."""

    mode: Mode = Mode.EVERYTHING
    """`everything` that followed nodes have, or only who is `followed` or allowed. With `everything`, peers choose what
    fills the disk, within the quotas."""

    allow: frozenset[Rule] = frozenset()
    """Carried whatever the mode, and vouched for at least. Hosts are believed as publishers state them: an allowed host
    lets in whoever claims to be there."""

    deny: frozenset[Rule] = frozenset()
    """Never carried; comes before all else. By host it keeps out only those who say where they are."""

    show_unknown: bool = False
    """Whether a search finds, unasked, whom nobody vouches for and strangers alone have brought. Anyone can fill its pages then."""

    followed: Quota = Quota()
    """What is taken of each publisher that is followed. Whoever holds its log key can fill the disk up to here."""

    vouched: Quota = Quota(entries=10_000_000, bytes=64 * _GIB, subscriptions=100_000)
    """The same of each that is vouched for."""

    unknown: Quota = Quota(entries=1_000_000, bytes=4 * _GIB, subscriptions=1_000)
    """The same of each other: anyone can make many of them, so `unknown_total` bounds all together."""

    unknown_total: Quota = Quota(publishers=100_000, entries=20_000_000, bytes=32 * _GIB)
    """What is held of all unknown publishers, in equal parts for what each followed node brings, and one part for all
    that other nodes bring. A peer can fill its own part with rubbish, and no other's."""

    peer_day: Quota = Quota(publishers=20_000, entries=20_000_000, bytes=64 * _GIB, subscriptions=100_000)
    """What one peer may bring in one day (UTC) of vouched and unknown publishers. A peer that uses it up is passed over
    until the next, but for publishers that are followed."""

    def type_rules(self) -> bool:
        """Whether the type of a record decides about its content."""
        return any(rule.about is About.TYPE for rule in self.allow | self.deny)

    def takes_type(self, type_: str) -> bool:
        """Whether content of records of this type is taken: not denied, and allowed where types are allowed at all."""
        if any(rule.about is About.TYPE and rule.names(type_) for rule in self.deny):
            return False
        allowed = [rule for rule in self.allow if rule.about is About.TYPE]
        return not allowed or any(rule.names(type_) for rule in allowed)

    def asked_for(self, followed: Iterable[Did]) -> frozenset[Did] | None:
        """Which publishers peers are asked for; None for all, as far as the policy goes."""
        if self.mode is Mode.EVERYTHING or any(
            rule.about in (About.HOST, About.HANDLE) for rule in self.allow
        ):
            return None
        named = {Did(rule.name) for rule in self.allow if rule.about is About.DID}
        denied = {Did(rule.name) for rule in self.deny if rule.about is About.DID}
        return frozenset({*followed, *named} - denied)

    def handles_allowed(self) -> frozenset[Handle]:
        """The handles that rules of `allow` name one by one: their domains can be asked whom they mean."""
        names = (rule.name for rule in self.allow if rule.about is About.HANDLE)
        return frozenset(Handle(name) for name in names if is_handle(name))

    def quota_of(self, tier: Tier) -> Quota:
        """What is taken of one publisher."""
        match tier:
            case Tier.OWN:
                return UNBOUNDED
            case Tier.FOLLOWED:
                return self.followed
            case Tier.VOUCHED:
                return self.vouched
            case Tier.UNKNOWN:
                return self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a publisher."""

    did: Did
    hosted: bool = False
    """Whether this node holds one of its log keys."""
    followed: bool = False
    vouched: bool = False
    """Whether one whom this node follows follows it, or a followed node hosts it; a verified handle is a fact of its own."""
    handle: str = ""
    """Only one that was verified both ways."""
    host: str = ""
    """Of the URL of its last epoch, as it says itself."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not carried, and when to look again."""

    code: str
    reason: str
    again_ms: int


Verdict: TypeAlias = Tier | Refusal


def judge(policy: CarryPolicy, facts: Facts, now_ms: int) -> Verdict:
    """Whether a publisher is carried, and in which tier."""
    if facts.hosted:
        return Tier.OWN
    if (rule := _first(policy.deny, facts)) is not None:
        return Refusal("policy.denied", f"denied by {rule}", now_ms + _RECHECK_MS)
    if facts.followed:
        return Tier.FOLLOWED
    if _first(policy.allow, facts) is not None:
        return Tier.VOUCHED
    if policy.mode is Mode.FOLLOWED:
        return Refusal("policy.not-followed", "only followed publishers are carried", now_ms + _RECHECK_MS)
    return Tier.VOUCHED if facts.vouched or facts.handle else Tier.UNKNOWN


def _first(rules: frozenset[Rule], facts: Facts) -> Rule | None:
    """The first rule, in the order of their texts, that names the publisher."""
    values = {About.DID: facts.did, About.HANDLE: facts.handle, About.HOST: facts.host, About.TYPE: ""}
    return min((rule for rule in rules if rule.names(values[rule.about])), key=str, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was taken so far, as far as quotas ask."""

    publisher: Amount = NOTHING
    """Of the publisher, from everyone."""
    today: Amount = NOTHING
    """From the peer in this day, of vouched and unknown publishers."""
    unknown: Amount = NOTHING
    """From the peer, of all unknown publishers."""
    parts: int = 1
    """Among how many the total of unknown publishers is shared."""


def budget(policy: CarryPolicy, tier: Tier, used: Used, now_ms: int, *, is_new: bool) -> Refusal | None:
    """Whether there is room for more of a publisher that is carried; `is_new`: nothing of it is here yet."""
    if tier is Tier.OWN:
        return None
    if (bound := policy.quota_of(tier).used_up(used.publisher)) is not None:
        return Refusal("policy.quota", f"of one {tier} publisher at most {bound}", now_ms + _RECHECK_MS)
    if tier is Tier.FOLLOWED:
        return None
    if tier is Tier.UNKNOWN:
        bound = policy.unknown_total.used_up(used.unknown, parts=used.parts, is_new=is_new)
        if bound is not None:
            reason = f"of all unknown publishers one peer may bring {bound}"
            return Refusal("policy.share", reason, now_ms + _RECHECK_MS)
    if (bound := policy.peer_day.used_up(used.today, is_new=is_new)) is not None:
        tomorrow = (now_ms // DAY_MS + 1) * DAY_MS
        return Refusal("policy.peer", f"in one day one peer may bring {bound}", tomorrow)
    return None
