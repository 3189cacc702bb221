"""`frost init`: a new node with a publisher of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import (
    FOREVER,
    ask_node,
    home_option,
    json_option,
    need_node,
    passphrase,
    plain,
    show_json,
)
from frostnode.protocol.errors import LocalError

KITS = """\
Your publisher is {did}

Two kits hold its keys, each encrypted with your passphrase:
  authority kit   {kit}
                  moves the publisher to another host, also away from a dead one
  recovery sheet  {recovery}
                  overrules a stolen authority kit, and replaces a lost one

What it means to lose
  the kit         you publish on, but move only after the sheet has named a new kit; a thief who also has
                  the passphrase can move the publisher away, until the sheet is used
  the sheet       nothing stops a thief of the kit any more, nothing replaces a lost kit
  both            the publisher lives as long as this host, and no longer
  the passphrase  the kits are lost with it: nobody can open them or reset it
  this disk       the log key is on it: with the kit you go on at another host, with all that others have
                  copied; a thief of the disk can publish in your name until you move

Now, since the node works without them:
  1. frost kit check FILE                see that each of the two is good
  2. frost kit sheet FILE -o PAGE.html   print it: the sheet belongs in a safe
  3. move both files off this machine, to different places, and keep the passphrase elsewhere
frost status reminds you until that is done.

The first entry of your log is the name.
{forever}"""


@click.command()
@home_option
@click.option("--name", required=True, help="What the publisher and its node are called. Public.")
@click.option(
    "--peer", "peers", multiple=True, help="URL of a node to follow from the start; may be repeated."
)
@click.option("--url", default="", help="Where others will reach this node. Public.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at.")
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False), help="File with the passphrase."
)
@click.option(
    "--kit", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the authority kit."
)
@click.option(
    "--carrier", is_flag=True, help="No publisher of its own: it carries others, and some may move to it."
)
@json_option
def init(as_json: bool, carrier: bool, **options: Any) -> None:
    """Make a node with a publisher identity, its authority kit and its recovery sheet.

    \b
    Example:
      frost init --name "Polar Data Centre" --peer https://frost.example.org
      frost init --name "Archive of the North" --carrier --peer https://frost.example.org
    """
    if carrier:
        made_carrier = make_carrier(**options)
        if as_json:
            show_json(made_carrier)
        else:
            click.echo(f"A node that carries is in {made_carrier['home']}. `frost serve` runs it.")
        return
    made = make_home(**options)
    if as_json:
        show_json(made)
    else:
        click.echo(KITS.format(**made))


def make_home(
    home: Path,
    *,
    name: str,
    peers: tuple[str, ...],
    url: str,
    port: int | None,
    passphrase_file: Path | None,
    kit: Path | None,
) -> dict[str, str]:
    """Found the home and publish the publisher's name; answers {did, kit, recovery}."""
    node = need_node()
    from frostnode.founding import found
    from frostnode.replicate.node_url import node_url

    config = _config(name, url, port)
    name = config.name
    founded = found(
        node.Home(home),
        config,
        passphrase=passphrase(passphrase_file, confirm=True),
        kit=kit,
        peers=[node_url(peer) for peer in peers],
    )
    ask_node(home, "publish", {"records": [{"type": "profile", "key": "self", "name": name}]})
    return {
        "did": founded.did,
        "forever": FOREVER,
        "kit": str(founded.kit),
        "recovery": str(founded.recovery),
    }


def make_carrier(
    home: Path,
    *,
    name: str,
    peers: tuple[str, ...],
    url: str,
    port: int | None,
    passphrase_file: Path | None,
    kit: Path | None,
) -> dict[str, str]:
    """Found a home without a publisher; answers {home}."""
    if kit is not None or passphrase_file is not None:
        raise LocalError("usage", "a carrier has no kits", hint="leave --kit and --passphrase-file out")
    node = need_node()
    from frostnode.founding import found_carrier
    from frostnode.replicate.node_url import node_url

    found_carrier(node.Home(home), _config(name, url, port), peers=[node_url(peer) for peer in peers])
    return {"home": str(home)}


def _config(name: str, url: str, port: int | None) -> Any:
    """The first settings.

    Raises:
        LocalError: usage
    """
    from frostnode.config import Config
    from frostnode.replicate.node_url import node_url

    name = " ".join(name.split())
    if not name or plain(name) != name:
        raise LocalError("usage", "name of the publisher", found=repr(name), expected="a name, on one line")
    config = Config(name=name, url=node_url(url) if url else "")
    return config if port is None else replace(config, port=port)
