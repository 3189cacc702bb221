"""`frost follow`, `unfollow` and `sync`: whom this node listens to."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json
from frostnode.protocol.errors import LocalError


@click.command()
@click.argument("target", required=False)
@home_option
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Follow all whom another node followed: the follows.json of its `frost export --all`.",
)
@click.option("--hosted", is_flag=True, help="With --from: also the publishers that it hosted.")
@json_option
def follow(target: str | None, home: Path, file: Path | None, hosted: bool, as_json: bool) -> None:
    """Follow a node (URL): carry what it has. Or a publisher (DID), wherever it is hosted.

    \b
    Example:
      frost follow https://frost.example.org
      frost follow --from platform/follows.json
    """
    if (target is None) == (file is None) or (hosted and file is None):
        raise LocalError("usage", "what to follow", expected="a URL or DID, or --from FILE")
    if file is not None:
        params = {"file": str(file.absolute()), "hosted": hosted}
        _follow_from(ask_node(home, "follow-from", params), as_json)
        return
    answer = ask_node(home, "follow", {"target": target})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"following {target}")
        if answer.get("refused"):
            click.echo(f"not carried all the same: {answer['refused']}", err=True)


def _follow_from(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(answer)
    else:
        click.echo(
            f"following {count(answer['followed'], 'further publisher')} and "
            f"{count(answer['peers'], 'further node')}; {answer['known']} were followed before"
        )


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
