"""`frost evidence`: what proves that a log was signed two ways."""

from base64 import b64decode
from pathlib import Path

import click

from frostnode.cli.shared import ask_node, home_option, json_option, show_json, write_file


@click.command()
@click.argument("target")
@home_option
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@json_option
def evidence(target: str, home: Path, output: Path | None, as_json: bool) -> None:
    """Write the file that proves that the log of TARGET (a DID, or the origin of one log) was signed two ways.

    \b
    Example:
      frost evidence did:frost:bafy… -o fork.frostevidence
    """
    answer = ask_node(home, "evidence", {"target": target})
    path = output or Path(answer["name"])
    write_file(path, b64decode(answer["bytes"]))
    if as_json:
        show_json({"origin": answer["origin"], "file": str(path)})
    else:
        click.echo(f"{path}   (check it anywhere: frost verify {path})")
