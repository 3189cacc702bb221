"""The fuzzer runs, every target holds for a while, and what breaks is found, written down and replayed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.fuzzing.targets import TARGETS

ROOT = Path(__file__).parents[2]
RUNS = 500
PLANTED = """
import sys
from pathlib import Path
from scripts.fuzzing.__main__ import fuzz
from scripts.fuzzing.targets import Fuzzed

def run(data):
    if data[:1] == b"a" and data[1:2] != b"a":
        raise ValueError("planted")

target = Fuzzed("planted", run, (), lambda: [b"aa", b"bb"], 16)
sys.exit(not fuzz(target, Path(sys.argv[1]), 200_000, 7))
"""


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_every_target_holds(tmp_path: Path) -> None:
    done = python("-m", "scripts.fuzzing", "--runs", RUNS, "--seed", 1, "--folder", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("guided by ")
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
        [name, "sound"] for name in TARGETS
    ]


@pytest.mark.slow
def test_a_planted_bug_is_found_and_written_down(tmp_path: Path) -> None:
    done = python("-c", PLANTED, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ValueError: planted" in done.stdout
    (crash,) = (tmp_path / "crashes").iterdir()
    assert crash.read_bytes()[:1] == b"a"
    assert f"Again: scripts/fuzz planted --replay {crash}" in done.stdout


@pytest.mark.slow
def test_an_input_is_run_again_alone(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"not a frame")
    assert python("-m", "scripts.fuzzing", "frames", "--replay", file).stdout == "frames holds\n"
    refused = python("-m", "scripts.fuzzing", "--replay", file)
    assert refused.returncode == 2
    assert "identity-events" in refused.stderr


def test_every_target_has_seeds_that_it_can_take() -> None:
    for target in TARGETS.values():
        seeds = target.seeds()
        assert seeds, target.name
        assert max(map(len, seeds)) <= target.bytes_max
