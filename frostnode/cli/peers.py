"""`frost peers`: the nodes that this one follows, and how each does."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.look import moment
from frostnode.cli.shared import ask_node, home_option, json_option, plain, show_json


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def peers(context: click.Context, home: Path, as_json: bool) -> None:
    """Show the nodes that this one follows: state, lag, errors, logs that stopped.

    \b
    Example:
      frost peers
      frost peers add https://frost.example.org
    """
    if context.invoked_subcommand is not None:
        return
    answer = ask_node(home, "peers", {})
    if as_json:
        show_json(answer)
        return
    if not answer["peers"]:
        click.echo("no node is followed: `frost peers add URL`")
    for peer in answer["peers"]:
        _show(peer)
    for refused in answer["refused_takes"]:
        click.echo(f"refused a take of {plain(refused['node'])}\n    {plain(refused['error'])}")


def _show(peer: dict[str, Any]) -> None:
    how = ", ".join(filter(None, [peer["state"], peer["detail"], "found" if peer["found"] else "added"]))
    click.secho(f"{peer['url']}  {how}", bold=True)
    behind = f"{peer['logs_behind']} logs and {peer['entries_behind']} entries behind"
    click.echo(f"  {peer['logs']} logs, {behind if peer['logs_behind'] else 'none behind'}")
    seen = moment(peer["last_seen_ms"]) if peer["last_seen_ms"] else "never"
    click.echo(
        f"  last heard {seen}, {peer['entries']} entries and {peer['bytes']} bytes taken since the start"
    )
    click.echo(f"  budget {peer['budget_spent']} % spent on what brought nothing")
    if peer["error"]:
        again = f", again in {peer['again_s']} s" if peer["again_s"] is not None else ""
        click.echo(f"  {plain(peer['error'])}{again}")
    for origin, reason in peer["stopped"].items():
        click.echo(f"  stopped {origin}\n    {plain(reason)}")
    if (more := peer["stopped_count"] - len(peer["stopped"])) > 0:
        click.echo(f"  and {more} more logs stopped")


@peers.command("add")
@click.argument("url")
@home_option
@json_option
def add(url: str, home: Path, as_json: bool) -> None:
    """Follow the node at URL: carry what it has.

    \b
    Example:
      frost peers add https://frost.example.org
    """
    _changed(ask_node(home, "peers-add", {"url": url}), f"following {url}", as_json=as_json)


@peers.command("remove")
@click.argument("url")
@home_option
@json_option
def remove(url: str, home: Path, as_json: bool) -> None:
    """Follow the node at URL no longer. What was taken stays.

    \b
    Example:
      frost peers remove https://frost.example.org
    """
    _changed(ask_node(home, "peers-remove", {"url": url}), f"no longer following {url}", as_json=as_json)


def _changed(answer: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        show_json(answer)
    else:
        click.echo(text)
