"""`frost orphans` and `frost republish`: what counts no more after a move, and how it counts again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from frostnode.cli.look import moment
from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json

_FROM = click.option("--from", "url", help="URL of another node that has some: the old host, or a carrier.")


@click.command()
@click.argument("did")
@home_option
@_FROM
@json_option
def orphans(did: str, home: Path, url: str | None, as_json: bool) -> None:
    """List entries of a publisher that count no more: past the end of an epoch, or of an epoch that is void.

    \b
    Example:
      frost orphans did:frost:bafy… --from https://old-host.example.org
    """
    answer = ask_node(home, "orphans", {"did": did, "url": url})
    if as_json:
        show_json(answer)
        return
    for line in answer["orphans"]:
        click.echo(_line(line))
    _warn(answer["orphans"], url)
    found = count(len(answer["orphans"]), "orphan")
    click.echo(f"{found}; `frost republish` publishes those anew that are `orphaned`")


@click.command()
@click.argument("did")
@home_option
@_FROM
@click.option(
    "--all", "take_all", is_flag=True, help="Those too whose key was written since: they become current."
)
@click.option("--yes", is_flag=True, help="Do not ask back.")
@json_option
def republish(did: str, home: Path, url: str | None, take_all: bool, yes: bool, as_json: bool) -> None:
    """Publish orphans of a publisher that is hosted here anew, as the same bytes: what refers to them is whole again.

    Look at them first with `frost orphans`: after a theft some may be the thief's, and what is marked `unproven` may have
    been made up by the node that tells of it.

    \b
    Example:
      frost republish did:frost:bafy… --from https://old-host.example.org
    """
    params = {"did": did, "url": url, "all": take_all}
    if not yes:
        found = [line for line in ask_node(home, "orphans", params)["orphans"] if _is_due(line, take_all)]
        for line in found:
            click.echo(_line(line), err=as_json)
        _warn(found, url)
        click.confirm(f"Publish {count(len(found), 'entry', 'entries')} anew", abort=True, err=as_json)
    answer = ask_node(home, "republish", params)
    if as_json:
        show_json(answer)
        return
    for line in answer["records"]:
        click.echo(_line(line))


def _is_due(line: dict[str, Any], take_all: bool) -> bool:
    return line["status"] == "orphaned" or (take_all and line["status"] == "written since")


def _warn(lines: Sequence[dict[str, Any]], url: str | None) -> None:
    """Tell of what nobody but the other node says."""
    if made_up := sum(not line["proven"] for line in lines):
        told = f"of {count(made_up, 'entry', 'entries')} only {plain(str(url))} says that you published it: look at each"
        click.secho(told, bold=True, err=True)


def _line(line: dict[str, Any]) -> str:
    mark = "" if line["proven"] else "  unproven"
    return f"{line['status']:<13}  {moment(line['time_ms'])}  {line['op']:<8}  {plain(line['url'])}{mark}"
