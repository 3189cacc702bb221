"""`frost move`, `frost rotate` and `frost recover`: where a publisher lives, and under which keys."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from frostnode.cli.acting import (
    Survey,
    Terms,
    act,
    ask_carriers,
    check_one_tree,
    check_shown_here,
    resume,
    show_survey,
)
from frostnode.cli.at_hand import AtHand, Means, host_of
from frostnode.cli.shared import ask_node, count, home_option, json_option, need_node, plain, show_json
from frostnode.identity.acts import next_draft, recovery_draft
from frostnode.identity.commitments import commit_hashes, kit_hash
from frostnode.identity.drafts import Draft
from frostnode.identity.kits import Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.identity import Commitment
from frostnode.protocol.merkle import HASH_BYTES
from frostnode.protocol.names import Did, parse_did

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_EVENTS_SHOWN: Final = 20
"""Of a long history, in one line."""


def _options(command: F) -> F:
    """What the three have in common."""
    for option in (
        click.option("--yes", is_flag=True, help="Do not ask back."),
        click.option("--rehearse", is_flag=True, help="Do all of it but sign and send."),
        click.option(
            "--without-history", is_flag=True, help="Do not wait for the history: it comes afterwards."
        ),
        click.option("--end", type=click.IntRange(0), help="How many entries of the log shall count."),
        click.option("--peer", "peers", multiple=True, help="URL of a carrier to ask; may be repeated."),
        click.option(
            "--did", help="The publisher, where no kit file says it; by default the one hosted here."
        ),
        click.option(
            "--event", "event", type=_FILE, help="Send what this draft says: others have signed it."
        ),
        click.option("--draft", type=_FILE, help="Write a draft here for others to sign, and do not send."),
        click.option("--passphrase-file", type=_FILE, help="File with the passphrase."),
        click.option("--words", is_flag=True, help="Ask for the 24 words of a kit."),
    ):
        command = option(command)
    return command


_KITS = click.option(
    "--kit", "kits", type=_FILE, multiple=True, help="Authority kit; as many as must sign, or are here."
)
_NEW_KITS = click.option(
    "--new-kit", "new", type=_FILE, multiple=True, help="Write a new kit here, in place of the old ones."
)
_NEW_HASHES = click.option(
    "--new-hash",
    "hashes",
    multiple=True,
    help="Hash of a new kit that somebody keeps elsewhere: `frost kit new`.",
)
_THRESHOLD = click.option(
    "--threshold", type=click.IntRange(1), default=1, help="How many of the new kits have to sign."
)


@click.command()
@home_option
@_KITS
@_NEW_KITS
@_NEW_HASHES
@_THRESHOLD
@_options
@json_option
def move(as_json: bool, **options: Any) -> None:
    """Bring a publisher to this node, from a host that is alive or dead. Its kit is all that is needed.

    The history comes from whoever carries it; the host that it leaves goes on serving what it has. Kits may stay
    where they are: --draft writes what is to be signed, `frost sign` signs it elsewhere, --event sends it.

    \b
    Example:
      frost move --kit authority-kit.json --peer https://carrier.example.org
      frost move --draft move.draft --did did:frost:bafy… --peer https://carrier.example.org
      frost move --event move.draft
    """
    _succeed(as_json, is_here=False, **options)


@click.command()
@home_option
@_KITS
@_NEW_KITS
@_NEW_HASHES
@_THRESHOLD
@_options
@json_option
def rotate(as_json: bool, **options: Any) -> None:
    """Give a publisher a new log key at this node, or new kits: after a theft, with --end cut back to before it.

    \b
    Example:
      frost rotate --kit authority-kit.json
      frost rotate --kit authority-kit.json --end 950
      frost rotate --kit authority-kit.json --new-hash 3fa9… --new-hash 77c0… --new-hash b1e4… --threshold 2
    """
    _succeed(as_json, is_here=True, **options)


def _succeed(as_json: bool, *, is_here: bool, kits: Sequence[Path], **options: Any) -> None:
    acting = _Acting(as_json, Purpose.AUTHORITY, kits, options)
    if acting.event is not None:
        acting.finish()
        return
    did, at_hand = acting.opened(is_here=is_here)
    if acting.resumed(did, at_hand):
        return
    found = ask_carriers(acting.terms, did)
    last = found.history.path[-1].event.epoch
    was_here = last is not None and last.node == found.epoch.node  # perhaps after this home was saved
    if is_here and not (found.answer["hosted"] or was_here):
        raise LocalError(
            "publisher.not-hosted",
            f"host of {found.did}",
            found=found.answer["host"] or "another",
            expected="this one",
            hint="rotate there, or bring it here with `frost move`",
        )
    acting.show(found)
    check_one_tree(found, acting.terms.end)
    check_shown_here(acting.terms, found.end, found.answer["lost"])
    draft = next_draft(found.history, following=None, end=found.end, epoch=found.epoch, time_ms=_now_ms())
    acting.carry_out(found, draft, at_hand)


@click.command()
@home_option
@click.option(
    "--sheet", "sheets", type=_FILE, multiple=True, help="Recovery sheet; as many as must sign, or are here."
)
@click.option("--new-kit", "new", type=_FILE, multiple=True, help="Write the new authority kit here.")
@_NEW_HASHES
@_THRESHOLD
@click.option("--after", help="The last event that is good: its number, or its CID.")
@_options
@json_option
def recover(as_json: bool, *, sheets: Sequence[Path], after: str | None, **options: Any) -> None:
    """Overrule a thief of the authority kit, or replace one that was lost: with the recovery sheet, at this node.

    All events after the last good one are void, with what was published under them. New kits take the place of the old.

    \b
    Example:
      frost recover --sheet recovery-sheet.json --new-kit new-kit.json --after 0
    """
    acting = _Acting(as_json, Purpose.RECOVERY, sheets, options)
    if acting.event is not None:
        acting.finish()
        return
    if not acting.renews:
        raise LocalError(
            "usage",
            "a recovery names new authority kits",
            hint="--new-kit FILE, or --new-hash of one kept elsewhere",
        )
    did, at_hand = acting.opened(is_here=False)
    found = ask_carriers(acting.terms, did)
    last = _last_good(found, after)
    if last != found.history.tip:
        found = ask_carriers(acting.terms, found.did, last)
    acting.show(found)
    draft = recovery_draft(
        found.history, after=last, following=None, end=found.end, epoch=found.epoch, time_ms=_now_ms()
    )
    acting.carry_out(found, draft, at_hand)


class _Acting:
    """One of the three commands, with what was given to it."""

    def __init__(
        self, as_json: bool, purpose: Purpose, kits: Sequence[Path], options: dict[str, Any]
    ) -> None:
        self.as_json = as_json
        self.purpose = purpose
        self.terms = _terms(options)
        self.means = Means(files=kits, words=options["words"], passphrase_file=options["passphrase_file"])
        self.new: Sequence[Path] = options["new"]
        self.hashes = [_hash(text) for text in options["hashes"]]
        self.renews = bool(self.new or self.hashes)
        self.event: Path | None = options["event"]
        self._threshold: int = options["threshold"]
        self._draft: Path | None = options["draft"]
        self._did: str | None = options["did"]
        if self.event is not None and (self.renews or self._draft or self.terms.end is not None):
            raise LocalError(
                "usage", "--event sends a draft as it is", hint="leave --new-kit, --draft, --end out"
            )
        following = len(self.new) + len(self.hashes)
        if self._threshold > max(1, following):
            raise LocalError(
                "usage",
                "--threshold",
                found=self._threshold,
                expected=f"≤ {following}, as many as --new-kit and --new-hash",
                hint="" if following else "so many of the new kits: name these with --new-kit or --new-hash",
            )
        if self.event is None and self._draft is None and not (kits or self.means.words):
            name = "--kit" if purpose is Purpose.AUTHORITY else "--sheet"
            raise LocalError(
                "usage",
                "nothing to sign with",
                hint=f"give {name} FILE or --words, or --draft FILE for others to sign",
            )

    def opened(self, *, is_here: bool) -> tuple[Did, list[AtHand]]:
        """Whose event it is, and the kits that are at hand: opened before anybody is asked.

        Raises:
            LocalError: usage, publisher.not-hosted; what is wrong with a kit
        """
        asked = parse_did(self._did) if self._did else None
        said = self.means.publisher(self.purpose) or asked
        if asked not in (None, said):
            raise LocalError(
                "kit.mismatch",
                "the kit is of another publisher than --did",
                found=said,
                expected=asked,
                hint="take another kit, or leave --did out",
            )
        if said is None:
            from frostnode.cli.kit_work import publisher_for

            said = publisher_for(self.terms.home, None)
        elif is_here:
            hosted = [item["did"] for item in ask_node(self.terms.home, "awaits", {})["hosted"]]
            if said not in hosted:
                here = ", ".join(hosted) or "nobody"
                raise LocalError(
                    "publisher.not-hosted",
                    f"{said} is not hosted here, but {here}",
                    hint="take another kit, or bring the publisher here with `frost move`",
                )
        return said, self.means.open(said, self.purpose, self.terms.home)

    def show(self, found: Survey) -> None:
        """Tell people what was found out."""
        if not self.as_json:
            show_survey(found)

    def resumed(self, did: Did, kits: Sequence[AtHand]) -> bool:
        """Whether there was an act to be finished that broke off; then nothing else is done."""
        done = None if self._draft else resume(self.terms, did, kits, as_json=self.as_json)
        if done is not None:
            self._tell(done)
        return done is not None

    def carry_out(self, found: Survey, draft: Draft, kits: Sequence[AtHand]) -> None:
        """Sign and send, or write the draft for others."""
        renew = partial(self._renew, draft) if self.renews else None
        if self._draft is None:
            self._tell(act(self.terms, found, draft, kits, renew, as_json=self.as_json))
            for path in () if self.terms.rehearse else self.new:
                if not path.exists():
                    told = f"{path} was not written: the event that was signed before names the kits of then"
                    click.secho(told, bold=True, err=True)
            return
        from frostnode.cli.drafting import begin, next_step

        answer = begin(self.terms, draft, kits, renew, self._draft, as_json=self.as_json)
        if self.as_json:
            show_json(answer)
        else:
            click.echo(next_step(answer) if answer["draft"] else "Rehearsed: nothing was written.")

    def finish(self) -> None:
        """Send what others have signed."""
        from frostnode.cli.drafting import finish

        assert self.event is not None, "it was given"
        self._tell(finish(self.terms, self.event, self.means, as_json=self.as_json))

    def _renew(self, draft: Draft) -> Commitment:
        """Make new authority kits, and write them before anything commits to them."""
        from frostnode.edge.home import Home
        from frostnode.edge.home_kits import note_place
        from frostnode.founding import new_kit, write_kit

        for path in self.new:
            if path.exists():  # before another one of them is written
                raise LocalError(
                    "output.exists", f"{path} exists already", hint="name another file for the new kit"
                )
        kits = [new_kit(Purpose.AUTHORITY, draft.did) for _ in self.new]
        secret = self.means.passphrase if kits else ""
        for path, kit in zip(self.new, kits, strict=True):
            write_kit(path, kit, secret)
            note_place(Home(self.terms.home), kit, path)
        made = [kit_hash(kit, draft.event.n + 1) for kit in kits]
        return commit_hashes([*made, *self.hashes], self._threshold)

    def _tell(self, done: dict[str, Any]) -> None:
        if self.as_json:
            show_json(done)
            return
        if done.get("rehearsed"):
            click.echo("Rehearsed: nothing was signed, nothing was sent.")
            return
        click.echo(f"Event {done['n']} is taken: {done['did']} publishes here now.")
        for line in done["told"]:
            told = plain(f"told {line['url']}  {line['error']}")
            click.echo(f"  {told}")
        if done["lost"]:
            click.echo(f"{count(done['lost'], 'entry', 'entries')} are asked of carriers from now on.")


def _terms(options: dict[str, Any]) -> Terms:
    from frostnode.replicate.node_url import node_url

    need_node()
    return Terms(
        home=options["home"],
        peers=[node_url(url) for url in options["peers"]],
        end=options["end"],
        fetch=not options["without_history"],
        rehearse=options["rehearse"],
        yes=options["yes"],
    )


def _hash(text: str) -> bytes:
    """The hash of a kit, as `frost kit new` prints it.

    Raises:
        LocalError: usage
    """
    try:
        made = bytes.fromhex(text.strip())
    except ValueError:
        made = b""
    if len(made) != HASH_BYTES:
        raise LocalError(
            "usage", "--new-hash", found=text, expected="64 characters that `frost kit new` has printed"
        )
    return made


def _last_good(found: Survey, after: str | None) -> Cid:
    """The event that a recovery names as the last good one.

    Raises:
        LocalError: usage
    """
    path = found.history.path
    for signed in path:
        if after == str(signed.event.n):
            return signed.cid
    with suppress(PeerError):
        cid = Cid.parse(after or "")
        if found.history.event(cid) is not None:
            return cid
    lines = "; ".join(
        f"{signed.event.n} {signed.event.kind} at {host_of(signed.event.epoch)}"
        for signed in path[-_EVENTS_SHOWN:]
    )
    raise LocalError(
        "usage",
        "the last good event",
        found=after,
        expected="its number, or a CID that is known",
        hint=f"--after one of {lines}",
    )


def _now_ms() -> int:
    from frostnode.edge.clock import SystemClock

    return SystemClock().now_ms()
