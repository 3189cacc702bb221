"""A real node in a process of its own, with what the system knows of that process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frostnode.edge.home import Home

_STOP_S = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A node that answers at `url`; `started_s` is how long that took."""

    url: str
    pid: int
    started_s: float

    def cpu_s(self) -> float | None:
        """Seconds of processor time so far; None where the system does not say."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return None
        after_name = stat.read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def own_bytes(self) -> int:
        """Memory that no file backs; where the system does not tell it apart, all that is resident."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup")
        if not rollup.exists():
            resident = subprocess.run(
                ["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, check=True
            )
            return 1024 * int(resident.stdout)
        found = re.search(r"^Anonymous:\s+(\d+) kB$", rollup.read_text(), re.MULTILINE)
        assert found is not None, "no line Anonymous"
        return 1024 * int(found[1])


@contextmanager
def running(home: Home) -> Iterator[Node]:
    """Serve a home until the context ends."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "frostnode", "serve", "--home", str(home.root), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"runs at (http://\S+?)/?\s", line)
        assert found is not None, f"the node said {line!r}"
        yield Node(found[1], process.pid, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_STOP_S)
