"""Vectors of 02 identity: each attack on an identity by its name, and what counts after it.

One event alone is seldom the attack: these are histories, in both orders of arrival, at once as a newcomer
meets them, and after the recovery event that ends it.
"""

from typing import Any

from frostnode.protocol.dagcbor import encode
from interop.cases import publisher as p
from interop.cases.histories import history
from interop.cases.identity import FORM, ORDINARY, VALIDITY, WIDE, event, without
from interop.cases.vector import Vector, Vectors

COUNTS = "02-identity.md#what-counts"
ENDS = "02-identity.md#epochs-and-ends"

# two moves by accident: the same kit, two hosts, two ends
FIRST = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": p.end(950, "tree of C")}, "authority 1")
SECOND = p.sign(
    p.ordinary_fields(p.GENESIS, 1, " elsewhere") | {"end": p.end(930, "tree of D")}, "authority 1"
)
SETTLED = p.sign(p.recovery_fields(FIRST, 2), "recovery 1")

# a kit that an ordinary event has replaced, in the hands of a thief
NEW_KIT = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"next": p.commit("new kit 2")}, "authority 1")
WITH_NEW_KIT = p.sign(p.ordinary_fields(NEW_KIT, 2), "new kit 2")
WITH_OLD_KIT = p.sign(p.ordinary_fields(p.GENESIS, 1, " of a thief"), "authority 1")
RECOVERED_FROM_OLD_KIT = p.sign(p.recovery_fields(WITH_NEW_KIT, 3), "recovery 1")

# a thief who cuts the log, and one who ends it where it never was
CUT = p.sign(p.ordinary_fields(p.GENESIS, 1, " of a thief") | {"end": p.EMPTY_END}, "authority 1")
BEYOND = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": p.end(2**53 - 1, "nobody has it")}, "authority 1")
RESTORED = p.sign(p.recovery_fields(p.GENESIS, 1) | {"end": p.end(1000, "the tree that was")}, "recovery 1")

# two of three keys are needed
BY_ONE = p.sign(p.ordinary_fields(WIDE, 1, " of a thief") | {"next": p.commit("thief")}, "b")
BY_TWO = p.sign(p.ordinary_fields(WIDE, 1) | {"next": p.commit("a", "c", "d", threshold=2)}, "a", "c")
BY_STOLEN_AND_OWN = p.sign(p.ordinary_fields(WIDE, 1, " of a thief"), "b", "thief")


def re_signed(signed: bytes, *labels: str) -> bytes:
    """The same event, so the same CID, with signatures of other keys than those that it names."""
    content = signed[signed.index(b"\x65event") + 6 :]
    signatures = [p.key(label).sign(p.CONTEXT + content) for label in labels]
    head = encode({"event": 0, "sigs": signatures})
    return head.replace(b"\x65event\x00", b"\x65event" + content)


def move_forks() -> dict[str, tuple[str, dict[str, Any]]]:
    """Two moves, and a replaced kit: who came first, who met both, and what ends it."""
    return {
        "fork-at-the-move": history(
            "Ended at 950 for who heard of it first.", [p.GENESIS], [FIRST], [SECOND]
        ),
        "fork-at-the-move-heard-the-other-way": history(
            "Ended at 930 for who heard of that first.", [p.GENESIS], [SECOND], [FIRST]
        ),
        "fork-at-the-move-met-by-a-newcomer": history(
            "Neither is followed: the epoch before stays open to nobody.", [p.GENESIS, FIRST, SECOND]
        ),
        "fork-at-the-move-ended": history(
            "The same for everyone.", [p.GENESIS], [SECOND], [FIRST], [SETTLED]
        ),
        "fork-at-the-move-ended-before-it-is-heard-of": history(
            "The same, whatever comes later.", [p.GENESIS, FIRST, SETTLED], [SECOND]
        ),
        "stolen-old-kit": history(
            "Who follows the publisher is not moved.", [p.GENESIS, NEW_KIT, WITH_NEW_KIT], [WITH_OLD_KIT]
        ),
        "stolen-old-kit-met-by-a-newcomer": history(
            "A newcomer who meets both follows neither.", [p.GENESIS, NEW_KIT, WITH_NEW_KIT, WITH_OLD_KIT]
        ),
        "stolen-old-kit-ended": history(
            "A recovery event ends it for newcomers too.",
            [p.GENESIS, WITH_OLD_KIT],
            [NEW_KIT, WITH_NEW_KIT, RECOVERED_FROM_OLD_KIT],
        ),
    }


