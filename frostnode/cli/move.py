"""`frost move`, `frost rotate` and `frost recover`: where a publisher lives, and under which keys."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from frostnode.cli.acting import (
    Survey,
    Terms,
    act,
    ask_carriers,
    check_one_tree,
    event_path,
    read_kit,
    show_survey,
)
from frostnode.cli.shared import count, home_option, json_option, need_node, passphrase, show_json
from frostnode.identity.acts import next_event, recoveries, recovery_event
from frostnode.identity.commitments import commit_kits
from frostnode.identity.kits import Kit, Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.identity import Commitment, SignedEvent

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)


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
        click.option("--passphrase-file", type=_FILE, help="File with the passphrase."),
    ):
        command = option(command)
    return command


_KITS = click.option(
    "--kit", "kits", type=_FILE, multiple=True, required=True, help="Authority kit; as many as must sign."
)
_NEW_KITS = click.option(
    "--new-kit", "new", type=_FILE, multiple=True, help="Write a new kit here, in place of the old ones."
)
_THRESHOLD = click.option(
    "--threshold", type=click.IntRange(1), default=1, help="How many of the new kits have to sign."
)


@click.command()
@home_option
@_KITS
@_NEW_KITS
@_THRESHOLD
@_options
@json_option
def move(as_json: bool, **options: Any) -> None:
    """Bring a publisher to this node, from a host that is alive or dead. Its kit is all that is needed.

    The history comes from whoever carries it; the host that it leaves goes on serving what it has.

    \b
    Example:
      frost move --kit authority-kit.json --peer https://carrier.example.org
    """
    _succeed(as_json, is_here=False, **options)


@click.command()
@home_option
@_KITS
@_NEW_KITS
@_THRESHOLD
@_options
@json_option
def rotate(as_json: bool, **options: Any) -> None:
    """Give a publisher a new log key at this node, or new kits: after a theft, with --end cut back to before it.

    \b
    Example:
      frost rotate --kit authority-kit.json
      frost rotate --kit authority-kit.json --end 950
    """
    _succeed(as_json, is_here=True, **options)


def _succeed(
    as_json: bool,
    *,
    is_here: bool,
    kits: Sequence[Path],
    new: Sequence[Path],
    threshold: int,
    passphrase_file: Path | None,
    **options: Any,
) -> None:
    secret = passphrase(passphrase_file, confirm=False)
    opened = [read_kit(path, secret) for path in kits]
    terms = _terms(options)
    found = ask_carriers(terms, opened[0].label.did)
    if is_here and not found.answer["hosted"]:
        raise LocalError("publisher.not-hosted", f"{found.did} is not hosted here", hint="`frost move`")
    _show(as_json, found)
    check_one_tree(found, terms.end)
    n = len(found.history.path)

    def sign(found: Survey) -> SignedEvent:
        following = _make_kits(terms, found, new, secret, n + 1, threshold) if new else None
        return next_event(
            found.history, opened, following=following, end=found.end, epoch=found.epoch, time_ms=_now_ms()
        )

    _tell(as_json, act(terms, found, sign, event_path(kits[0], n)))


@click.command()
@home_option
@click.option(
    "--sheet",
    "sheets",
    type=_FILE,
    multiple=True,
    required=True,
    help="Recovery sheet; as many as must sign.",
)
@click.option(
    "--new-kit", "new", type=_FILE, multiple=True, required=True, help="Write the new authority kit here."
)
@_THRESHOLD
@click.option("--after", help="The last event that is good: its number, or its CID.")
@_options
@json_option
def recover(
    as_json: bool,
    *,
    sheets: Sequence[Path],
    new: Sequence[Path],
    threshold: int,
    after: str | None,
    passphrase_file: Path | None,
    **options: Any,
) -> None:
    """Overrule a thief of the authority kit, or replace one that was lost: with the recovery sheet, at this node.

    All events after the last good one are void, with what was published under them. New kits take the place of the old.

    \b
    Example:
      frost recover --sheet recovery-sheet.json --new-kit new-kit.json --after 0
    """
    secret = passphrase(passphrase_file, confirm=False)
    opened = [read_kit(path, secret) for path in sheets]
    terms = _terms(options)
    found = ask_carriers(terms, opened[0].label.did)
    last = _last_good(found, after)
    if last != found.history.tip:
        found = ask_carriers(terms, found.did, last)
    _show(as_json, found)
    event = found.history.event(last)
    assert event is not None, "it was found in the history"
    n = event.event.n + 1

    def sign(found: Survey) -> SignedEvent:
        return recovery_event(
            found.history,
            opened,
            after=last,
            following=_make_kits(terms, found, new, secret, n + 1, threshold),
            recovery=None,
            end=found.end,
            epoch=found.epoch,
            time_ms=_now_ms(),
        )

    spent = recoveries(found.history, last)
    path = sheets[0].with_name(f"{sheets[0].stem}.recovery-{spent}.json")
    _tell(as_json, act(terms, found, sign, path))


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


def _last_good(found: Survey, after: str | None) -> Cid:
    """The event that a recovery names as the last good one.

    Raises:
        LocalError: usage
    """
    path = found.history.path
    if after is None or (after.isdigit() and int(after) >= len(path)):
        lines = "; ".join(
            f"{signed.event.n} {signed.event.kind} at {signed.event.epoch.url if signed.event.epoch else 'no host'}"
            for signed in path
        )
        raise LocalError("usage", "the last good event", found=after, expected=f"--after one of {lines}")
    if after.isdigit():
        return path[int(after)].cid
    cid = Cid.parse(after)
    if found.history.event(cid) is None:
        raise LocalError("usage", "the last good event", found=after, expected="one that is known")
    return cid


def _make_kits(
    terms: Terms, found: Survey, paths: Sequence[Path], secret: str, n: int, threshold: int
) -> Commitment:
    """Make new authority kits, and write them before anything commits to them."""
    from frostnode.edge.home import Home
    from frostnode.edge.home_kits import note_place
    from frostnode.founding import new_kit, write_kit

    kits: list[Kit] = [new_kit(Purpose.AUTHORITY, found.did) for _ in paths]
    if not terms.rehearse:
        for path, kit in zip(paths, kits, strict=True):
            write_kit(path, kit, secret)
            note_place(Home(terms.home), kit, path)
    return commit_kits(kits, n, threshold)


def _now_ms() -> int:
    from frostnode.edge.clock import SystemClock

    return SystemClock().now_ms()


def _show(as_json: bool, found: Survey) -> None:
    if not as_json:
        show_survey(found)


def _tell(as_json: bool, done: dict[str, Any]) -> None:
    if as_json:
        show_json(done)
        return
    if done.get("rehearsed"):
        click.echo("Rehearsed: nothing was signed, nothing was sent.")
        return
    click.echo(f"Event {done['n']} is taken: {done['did']} publishes here now.")
    for line in done["told"]:
        click.echo(f"  told {line['url']}{'  ' + line['error'] if line['error'] else ''}")
    if done["lost"]:
        click.echo(f"{count(done['lost'], 'entry', 'entries')} are asked of carriers from now on.")
