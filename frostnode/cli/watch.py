"""`frost watch`: show changes as they come, or run a command for each."""

import json
from pathlib import Path

import click

from frostnode.cli.shared import home_option, plain
from frostnode.protocol.limits import WATCH_COMMAND_S


@click.command()
@click.argument("target")
@home_option
@click.option(
    "--exec",
    "command",
    metavar="CMD",
    help="Run this for each change, with the event as JSON on its standard input.",
)
@click.option("--node", metavar="URL", help="Ask this node instead of that of the home.")
@click.option(
    "--since", type=click.Choice(["now", "beginning"]), help="Forget where it was, and begin there."
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=WATCH_COMMAND_S,
    show_default=True,
    help="Seconds that the command may take.",
)
@click.option("--once", is_flag=True, help="Handle what there is now, then exit.")
@click.option(
    "--test",
    "is_test",
    is_flag=True,
    help="Handle one test notice, then exit; 1 if the command fails. The place stays.",
)
def watch(
    target: str,
    home: Path,
    *,
    command: str | None,
    node: str | None,
    since: str | None,
    timeout_s: float,
    once: bool,
    is_test: bool,
) -> None:
    """Follow the changes of TARGET: a dataset (DID URL), a publisher (DID), words to search for, or `*`.

    Each is shown as one line of JSON, or handed to a command: one at a time, in order, again if it fails. What comes while
    nobody watches comes at the next start. Nothing that others wrote is put on a command line.

    \b
    Example:
      frost watch did:frost:bafy…/sst --exec ./derive.sh
    """
    from frostnode.cli.watching import Event, Place, Source, Watching, of_home, run_command, test_event

    place = Place(home / "watches", target if node is None else f"{node} {target}")
    source = of_home(home, target, is_test=is_test) if node is None else Source(node, target, is_test).next

    def run(event: Event) -> bool:
        if command is None:
            click.echo(json.dumps(event, ensure_ascii=True))
            return True
        click.echo(f"{event['time']}  {event['type']}  {plain(event['subject'])}", err=True)
        with place.running() as lock:
            return run_command(command, event, timeout_s, lock)

    watching = Watching(source, place, run, lambda text: click.echo(f"frost: {plain(text)}", err=True))
    with place.held():
        if command is not None:
            watching.wait_for_the_last()
        if is_test:
            raise SystemExit(0 if run(test_event(source)) else 1)
        at = watching.begin(since)
        if once:
            while (after := watching.once(at, 0)) != at:
                at = after
            return
        while True:
            at = watching.once(at)
