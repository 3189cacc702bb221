"""`frost fsck` and `reindex`: look after a home."""

import sys
from pathlib import Path

import click

from frostnode.cli.look import counts
from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json
from frostnode.edge.outcomes import Exit


@click.command()
@home_option
@json_option
def fsck(home: Path, as_json: bool) -> None:
    """Derive everything that is held again from its bytes, and report what does not agree.

    \b
    Example:
      frost fsck
    """
    answer = ask_node(home, "fsck", {})
    if as_json:
        show_json(answer)
    else:
        for finding in answer["findings"]:
            click.echo(plain(finding))
        click.echo(
            f"{count(answer['logs'], 'log')}, {count(answer['entries'], 'entry', 'entries')}, "
            f"{count(answer['bodies'], 'body', 'bodies')}: "
            + ("sound" if not answer["findings"] else count(len(answer["findings"]), "finding"))
        )
    if answer["findings"]:
        sys.exit(Exit.STORAGE)


@click.command()
@home_option
@json_option
def reindex(home: Path, as_json: bool) -> None:
    """Drop the catalog and the search index, and build both again.

    \b
    Example:
      frost reindex
    """
    answer = ask_node(home, "reindex", {})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{count(answer['arrivals'], 'arrival')} folded: {counts(answer['records'])}")
