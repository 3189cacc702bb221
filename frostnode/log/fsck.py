"""Derive everything that is held again from its bytes, and say what does not agree.

It believes nothing but the specification: signatures, hashes and histories are worked out anew, and what
is stored for speed (compact ranges, tiles, standing, the index of bodies) is compared with the result. It
reads one snapshot in order of storage and changes nothing. No finding means: whoever trusts the keys of
the publishers can trust what this store serves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from frostnode.log.audit import AuditableStore, LogAudit
from frostnode.log.findings import Area, Finding, Progress, Tally
from frostnode.log.fsck_arrivals import check_arrivals
from frostnode.log.fsck_bodies import check_bodies
from frostnode.log.fsck_identities import check_hosted, check_identity, load_history
from frostnode.log.fsck_logs import check_log
from frostnode.log.fsck_witness import check_witness
from frostnode.protocol.errors import StorageError
from frostnode.protocol.names import Origin
from frostnode.witness_port import Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked, and what did not agree."""

    publishers: int
    logs: int
    entries: int
    bodies: int
    arrivals: int
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """The same for people and scripts: a line for each finding."""
        return {
            "publishers": self.publishers,
            "logs": self.logs,
            "entries": self.entries,
            "bodies": self.bodies,
            "arrivals": self.arrivals,
            "findings": [str(finding) for finding in self.findings],
        }


def _in_silence(_what: str, _done: int) -> None:
    """Nobody looks on."""


def fsck(
    store: AuditableStore,
    progress: Progress = _in_silence,
    cursors: Mapping[str, int] | None = None,
    witness: Witness | None = None,
) -> Report:
    """Check a store, and what the witness over it remembers.

    `cursors` are the arrivals up to which its views say that they have followed, by name.
    """
    tally = Tally(progress)
    with store.audit() as audit:
        findings = tuple(_findings(audit, tally, cursors or {}, witness))
    return Report(
        publishers=tally.counts.get("publishers", 0),
        logs=tally.counts.get("logs", 0),
        entries=tally.counts.get("entries", 0),
        bodies=tally.counts.get("bodies", 0),
        arrivals=tally.counts.get("arrivals", 0),
        findings=findings,
    )


def _findings(
    audit: LogAudit, tally: Tally, cursors: Mapping[str, int], witness: Witness | None
) -> Iterator[Finding]:
    logs: dict[Origin, tuple[int, int]] = {}
    yield from _readable("database", _structure(audit))
    yield from _readable("publishers", _publishers(audit, logs, tally))
    yield from _readable("hosted logs", check_hosted(audit))
    yield from _readable("bodies", check_bodies(audit, tally))
    yield from _readable("arrivals", check_arrivals(audit, logs, tally, cursors))
    if witness is not None:
        yield from _readable("memory of the witness", check_witness(audit, witness))


def _publishers(audit: LogAudit, logs: dict[Origin, tuple[int, int]], tally: Tally) -> Iterator[Finding]:
    """Check each publisher and its logs; note how much is held and served of these."""
    for stored in audit.stored_publishers():
        tally.add("publishers", 1)
        history = load_history(stored)
        if isinstance(history, Finding):
            yield history
            history = None
        if history is not None:
            yield from check_identity(audit, stored, history)
        for log in audit.stored_logs(stored.did):
            logs[log.origin] = (log.size, log.served)
            yield from _readable(log.origin, check_log(audit, log, history, tally))


def _structure(audit: LogAudit) -> Iterator[Finding]:
    for problem in audit.structure():
        yield Finding(Area.STRUCTURE, "database", problem)


def _readable(what: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Turn what cannot be read at all into a finding: the other parts are looked at all the same."""
    try:
        yield from findings
    except StorageError as error:
        yield Finding(Area.STRUCTURE, what, str(error))
