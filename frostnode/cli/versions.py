"""`frost version`, `versions`, `diff` and `deprecate`: how a dataset goes on."""

import json
from pathlib import Path
from typing import Any, Final

import click

from frostnode.cli.look import moment
from frostnode.cli.publish import AS, DRY_RUN, LOCAL, show_published
from frostnode.cli.shared import (
    ask_node,
    home_option,
    json_option,
    plain,
    read_file,
    shorten,
    show_json,
    terminal_width,
)
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import BODY_BYTES_MAX

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@click.argument("dataset")
@click.option("--label", required=True, help="What the version is called, for ever.")
@click.option(
    "--location", "locations", multiple=True, metavar="URL", help="Where the data is; may be repeated."
)
@click.option(
    "--snapshot", metavar="SYSTEM:ID", help="Snapshot of the system that holds the data, like icechunk:ID."
)
@click.option(
    "--digest", "digests", multiple=True, metavar="ALG:VALUE", help="Digest of the data; may be repeated."
)
@click.option("--size", type=click.IntRange(min=0), help="Bytes of the data.")
@click.option(
    "--schema", type=click.Path(path_type=Path), help="File with `arrays` and `tables`, JSON or YAML."
)
@click.option("--title", help="A title of its own.")
@click.option("--note", help="What changed, for people.")
@click.option("--summary", type=click.Path(path_type=Path), help="File that says what changed, for machines.")
@LOCAL
@home_option
@AS
@DRY_RUN
@json_option
def version(dataset: str, home: Path, did: str | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Publish a version of DATASET, a key of your publisher or a DID URL. It names the version before it.

    \b
    Example:
      frost version ice/extent --label 2026-11 --location s3://ice/2026-11.zarr --note "November added"
    """
    asked = {
        "dataset": dataset,
        "label": given["label"],
        "local": given["local"],
        "did": did,
        "dry_run": dry_run,
        "fields": _fields(given),
    }
    answer = ask_node(home, "version", asked)
    if as_json:
        show_json(answer)
        return
    show_published(answer["records"])
    if answer["previous"]:
        click.echo(f"{'after':<13} {answer['previous']}")


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a version, as they were given."""
    snapshot = _pair(given["snapshot"], "--snapshot", "SYSTEM:ID") if given["snapshot"] else None
    digests = [_pair(text, "--digest", "ALG:VALUE") for text in given["digests"]]
    changes = {"note": given["note"], "summary": _document(given["summary"])}
    return {
        "title": given["title"],
        "locations": [{"href": href} for href in given["locations"]],
        "snapshot": {"system": snapshot[0], "id": snapshot[1]} if snapshot else None,
        "digests": [{"algorithm": algorithm, "value": value} for algorithm, value in digests],
        "size": given["size"],
        "schema": _document(given["schema"]),
        "changes": {name: value for name, value in changes.items() if value is not None},
    }


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    first, colon, second = text.partition(":")
    if not (first and colon and second):
        raise LocalError("usage", option, found=text, expected=form)
    return first, second


def _document(path: Path | None) -> Any:
    """A file of JSON or YAML as a value that a record can hold."""
    if path is None:
        return None
    from frostnode.formats.documents import read_value

    return read_value(str(path), read_file(path, BODY_BYTES_MAX))


@click.command()
@click.argument("dataset")
@home_option
@json_option
def versions(dataset: str, home: Path, as_json: bool) -> None:
    """List the versions of DATASET, newest first, with their notes; a key of your publisher or a DID URL.

    \b
    Example:
      frost versions did:frost:bafy…/ice/extent
    """
    answer = ask_node(home, "versions", {"url": dataset})
    if as_json:
        show_json(answer)
        return
    click.echo(f"latest  {answer['latest'] or 'none'}")
    for item in answer["versions"]:
        marks = [name for name in ("withdrawn", "local") if item[name]]
        label = click.style(item["label"], bold=True)
        click.echo("  ".join([label, moment(item["time_ms"]), *marks]))
        click.echo(f"  {item['exact']}")
        if item["note"]:
            click.echo(f"  {shorten(item['note'], terminal_width() - 2)}")
    if answer["more"]:
        click.echo("and older ones", err=True)


@click.command()
@click.argument("a")
@click.argument("b")
@home_option
@json_option
def diff(a: str, b: str, home: Path, as_json: bool) -> None:
    """Show what changed from record A to record B: any two DID URLs, `?cid=` and `@latest` too.

    \b
    Example:
      frost diff did:frost:bafy…/ice/extent@2025 did:frost:bafy…/ice/extent@latest
    """
    answer = ask_node(home, "diff", {"a": a, "b": b})
    if as_json:
        show_json(answer)
        return
    for change in answer["changes"]:
        click.echo(f"{_SIGNS[change['op']]} {plain(change['path'])}")
        for side, sign in (("before", "-"), ("after", "+")):
            if side in change:
                text = json.dumps(change[side], ensure_ascii=False)
                click.echo(f"    {sign} {shorten(text, terminal_width() - 6)}")
    if answer["more"] or not answer["changes"]:
        click.echo("and more" if answer["more"] else "no difference", err=True)


@click.command()
@click.argument("dataset")
@click.option("--successor", metavar="URL", help="What to use instead.")
@click.option("--note", help="Why, for people.")
@home_option
@AS
@DRY_RUN
@json_option
def deprecate(dataset: str, home: Path, did: str | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Say that DATASET should not be used any more, and what should.

    \b
    Example:
      frost deprecate ice/extent --successor did:frost:bafy…/ice/extent-2 --note "A better sensor"
    """
    answer = ask_node(home, "deprecate", {"dataset": dataset, "did": did, "dry_run": dry_run, **given})
    if as_json:
        show_json(answer)
        return
    show_published(answer["records"])
