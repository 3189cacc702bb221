"""`frost serve` and `frost start`: run the node until it is stopped."""

import signal
from pathlib import Path
from typing import Any

import click

from frostnode.cli.init import KITS, make_home
from frostnode.cli.shared import home_option, need_node
from frostnode.protocol.errors import FrostError

_HOST = click.option("--host", help="Address to listen at, in place of the one in frost.toml.")
_PORT = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; 0 takes a free one.")
_ONLY_COPY = click.option(
    "--i-am-the-only-copy", "is_only_copy", is_flag=True, help="After a restore or a copy: no other one runs."
)


@click.command()
@home_option
@_HOST
@_PORT
@_ONLY_COPY
def serve(home: Path, host: str | None, port: int | None, is_only_copy: bool) -> None:
    """Run the node: its page, its API, its followers. Ctrl-C stops it, SIGHUP takes up a changed carry policy.

    \b
    Example:
      frost serve --port 8417
    """
    run_node(home, host, port, is_only_copy=is_only_copy)


@click.command()
@home_option
@_HOST
@_PORT
@click.option("--name", default="My node", show_default=True, help="Name at the first start.")
@click.option("--peer", "peers", multiple=True, help="URL of a node to follow, at the first start.")
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False), help="File with the passphrase."
)
@click.option(
    "--kit", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the authority kit."
)
def start(home: Path, host: str | None, port: int | None, **options: Any) -> None:
    """Run the node, and make it first if there is none: `init`, then `serve`.

    \b
    Example:
      frost start --name "Polar Data Centre"
    """
    node = need_node()
    if not node.Home(home).exists:
        made = make_home(home, url="", port=port, **options)
        click.echo(KITS.format(**made) + "\n")
    run_node(home, host, port)


def run_node(home: Path, host: str | None, port: int | None, *, is_only_copy: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; take up a changed carry policy at SIGHUP."""
    import logging

    import trio

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")

    node = need_node()
    nurseries: list[trio.Nursery] = []

    async def stop_on_signal(scope: trio.CancelScope) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                scope.cancel()

    async def reload_on_signal(parts: Any) -> None:
        with trio.open_signal_receiver(signal.SIGHUP) as signals:
            async for _ in signals:
                try:
                    await node.take_up_policy(parts)
                except FrostError as error:
                    click.echo(f"frost: the old carry policy stays: {error.code}: {error}", err=True)

    def ready(running: Any) -> None:
        nurseries[0].start_soon(reload_on_signal, running.parts)
        click.echo(f"{running.parts.name} runs at {running.url}/   (home {home}; Ctrl-C stops it)")

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nurseries.append(nursery)
            nursery.start_soon(stop_on_signal, nursery.cancel_scope)
            await node.serve(node.Home(home), host=host, port=port, ready=ready, is_only_copy=is_only_copy)

    with node.one_fault():
        trio.run(run)
