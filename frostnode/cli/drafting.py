"""Drafts of identity events in the hands of several people: begun at the new host, signed anywhere, sent from there.

What a draft does is said here in words made from what would be signed, never in words that came with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from frostnode.cli.acting import (
    Renew,
    Survey,
    Terms,
    ask_carriers,
    check_shown_here,
    confirm,
    outcome,
    send,
    show_cut,
    show_survey,
)
from frostnode.cli.at_hand import AtHand, Means, host_of, keep
from frostnode.cli.shared import count, plain, read_file
from frostnode.identity.drafts import Draft, check_not_recovered, contribute, draft_text, read_draft
from frostnode.identity.kits import utc
from frostnode.protocol.errors import LocalError
from frostnode.protocol.identity import Kind, SignedEvent
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.limits import DRAFT_FILE_BYTES_MAX


def open_draft(path: Path) -> Draft:
    """Read a draft.

    Raises:
        LocalError: input.unreadable, draft.malformed, draft.changed
    """
    return read_draft(read_file(path, DRAFT_FILE_BYTES_MAX))


def begin(
    terms: Terms, draft: Draft, kits: Sequence[AtHand], renew: Renew | None, path: Path, *, as_json: bool
) -> dict[str, Any]:
    """Write a new draft, with what the kits that are here can add.

    Raises:
        LocalError: home.exists, usage, kit.mismatch, draft.conflict
    """
    from frostnode.edge.home import write_secret

    opened = [held.kit for held in kits]
    if opened:
        contribute(draft, opened)  # a kit that does not fit is said before anything is written
    if terms.rehearse:
        return {**draft_json(draft), "draft": None}
    if path.exists():
        raise LocalError(
            "output.exists", f"{path} exists already", hint="it is not overwritten: name another"
        )
    if renew is not None:
        draft = replace(draft, following=renew())
    if not as_json:
        show_draft(draft)
    if opened:
        draft = _add(terms.yes, draft, kits)
    write_secret(path, draft_text(draft))
    return {**draft_json(draft), "draft": str(path)}


def sign_draft(path: Path, means: Means, *, yes: bool, as_json: bool) -> dict[str, Any]:
    """Add to a draft what the kits that are here can: where neither node nor network is needed.

    Raises:
        LocalError: draft.malformed, draft.changed, draft.whole, draft.conflict, usage, kit.mismatch, input.unreadable
    """
    from frostnode.edge.home import replace_secret

    draft = open_draft(path)
    if not as_json:
        show_draft(draft)
    kits = means.open(draft.did, draft.purpose, path.parent)
    draft = _add(yes, draft, kits)
    replace_secret(path, draft_text(draft))
    return {**draft_json(draft), "draft": str(path)}


def finish(terms: Terms, path: Path, means: Means, *, as_json: bool) -> dict[str, Any]:
    """Send what a draft says from the host that it names, with the last signatures from the kits that are here.

    Raises:
        LocalError: draft.unsigned while signatures are missing; as `sign_draft`; whatever the node says
    """
    from frostnode.edge.home import replace_secret

    draft = open_draft(path)
    kits = means.open(draft.did, draft.purpose, path.parent)
    found = ask_carriers(terms, draft.did, draft.prev if draft.kind is Kind.RECOVERY else None)
    if not as_json:
        show_survey(found)
        show_draft(draft)
        show_cut(draft.end, found, "the draft was begun")
    _check_current(draft, found)
    added = contribute(draft, [held.kit for held in kits]) if kits else draft
    signed = added.signed()
    answer = outcome(found, signed)
    if draft.kind is Kind.ORDINARY and found.history.event(signed.cid) is None:
        check_shown_here(terms, draft.end, answer["lost"])
    if terms.rehearse:
        return {**answer, "rehearsed": True}
    if added != draft:
        confirm(terms.yes)
        keep(kits, added)
        replace_secret(path, draft_text(added))
    return {**answer, **send(terms, draft.did, signed)}


def _add(yes: bool, draft: Draft, kits: Sequence[AtHand]) -> Draft:
    added = contribute(draft, [held.kit for held in kits])
    if added.is_whole:
        confirm(yes)
    else:
        confirm(yes, "Take part in this? You are asked again before anything is signed")
    keep(kits, added)
    return added


def _check_current(draft: Draft, found: Survey) -> None:
    """Check that the draft is for this host, and that its place is still free.

    Raises:
        LocalError: publisher.not-hosted, usage, kit.mismatch
    """
    assert draft.epoch is not None, "a draft opens an epoch"
    known = draft.is_whole and found.history.event(draft.cid) is not None
    is_own = draft.epoch.node == found.epoch.node
    if is_own and not known and draft.kind is Kind.ORDINARY and draft.prev != found.history.tip:
        raise LocalError(
            "usage",
            "the draft follows an event that is not the last one any more",
            found=draft.prev,
            expected=found.history.tip,
            hint="begin another draft",
        )
    check_not_recovered(draft, found.history)
    if not is_own or (not known and draft.epoch.key != found.epoch.key):
        raise LocalError(
            "publisher.not-hosted",
            "host that the draft names",
            found=host_of(draft.epoch),
            expected="this one, and a log key of its own",
            hint="send it from there, or begin another draft here",
        )


# -- in words -----------------------------------------------------------------------------------------


def show_draft(draft: Draft) -> None:
    """Tell people what they sign."""
    for line in draft_lines(draft):
        click.echo(plain(line) if not line.startswith(" ") else f"  {plain(line)}")


def draft_lines(draft: Draft) -> Iterator[str]:
    """What a draft does, in words that are made of what is signed and of nothing else."""
    before, made = draft.before, draft.awaited.made
    yield f"Event {draft.event.n} of the publisher {draft.did}"
    yield f"  follows {_event(before)}, the last that the draft knows"
    if draft.kind is Kind.RECOVERY:
        yield f"  RECOVERS the publisher: event {before.event.n} is the last good one"
        for signed in draft.history.path:
            if signed.event.n > before.event.n:
                yield f"  makes void: {_event(signed)}"
    yield f"  {_goes_on(draft)}"
    if before.event.epoch is not None:
        entries = count(draft.end.size, "entry counts", "entries count")
        yield f"  ends the log at {host_of(before.event.epoch)}: {entries}, root {draft.end.root.hex()[:16]}"
    yield f"  {_next_kits(draft)}"
    kits = "recovery sheets" if draft.kind is Kind.RECOVERY else "kits"
    have, signed_by = len(draft.signers), made.threshold - draft.unsigned
    yield f"  {made.threshold} of {len(made.hashes)} {kits} sign it: {have} named so far, {signed_by} signed"


def _event(signed: SignedEvent) -> str:
    event = signed.event
    return f"event {event.n} ({event.kind} at {host_of(event.epoch)}, {utc(event.time)[:10]}, {str(signed.cid)[-8:]})"


def _goes_on(draft: Draft) -> str:
    before, epoch = draft.before.event.epoch, draft.epoch
    assert epoch is not None, "a draft opens an epoch"
    node = f"{host_of(epoch)} (node {to_multibase(epoch.node)})"
    if before is not None and before.node == epoch.node:
        return f"GIVES it a new log key at {node}, where it is"
    return f"MOVES it from {host_of(before)} to {node}"


def _next_kits(draft: Draft) -> str:
    following = draft.following
    if following is None:
        return "leaves its kits in force"
    others = f"{following.threshold} of {count(len(following.hashes), 'kit')}"
    which = ", ".join(each.hex()[:8] for each in following.hashes)
    return f"puts OTHER authority kits in force, {others} will sign: {which} (hashes); those of now then sign nothing"


def draft_json(draft: Draft) -> dict[str, Any]:
    """How far a draft is."""
    made = draft.awaited.made
    return {
        "did": draft.did,
        "kind": str(draft.kind),
        "n": draft.event.n,
        "event": str(draft.cid) if draft.is_whole else None,
        "threshold": made.threshold,
        "kits": len(made.hashes),
        "keys": len(draft.signers),
        "signatures": made.threshold - draft.unsigned,
        "says": [line.strip() for line in draft_lines(draft)],
    }


def next_step(answer: dict[str, Any]) -> str:
    """What is to be done with a draft now."""
    path, missing = answer["draft"], answer["threshold"] - answer["signatures"]
    if not missing:
        command = "recover" if answer["kind"] == Kind.RECOVERY else "move"
        return f"All have signed. At the host that it names: `frost {command} --event {path}`"
    keys = answer["threshold"] - answer["keys"]
    if keys:
        return f"{count(keys, 'more kit')} must take part: hand {path} on, for `frost sign {path} --kit KIT`"
    return f"{count(missing, 'signature')} missing: hand {path} to those whose kits are in it, for `frost sign {path} --kit KIT`"
