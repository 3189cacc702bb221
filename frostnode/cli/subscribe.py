"""`frost subscribe`, `unsubscribe`, `subscriptions` and `inbox`: who is told of what, and what came in."""

import re
from pathlib import Path
from typing import Any, Final

import click

from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json
from frostnode.protocol.errors import LocalError

_PUBLIC: Final = (
    "A subscription is public and for ever, like every record: everybody sees who depends on what.\n"
    "Where you are told is not part of it. With --private nobody learns of it but this node."
)
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}


@click.command()
@click.argument("target")
@home_option
@click.option(
    "--for", "behalf", metavar="DATASET", help="Own dataset that depends on it: its key or DID URL."
)
@click.option("--webhook", metavar="URL", help="Post each notice to this address.")
@click.option("--email", metavar="ADDRESS", help="Send notices to this address, once it has confirmed.")
@click.option("--digest", metavar="TIME", help="With --email: gather notices for so long, like 12h or 7d.")
@click.option("--private", is_flag=True, help="Tell nobody: no subscription record is published.")
@click.option(
    "--since",
    type=click.Choice(["now", "beginning"]),
    default="now",
    show_default=True,
    help="From where on.",
)
@click.option("--as", "did", help="DID of the publisher, when the home hosts several.")
@click.option("--dry-run", is_flag=True, help="Check and show, publish nothing.")
@json_option
def subscribe(
    target: str,
    home: Path,
    *,
    behalf: str | None,
    webhook: str | None,
    email: str | None,
    digest: str | None,
    private: bool,
    since: str,
    did: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Be told when TARGET changes: a dataset (DID URL), a publisher (DID), or words to search for.

    Notices come into the inbox (`frost inbox`), to a webhook, or by e-mail.

    \b
    Example:
      frost subscribe did:frost:bafy…/sea-ice --for my-forecast
      frost subscribe "sea ice thickness" --private --webhook https://ci.example.org/hooks/frost
    """
    if webhook and email:
        raise LocalError("usage", "--webhook and --email", expected="one of them; subscribe twice for both")
    params = {
        "target": target,
        "behalf": behalf,
        "form": "webhook" if webhook else "email" if email else "inbox",
        "address": webhook or email or "",
        "digest_s": _seconds(digest, email),
        "private": private,
        "since": since,
        "did": did,
        "dry_run": dry_run,
    }
    if not private and not as_json:
        click.echo(_PUBLIC, err=True)
    answer = ask_node(home, "subscribe", params)
    if as_json:
        show_json(answer)
    elif dry_run:
        click.echo(f"would be told of {answer['target']} ({answer['form']})")
    else:
        _show_new(answer)


def _seconds(digest: str | None, email: str | None) -> int:
    if digest is None:
        return 0
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", digest)
    if match is None or not email:
        raise LocalError(
            "usage", "--digest", found=digest, expected="with --email, a time like 30m, 12h or 7d"
        )
    return int(match[1]) * _SECONDS[match[2]]


def _show_new(answer: dict[str, Any]) -> None:
    click.echo(f"told of {answer['target']} ({answer['form']})")
    click.echo(f"id {answer['id']}")
    if answer["followed"]:
        click.echo(f"{answer['followed']} is followed now: it was not carried here", err=True)
    if answer["secret"]:
        click.echo(f"secret {answer['secret']}")
        click.echo("The secret is shown this once: the receiver checks notices with it.", err=True)
    if answer["state"] == "unconfirmed":
        click.echo("A message is on its way there: nothing is sent before its link is confirmed.", err=True)


@click.command()
@click.argument("id_", metavar="ID")
@home_option
@json_option
def unsubscribe(id_: str, home: Path, as_json: bool) -> None:
    """Be told no more: ID as `frost subscriptions` shows it, or the target.

    \b
    Example:
      frost unsubscribe did:frost:bafy…/sea-ice
    """
    answer = ask_node(home, "unsubscribe", {"id": id_})
    if as_json:
        show_json(answer)
    else:
        for removed in answer["removed"]:
            click.echo(f"told no more of {removed}")


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def subscriptions(context: click.Context, home: Path, as_json: bool) -> None:
    """List who is told of what by this node, and how that goes.

    \b
    Example:
      frost subscriptions
      frost subscriptions resume ID
    """
    if context.invoked_subcommand is not None:
        return
    answer = ask_node(home, "subscriptions", {})
    if as_json:
        show_json(answer)
        return
    if not answer["subscriptions"]:
        click.echo("nothing is subscribed to: `frost subscribe TARGET`")
    for item in answer["subscriptions"]:
        _show(item)


def _show(item: dict[str, Any]) -> None:
    how = ", ".join([item["state"], item["form"], "public" if item["public"] else "private"])
    click.secho(f"{plain(item['title']) or plain(item['target'])}  {how}", bold=True)
    click.echo(f"  of {plain(item['target'])}")
    if item["behalf"]:
        click.echo(f"  for {plain(item['behalf'])}")
    if item["address"]:
        click.echo(f"  to {plain(item['address'])}")
    told = f"last told {item['delivered']}" if item["delivered"] else "told of nothing yet"
    click.echo(
        f"  {told}, {count(item['due'], 'notice')} due" if item["form"] != "inbox" else "  see `frost inbox`"
    )
    if item["error"]:
        again = f", next try {item['next_try']}" if item["state"] in {"live", "behind"} else ""
        click.echo(f"  {plain(item['error'])} (since {item['failing_since']}{again})")
    click.echo(f"  id {item['id']}")


def _add_action(name: str, done: str, text: str) -> None:
    """A subcommand that does something with one subscription, and shows of which ids it was `done`."""

    @subscriptions.command(name, help=f"{text}\n\n\b\nExample:\n  frost subscriptions {name} 8f3a12c09b4d")
    @click.argument("id_", metavar="ID")
    @home_option
    @json_option
    def act(id_: str, home: Path, as_json: bool) -> None:
        answer = ask_node(home, f"subscription {name}", {"id": id_})
        if as_json:
            show_json(answer)
        else:
            for changed in answer[done]:
                click.echo(f"{done} {changed}")


_add_action("pause", "paused", "Tell ID nothing for now; its place is kept.")
_add_action(
    "resume",
    "resumed",
    "Go on to tell ID where it was paused, or lapsed because it could not be reached.",
)
_add_action("test", "tested", "Send a test notice to ID now, also into the inbox, and say what became of it.")


@click.command()
@home_option
@click.option("--all", "everything", is_flag=True, help="Also what was read.")
@click.option("--read", is_flag=True, help="Mark as read what is shown.")
@click.option("--page", is_flag=True, help="Say where the page of the inbox is; who has the address sees it.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
@json_option
def inbox(home: Path, *, everything: bool, read: bool, page: bool, limit: int, as_json: bool) -> None:
    """Show what came in for the subscriptions of this home, newest first.

    \b
    Example:
      frost inbox --read
    """
    if page:
        where = ask_node(home, "inbox page", {})
        if as_json:
            show_json(where)
        else:
            click.echo(where["url"])
        return
    answer = ask_node(home, "inbox", {"all": everything, "read": read, "limit": limit})
    if as_json:
        show_json(answer)
        return
    for item in answer["items"]:
        event = item["notice"]
        data = event["data"]
        mark = " " if item["read"] else "●"
        click.secho(
            f"{mark} {event['time'][:16].replace('T', ' ')}  {data['kind']:<10}  {plain(data['title'])}",
            bold=not item["read"],
        )
        click.echo(f"    {event['subject']}")
        for name in ("note", "successor", "host"):
            if data.get(name):
                click.echo(
                    f"    {plain(data[name])}" if name == "note" else f"    {name} {plain(data[name])}"
                )
        if item["behalf"]:
            click.echo(f"    concerns {plain(item['behalf'])}")
    click.echo(f"{answer['unread']} unread, {answer['all']} in all")
