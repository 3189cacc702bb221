"""Whom a node carries: the decision beside a slow twin that reads like the specification, and fair shares."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.ledger import Amount
from frostnode.protocol.errors import LocalError
from frostnode.replicate.policy import (
    DAY_MS,
    About,
    CarryPolicy,
    Facts,
    Mode,
    Quota,
    Refusal,
    Rule,
    Tier,
    Used,
    budget,
    host_of,
    judge,
    parse_rule,
)
from frostnode.testing.memory_publisher import MemoryPublisher

DIDS = [MemoryPublisher(name).did for name in ("a", "b", "c")]
HOSTS = ["", "frost.example.org", "other.example.org", "example.org", "noaa.example"]
RULES = [
    *map(parse_rule, DIDS[:2]),
    *map(parse_rule, ["host:frost.example.org", "host:*.example.org", "host:noaa.example"]),
    *map(parse_rule, ["handle:noaa.example", "handle:*.example.org"]),
    *map(parse_rule, ["type:label", "type:dataset"]),
]
NOW = 20_000 * DAY_MS + 12_345

rules = st.frozensets(st.sampled_from(RULES), max_size=4)
limits = st.none() | st.integers(0, 6)
amounts = st.builds(Amount, *[st.integers(0, 6)] * 4)
quotas = st.builds(Quota, publishers=limits, entries=limits, bytes=limits, subscriptions=limits)
policies = st.builds(
    CarryPolicy,
    mode=st.sampled_from(Mode),
    allow=rules,
    deny=rules,
    followed=quotas,
    vouched=quotas,
    unknown=quotas,
    unknown_total=quotas,
    peer_day=quotas,
)
facts = st.builds(
    Facts,
    did=st.sampled_from(DIDS),
    hosted=st.booleans(),
    followed=st.booleans(),
    vouched=st.booleans(),
    handle=st.sampled_from(HOSTS),
    host=st.sampled_from(HOSTS),
)


# the twin


def is_named(rule, known):
    """Whether a rule is about a publisher, spelled out."""
    text = str(rule)
    if text.startswith("did:"):
        return text == known.did
    kind, name = text.split(":")
    if kind == "type":
        return False
    value = {"host": known.host, "handle": known.handle}[kind]
    if name.startswith("*."):
        return value != "" and value.split(".")[1:] and value.endswith("." + name[2:])
    return value == name


def twin(policy, known):
    """The table of spec/10-carrying.md, row by row."""
    if known.hosted:
        return "own"
    for rule in policy.deny:
        if is_named(rule, known):
            return "policy.denied"
    if known.followed:
        return "followed"
    for rule in policy.allow:
        if is_named(rule, known):
            return "vouched"
    if policy.mode == "followed":
        return "policy.not-followed"
    if known.vouched:
        return "vouched"
    if known.handle != "":
        return "vouched"
    return "unknown"


@given(policies, facts)
def test_the_verdict_is_that_of_the_table(policy, known):
    verdict = judge(policy, known, NOW)
    assert (verdict.code if isinstance(verdict, Refusal) else str(verdict)) == twin(policy, known)


def has_reached(used, limit, parts=1):
    return limit is not None and used >= limit // parts


def twin_budget(policy, tier, used, is_new):
    if tier == "own":
        return None
    quota = {"followed": policy.followed, "vouched": policy.vouched, "unknown": policy.unknown}[tier]
    for name in ("entries", "bytes", "subscriptions"):
        if has_reached(getattr(used.publisher, name), getattr(quota, name)):
            return "policy.quota"
    if tier == "followed":
        return None
    names = ["entries", "bytes", "subscriptions", *(["publishers"] if is_new else [])]
    if tier == "unknown" and any(
        has_reached(getattr(used.unknown, name), getattr(policy.unknown_total, name), used.parts)
        for name in names
    ):
        return "policy.share"
    if any(has_reached(getattr(used.today, name), getattr(policy.peer_day, name)) for name in names):
        return "policy.peer"
    return None


@given(
    policies,
    st.sampled_from(Tier),
    st.builds(Used, publisher=amounts, today=amounts, unknown=amounts, parts=st.integers(1, 4)),
    st.booleans(),
)
def test_the_budget_is_that_of_the_table(policy, tier, used, is_new):
    # The quota of one publisher has no bound on publishers.
    unbounded = {
        name: replace(getattr(policy, name), publishers=None) for name in ("followed", "vouched", "unknown")
    }
    policy = replace(policy, **unbounded)
    refusal = budget(policy, tier, used, NOW, is_new=is_new)
    assert (refusal and refusal.code) == twin_budget(policy, str(tier), used, is_new)
    assert refusal is None or refusal.again_ms > NOW


@given(policies, facts, policies)
def test_what_a_node_hosts_is_carried_whatever_is_written(policy, known, other):
    assert judge(policy, replace(known, hosted=True), NOW) is Tier.OWN


@given(policies, facts)
def test_a_further_deny_rule_never_lets_anyone_in_and_a_further_allow_rule_keeps_nobody_out(policy, known):
    before = judge(policy, known, NOW)
    for rule in RULES:
        denied = judge(replace(policy, deny=policy.deny | {rule}), known, NOW)
        allowed = judge(replace(policy, allow=policy.allow | {rule}), known, NOW)
        assert isinstance(denied, Refusal) or denied == before
        assert isinstance(before, Refusal) or not isinstance(allowed, Refusal)


# fair shares


class Home:
    """What several peers bring of unknown publishers, counted as an admission counts it."""

    def __init__(self, policy, peers):
        self.policy, self.parts = policy, peers + 1
        self.taken = [Amount() for _ in range(peers)]

    def offer(self, peer, weight):
        used = Used(unknown=self.taken[peer], parts=self.parts)
        if budget(self.policy, Tier.UNKNOWN, used, NOW, is_new=True) is None:
            self.taken[peer] = self.taken[peer].plus(Amount(publishers=1, bytes=weight))


@given(
    st.integers(1, 4).flatmap(
        lambda peers: st.tuples(
            st.just(peers), st.lists(st.tuples(st.integers(0, peers - 1), st.integers(1, 9)), max_size=80)
        )
    )
)
def test_what_a_peer_may_bring_depends_on_no_other_peer(case):
    peers, offers = case
    policy = CarryPolicy(unknown=Quota(), unknown_total=Quota(publishers=12, bytes=60), peer_day=Quota())
    together = Home(policy, peers)
    alone = [Home(policy, peers) for _ in range(peers)]
    for peer, weight in offers:
        together.offer(peer, weight)
        alone[peer].offer(peer, weight)
    assert together.taken == [home.taken[peer] for peer, home in enumerate(alone)]
    assert sum(taken.publishers for taken in together.taken) <= 12
    # The bound may be passed by one frame for each peer.
    assert sum(taken.bytes for taken in together.taken) <= 60 + 9 * peers


def test_a_greedy_peer_leaves_the_others_their_parts():
    home = Home(CarryPolicy(unknown=Quota(), unknown_total=Quota(publishers=100), peer_day=Quota()), 3)
    for _ in range(10_000):
        home.offer(0, 1)
    for peer in (1, 2):
        home.offer(peer, 1)
    assert [taken.publishers for taken in home.taken] == [25, 1, 1]


def test_a_bound_of_nothing_takes_nothing_and_no_bound_takes_all():
    nothing = CarryPolicy(unknown=Quota(entries=0))
    assert budget(nothing, Tier.UNKNOWN, Used(), NOW, is_new=True).code == "policy.quota"
    huge = Amount(2**60, 2**60, 2**60, 2**60)
    everything = CarryPolicy(
        **{field.name: Quota() for field in fields(CarryPolicy) if field.name not in NO_QUOTA}
    )
    for tier in Tier:
        assert (
            budget(everything, tier, Used(publisher=huge, today=huge, unknown=huge), NOW, is_new=True) is None
        )


NO_QUOTA = ("mode", "allow", "deny", "show_unknown")


def test_what_a_followed_publisher_sends_is_not_held_against_its_peer():
    huge = Used(today=Amount(2**60, 2**60, 2**60, 2**60), unknown=Amount(2**60, 2**60, 2**60, 2**60))
    assert budget(CarryPolicy(), Tier.FOLLOWED, huge, NOW, is_new=True) is None
    assert budget(CarryPolicy(), Tier.VOUCHED, huge, NOW, is_new=True).code == "policy.peer"
    assert budget(CarryPolicy(), Tier.UNKNOWN, huge, NOW, is_new=True).code == "policy.share"


def test_a_day_that_is_used_up_ends_at_midnight():
    refusal = budget(
        CarryPolicy(peer_day=Quota(bytes=1)), Tier.VOUCHED, Used(today=Amount(bytes=1)), NOW, is_new=False
    )
    assert refusal.again_ms == 20_001 * DAY_MS


def test_new_publishers_are_bounded_and_those_that_are_here_go_on():
    policy, used = CarryPolicy(peer_day=Quota(publishers=3)), Used(today=Amount(publishers=3))
    assert budget(policy, Tier.VOUCHED, used, NOW, is_new=True).code == "policy.peer"
    assert budget(policy, Tier.VOUCHED, used, NOW, is_new=False) is None


# rules


@pytest.mark.parametrize(
    "text",
    [DIDS[0], "handle:noaa.gov", "host:frost.example.org", "host:*.example.org", "host:::1", "type:label"],
)
def test_a_rule_is_written_as_it_is_read(text):
    assert str(parse_rule(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did:frost:x",
        "noaa.gov",
        "handle:",
        "host:",
        "host:*",
        "host:*.",
        "host:a.*.b",
        "host:EXAMPLE.org",
        "host:example.org:80",
        "host:a/b",
        "host: a",
        "type:Dataset",
        "type:",
        "key:x",
    ],
)
def test_what_is_no_rule_is_refused_by_name(text):
    with pytest.raises(LocalError) as caught:
        parse_rule(text)
    assert caught.value.code == "input.unreadable"
    assert caught.value.found == text


@given(st.text(max_size=30) | st.text(max_size=20).map("host:".__add__))
def test_any_text_is_a_rule_written_alike_or_refused(text):
    try:
        rule = parse_rule(text)
    except LocalError:
        return
    assert str(rule) == text


@pytest.mark.parametrize(
    ("rule", "value", "named"),
    [
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "b.a.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "badexample.org", False),
        ("*.example.org", "", False),
        ("example.org", "example.org", True),
        ("example.org", "a.example.org", False),
        ("example.org", "", False),
    ],
)
def test_a_star_stands_for_all_names_below(rule, value, named):
    assert Rule(About.HOST, rule).names(value) is named


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Frost.Example.org:8417/x", "frost.example.org"),
        ("http://[::1]:80", "::1"),
        ("", ""),
        (None, ""),
        ("http://[broken", ""),
        ("nonsense", ""),
    ],
)
def test_the_host_of_an_address(url, host):
    assert host_of(url) == host


# types


def test_types_are_taken_unless_denied_or_others_are_allowed():
    assert CarryPolicy().takes_type("label")
    assert not CarryPolicy().type_rules()
    denied = CarryPolicy(deny=frozenset([parse_rule("type:label")]))
    assert (denied.type_rules(), denied.takes_type("label"), denied.takes_type("dataset")) == (
        True,
        False,
        True,
    )
    allowed = CarryPolicy(allow=frozenset([parse_rule("type:label")]))
    assert (allowed.takes_type("label"), allowed.takes_type("dataset")) == (True, False)
    both = replace(denied, allow=allowed.allow)
    assert not both.takes_type("label")


# what peers are asked for


def test_peers_are_asked_for_everything_or_by_name():
    a, b, c = DIDS
    followed = CarryPolicy(mode=Mode.FOLLOWED)
    assert CarryPolicy().asked_for([a]) is None
    assert followed.asked_for([a]) == {a}
    named = replace(followed, allow=frozenset([parse_rule(b)]), deny=frozenset([parse_rule(a)]))
    assert named.asked_for([a, c]) == {b, c}
    hosts = replace(followed, allow=frozenset([parse_rule("host:a.example")]))
    assert hosts.asked_for([a]) is None
