"""One institution: a home, its node in a process of its own, and what watches for it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FROST = [sys.executable, "-m", "frostnode"]
_START_S = 60
_STOP_S = 20


class Institution:
    """Whoever publishes here. Processes are those that were started here, and are ended with `close`."""

    def __init__(self, name: str, folder: Path, passphrase: Path) -> None:
        self.name = name
        self.home = folder / name.lower()
        self.url = ""
        self._running: list[subprocess.Popen[str]] = []
        made = self.ask("init", "--name", name, "--passphrase-file", str(passphrase))
        self.did = str(made["did"])

    def ask(self, *arguments: str) -> dict[str, Any]:
        """The answer of one command of this home."""
        done = subprocess.run(
            [*_FROST, *arguments, "--json"], env=self._env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{self.name}: frost {' '.join(arguments)}: {done.stderr.strip()}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def publish(self, records: list[dict[str, Any]]) -> None:
        """Publish records."""
        text = "\n".join(map(json.dumps, records))
        done = subprocess.run(
            [*_FROST, "publish", "-"], env=self._env, input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{self.name}: {done.stderr.strip()}")

    def serve(self) -> None:
        """Run the node, and wait until it says where."""
        process = self._begin("serve", "--port", "0")
        assert process.stdout is not None
        timer = threading.Timer(_START_S, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if " runs at " not in line:
            raise SystemExit(f"{self.name} does not start: {line}")
        self.url = line.split(" runs at ")[1].split()[0].rstrip("/")

    def watch(self, target: str, command: str) -> None:
        """Run a command at each change of a target."""
        self._begin("watch", target, "--exec", command, "--since", "beginning")

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Hand every change that comes to this node to `hear`, in a thread."""
        process = self._begin("watch", "*", "--since", "beginning")
        assert process.stdout is not None
        lines = process.stdout

        def run() -> None:
            for line in lines:
                hear(json.loads(line))

        threading.Thread(target=run, daemon=True).start()

    def close(self) -> None:
        """End what was started."""
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()

    @property
    def _env(self) -> dict[str, str]:
        return {**os.environ, "FROST_HOME": str(self.home)}

    def _begin(self, *arguments: str) -> "subprocess.Popen[str]":
        with (self.home / f"{arguments[0]}.log").open("a") as said:
            process = subprocess.Popen(
                [*_FROST, *arguments], env=self._env, stdout=subprocess.PIPE, stderr=said, text=True
            )
        self._running.append(process)
        return process
