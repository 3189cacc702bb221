"""What moving, rotating and recovering have in common: ask, show, sign once, keep, hand over.

The kits are opened here and nowhere else: the node is handed a signed event, never a key.
"""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import ask_node, count, read_file
from frostnode.identity.event_file import EventFile, read_event_file
from frostnode.identity.kits import Kit, open_kit
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import End, Epoch, Kind, SignedEvent, parse_signed_event
from frostnode.protocol.keys import from_multibase
from frostnode.protocol.limits import KIT_FILE_BYTES_MAX
from frostnode.protocol.names import Did

Sign = Callable[["Survey"], SignedEvent]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the node found out: the publisher's history, and what the next event may say."""

    did: Did
    history: History
    end: End
    epoch: Epoch
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the owner wants it: whom to ask beside those that are known, where to end, how much to ask back."""

    home: Path
    peers: Sequence[str]
    end: int | None
    fetch: bool
    rehearse: bool
    yes: bool


def read_kit(path: Path, passphrase: str) -> Kit:
    """Open the kit in a file.

    Raises:
        LocalError: input.unreadable, kit.passphrase, kit.malformed
    """
    return open_kit(read_file(path, KIT_FILE_BYTES_MAX), passphrase)


def ask_carriers(terms: Terms, did: Did, after: Cid | None = None) -> Survey:
    """Have the node ask all carriers, and fetch what it lacks."""
    params: dict[str, Any] = {"did": did, "urls": list(terms.peers), "fetch": terms.fetch, "end": terms.end}
    if after is not None:
        params["after"] = str(after)
    answer = ask_node(terms.home, "survey", params)
    history = History.empty(did)
    events = [parse_signed_event(b64decode(raw)) for raw in answer["events"]]
    history.take(events[: answer["path"]])  # what counts for the node, before what stands beside it
    history.take(events[answer["path"] :])
    end = End(size=answer["end"]["size"], root=bytes.fromhex(answer["end"]["root"]))
    key, node = (from_multibase(answer["epoch"][name]) for name in ("key", "node"))
    return Survey(did, history, end, Epoch(key=key, node=node, url=answer["here"]), answer)


def show_survey(found: Survey) -> None:
    """Tell people who has what, and what would be done."""
    answer = found.answer
    click.echo(
        f"{found.did}\nhosted by {answer['host'] or 'nobody'}; {count(answer['path'], 'event')} so far"
    )
    for line in answer["carriers"]:
        has = "no head" if line["size"] is None else count(line["size"], "entry", "entries")
        note = {"other": "of ANOTHER tree", "not compared": "not compared"}.get(line["tree"], "")
        told = has if line["knows"] else "no answer"
        click.echo("  " + "  ".join(part for part in (line["url"], told, note, line["error"]) if part))
    click.echo(f"its log ends at {count(found.end.size, 'entry', 'entries')}")
    if answer["lost"]:
        click.echo(f"{count(answer['lost'], 'entry', 'entries')} of these could be had from nobody so far")


def check_one_tree(found: Survey, end: int | None) -> None:
    """Stop where two trees were signed or none was shown, or the history is forked, until the owner says what counts.

    Raises:
        LocalError: usage, identity.unknown
    """
    if found.answer["forked"]:
        raise LocalError(
            "usage",
            f"{found.did} has two histories, and neither is followed here",
            hint="only a recovery event settles that: `frost recover`",
        )
    if end is None and not _shows_its_end(found):
        raise LocalError(
            "usage",
            "nobody who was asked showed how far the log goes",
            hint="name more carriers with --peer URL, or say how many entries shall count with --end SIZE",
        )
    beside = [line["url"] for line in found.answer["carriers"] if line["tree"] == "other"]
    if beside and end is None:
        raise LocalError(
            "usage",
            f"the log was signed two ways: {', '.join(beside)} {'has' if len(beside) == 1 else 'have'} another tree",
            hint="say how many entries shall count with --end SIZE",
        )


def _shows_its_end(found: Survey) -> bool:
    """Whether somebody showed how far the log goes: with a head, or as its host with none yet."""
    if found.answer["hosted"] or found.history.path[-1].event.epoch is None:
        return True
    host = found.answer["host"]
    return any(
        line["size"] is not None or (line["url"] == host and line["error"].startswith("record.not-found"))
        for line in found.answer["carriers"]
    )


def act(terms: Terms, found: Survey, sign: Sign, beside: Path) -> dict[str, Any]:
    """Sign, keep, and hand over to the node; what was kept of an earlier try goes first.

    Raises:
        LocalError: usage, when the owner does not say yes; whatever the node says
    """
    kept = _kept(found, beside)
    signed = sign(found) if kept is None else kept
    answer = {"did": found.did, "event": str(signed.cid), "n": signed.event.n, "end": found.answer["end"]}
    if terms.rehearse:
        return {**answer, "rehearsed": True, "lost": found.answer["lost"]}
    if not terms.yes:
        if not sys.stdin.isatty():
            raise LocalError("usage", "nothing was signed: there is no terminal to ask", hint="give --yes")
        if not click.confirm("Sign this? It cannot be taken back", default=False):
            raise LocalError("usage", "nothing was signed")
    if kept is None:
        _keep(beside, EventFile(found.did, signed))
    params = {"did": found.did, "event": b64encode(signed.raw).decode(), "urls": list(terms.peers)}
    return {**answer, **ask_node(terms.home, "take-event", params), "lost": found.answer["lost"]}


def event_path(kit: Path, n: int) -> Path:
    """Where event n of a publisher is kept: beside the kit that signs it."""
    return kit.with_name(f"{kit.stem}.event-{n}.json")


def _kept(found: Survey, path: Path) -> SignedEvent | None:
    """What an earlier try has signed, if it can still be sent.

    Raises:
        LocalError: input.unreadable, usage
    """
    if not path.exists():
        return None
    try:
        file = read_event_file(path.read_bytes())
    except OSError as error:
        raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error
    event = file.signed.event
    if file.did != found.did:
        raise LocalError("usage", f"{path} is of another publisher", found=file.did, expected=found.did)
    if event.epoch is None or event.epoch.node != found.epoch.node:
        raise LocalError(
            "usage",
            f"{path} was signed for another host",
            found=event.epoch.url if event.epoch is not None else "none",
            expected=found.epoch.url or "this one",
            hint="finish that move there; delete the file only if it was certainly never sent",
        )
    is_ordinary = (
        event.kind is Kind.ORDINARY
    )  # a recovery event names the last good one, wherever that stands
    if is_ordinary and found.history.event(file.signed.cid) is None and event.prev != found.history.tip:
        raise LocalError(
            "usage",
            f"{path} follows an event that counts no more",
            found=event.prev,
            expected=found.history.tip,
            hint="delete the file if it was never sent; otherwise `frost recover`",
        )
    return file.signed


def _keep(path: Path, file: EventFile) -> None:
    from frostnode.edge.home import write_secret

    write_secret(path, file.to_text())
