"""`scripts/bench`: measure, say it in a table, and in JSON for programs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from scripts.benchmarks import (
    beside_pycsw,
    hearing,
    keeping_up,
    notifying,
    pages,
    publishing,
    relevance,
    replication,
    searching,
    serving,
    telling,
    verification,
    watching,
)
from scripts.benchmarks.figures import Figure, table
from scripts.benchmarks.workshop import SIZES, Workshop

BENCHMARKS: Final[dict[str, Callable[[Workshop], Figure | list[Figure]]]] = {
    "publish_entries_per_s": publishing.entries_per_s,
    "publish_p50_ms": publishing.single_ms,
    "replicate_entries_per_s": replication.entries_per_s,
    "replicate_to_git_clone": replication.to_git_clone,
    "small_logs_entries_per_s": replication.small_logs_per_s,
    "nothing_changed_ms": keeping_up.nothing_changed_ms,
    "one_changed_ms": keeping_up.one_changed_ms,
    "live_ms": hearing.live_ms,
    "searchable_ms": hearing.searchable_ms,
    "match_ms": notifying.match_ms,
    "notice_ms": notifying.notice_ms,
    "outbox_webhooks_per_s": telling.outbox_webhooks_per_s,
    "verify_entries_per_s": verification.entries_per_s,
    "index_mb_per_s": searching.index_mb_per_s,
    "search_ms": searching.search_ms,
    "search_http_p95_ms": searching.search_http_p95_ms,
    "index_to_text": searching.index_to_text,
    "search_to_pycsw": beside_pycsw.search_to_pycsw,
    "relevance": relevance.relevance,
    "page_p95_ms": pages.page_p95_ms,
    "lineage_500_ms": pages.lineage_500_ms,
    "watchers": watching.watchers,
    "cold_start_ms": serving.cold_start_ms,
    "memory_mb": serving.memory_mb,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here too."
)
@click.option(
    "--size",
    type=click.Choice(list(SIZES)),
    default="small",
    show_default=True,
    help="How much to measure with.",
)
def bench(names: tuple[str, ...], json_file: Path | None, size: str) -> None:
    """Measure all, or those that are named. Small takes some two minutes, full an hour; TMPDIR says on which disk."""
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="frost-bench-") as folder:
        workshop = Workshop(Path(folder), SIZES[size])
        for name in names or BENCHMARKS:
            click.echo(name, err=True)
            measured = BENCHMARKS[name](workshop)
            figures += measured if isinstance(measured, list) else [measured]
    click.echo(table(figures))
    if json_file is not None:
        json_file.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(bench())
