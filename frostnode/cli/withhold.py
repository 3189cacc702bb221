"""`frost erase`, `block`, `unblock` and `withheld`: what this node does not show, and why."""

import sys
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import ask_node, home_option, json_option, plain, show_json

_REASON = click.option("--reason", required=True, help="Why, in one line. Public.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be done, do nothing.")
_YES = click.option("--yes", "-y", is_flag=True, help="Do not ask at a terminal.")

_ERASES = {
    "body": "Erases the content for good: its bytes are overwritten, in the search and all views too.\n"
    "That the entry exists, under which type and key and when, stays public.",
    "header": "Erases header and content for good, down to the hash of the header: which record it was and\n"
    "what it said is known here no more, and an older entry of the record may be the current one.",
}
_NEVERTHELESS = (
    "It is not taken again, from nobody. Other nodes that have it keep theirs, and copies of this home\n"
    "(backups, exports) are not reached. The reason is public: `frost withheld`."
)
_HOSTED = (
    "Its publisher is hosted here. An import or an edit publishes the same words anew, under another hash:\n"
    "`frost withdraw` says that the record is gone, `frost block` keeps it from being published here."
)


@click.command()
@click.argument("target")
@home_option
@_REASON
@click.option("--header", is_flag=True, help="Erase the header too, down to its leaf hash.")
@click.option("--all-entries", is_flag=True, help="All entries of the record, not only the current one.")
@_DRY_RUN
@_YES
@json_option
def erase(
    *,
    target: str,
    home: Path,
    reason: str,
    header: bool,
    all_entries: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase content from this node for good: the body of the record at DID-URL.

    The current entry, or the exact one by ?cid=; with a bare DID all that is here of the publisher. Logs stay
    provable, other nodes are not touched.

    \b
    Example:
      frost erase did:frost:bafy…/sea-ice --reason "personal data, by request"
    """
    params = {"target": target, "reason": reason, "header": header, "all_entries": all_entries}
    plan = ask_node(home, "erase", {**params, "dry_run": True})
    click.echo(_ERASES[plan["what"]], err=True)
    click.echo(_NEVERTHELESS, err=True)
    if plan["hosted"]:
        click.echo(_HOSTED, err=True)
    if not dry_run:
        _confirm(f"Erase {plan['erased']} of {plan['total']} entries?", yes=yes)
    answer = plan if dry_run else ask_node(home, "erase", params)
    if as_json:
        show_json(answer)
        return
    for item in answer["entries"] if answer["total"] <= 20 else []:
        click.echo(f"{item['status']:<16} entry {item['index']} of {item['origin']}")
    counted = f"{answer['erased']} of {answer['total']} entries"
    click.echo(f"would erase {counted}" if dry_run else f"erased {counted}")
    _say_whether_gone(answer)


@click.command()
@click.argument("target")
@home_option
@_REASON
@click.option("--erase", "with_erasure", is_flag=True, help="Erase what is here of its content, for good.")
@click.option("--hosted", is_flag=True, help="Block a publisher that this node hosts.")
@_DRY_RUN
@_YES
@json_option
def block(
    *,
    target: str,
    home: Path,
    reason: str,
    with_erasure: bool,
    hosted: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Block a publisher (DID) or a record (DID-URL): neither taken nor shown nor served here.

    What was verified stays on disk unless --erase says otherwise, and comes back with `frost unblock`.

    \b
    Example:
      frost block did:frost:bafy… --reason "spam"
    """
    params = {"target": target, "reason": reason, "erase": with_erasure, "hosted": hosted}
    if with_erasure:
        click.echo(_ERASES["body"], err=True)
        click.echo(_NEVERTHELESS, err=True)
        if not dry_run:
            _confirm(f"Block {target} and erase its content?", yes=yes)
    answer = ask_node(home, "block", {**params, "dry_run": dry_run})
    if as_json:
        show_json(answer)
        return
    click.echo(f"{answer['status']}  {answer['target']}")
    if with_erasure and not dry_run:
        click.echo(f"erased {answer['erased']} bodies")
        _say_whether_gone(answer)


@click.command()
@click.argument("target")
@home_option
@json_option
def unblock(target: str, home: Path, as_json: bool) -> None:
    """Block a publisher (DID) or record (DID-URL) no longer: nothing that was kept is lost, the rest is asked for.

    \b
    Example:
      frost unblock did:frost:bafy…
    """
    answer = ask_node(home, "unblock", {"target": target})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{answer['status']}  {answer['target']}")


@click.command()
@home_option
@json_option
def withheld(home: Path, as_json: bool) -> None:
    """List what this node withholds, and why. Everyone can read the same list at /withheld.

    \b
    Example:
      frost withheld
    """
    lines: list[dict[str, Any]] = []
    page: int | None = 0
    while page is not None:
        answer = ask_node(home, "withheld", {"page": page})
        lines += answer["withheld"]
        page = answer["next"]
    if as_json:
        show_json({"withheld": lines})
        return
    for line in lines:
        name = next(line[key] for key in ("did", "url", "cid", "leaf_hash") if key in line)
        click.echo(f"{line['state']:<8} {line['kind']:<9} {name}\n         {plain(line['reason'])}")
    click.echo(f"{len(lines)} withheld", err=True)


def _confirm(question: str, *, yes: bool) -> None:
    """Ask once at a terminal; scripts have said what they want."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _say_whether_gone(answer: dict[str, Any]) -> None:
    if answer["erased"] and not answer["dry_run"]:
        click.echo(
            "no byte of it is left in the files of this home"
            if answer["gone"]
            else "a reader is in the way of overwriting all of it; the node goes on trying, also after a restart"
        )
