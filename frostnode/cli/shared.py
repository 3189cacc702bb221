"""What all commands have in common: the home, plain or JSON output, progress, calling a node.

What takes long to import is imported where it is used: `frost --help` and shells that complete words wait.
"""

import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

import click
from click.core import ParameterSource

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import PASSPHRASE_FILE_BYTES_MAX, START_PATIENCE_S, START_RETRY_S

F = TypeVar("F", bound=Callable[..., Any])

Progress: TypeAlias = Callable[[str, int, int | None], Awaitable[None]]
"""(what, done, total or None) of long work."""

FOREVER = (
    "A log is for ever: whatever is published can be withdrawn and its content erased,\n"
    "but that it was published, under which type and key and when, stays public."
)


def _home_of_group(context: click.Context, _: click.Parameter, home: Path) -> Path:
    """What was said before the name of a subcommand holds for it: `frost policy --home DIR reload`."""
    group, by_hand = context.parent, ParameterSource.COMMANDLINE
    if group is None or group.get_parameter_source("home") is not by_hand:
        return home
    return home if context.get_parameter_source("home") is by_hand else Path(group.params["home"])


def home_option(command: F) -> F:
    """--home DIR, also before the name of a subcommand; FROST_HOME, or ~/.frost."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="FROST_HOME",
        callback=_home_of_group,
        default=lambda: Path.home() / ".frost",
        show_default="FROST_HOME or ~/.frost",
        help="Folder of the node.",
    )(command)


def json_option(command: F) -> F:
    """--json: the answer as one JSON document, and nothing else on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)


def show_json(answer: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


class Bar:
    """A progress bar on standard error; nothing at all when that is no terminal."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}

    async def show(self, what: str, done: int, total: int | None) -> None:
        """Progress: `done` of `total`."""
        if not sys.stderr.isatty():
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave a clean line."""
        if self._progress is not None:
            self._progress.stop()


def ask_node(
    home: Path, operation: str, params: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, Any]:
    """Run one operation on the node of `home`, whether it runs or rests; without `progress` with a bar of its own.

    Raises:
        FrostError: what the operation says; LocalError: home.missing, home.busy
    """
    import trio

    from frostnode.edge.control import call
    from frostnode.edge.home import Home

    place = Home(home)
    place.require()
    with Bar() as bar:
        shown = progress or bar.show
        patience = time.monotonic() + START_PATIENCE_S
        while True:
            answer = trio.run(call, place.control, operation, params, shown)
            if answer is not None:
                return dict(answer)
            try:
                return dict(trio.run(need_node().operate_resting, place, operation, params, shown))
            except LocalError as error:
                # The home is busy and does not answer: its node may just be starting, or another command ending.
                if error.code != "home.busy" or time.monotonic() > patience:
                    raise
            trio.run(trio.sleep, START_RETRY_S)


def need_node() -> Any:
    """The server half of the program.

    Raises:
        LocalError: usage, when only the light client is installed
    """
    try:
        from frostnode import node
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("frostnode"):
            raise
        raise LocalError(
            "usage",
            f"this command needs the server ({error.name} is missing)",
            hint="pip install 'frostnode[node]'",
        ) from error
    return node


def passphrase(file: Path | None, *, confirm: bool, ask: str = "Passphrase for the kits") -> str:
    """The passphrase from a file (its first line), or asked for.

    Raises:
        LocalError: kit.passphrase, input.unreadable
    """
    if file is not None:
        data = read_file(file, PASSPHRASE_FILE_BYTES_MAX)
        try:
            text = data.decode().splitlines() if len(data) <= PASSPHRASE_FILE_BYTES_MAX else []
        except ValueError as error:
            raise LocalError("input.unreadable", f"{file}: {error}") from error
        if not text or not text[0]:
            found = (
                f"{len(data)} bytes" if text or not data else f"more than {PASSPHRASE_FILE_BYTES_MAX} bytes"
            )
            raise LocalError(
                "kit.passphrase", str(file), found=found, expected="a passphrase in its first line"
            )
        return text[0]
    if not sys.stdin.isatty():
        raise LocalError(
            "kit.passphrase", "no passphrase", hint="give --passphrase-file FILE without a terminal"
        )
    return str(click.prompt(ask, hide_input=True, confirmation_prompt=confirm))


_ORDERS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What gives orders to a terminal instead of being shown: controls, breaks and turns of lines, half characters."""


def plain(text: str) -> str:
    """What anybody may have written, as one line that a terminal shows and does not obey."""
    return _ORDERS.sub("\ufffd", " ".join(text.split()))


def badge_text(badge: Mapping[str, Any]) -> str:
    """Whose word stands behind a publisher: `✓ noaa.gov`, `unverified`, `harvested from NASA, ✓ data.gov`."""
    verified = f"✓ {badge['handle']}" if badge["verified"] else ""
    if badge["harvested_from"]:
        return ", ".join(filter(None, [f"harvested from {plain(badge['harvested_from'])}", verified]))
    return verified or "unverified"


def publisher_text(item: Mapping[str, Any]) -> str:
    """Who publishes a record of a list, whose word stands behind that, and what to be warned of."""
    who = plain(item["publisher"]) or item["did"]
    return f"{who}  {badge_text(item['badge'])}" + (
        "  (its publisher signed two histories)" if item["duplicity"] else ""
    )


def count(number: int, one: str, many: str = "") -> str:
    """`1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def read_file(path: Path, bytes_max: int) -> bytes:
    """A file, and one byte more where it is too large: whoever parses it says so.

    Raises:
        LocalError: input.unreadable
    """
    try:
        with path.open("rb") as source:
            return source.read(bytes_max + 1)
    except OSError as error:
        raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write what was asked for to a file.

    Raises:
        LocalError: input.unreadable
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error


def shorten(text: str, width: int) -> str:
    """Cut a text for one line."""
    flat = plain(text)
    return flat if len(flat) <= width else flat[: max(0, width - 1)] + "…"


def terminal_width() -> int:
    """Columns to write to."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100
