"""What people would otherwise copy many small files with: `git clone`, checked and on disk, but signed by nobody."""

import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

_SETTINGS = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
_CHECKED = ("-c", "transfer.fsckObjects=true", "-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync")


def make_repository(folder: Path, files: Iterable[bytes]) -> None:
    """Commit these files, 256 to a folder, in one commit."""
    _git("init", "--quiet", "--bare", str(folder))
    with subprocess.Popen(
        ["git", "-C", str(folder), "fast-import", "--quiet"],
        stdin=subprocess.PIPE,
        env=_environment(),
    ) as process:
        assert process.stdin is not None
        write = process.stdin.write
        write(b"commit refs/heads/main\ncommitter bench <bench@example.org> 0 +0000\ndata 0\n")
        for n, content in enumerate(files):
            write(b"M 100644 inline %d/%d\ndata %d\n" % (n // 256, n, len(content)) + content + b"\n")
    assert process.returncode == 0, "git fast-import failed"
    _git("-C", str(folder), "symbolic-ref", "HEAD", "refs/heads/main")


def clone_s(source: Path, target: Path) -> float:
    """Seconds that a bare clone takes through git's own transport, every object checked and flushed."""
    begun = time.perf_counter()
    _git(*_CHECKED, "clone", "--quiet", "--bare", "--no-local", source.as_uri(), str(target))
    return time.perf_counter() - begun


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, **_SETTINGS}
