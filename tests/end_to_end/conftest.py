"""Real nodes: processes of their own, on loopback, in homes of their own."""

import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from frostnode.testing.browser import browser
from frostnode.testing.namespaces import Place

FROST = [sys.executable, "-m", "frostnode"]
START_S = 30
COMMAND_S = 120


def free_port() -> int:
    """A port that nobody listens at, for a node whose URL is part of what it publishes.

    It is none of those that the system picks by itself (from 32,768 on): somebody else would have it before the node does.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Node:
    """One home and, while it runs, its process. Only processes started here are ever ended."""

    def __init__(self, home: Path, passphrase: Path):
        self.home = home
        self.passphrase = passphrase
        self.place: Place | None = None
        """In which network namespace it serves; None for that of this process."""
        self.process: subprocess.Popen | None = None
        self.url = ""
        self.secrets: set[str] = set()
        """What the process must never say."""

    def frost(self, *arguments, check=True, stdin: bytes | None = None, timeout_s=COMMAND_S):
        """Run one command on this home."""
        env = {**os.environ, "FROST_HOME": str(self.home)}
        done = subprocess.run(
            [*FROST, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=env,
            timeout=timeout_s,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"frost {arguments}: {done.stderr.decode()}"
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    def begin(self, *arguments) -> subprocess.Popen:
        """Begin one command, to be ended before it is done."""
        env = {**os.environ, "FROST_HOME": str(self.home)}
        return subprocess.Popen(
            [*FROST, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )

    def json(self, *arguments, **options):
        """The answer of one command."""
        return json.loads(self.frost(*arguments, "--json", **options).stdout)

    def init(self, name: str, *options) -> dict:
        """Make the home."""
        return self.json("init", "--name", name, "--passphrase-file", self.passphrase, *options)

    def start(self, *options, port: int = 0, program=FROST) -> str:
        """Serve, and wait until it says where; `program` is what is run in place of the command line."""
        where = ([], []) if self.place is None else (self.place.prefix, ["--host", self.place.address])
        self.process = subprocess.Popen(
            [
                *where[0],
                *program,
                "serve",
                "--home",
                str(self.home),
                "--port",
                str(port),
                *where[1],
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        lines: queue.Queue = queue.Queue()
        threading.Thread(
            target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True
        ).start()
        try:
            line = lines.get(timeout=START_S).decode()
        except queue.Empty:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1].decode()) from None
        self.url = line.split(" runs at ")[1].split()[0].rstrip("/")
        return self.url

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; answers the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        code = process.wait(timeout=START_S)
        errors = process.stderr.read().decode()
        process.stderr.close()
        process.stdout.close()
        assert "Traceback" not in errors, errors
        assert not [secret for secret in self.secrets if secret in errors], errors
        return code


def making(folder: Path):
    """Makes nodes by name in this folder, and ends them."""
    passphrase = folder / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    nodes = []

    def make(name: str) -> Node:
        node = Node(folder / name, passphrase)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.kill()


@pytest.fixture
def make_node(tmp_path):
    """Nodes by name, ended with the test."""
    yield from making(tmp_path)


@pytest.fixture(scope="module")
def make_lasting_node(tmp_path_factory):
    """The same for all tests of a file that only look at them."""
    yield from making(tmp_path_factory.mktemp("lasting"))


@pytest.fixture
def window(tmp_path):
    """A browser."""
    with browser(tmp_path / "profile") as found:
        yield found
