"""The benchmarks run, at their small size, and say what programs expect."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.benchmarks.material import has_corpora

ROOT = Path(__file__).parents[2]
NAMES = {
    "publish_entries_per_s",
    "publish_p50_ms",
    "replicate_entries_per_s",
    "replicate_to_git_clone",
    "small_logs_entries_per_s",
    "nothing_changed_ms",
    "one_changed_ms",
    "live_p50_ms",
    "live_p95_ms",
    "searchable_p50_ms",
    "searchable_p99_ms",
    "verify_entries_per_s",
    "index_mb_per_s",
    *("search_p50_ms", "search_p95_ms", "search_http_p95_ms", "search_memory_mb", "index_to_text"),
    *("watchers_kb_each", "watchers_told_ms", "watchers_last_ms", "watchers_quiet_ms"),
    "cold_start_ms",
    "match_ms",
    "notice_p50_ms",
    "notice_p99_ms",
    "memory_mb",
    "outbox_webhooks_per_s",
    "page_p95_ms",
    "lineage_500_ms",
}
MEASURED = {"ndcg10", "mrr", "bm25_ndcg10"}
RELEVANCE = {f"{half}_{what}" for half in ("relevance", "relevance_tuning") for what in MEASURED}
COMPARED = {"search_to_pycsw"}
"""Small runs compare only where the environment of the other program is made already."""

WATCHERS = {"watchers_kb_each", "watchers_told_ms", "watchers_last_ms", "watchers_quiet_ms"}
WITHOUT_TARGET = {
    "publish_p50_ms",
    "cold_start_ms",
    *(name for name in RELEVANCE if name.endswith("bm25_ndcg10")),
    *WATCHERS,
}
WITHOUT_CEILING = {
    *(
        "index_mb_per_s",
        "match_ms",
        "notice_p50_ms",
        "notice_p99_ms",
        "memory_mb",
        "nothing_changed_ms",
        "one_changed_ms",
        "replicate_to_git_clone",
        "page_p95_ms",
        "lineage_500_ms",
    ),
    *("search_p50_ms", "search_p95_ms", "search_http_p95_ms", "search_memory_mb", "index_to_text"),
    *("live_p50_ms", "live_p95_ms", "searchable_p50_ms", "searchable_p99_ms"),
    *WATCHERS,
    *RELEVANCE,
    *COMPARED,
}


@pytest.mark.slow
@pytest.mark.network
def test_every_figure_has_a_value_and_its_target_and_ceiling(tmp_path: Path):
    said = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.benchmarks", "--size", "small", "--json", str(said)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(said.read_text())
    assert [figure["name"] for figure in figures] == [
        line.split()[0] for line in done.stdout.splitlines()[1:]
    ]
    there = {figure["name"] for figure in figures} - COMPARED
    assert there == (NAMES | RELEVANCE if has_corpora() else NAMES)
    for figure in figures:
        name = figure["name"]
        assert set(figure) == {"name", "value", "unit", "target", "ceiling", "ratio"}
        assert figure["value"] > 0
        assert (figure["target"] is None) == (name in WITHOUT_TARGET), name
        assert (figure["ceiling"] is None) == (figure["ratio"] is None) == (name in WITHOUT_CEILING), name


@pytest.mark.slow
def test_a_name_that_is_none_is_refused():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.benchmarks", "no_such_name"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "replicate_entries_per_s" in done.stderr
