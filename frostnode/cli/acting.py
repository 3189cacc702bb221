"""What moving, rotating and recovering have in common: ask, show, sign once, keep, hand over."""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from frostnode.cli.at_hand import AtHand, host_of, keep, kept_beside, note_taken, unfinished
from frostnode.cli.shared import ask_node, count, plain
from frostnode.identity.drafts import Draft, sign_all
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import Commitment, End, Epoch, Kind, SignedEvent, parse_signed_event
from frostnode.protocol.keys import from_multibase
from frostnode.protocol.names import Did

_HAS_NONE: Final = "record.not-found"
"""How a carrier answers that has no head of a log."""

Renew = Callable[[], Commitment]
"""Writes new kits, and commits to them."""


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


def ask_carriers(terms: Terms, did: Did, after: Cid | None = None) -> Survey:
    """Have the node ask all carriers, and fetch what it lacks."""
    params: dict[str, Any] = {"did": did, "urls": list(terms.peers), "fetch": terms.fetch, "end": terms.end}
    if after is not None:
        params["after"] = str(after)
    try:
        answer = ask_node(terms.home, "survey", params)
    except LocalError as error:
        if error.code != "publisher.unknown" or after is not None:
            raise
        hint = "name one of its carriers with --peer URL, or take the kit of another publisher"
        raise LocalError(error.code, error.message, hint=hint) from error
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
        f"{found.did}\nhosted by {plain(answer['host']) or 'nobody'}; {count(answer['path'], 'event')} so far"
    )
    for line in answer["carriers"]:
        has = "no head" if line["size"] is None else count(line["size"], "entry", "entries")
        note = {"other": "of ANOTHER tree", "not compared": "not compared"}.get(line["tree"], "")
        told, error = has if line["knows"] else "no answer", plain(line["error"])
        if error.startswith(_HAS_NONE):
            told, error = "nothing of it yet", ""
        listed = "(listed by another)" if line["listed"] else ""
        click.echo("  " + "  ".join(part for part in (plain(line["url"]), told, note, listed, error) if part))
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
        line["size"] is not None or (line["url"] == host and line["error"].startswith(_HAS_NONE))
        for line in found.answer["carriers"]
    )


def check_shown_here(terms: Terms, end: End, lost: int) -> None:
    """Stop while this node cannot show the tree that the event would end the log at, until the owner says to go on.

    Raises:
        LocalError: usage
    """
    if lost and terms.fetch:
        raise LocalError(
            "usage",
            f"{lost} of {count(end.size, 'entry', 'entries')} could be had from nobody who was asked, and nothing is signed",
            hint="try again, or name more carriers with --peer URL; "
            "--without-history goes on, and asks for them from then on",
        )


def act(
    terms: Terms, found: Survey, draft: Draft, kits: Sequence[AtHand], renew: Renew | None, *, as_json: bool
) -> dict[str, Any]:
    """Sign with kits that are all here, keep, and hand over to the node; what was kept of an earlier try goes first.

    Raises:
        LocalError: usage, when the owner does not say yes; kit.mismatch, draft.conflict; whatever the node says
    """
    signed, opened = _kept(found, draft, kits), [held.kit for held in kits]
    if signed is None:
        draft = sign_all(draft, opened)
    elif signed.event.end is not None and not as_json:
        click.echo(f"event {signed.event.n} was signed before, and is sent as it is")
        if found.history.event(signed.cid) is None:
            show_cut(signed.event.end, found, "it was signed")
    if terms.rehearse:
        return {**outcome(found, signed or draft.signed()), "rehearsed": True}
    confirm(terms.yes)
    if signed is None:
        if renew is not None:
            draft = sign_all(replace(draft, following=renew(), signers=()), opened)
        keep(kits, draft, is_taken=False)
        signed = draft.signed()
    done = {**outcome(found, signed), **send(terms, found.did, signed)}
    note_taken(kits, signed.cid)
    return done


