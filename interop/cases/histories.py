"""Vectors of 02 identity: what counts, by the order in which events were delivered."""

from typing import Any

from interop.cases import publisher as p
from interop.cases.vector import Vector, Vectors, hexed

COUNTS = "02-identity.md#what-counts"


def history(about: str, *deliveries: list[bytes]) -> tuple[str, dict[str, Any]]:
    """The input of a vector about a history."""
    return about, hexed({"what": "history", "did": p.DID, "deliveries": deliveries})


def histories() -> dict[str, tuple[str, dict[str, Any]]]:
    """What counts after these deliveries, in this order."""
    recovered_later = p.sign(p.recovery_fields(p.MOVED, 2), "recovery 1")
    rival = p.sign(p.recovery_fields(p.GENESIS, 1, " of a rival"), "recovery 1")
    again = p.sign(p.recovery_fields(p.AFTER, 3), "recovery 2")
    old_kit = p.sign(p.ordinary_fields(p.RECOVERED, 2, " of a thief"), "authority 1")
    by_old_set = p.sign(p.recovery_fields(p.MOVED, 2, " by the old set"), "recovery 1")
    forged = p.sign(p.ordinary_fields(p.GENESIS, 1), "x")
    spoiled = p.MOVED.replace(p.MOVED[20:30], bytes(10))
    below_forged = p.sign(p.ordinary_fields(forged, 2), "authority 2")
    third = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"time": 7}, "authority 1")
    return {
        "genesis-alone": history("One event.", [p.GENESIS]),
        "one-path-at-once": history("Ancestors first.", [p.GENESIS, p.MOVED, p.MOVED_AGAIN]),
        "one-path-reversed": history(
            "Order within a delivery means nothing.", [p.MOVED_AGAIN, p.MOVED, p.GENESIS]
        ),
        "one-path-piece-by-piece-reversed": history(
            "What waits is taken when its ancestors come.", [p.MOVED_AGAIN], [p.MOVED], [p.GENESIS]
        ),
        "replayed": history(
            "Taking again changes nothing.", [p.GENESIS, p.MOVED], [p.MOVED], [p.GENESIS, p.MOVED]
        ),
        "waits-for-genesis": history("Nothing counts, genesis is asked for.", [p.MOVED, p.MOVED_AGAIN]),
        "waits-for-an-ancestor": history(
            "It is asked for; the event has no effect.", [p.GENESIS], [p.MOVED_AGAIN]
        ),
        "fork-first-seen": history("The first at a place is followed.", [p.GENESIS], [p.MOVED], [p.THIEF]),
        "fork-first-seen-the-other-way": history(
            "The first at a place is followed.", [p.GENESIS], [p.THIEF], [p.MOVED]
        ),
        "fork-first-seen-with-a-longer-rival": history(
            "Length decides nothing.", [p.GENESIS, p.MOVED], [p.THIEF, p.THIEF_AGAIN]
        ),
        "fork-at-once": history("Neither is followed.", [p.GENESIS, p.MOVED, p.THIEF]),
        "fork-at-once-grows": history(
            "Neither branch, however long.", [p.GENESIS, p.MOVED, p.THIEF], [p.MOVED_AGAIN, p.THIEF_AGAIN]
        ),
        "fork-at-once-a-third": history("A third does not decide.", [p.GENESIS, p.MOVED, p.THIEF], [third]),
        "fork-below-what-is-shared": history(
            "What both share counts.",
            [p.GENESIS, p.MOVED],
            [p.MOVED_AGAIN, p.sign(p.ordinary_fields(p.MOVED, 2, " twin"), "authority 2")],
        ),
        "recovery-after-theft": history(
            "It voids what the thief made.", [p.GENESIS, p.THIEF], [p.RECOVERED, p.AFTER]
        ),
        "recovery-before-theft": history(
            "Also what comes later.", [p.GENESIS, p.RECOVERED], [p.THIEF, p.THIEF_AGAIN]
        ),
        "recovery-decides-a-fork": history(
            "Recovery goes before.", [p.GENESIS, p.MOVED, p.THIEF], [p.RECOVERED]
        ),
        "recovery-keeps-what-is-good": history(
            "It names the last good event.", [p.GENESIS, p.MOVED, p.MOVED_AGAIN], [recovered_later]
        ),
        "recovery-after-recovery": history(
            "Along the recovery events.", [p.GENESIS, p.RECOVERED, p.AFTER, again]
        ),
        "recovery-waits-for-its-ancestors": history(
            "No effect before they are here.", [p.GENESIS, p.THIEF], [recovered_later]
        ),
        "recovery-with-its-ancestors-over-a-fork": history(
            "The named branch counts, though not first seen.",
            [p.GENESIS, p.THIEF],
            [p.MOVED, recovered_later],
        ),
        "recovery-fork-first-seen": history(
            "The first at a place is followed.", [p.GENESIS, p.RECOVERED], [rival]
        ),
        "recovery-fork-at-once": history("Neither; what they share counts.", [p.GENESIS, p.RECOVERED, rival]),
        "recovery-fork-of-different-predecessors": history(
            "One place, whatever they name.", [p.GENESIS, p.MOVED, p.RECOVERED], [recovered_later]
        ),
        "recovery-fork-at-once-of-different-predecessors": history(
            "They share genesis alone.", [p.GENESIS, p.MOVED, p.RECOVERED, recovered_later]
        ),
        "recovery-by-a-spent-set-comes-later": history(
            "Its place is taken.", [p.GENESIS, p.RECOVERED, p.AFTER], [p.MOVED, by_old_set]
        ),
        "old-kit-after-recovery": history(
            "Refused, and nothing else with it.", [p.GENESIS, p.RECOVERED], [old_kit, p.AFTER]
        ),
        "forged-event-stops-no-other": history(
            "One refusal does not stop what comes with it.", [forged, p.GENESIS, p.MOVED]
        ),
        "forged-event-takes-its-descendants-along": history(
            "What stands on a refused event is refused.", [p.GENESIS], [forged, below_forged, p.MOVED]
        ),
        "spoiled-copy-first": history(
            "A copy with a bad signature does not spoil the CID.", [p.GENESIS], [spoiled], [p.MOVED]
        ),
        "spoiled-copy-waits-for-nothing": history(
            "Nor while it would have waited.", [spoiled], [p.MOVED], [p.GENESIS]
        ),
        "genesis-of-another-publisher": history(
            "Refused.", [p.sign(p.genesis_fields(" of another"), "authority 0")], [p.GENESIS]
        ),
        "epoch-number-comes-again": history(
            "Two epochs 1; the events tell them apart.", [p.GENESIS, p.THIEF], [p.RECOVERED]
        ),
    }


def vectors() -> Vectors:
    """All histories."""
    for name, (about, given) in histories().items():
        yield Vector(area="identity", name=f"history-{name}", about=about, spec=COUNTS, input=given)
