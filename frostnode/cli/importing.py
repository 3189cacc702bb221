"""`frost import`: publish whole catalogs of other formats; again publishes only what changed."""

from pathlib import Path

import click

from frostnode.cli.publish import publish_records
from frostnode.cli.shared import home_option, json_option, plain


@click.group("import")
def import_group() -> None:
    """Publish a catalog of another format. Run it again: only what changed is published.

    \b
    Example:
      frost import stac https://catalog.example.org/catalog.json
    """


@import_group.command("aws-open-data")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@home_option
@click.option("--dry-run", is_flag=True, help="Check and show, publish nothing.")
@json_option
def aws_open_data(path: Path, home: Path, dry_run: bool, as_json: bool) -> None:
    """Import datasets of the Registry of Open Data on AWS: a folder of YAML files, or JSON Lines.

    \b
    Example:
      frost import aws-open-data open-data-registry/datasets
    """
    from frostnode.edge.sources import aws_open_data_records

    publish_records(home, aws_open_data_records(path), did=None, dry_run=dry_run, as_json=as_json)


@import_group.command()
@click.argument("source")
@home_option
@click.option("--dry-run", is_flag=True, help="Check and show, publish nothing.")
@json_option
def stac(source: str, home: Path, dry_run: bool, as_json: bool) -> None:
    """Import STAC collections: a file, folder, JSON Lines, or the PATH or URL of a static catalog.

    \b
    Example:
      frost import stac catalog.json
    """
    from frostnode.edge.sources import stac_records

    def skipped(what: str, why: str) -> None:
        click.echo(plain(f"passed over {what}: it {why}"), err=True)

    publish_records(home, stac_records(source, skipped), did=None, dry_run=dry_run, as_json=as_json)
