"""Feeds each target with any bytes and says what was found: the command behind scripts/fuzz.

Guided by coverage (Atheris, libFuzzer) where that is installed, else blind: the seeds, changed by chance. Each
target has a process of its own, so that a crash, a hang or too much memory ends that one alone. What was
interesting is kept, and begun with the next time; what breaks is written down, and run again with --replay.
"""

import mmap
import os
import random
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr
from hashlib import sha256
from io import StringIO
from pathlib import Path

import click

try:
    import atheris
except ImportError:
    atheris = None
    from scripts.fuzzing.targets import TARGETS, Fuzzed
else:
    with (
        redirect_stderr(StringIO()),
        atheris.instrument_imports(include=["frostnode"], enable_loader_override=False),
    ):
        from scripts.fuzzing.targets import TARGETS, Fuzzed

FOLDER = Path(__file__).parents[2] / ".fuzz"
INPUT_S_MAX = 10
"""How long one input may take."""
MEMORY_MB_MAX = 1024
"""What a process may have, with all that is loaded."""
_LENGTH_BYTES = 8


class Run:
    """One target with its files, and the input that it is at: known to both processes, however one of them ends."""

    def __init__(self, target: Fuzzed, folder: Path) -> None:
        self.target = target
        self.corpus = folder / target.name
        self.crashes = folder / "crashes"
        self.log = folder / f"{target.name}.log"
        self._last = mmap.mmap(-1, _LENGTH_BYTES + target.bytes_max)

    def begin(self) -> None:
        """Put the seeds down."""
        for place in (self.corpus, self.crashes):
            place.mkdir(parents=True, exist_ok=True)
        for seed in self.target.seeds():
            (self.corpus / sha256(seed).hexdigest()[:40]).write_bytes(seed)

    def check(self, data: bytes) -> None:
        """Hold the invariant for one input."""
        self._last[: _LENGTH_BYTES + len(data)] = len(data).to_bytes(_LENGTH_BYTES, "big") + data
        self.target.check(data)

    def write_down(self) -> Path:
        """Keep the input that the process ended at."""
        end = _LENGTH_BYTES + int.from_bytes(self._last[:_LENGTH_BYTES], "big")
        data = self._last[_LENGTH_BYTES:end]
        path = self.crashes / f"{self.target.name}-{sha256(data).hexdigest()[:40]}"
        path.write_bytes(data)
        return path


def guided(run: Run, runs: int, seed: int) -> None:
    """Let libFuzzer choose the inputs; never returns."""
    options = {
        "runs": runs,
        "seed": seed,
        "max_len": run.target.bytes_max,
        "timeout": INPUT_S_MAX,
        "rss_limit_mb": MEMORY_MB_MAX,
        "artifact_prefix": f"{run.log}.",
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(run.corpus)], run.check)
    atheris.Fuzz()


def blind(run: Run, runs: int, seed: int) -> None:
    """Change the seeds by chance; whoever takes too long is ended by the alarm."""
    chance = random.Random(seed)
    seeds = sorted(path.read_bytes() for path in run.corpus.iterdir())
    for number in range(runs):
        data = seeds[number] if number < len(seeds) else _changed(chance, chance.choice(seeds))
        signal.alarm(INPUT_S_MAX)
        run.check(data[: run.target.bytes_max])
    signal.alarm(0)


def _changed(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
        new = chance.choice((b"", chance.randbytes(1), data[at:end] * 2, chance.randbytes(end - at)))
        data = data[:at] + new + data[chance.choice((at, end, min(at + 1, len(data)))) :]
    return data


def apart(work: Callable[[], None], log: Path) -> int:
    """Do it in a process of its own, which says all to `log`; answers its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        work()
    except BaseException:  # noqa: BLE001 - whatever it is, it is told and ends this process
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def fuzz(target: Fuzzed, folder: Path, runs: int, seed: int) -> bool:
    """Run one target; says how it went, and answers whether it holds."""
    run = Run(target, folder)
    run.begin()
    begun = time.monotonic()
    status = apart(lambda: (guided if atheris else blind)(run, runs, seed), run.log)
    told, seconds = run.log.read_text("utf-8", "replace"), time.monotonic() - begun
    covered = (re.findall(r"cov: (\d+)", told) or ["no"])[-1]
    word = "BROKEN" if status else "sound"
    print(f"{target.name:>20}  {word}  {runs} runs  {seconds:.1f} s  {covered} places covered", flush=True)
    if status:
        print(told[-4000:])
        print(f"Again: scripts/fuzz {target.name} --replay {run.write_down()}", flush=True)
    return status == 0


@click.command()
@click.argument("named", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--runs",
    metavar="N",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Inputs for each target.",
)
@click.option(
    "--seed", type=click.IntRange(1), help="The same inputs each time; others each time without it."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Where inputs and crashes are kept.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Run this input alone, on the named target.",
)
def main(named: tuple[str, ...], runs: int, seed: int | None, folder: Path, replay: Path | None) -> None:
    """Fuzz the parsers that a peer can reach; exits with 1 when one broke."""
    unknown = [name for name in named if name not in TARGETS]
    if unknown or (replay and len(named) != 1):
        what = f"{', '.join(unknown)}: no such target" if unknown else "--replay wants one target"
        raise click.UsageError(f"{what}; there are {', '.join(TARGETS)}")
    if replay:
        TARGETS[named[0]].check(replay.read_bytes())
        print(f"{named[0]} holds")
        return
    print(
        f"guided by {'coverage (Atheris)' if atheris else 'nothing: Atheris is not installed here'}",
        flush=True,
    )
    seed = seed or time.time_ns() % 2**31 + 1
    sound = [fuzz(TARGETS[name], folder, runs, seed) for name in named or TARGETS]
    sys.exit(not all(sound))


if __name__ == "__main__":
    main()
