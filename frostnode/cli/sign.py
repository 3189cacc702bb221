"""`frost sign`: take part in an identity event that several people sign, each on a machine of one's own."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.at_hand import Means
from frostnode.cli.shared import json_option, show_json

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("draft", type=_FILE)
@click.option("--kit", "kits", type=_FILE, multiple=True, help="Your kit or recovery sheet.")
@click.option("--words", is_flag=True, help="Ask for the 24 words of your kit.")
@click.option("--passphrase-file", type=_FILE, help="File with the passphrase.")
@click.option("--yes", is_flag=True, help="Do not ask back.")
@json_option
def sign(
    draft: Path, kits: tuple[Path, ...], words: bool, passphrase_file: Path | None, yes: bool, as_json: bool
) -> None:
    """Show what DRAFT would do to a publisher, and sign it with your kit. Needs neither a node nor a network.

    While others have not named their keys yet, yours is added, and you are asked to sign when all are there. What
    was signed is kept beside the kit, and the kit signs nothing else in its place.

    \b
    Example:
      frost sign move.draft --kit authority-kit.json
    """
    from frostnode.cli.drafting import draft_json, next_step, open_draft, show_draft, sign_draft

    means = Means(files=kits, words=words, passphrase_file=passphrase_file)
    if not kits and not words:
        found: dict[str, Any] = {**draft_json(open_draft(draft)), "draft": str(draft)}
        if not as_json:
            show_draft(open_draft(draft))
    else:
        found = sign_draft(draft, means, yes=yes, as_json=as_json)
    if as_json:
        show_json(found)
    else:
        click.echo(next_step(found))
