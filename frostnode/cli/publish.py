"""`frost publish`, `edit` and `withdraw`: write to the publisher's log."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import FOREVER, Bar, ask_node, home_option, json_option, show_json
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import PUBLISH_BATCH_RECORDS_MAX

LOCAL = click.option(
    "--local", is_flag=True, help="Keep it in this home alone: it is never shown to anybody."
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Check and show, publish nothing.")
AS = click.option("--as", "did", help="DID of the publisher, when the home hosts several.")


@click.command()
@click.argument("files", nargs=-1, required=True)
@home_option
@AS
@DRY_RUN
@json_option
def publish(files: tuple[str, ...], home: Path, did: str | None, dry_run: bool, as_json: bool) -> None:
    """Publish records from JSON or YAML FILES; `-` reads standard input.

    A record is a map with `type`, `key` and the fields of its content; a file holds one, several YAML
    documents, a list, or one JSON record a line. What is published already in the same words is left.

    \b
    Example:
      frost publish sea-ice.yaml
    """
    from frostnode.formats.documents import read_documents

    records = [record for name in files for record in read_documents(name, _read(name))]
    publish_records(home, records, did=did, dry_run=dry_run, as_json=as_json)


def publish_records(
    home: Path, records: Iterable[Any], *, did: str | None, dry_run: bool, as_json: bool
) -> None:
    """Publish in batches and say what became of each record."""
    answers: list[dict[str, Any]] = []
    publisher = did
    if not as_json and all(item["size"] <= 1 for item in ask_node(home, "status", {})["hosted"]):
        click.echo(FOREVER, err=True)
    with Bar() as bar:

        async def show(what: str, done: int, total: int | None) -> None:
            await bar.show(what, len(answers) + done, None)

        batches = list(_batches(records))
        if len(batches) > 1 and not dry_run:
            # What a log takes it keeps: all of it is checked before the first of it is published.
            for batch in batches:
                ask_node(home, "publish", {"records": batch, "did": did, "dry_run": True}, show)
        for batch in batches:
            answer = ask_node(home, "publish", {"records": batch, "did": did, "dry_run": dry_run}, show)
            answers += answer["records"]
            publisher = answer["did"]
    if as_json:
        show_json({"did": publisher, "dry_run": dry_run, "records": answers})
        return
    show_published(answers if len(answers) <= 20 else [])
    counts = {
        status: sum(a["status"] == status for a in answers)
        for status in sorted({a["status"] for a in answers})
    }
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items()) or "nothing to publish")


def show_published(records: Iterable[dict[str, Any]]) -> None:
    """What became of each record, a line each."""
    for item in records:
        click.echo(f"{item['status']:<13} {item['url']}")


def _batches(records: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    weight = 0
    for record in records:
        batch.append(record)
        weight += len(json.dumps(record, default=str))
        if len(batch) >= PUBLISH_BATCH_RECORDS_MAX or weight > 8 << 20:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise LocalError("input.unreadable", f"{name}: {error.strerror}") from error


@click.command()
@click.argument("url")
@home_option
@DRY_RUN
@json_option
def edit(url: str, home: Path, dry_run: bool, as_json: bool) -> None:
    """Change the record at DID-URL in your editor, and publish the result.

    \b
    Example:
      frost edit did:frost:bafy…/sea-ice
    """
    import yaml

    from frostnode.formats.documents import read_documents

    shown = ask_node(home, "show", {"url": url})
    if shown["content"]["state"] != "here":
        raise LocalError("record.absent", shown["content"]["reason"])
    record = {"type": shown["type"], "key": shown["key"], **shown["content"]["fields"]}
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=100)
    edited = click.edit(text, extension=".yaml")
    if edited is None or edited == text:
        if as_json:
            unchanged = {"url": shown["url"], "status": "unchanged"}
            show_json({"did": shown["did"], "dry_run": dry_run, "records": [unchanged]})
        else:
            click.echo("nothing changed")
        return
    try:
        records = list(read_documents(url, edited.encode()))
        publish_records(home, records, did=shown["did"], dry_run=dry_run, as_json=as_json)
    except FrostError as error:
        handle, kept = tempfile.mkstemp(prefix="frost-edit-", suffix=".yaml")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(edited)
        error.hint = f"your text is kept: correct {kept} and `frost publish` it"
        raise


@click.command()
@click.argument("url")
@click.option("--local", is_flag=True, help="Forget what is kept under this name in this home alone.")
@home_option
@DRY_RUN
@json_option
def withdraw(url: str, local: bool, home: Path, dry_run: bool, as_json: bool) -> None:
    """Withdraw the record at DID-URL: it leaves every catalog, its history stays.

    \b
    Example:
      frost withdraw did:frost:bafy…/sea-ice
    """
    if local:
        _forget(home, url, dry_run=dry_run, as_json=as_json)
        return
    answer = ask_node(home, "withdraw", {"url": url, "dry_run": dry_run})
    if as_json:
        show_json(answer)
        return
    for item in answer["records"]:
        said = {"published": "withdrawn", "would publish": "would withdraw"}.get(
            item["status"], item["status"]
        )
        click.echo(f"{said:<13} {item['url']}")


def _forget(home: Path, url: str, *, dry_run: bool, as_json: bool) -> None:
    if dry_run:
        raise LocalError("usage", "--dry-run goes with what is published, not with --local")
    answer = ask_node(home, "forget-local", {"url": url})
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{'forgotten':<13} {answer['url']}")