def resume(terms: Terms, did: Did, kits: Sequence[AtHand], *, as_json: bool) -> dict[str, Any] | None:
    """Finish an act that broke off between the taking of its event and the answer: the same bytes again, nothing new.

    Answers None where there is none: whatever else the kits have signed comes up when its place does.

    Raises:
        FrostError: whatever the node says
    """
    file = unfinished(kits)
    if file is None or file.did != did:
        return None
    signed = file.signed
    try:
        found = ask_carriers(replace(terms, end=None), did, signed.event.prev)
    except LocalError as error:
        if error.code != "publisher.unknown":
            raise
        return None
    if found.history.tip != signed.cid:
        if signed.cid in {one.cid for one in found.history.path}:
            note_taken(kits, signed.cid)  # others go on from it already
        return None
    if signed.event.epoch is None or signed.event.epoch.node != found.epoch.node:
        return None
    if not as_json:
        click.echo(
            f"event {signed.event.n} was signed before and is taken here; it is sent as it is, once more"
        )
    if terms.rehearse:
        return {**outcome(found, signed), "rehearsed": True}
    done = {**outcome(found, signed), **send(terms, did, signed)}
    note_taken(kits, signed.cid)
    return done


def outcome(found: Survey, signed: SignedEvent) -> dict[str, Any]:
    """What an event comes to: where it ends the log, and how many entries of it could be had from nobody."""
    end = signed.event.end
    assert end is not None, "it follows another"
    return {
        "did": found.did,
        "n": signed.event.n,
        "event": str(signed.cid),
        "end": {"size": end.size, "root": end.root.hex()},
        "lost": max(0, end.size - found.answer["held"]) if end != found.end else found.answer["lost"],
    }


def show_cut(end: End, found: Survey, since: str) -> None:
    """Tell what was published since it was decided where the log ends."""
    more = found.end.size - end.size
    if more > 0:
        entries = count(more, "entry was", "entries were")
        told = f"{entries} published since {since} and will not count: `frost republish` brings them back"
        click.secho(told, bold=True)


def confirm(yes: bool, question: str = "Sign this? It cannot be taken back") -> None:
    """Ask the owner.

    Raises:
        LocalError: usage, when the answer is no
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise LocalError("usage", "nothing was signed: there is no terminal to ask", hint="give --yes")
    if not click.confirm(question, default=False):
        raise LocalError("usage", "nothing was signed")


def send(terms: Terms, did: Did, signed: SignedEvent) -> dict[str, Any]:
    """Hand a signed event over to the node, which stores it, hosts what it opens, and tells the carriers.

    Raises:
        FrostError: whatever the node says
    """
    params = {"did": did, "event": b64encode(signed.raw).decode(), "urls": list(terms.peers)}
    return ask_node(terms.home, "take-event", params)


def _kept(found: Survey, draft: Draft, kits: Sequence[AtHand]) -> SignedEvent | None:
    """What an earlier try has signed for the same place, if it can still be sent.

    Raises:
        LocalError: input.unreadable, usage, draft.conflict
    """
    for held in kits:
        kept, path = kept_beside(held, draft), held.event_path(draft)
        if kept is None:
            continue
        if kept.signed is None:
            raise LocalError(
                "draft.conflict",
                f"this kit has signed a draft of event {draft.event.n}, to {host_of(kept.epoch)}, that others have not",
                hint=f"finish it with --event DRAFT; delete {path} only if nobody can send it any more",
            )
        event = kept.signed.event
        if event.epoch is None or event.epoch.node != found.epoch.node:
            raise LocalError(
                "usage",
                f"{path} was signed for another host",
                found=host_of(event.epoch),
                expected=found.epoch.url or "this one",
                hint="finish that move there; delete the file only if it was certainly never sent",
            )
        is_ordinary = (
            event.kind is Kind.ORDINARY
        )  # a recovery event names the last good one, wherever that stands
        if is_ordinary and found.history.event(kept.cid) is None and event.prev != found.history.tip:
            raise LocalError(
                "usage",
                f"{path} follows an event that counts no more",
                found=event.prev,
                expected=found.history.tip,
                hint="delete the file if it was never sent; otherwise `frost recover`",
            )
        if not is_ordinary and event.prev != draft.prev:
            last = found.history.event(event.prev) if event.prev is not None else None
            raise LocalError(
                "draft.conflict",
                f"this sheet has signed event {event.n}, a recovery: two at one place would be disputed for ever",
                found=f"last good event {draft.before.event.n}",
                expected=event.prev if last is None else last.event.n,
                hint=f"send that one with --after {event.prev if last is None else last.event.n}; "
                f"what came after it is overruled with --after {event.n}",
            )
        return kept.signed
    return None
