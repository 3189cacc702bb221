"""`frost derive`, `lineage` and `citations`: what was made from what."""

from pathlib import Path
from typing import Any, Final

import click

from frostnode.cli.publish import AS, DRY_RUN, LOCAL, show_published
from frostnode.cli.shared import ask_node, count, home_option, json_option, plain, show_json

_KINDS: Final = (("datasets", "dataset"), ("papers", "paper"), ("code", "code"), ("other", "other"))


@click.command()
@click.argument("target")
@click.option(
    "--from", "used", multiple=True, required=True, metavar="URL", help="What it was made from; repeated."
)
@click.option("--activity", metavar="NAME", help="What was done.")
@click.option("--code", metavar="URL", help="The code that did it.")
@click.option("--container", metavar="URL", help="The container that it ran in.")
@click.option("--title", help="A title of its own.")
@click.option("--key", help="Key of the lineage record, if not that of TARGET.")
@LOCAL
@home_option
@AS
@DRY_RUN
@json_option
def derive(target: str, home: Path, did: str | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Say what TARGET, a version or dataset of your publisher, was made from.

    A dataset is pinned as its newest version, a version as its exact entry; a DOI, the address of code, or a SWHID
    stays as it is.

    \b
    Example:
      frost derive anomaly@2026-11 --from did:frost:bafy…/ice/extent --activity regrid --code https://example.org/c.git
    """
    activity = {"name": given["activity"], "code": given["code"], "container": given["container"]}
    asked = {
        "target": target,
        "used": list(given["used"]),
        "activity": activity,
        "title": given["title"],
        "key": given["key"],
        "local": given["local"],
        "did": did,
        "dry_run": dry_run,
    }
    answer = ask_node(home, "derive", asked)
    if as_json:
        show_json(answer)
        return
    show_published(answer["records"])
    click.echo(f"{'made':<13} {answer['generated']}")
    for uri in answer["used"]:
        click.echo(f"{'from':<13} {plain(uri)}")


@click.command()
@click.argument("url")
@click.option("--up", is_flag=True, help="What it was made from.")
@click.option("--down", is_flag=True, help="What was built on it.")
@click.option("--both", is_flag=True, help="Both, as when neither is said.")
@click.option("--depth", type=click.IntRange(min=1), help="Steps to follow, each way; all by default.")
@click.option("--prov", "form", flag_value="prov", help="Print W3C PROV-JSON.")
@click.option("--svg", "form", flag_value="svg", help="Print a drawing.")
@home_option
@json_option
def lineage(url: str, home: Path, depth: int | None, form: str | None, as_json: bool, **ways: bool) -> None:
    """Follow the lineage of URL: a dataset, a version, a DOI, any identifier that lineage records name.

    \b
    Example:
      frost lineage did:frost:bafy…/ice/extent --down
      frost lineage did:frost:bafy…/ice/extent --svg > lineage.svg
    """
    up, down = (False, False) if ways["both"] else (ways["up"], ways["down"])
    answer = ask_node(home, "lineage", {"url": url, "up": up, "down": down, "depth": depth, "form": form})
    if form == "svg":
        click.echo(answer["svg"], nl=False)
    elif form == "prov":
        show_json(answer["prov"])
    elif as_json:
        show_json(answer)
    else:
        _print_lineage(answer)


def _print_lineage(answer: dict[str, Any]) -> None:
    """A line for each end, sources first; then what used what."""
    for node in answer["nodes"]:
        where = "→ " if node["distance"] > 0 else "← " if node["distance"] < 0 else "= "
        title = f"  {plain(node['title'])}" if node["title"] else ""
        marks = ", ".join(node["marks"])
        click.echo(f"{where}{plain(node['name'])}{title}{f'  ({marks})' if marks else ''}")
    for edge in answer["edges"]:
        said = ", ".join(name for name in ("withdrawn", "missing", "local") if edge[name])
        newer = f", newer: {edge['newer']}" if edge["newer"] else ""
        click.echo(
            f"  {plain(edge['generated'])} from {plain(edge['used'])}{f'  ({said})' if said else ''}{newer}"
        )
    for side in answer["more"]:
        click.echo(f"it goes on {side}", err=True)


@click.command()
@click.argument("url")
@home_option
@json_option
def citations(url: str, home: Path, as_json: bool) -> None:
    """Count what was built on URL, by what lineage records say: datasets, papers, code.

    \b
    Example:
      frost citations did:frost:bafy…/ice/extent
    """
    answer = ask_node(home, "citations", {"url": url})
    if as_json:
        show_json(answer)
        return
    counts = answer["counts"]
    click.echo(
        ", ".join(count(counts[name], one, one if name in ("code", "other") else "") for name, one in _KINDS)
    )
    for name, _ in _KINDS:
        for item in answer[name]:
            title = f"  {plain(item['title'])}" if item["title"] else ""
            click.echo(f"  {plain(item['name'])}{title}")
    if answer["more"]:
        click.echo("and more that are not counted", err=True)
