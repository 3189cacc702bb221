"""`frost resolve` and `frost handle`: what names lead to, and whether a domain names its publisher."""

import json
from pathlib import Path
from typing import Any

import click

from frostnode.cli.look import fork_lines, print_record
from frostnode.cli.shared import (
    ask_node,
    badge_text,
    home_option,
    json_option,
    plain,
    publisher_text,
    shorten,
    show_json,
    terminal_width,
)
from frostnode.protocol.handles import TXT_LABEL


@click.command()
@click.argument("name")
@home_option
@json_option
def resolve(name: str, home: Path, as_json: bool) -> None:
    """Show what NAME leads to: a DID, a DID URL, a domain, or a DOI, ARK, LSID, SWHID, ISSN, URL and the like.

    An identifier leads to the records that say to be what it names, those of verified publishers first.

    \b
    Example:
      frost resolve doi:10.5067/MODIS/MOD11A1.061
      frost resolve noaa.gov
    """
    answer = ask_node(home, "resolve", {"name": name})
    if as_json:
        show_json(answer)
    elif answer["kind"] == "publisher":
        click.secho(f"{plain(answer['publisher']) or 'publisher'}  {badge_text(answer['badge'])}", bold=True)
        for line in fork_lines(answer["forks"]):
            click.secho(line, bold=True)
        click.echo(json.dumps(answer["document"], indent=2))
    elif answer["kind"] == "record":
        print_record(answer["record"])
    else:
        click.secho(plain(answer["identifier"]), bold=True)
        for claim in answer["claims"]:
            click.echo(f"  {shorten(claim['title'] or claim['key'], terminal_width() - 2)}")
            click.echo(f"    {claim['type']} of {publisher_text(claim)}\n    {claim['url']}")


@click.group()
def handle() -> None:
    """Handles: domains that name publishers, and are named by them.

    \b
    Example:
      frost handle check noaa.gov
    """


@handle.command("check")
@click.argument("domain", required=False)
@home_option
@json_option
def check(domain: str | None, home: Path, as_json: bool) -> None:
    """Ask DOMAIN now whom it names, and say what is missing; without DOMAIN the one that the publisher here claims.

    \b
    Example:
      frost handle check noaa.gov
    """
    answer = ask_node(home, "handle check", {"handle": domain})
    if as_json:
        show_json(answer)
        return
    click.secho(answer["handle"], bold=True)
    named = {item["did"] for item in answer["named"]}
    claimed = {item["did"] for item in answer["claimed_by"]}
    for item in answer["named"]:
        says = "both ways" if item["did"] in claimed else "but its profile here does not name the domain"
        click.echo(f"  names {plain(item['publisher']) or item['did']} ({item['how']}), {says}")
    for item in answer["claimed_by"]:
        if item["did"] not in named:
            click.echo(f"  does not name {plain(item['publisher']) or item['did']}, which claims it")
            _say_how(answer, item["did"])
    if answer["reason"]:
        click.echo(f"  {plain(answer['reason'])}")
    if not named and not claimed:
        click.echo("  names nobody, and nobody here claims it")


def _say_how(answer: dict[str, Any], did: str) -> None:
    document = json.dumps({"dids": [did]})
    click.echo(f"    put {document} at {answer['well_known']}")
    click.echo(f'    or TXT "did={did}" at {TXT_LABEL}.{answer["handle"]}')