def thefts() -> dict[str, tuple[str, dict[str, Any]]]:
    """What a thief of keys brings about, and what of it is left."""
    wide_did = f"did:frost:{p.cid_of(WIDE)}"

    def of_three(about: str, *deliveries: list[bytes]) -> tuple[str, dict[str, Any]]:
        told, given = history(about, *deliveries)
        return told, given | {"did": wide_did}

    by_log_key = p.sign(p.ordinary_fields(p.GENESIS, 1, " of a thief"), "log 0")
    by_old_log_key = p.sign(p.ordinary_fields(p.MOVED, 2, " of a thief"), "log 0")
    by_node_key = p.sign(p.ordinary_fields(p.GENESIS, 1, " of a thief"), "node of log 0")
    by_spent_set = p.sign(p.recovery_fields(p.AFTER, 3, " of a thief"), "recovery 1")
    copied = re_signed(p.MOVED, "authority 1 of a thief")
    with_own_key = p.sign(p.ordinary_fields(p.GENESIS, 1), "authority 1 of a thief")
    return {
        "stolen-log-key": history(
            "It signs no event; the epoch stays where it was.", [p.GENESIS], [by_log_key], [p.MOVED]
        ),
        "stolen-old-log-key": history(
            "Nor does that of an old epoch.", [p.GENESIS, p.MOVED], [by_old_log_key]
        ),
        "stolen-node-key": history("Nor does the key of the host.", [p.GENESIS], [by_node_key]),
        "stolen-kit-cuts-the-log": history("The epoch counts up to nothing.", [p.GENESIS], [CUT]),
        "stolen-kit-cuts-the-log-ended": history("All 1,000 are back.", [p.GENESIS], [CUT], [RESTORED]),
        "stolen-kit-after-the-recovery": history(
            "What the kit signs later is void too.", [p.GENESIS, RESTORED], [CUT]
        ),
        "end-beyond-what-exists": history(
            "Valid: events are judged without logs. The epoch is incomplete for ever.", [p.GENESIS], [BEYOND]
        ),
        "end-beyond-what-exists-ended": history(
            "A recovery event sets another end.", [p.GENESIS], [BEYOND], [RESTORED]
        ),
        "lowered-threshold": of_three("One of two opens nothing.", [WIDE], [BY_ONE], [BY_TWO]),
        "lowered-threshold-first": of_three("Nor does it take the place.", [WIDE, BY_ONE], [BY_TWO]),
        "one-of-two-beside-a-key-of-ones-own": of_three(
            "Each key must have been committed to.", [WIDE], [BY_STOLEN_AND_OWN]
        ),
        "re-signed-event": history(
            "Signatures of other keys make it nobody's, and do not spoil the CID.",
            [p.GENESIS],
            [copied],
            [p.MOVED],
        ),
        "re-signed-event-with-a-key-of-ones-own": history(
            "It names a key that nobody committed to.", [p.GENESIS], [with_own_key], [p.MOVED]
        ),
        "event-replayed-after-the-recovery": history(
            "Void stays void.", [p.GENESIS, p.MOVED, p.MOVED_AGAIN], [p.RECOVERED], [p.MOVED, p.MOVED_AGAIN]
        ),
        "recovery-replayed": history(
            "Once is as good as twice.", [p.GENESIS, p.RECOVERED, p.AFTER], [p.RECOVERED], [p.GENESIS]
        ),
        "recovery-replayed-where-a-later-one-counts": history(
            "It is on the path, and goes back to nothing.",
            [p.GENESIS, p.RECOVERED, p.AFTER, p.sign(p.recovery_fields(p.AFTER, 3), "recovery 2")],
            [p.RECOVERED],
        ),
        "recovery-by-a-spent-set-below-its-own-event": history(
            "Refused: below a recovery event its own set counts.",
            [p.GENESIS, p.RECOVERED, p.AFTER],
            [by_spent_set],
        ),
    }


def invalid() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """About, code, rule, input: events that are refused by themselves."""
    replayed = p.ordinary_fields(p.MOVED, 2) | {"next": p.commit("authority 2")}
    genesis = without(p.genesis_fields(), "next")
    return {
        "missing-commitment": (
            "whoever comes next could sign with any key",
            "identity.malformed",
            FORM,
            event(p.sign(without(ORDINARY, "next"), "authority 1"), p.GENESIS),
        ),
        "missing-commitment-in-genesis": (
            "nobody could ever follow",
            "identity.malformed",
            FORM,
            event(p.sign(genesis, "authority 0")),
        ),
        "missing-commitment-in-recovery": (
            "the old kit would go on",
            "identity.malformed",
            FORM,
            event(p.sign(without(p.recovery_fields(p.GENESIS, 1), "next"), "recovery 1"), p.GENESIS),
        ),
        "event-re-signed-by-a-thief": (
            "the same event with another signature",
            "signature.invalid",
            VALIDITY,
            event(re_signed(p.MOVED, "authority 1 of a thief"), p.GENESIS),
        ),
        "event-replayed-one-step-later": (
            "the key has served, its place was one event earlier",
            "identity.keys",
            VALIDITY,
            event(p.sign(replayed, "authority 1"), p.GENESIS, p.MOVED),
        ),
        "recovery-replayed-one-step-later": (
            "a set signs once",
            "identity.keys",
            VALIDITY,
            event(p.sign(p.recovery_fields(p.RECOVERED, 2), "recovery 1"), p.GENESIS, p.RECOVERED),
        ),
        "stolen-node-key": (
            "it signs requests and nothing else",
            "identity.keys",
            VALIDITY,
            event(p.sign(ORDINARY, "node of log 0"), p.GENESIS),
        ),
        "stolen-old-log-key": (
            "log keys sign checkpoints and nothing else",
            "identity.keys",
            VALIDITY,
            event(p.sign(p.ordinary_fields(p.MOVED, 2), "log 0"), p.GENESIS, p.MOVED),
        ),
    }


def vectors() -> Vectors:
    """All attacks."""
    for name, (about, given) in (move_forks() | thefts()).items():
        spec = ENDS if "end" in name.split("-") else COUNTS
        yield Vector(area="identity", name=f"history-{name}", about=about, spec=spec, input=given)
    for name, (about, error, spec, given) in invalid().items():
        yield Vector(area="identity", name=name, about=about, spec=spec, input=given, error=error)
