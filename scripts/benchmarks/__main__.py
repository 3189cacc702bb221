"""`scripts/bench`: measure, say it in a table, and in JSON for programs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from scripts.benchmarks import (
    hearing,
    keeping_up,
    notifying,
    publishing,
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
