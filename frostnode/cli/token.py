"""`frost token`: who may write through the API of this node."""

import re
from pathlib import Path
from typing import Any, Final

import click

from frostnode.cli.shared import ask_node, home_option, json_option, plain, show_json
from frostnode.protocol.errors import LocalError

_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}
_SCOPES: Final = "publish (records, versions, lineage), subscribe (who is told of what), inbox (what came in); commas between, or again."


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def token(context: click.Context, home: Path, as_json: bool) -> None:
    """Let programs write through the API of this node, each with a token of its own.

    Whoever has a token can do what its scopes say, from anywhere that reaches the node, until it expires or is
    revoked. Reading needs none. `/api` of the node says what can be asked.

    \b
    Example:
      frost token create --scope publish --name nightly-import
      frost token list
      frost token revoke 3f9a1c2b4d5e
    """
    if context.invoked_subcommand is None:
        _list(home, as_json=as_json)


@token.command("create")
@home_option
@click.option("--scope", "scopes", required=True, multiple=True, metavar="SCOPES", help=_SCOPES)
@click.option(
    "--expires", default="30d", show_default=True, metavar="TIME", help="How long it is good: 30m, 12h, 90d."
)
@click.option("--name", default="", help="What it is for: shown by `frost token list`.")
@click.option("--as", "did", help="DID of the one publisher that it is limited to; with scope publish alone.")
@json_option
def create(
    scopes: tuple[str, ...], expires: str, name: str, did: str | None, home: Path, as_json: bool
) -> None:
    """Make a token and print it, this once: the node keeps only a hash of it.

    \b
    Example:
      frost token create --scope publish,subscribe --expires 90d --name ci > token.txt
    """
    params = {
        "scopes": [scope.strip() for given in scopes for scope in given.split(",")],
        "lifetime_s": _lifetime_s(expires),
        "name": name,
        "did": did,
    }
    answer = ask_node(home, "token create", params)
    if as_json:
        show_json(answer)
        return
    click.echo(answer["token"])
    click.echo(f"{_told(answer)}\nIt is shown this once. Give it as `Authorization: Bearer …`.", err=True)


def _lifetime_s(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if match is None:
        raise LocalError("usage", "--expires", found=text, expected="a time like 30m, 12h or 90d")
    return int(match[1]) * _SECONDS[match[2]]


@token.command("link")
@home_option
@click.option("--scope", "scopes", default="publish", show_default=True, metavar="SCOPES", help=_SCOPES)
@click.option("--name", default="", help="Whom it is for: shown by `frost token list`.")
@click.option("--as", "did", help="DID of the one publisher that may be edited; with scope publish alone.")
@json_option
def link(scopes: str, name: str, did: str | None, home: Path, as_json: bool) -> None:
    """Make a link that signs one browser in, once, to edit there what this node publishes.

    It is good for ten minutes, and what it opens for twelve hours; `frost token revoke` ends both at once. Opening it is not
    enough: one says yes on the page, so that programs that look at links in messages do not use it up.

    \b
    Example:
      frost token link
      frost token link --as did:frost:bafy… --name "for Ada"
    """
    params = {"scopes": [scope.strip() for scope in scopes.split(",")], "name": name, "did": did}
    answer = ask_node(home, "token link", params)
    if as_json:
        show_json(answer)
        return
    click.echo(answer["url"])
    click.echo(f"{_told(answer)}\nIt works once, until {answer['link_expires']}.", err=True)


@token.command("list")
@home_option
@json_option
def list_(home: Path, as_json: bool) -> None:
    """Show all tokens, without their secrets.

    \b
    Example:
      frost token list
    """
    _list(home, as_json=as_json)


def _list(home: Path, *, as_json: bool) -> None:
    answer = ask_node(home, "token list", {})
    if as_json:
        show_json(answer)
        return
    for item in answer["tokens"]:
        click.echo(_told(item))
    if not answer["tokens"]:
        click.echo("no tokens: `frost token create --scope publish`")


def _told(item: dict[str, Any]) -> str:
    until = f"{'expired' if item['expired'] else 'expires'} {item['expires']}"
    used = f"used {item['used']}" if item["used"] else "never used"
    limited = f"for {item['did']} alone" if item["did"] else ""
    told = [plain(item["name"]), ", ".join(item["scopes"]), limited, until, used]
    return f"{item['id']}  {'; '.join(filter(None, told))}"


@token.command("revoke")
@click.argument("id_", metavar="ID")
@home_option
@json_option
def revoke(id_: str, home: Path, as_json: bool) -> None:
    """End a token at once, also while the node runs: ID as `frost token list` shows it.

    \b
    Example:
      frost token revoke 3f9a1c2b4d5e
    """
    answer = ask_node(home, "token revoke", {"id": id_})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"revoked {answer['revoked']}")
