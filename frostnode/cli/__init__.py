"""The command line `frost`: one module per command, no decisions of its own.

Every failure is one clear line on standard error and an exit code of its own (spec/08-errors.md), never a
traceback.
"""

import os
import sys
import traceback
from typing import Final, NoReturn

import click

from frostnode import __version__
from frostnode.cli.commands import COMMANDS
from frostnode.cli.shared import plain
from frostnode.edge.outcomes import Exit, exit_code
from frostnode.protocol.errors import FrostError, LocalError, StorageError

_INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="frost")
def frost() -> None:
    """Publish, follow and search scientific dataset catalogs in a network that nobody owns.

    \b
    The first ten minutes:
      frost init --name "My Institute"   make a node and an identity
      frost serve                        run it, and open its page
      frost publish dataset.yaml         publish a dataset
      frost follow URL                   carry what another node has
      frost search "sea ice"             search all that is carried

    A home is a folder: --home DIR of each command, or FROST_HOME, or ~/.frost.
    """


for _command in COMMANDS:
    frost.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run `frost` and exit."""
    try:
        frost.main(arguments, prog_name="frost", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        _fail(
            LocalError(
                "usage", error.format_message(), hint=f"`{context.command_path} --help`" if context else ""
            )
        )
    except (click.Abort, KeyboardInterrupt):
        click.echo("frost: interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except FrostError as error:
        _fail(error)
    except BrokenPipeError:
        # Whoever read our output has gone: nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OTHER)
    except OSError as error:
        _fail(StorageError("storage.failed", str(error)))
    except Exception as error:  # noqa: BLE001 - a defect: people get one line all the same, with the place to look at
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = plain(f"{type(error).__name__}: {error}")
        click.echo(f"frost: a defect, please report it: {what} ({place.filename}:{place.lineno})", err=True)
        sys.exit(Exit.OTHER)


def _fail(error: FrostError) -> NoReturn:
    click.echo(f"frost: {error.code}: {plain(str(error))}", err=True)
    sys.exit(exit_code(error))
