"""Every command of the README, run in order, as a newcomer would; lines of `sh node` blocks that serve stay running."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import fields
from pathlib import Path

import pytest

from frostnode.config import Config
from frostnode.edge.smtp_account import SmtpAccount
from frostnode.replicate.policy import CarryPolicy
from frostnode.replicate.policy_table import settings_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
START_S = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def blocks():
    """(kind, text) of every shell block, in order."""
    return re.findall(r"^```(sh|sh node)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


class Newcomer:
    """A terminal in a folder that looks like a clone, with variables that last from block to block."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: list[subprocess.Popen] = []
        self.env = {**os.environ, "FROST_HOME": str(folder / "home")}
        self.ports = {"8417": str(free_port()), "8418": str(free_port())}
        for name in ("interop", ".venv"):
            (folder / name).symlink_to(ROOT / name)
        # The environment belongs to the repository: the script there is run, from here.
        script = folder / "scripts" / "run"
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\nexec "{ROOT}/scripts/run" "$@"\n')
        script.chmod(0o755)

    def adapted(self, text: str) -> str:
        """The same commands at ports that are free here."""
        for written, free in self.ports.items():
            text = text.replace(written, free)
        return text

    def run(self, text: str) -> str:
        """Run a block to its end, then keep its variables."""
        keep = self.folder / "variables"
        script = f"set -euo pipefail\n{self.adapted(text)}\nenv -0 > {keep}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        self.env = dict(item.split("=", 1) for item in keep.read_text().split("\0") if "=" in item)
        return done.stdout

    def serve(self, line: str) -> None:
        """Start a line that goes on, and wait until the node answers."""
        if line.startswith("scripts/run"):
            line += f" --port {self.ports['8417']}"
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self.adapted(line)}"],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()
        deadline = time.monotonic() + START_S
        while " runs at " not in lines.get(timeout=max(0.1, deadline - time.monotonic())):
            pass

    def leave(self) -> None:
        for process in self.running:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.running:
            assert process.wait(timeout=30) == 0
            process.stdout.close()


@pytest.fixture
def newcomer(tmp_path):
    made = Newcomer(tmp_path)
    yield made
    made.leave()


@pytest.mark.slow
@pytest.mark.network
def test_the_first_ten_minutes(newcomer):
    said = []
    for kind, text in blocks():
        *before, last = text.strip().splitlines()
        if kind == "sh node":
            if before:
                newcomer.run("\n".join(before))
            newcomer.serve(last)
        else:
            said.append(newcomer.run(text))
    story = "\n".join(said)
    assert "1 would publish" in story
    assert "1 published" in story
    assert "Sea ice extent of the Northern Hemisphere" in story
    assert story.count('"status":"published"') == 2, "by the API"
    assert [text.count("The authority kit fits") for text in said if "kit fits" in text] == [1, 1]
    reminded = [text.count("was never checked") for text in said if "views     up to date" in text]
    assert (reminded[0], reminded[-1]) == (2, 0)
    assert "no witness that is known here has cosigned this tree (1 unknown)" in story


def test_the_readme_has_the_commands_of_the_first_ten_minutes():
    text = "\n".join(text for _, text in blocks())
    for command in (
        "scripts/run",
        "frost publish",
        "frost follow",
        "frost search",
        "frost proof",
        "frost verify",
        "frost kit check",
        "frost token create",
        "curl",
    ):
        assert command in text
    assert shutil.which("bash")


def table_of(first):
    """(setting, default) of every row of the tables that begin with this column."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    return {name: default.strip("`") for name, default, about in rows if about and name.startswith(first)}


def shown(value):
    """A default as people write it."""
    if isinstance(value, dict):
        limits = [f"{limit} {bound}" for bound, limit in value.items()]
        return "unlimited" if set(value.values()) == {"unlimited"} else ", ".join(limits)
    return str(value).lower() if isinstance(value, bool) else str(value) if value else "none"


def test_every_setting_of_the_carry_policy_is_told_with_its_default():
    settings = settings_of(CarryPolicy())
    assert table_of("carry.") == {f"carry.{name}": shown(value) for name, value in settings.items()}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value == () else str(value) or "empty"


def test_every_setting_of_the_mail_account_is_told_with_its_default():
    account = SmtpAccount()
    names = [field.name for field in fields(account)]
    assert table_of("mail.") == {f"mail.{name}": _told(getattr(account, name)) for name in names}


def test_every_other_setting_is_told_with_its_default():
    told = {name: default for name, default in table_of("").items() if "." not in name}
    simple = [field.name for field in fields(Config) if field.name not in ("carry", "mail", "view")]
    defaults = {name: _told(getattr(Config(), name)) for name in simple}
    assert told == defaults
