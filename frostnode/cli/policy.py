"""`frost policy`: whom this node carries, what it refuses, and a change of mind without a restart."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.look import moment
from frostnode.cli.shared import ask_node, home_option, json_option, need_node, show_json


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def policy(context: click.Context, home: Path, as_json: bool) -> None:
    """Show whom this node carries: the policy in force, and how many it lets in.

    \b
    Example:
      frost policy
      frost policy refusals
    """
    if context.invoked_subcommand is None:
        show_policy(ask_node(home, "policy", {}), as_json=as_json)


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Read a settings FILE as the node would, and show its policy. Changes nothing.

    \b
    Example:
      frost policy check ~/.frost/frost.toml
    """
    need_node()
    from frostnode.config import read_config
    from frostnode.protocol.errors import LocalError
    from frostnode.replicate.policy_table import settings_of

    if not file.exists():
        raise LocalError("input.unreadable", f"{file}: no such file")
    settings = settings_of(read_config(file).carry)
    if as_json:
        show_json({"settings": settings})
    else:
        show_settings(settings)


@policy.command()
@home_option
@json_option
def reload(home: Path, as_json: bool) -> None:
    """Take up the policy in frost.toml. A file that cannot be read changes nothing.

    \b
    Example:
      frost policy reload
    """
    show_policy(ask_node(home, "policy reload", {}), as_json=as_json)


@policy.command()
@home_option
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Refusals to show."
)
@json_option
def refusals(home: Path, limit: int, as_json: bool) -> None:
    """List what was refused, from whom and why, newest first, and when it is looked at again.

    \b
    Example:
      frost policy refusals
    """
    answer = ask_node(home, "policy refusals", {"limit": limit})
    if as_json:
        show_json(answer)
        return
    for item in answer["refusals"]:
        click.secho(item["did"] or "further publishers", bold=True)
        click.echo(f"  {item['code']}: {item['reason']}")
        click.echo(f"  from {item['peer']}, {item['times']} times, last {moment(item['last_ms'])}")
        click.echo(f"  looked at again {moment(item['again_ms'])}")
    click.echo(f"{len(answer['refusals'])} of {answer['total']}", err=True)


def show_policy(answer: dict[str, Any], *, as_json: bool) -> None:
    """The settings, and what they come to."""
    if as_json:
        show_json(answer)
        return
    show_settings(answer["settings"])
    tiers = ", ".join(f"{count} {tier}" for tier, count in answer["tiers"].items())
    click.echo(f"carries         {tiers}")
    click.echo(
        f"not carried     {answer['not_carried']} held, {answer['refusals']} refusals: `frost policy refusals`"
    )


def show_settings(settings: dict[str, Any]) -> None:
    """One line for each setting."""
    for name, value in settings.items():
        if isinstance(value, dict):
            text = ", ".join(f"{limit} {bound}" for bound, limit in value.items())
        elif isinstance(value, list):
            text = " ".join(value) or "none"
        else:
            text = str(value).lower()
        click.echo(f"{name:<15} {text}")
