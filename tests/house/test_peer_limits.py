"""Every limit that a peer can reach is named by a test, so that none is only written down."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMITS_DOC = ROOT / "spec/07-limits.md"
HOUSE = Path(__file__).parent

BY_PEERS = {"format", "both", "hub", "witness", "sender"}
"""Who enforces what two sides must agree on, or what strangers ask a node for."""

OF_NODES = {
    "Identity",
    "Entries and records",
    "Handles and identifiers",
    "Log",
    "Witnesses",
    "Sync",
    "Files",
    "A node that serves",
    "A node that follows",
    "A node that chooses whom it carries",
    "A node that is offered to",
    "A node that offers",
    "A publisher that moves, and a host that starts",
}
"""Sections in which what a node enforces alone is about what others send, ask or make it do."""

AT_HOME = "The command line and its node"
"""The section whose two sides are both of one home."""

EXCEPT = {
    "what this node does again by itself, whatever comes": {
        "BODY_PAUSE_S_MAX",
        "BODY_WAIT_S",
        "DISCOVER_INTERVAL_S",
        "HANDLE_CHECK_S",
        "HANDLE_GATHER_S",
        "HERALD_FIRST_S",
        "OFFER_GATHER_S",
        "PEER_BACKOFF_FIRST_S",
        "POLICY_CHECK_S",
        "SOURCE_CHECK_S",
        "START_GRACE_S",
    },
    "how much of its own work this node does at once": {"COLLECT_AT_ONCE_MAX", "REFUSALS_AT_ONCE_MAX"},
    "how much this node wants": {"SOURCES_MIN"},
    "no connection on one machine hangs before it stands, or while it is closed": {
        "CLOSE_TIMEOUT_S",
        "CONNECT_TIMEOUT_S",
    },
    "of a file that the operator chose": {"FOLLOWS_FILE_BYTES_MAX"},
}
"""Limits that need no test, by reason."""


def rows() -> list[tuple[str, str, str]]:
    """Section, name and enforcer of each limit."""
    found, section = [], ""
    for line in LIMITS_DOC.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        elif match := re.match(r"\| `([A-Z_0-9]+)` \|[^|]*\|[^|]*\|([^|]*)\|", line):
            found.append((section, match[1], match[2].strip()))
    return found


def concerns_a_peer(section: str, enforcers: str) -> bool:
    enforced_by = {each.strip() for each in enforcers.split(",")}
    if section == AT_HOME:
        return False
    return bool(enforced_by & BY_PEERS) or ("node" in enforced_by and section in OF_NODES)


def used(source: str) -> set[str]:
    """The names that code uses, and those that it sets by name; what only stands in an import is not used."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                found.add(name.rpartition(".")[2])
    return found


REACHED = sorted(name for section, name, enforcers in rows() if concerns_a_peer(section, enforcers))
USED = {
    name
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if path.parent != HOUSE
    for name in used(path.read_text())
}
EXCEPTED = set().union(*EXCEPT.values())


@pytest.mark.parametrize("name", REACHED)
def test_a_limit_that_a_peer_can_reach_is_named_by_a_test(name):
    assert name in USED or name in EXCEPTED


def test_an_exception_is_a_limit_that_a_peer_can_reach_and_no_test_names():
    assert set(REACHED) >= EXCEPTED
    assert EXCEPTED.isdisjoint(USED)
    assert len(EXCEPTED) == sum(map(len, EXCEPT.values())), "each has one reason"


def test_the_sections_are_those_of_the_document():
    assert {section for section, _, _ in rows()} >= OF_NODES | {AT_HOME}


@pytest.mark.parametrize(
    ("section", "enforcers", "concerns"),
    [
        ("Sync", "format", True),
        ("Notices", "hub", True),
        ("Notices", "node", False),
        ("Notices", "publisher, node", False),
        ("A node that follows", "node", True),
        ("Identity", "publisher's tool", False),
        (AT_HOME, "both", False),
    ],
)
def test_who_enforces_a_limit_says_whether_it_concerns_a_peer(section, enforcers, concerns):
    assert concerns_a_peer(section, enforcers) is concerns


def test_an_import_alone_is_no_use_of_a_limit():
    assert used("from a import X_MAX") == set()
    assert used("setattr(module, 'X_MAX', 1); setattr('a.b.Y_MAX', 1)") >= {"X_MAX", "Y_MAX"}
    assert used("f(X_MAX + 1, limits.Y_MAX)") >= {"X_MAX", "Y_MAX"}
