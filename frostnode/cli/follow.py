"""`frost follow`, `unfollow` and `sync`: whom this node listens to."""

from pathlib import Path

import click

from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json


@click.command()
@click.argument("target")
@home_option
@json_option
def follow(target: str, home: Path, as_json: bool) -> None:
    """Follow a node (URL): carry what it has. Or a publisher (DID), wherever it is hosted.

    \b
    Example:
      frost follow https://frost.example.org
    """
    answer = ask_node(home, "follow", {"target": target})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"following {target}")
        if answer.get("refused"):
            click.echo(f"not carried all the same: {answer['refused']}", err=True)


@click.command()
@click.argument("target")
@home_option
@json_option
def unfollow(target: str, home: Path, as_json: bool) -> None:
    """Follow a node (URL) or publisher (DID) no longer. What was taken stays.

    \b
    Example:
      frost unfollow https://frost.example.org
    """
    answer = ask_node(home, "unfollow", {"target": target})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"no longer following {target}")


@click.command()
@home_option
@json_option
def sync(home: Path, as_json: bool) -> None:
    """Take all that the followed nodes have now, then exit.

    \b
    Example:
      frost sync
    """
    answer = ask_node(home, "sync", {})
    if as_json:
        show_json(answer)
        return
    if not answer["peers"]:
        click.echo("no node is followed: `frost follow URL`")
    for peer in answer["peers"]:
        click.echo(
            f"{peer['url']}  {plain(peer['error']) or count(peer['entries'], 'new entry', 'new entries')}"
        )
