"""`frost export` and `import-archive`: whole publishers as files, and all that is carried as a web site."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json
from frostnode.protocol.errors import LocalError

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("names", nargs=-1, metavar="[DID] FILE")
@home_option
@click.option("--all", "all_", type=_FOLDER, help="Write every publisher that is hosted here to this folder.")
@click.option("--static", type=_FOLDER, help="Write all that is carried to this folder, for any web server.")
@click.option("--no-pages", is_flag=True, help="With --static: only what nodes read, no pages for people.")
@click.option("--replace", is_flag=True, help="Overwrite files that are there.")
@json_option
def export(
    names: tuple[str, ...],
    home: Path,
    *,
    all_: Path | None,
    static: Path | None,
    no_pages: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Write a publisher to one FILE: identity, logs, contents, cosignatures. Anyone can verify it offline.

    With --all every publisher that is hosted here, an archive each, and follows.json: whom this node follows. With
    --static a folder that any web server or bucket can serve, and other nodes follow; again writes only what
    changed.

    \b
    Example:
      frost export polar.frostarchive
      frost export did:frost:bafy… polar.frostarchive
      frost export --all platform
      frost export --static site
    """
    if (no_pages and static is None) or (replace and static is not None):
        raise LocalError(
            "usage", "what to export", expected="--no-pages only with --static, --replace only without"
        )
    if all_ is not None and static is None and not names:
        _show_all(ask_node(home, "export-all", {"folder": _absolute(all_), "replace": replace}), as_json)
    elif static is not None and all_ is None and not names:
        params = {"folder": _absolute(static), "pages": not no_pages}
        _show_static(ask_node(home, "export-static", params), static, as_json)
    elif all_ is None and static is None and len(names) in (1, 2) and not names[-1].startswith("did:"):
        params = {"did": names[0] if len(names) > 1 else None, "file": _absolute(Path(names[-1]))}
        _show_one(ask_node(home, "export", {**params, "replace": replace}), as_json)
    else:
        raise LocalError("usage", "what to export", expected="[DID] FILE, --all DIR or --static DIR")


def _absolute(path: Path) -> str:
    """The node may run elsewhere, and must write to the same place."""
    return str(path.absolute())


def _show_one(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(answer)
    else:
        entries = count(answer["entries"], "entry", "entries")
        click.echo(f"{answer['file']}   {entries} of {answer['did']}")
        click.echo("Check it anywhere: frost verify FILE. Bring it to any node: frost import-archive FILE")


def _show_all(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    for item in answer["archives"]:
        click.echo(f"{item['file']}   {count(item['entries'], 'entry', 'entries')}")
    for item in answer["left_out"]:
        click.echo(f"left out {item['did']}: {item['reason']}", err=True)
    click.echo(f"{answer['follows']}   (for `frost follow --from`)")


def _show_static(answer: dict[str, Any], folder: Path, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    click.echo(
        f"{folder}: {count(answer['publishers'], 'publisher')}, {count(answer['written'], 'file')} written, "
        f"{answer['removed']} removed, {answer['kept']} as before"
    )


@click.command("import-archive")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@home_option
@click.option("--follow", is_flag=True, help="Follow each publisher too, so that no quota keeps it out.")
@json_option
def import_archive(files: tuple[Path, ...], home: Path, follow: bool, as_json: bool) -> None:
    """Carry what archive FILES prove, verified like what a peer sends. Again takes only what is missing.

    \b
    Example:
      frost import-archive polar.frostarchive
      frost import-archive --follow platform/*.frostarchive
    """
    params = {"files": [_absolute(file) for file in files], "follow": follow}
    answer = ask_node(home, "import-archive", params)
    if as_json:
        show_json(answer)
    faults = [item["error"] for item in answer["archives"] if item["error"]]
    for item in answer["archives"] if not as_json else ():
        new = count(item["entries"], "new entry", "new entries")
        click.echo(f"{item['file']}   {new}" + ("" if item["error"] else f" of {item['size']}"))
        if item["error"] and len(faults) > 1:
            click.echo(plain(f"{item['error']['code']}: {item['error']['message']}"), err=True)
        elif item["forked"] and not item["error"]:
            click.echo(
                f"its publisher signed two histories, and this node follows neither: frost log {item['did']}"
            )
        elif item["hidden"] and not item["error"]:
            click.echo(f"searches leave it out until somebody vouches for it: frost follow {item['did']}")
    if faults:
        from frostnode.edge.control import error_from_json

        raise error_from_json(
            {**faults[0], "hint": "" if len(faults) == 1 else f"and {len(faults) - 1} more"}
        )
