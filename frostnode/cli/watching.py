"""Follow changes of a node and run a command for each: in order, one at a time, none left out.

Rules (spec/14-notices.md#watching):
- the place is kept in a file and moves on only when the command has ended well: what was missed comes later;
- the command is the operator's own and gets the event on its standard input; nothing that others wrote is ever part of
  a command line or a variable;
- a command that fails is tried again, further and further apart; so is a node that does not answer;
- a command that outlives its watcher is waited for: it has inherited a lock, so that no second one runs beside it;
- of a node that was set back is gone on from the newest kept place that it knows: what came behind it may come again.
"""

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import httpx
import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    CONNECT_TIMEOUT_S,
    WATCH_BACKOFF_FIRST_S,
    WATCH_BACKOFF_MAX_S,
    WATCH_EVENTS_MAX,
    WATCH_WAIT_S,
)

Event: TypeAlias = dict[str, Any]
"""A CloudEvent in JSON."""

Ask: TypeAlias = Callable[[str, int], tuple[list[tuple[Event, str]], str]]
"""ask(place, wait_s): events behind a place (or `now`, or `0` for the beginning), each with the place behind it, and the
place to go on."""

_GRACE_S: Final = 10
"""What an answer may take beyond the time that it may wait for news."""

_KILL_GRACE_S: Final = 5
_BEGINNING: Final = "0"


class Place:
    """Where one watcher of one target is: a file, replaced whole. Held by one process at a time."""

    def __init__(self, folder: Path, target: str) -> None:
        self.path = folder / f"{sha256(target.encode()).hexdigest()[:16]}.json"
        self._target = target
        self._marks: list[tuple[int, str]] = []
        """Places where it was, numbered, oldest first; the last is the place."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others out.

        Raises:
            LocalError: home.busy, input.unreadable
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = self.path.with_suffix(".lock").open("w")
        except OSError as error:
            raise LocalError("input.unreadable", f"{self.path}: {error.strerror}") from error
        with lock:
            if not _is_free(lock):
                raise LocalError("home.busy", f"{self._target} is watched by another process already")
            yield

    @contextmanager
    def running(self) -> Iterator[int]:
        """While a command runs: the descriptor of a lock for it to inherit. The file is gone when the command has ended."""
        path = self.path.with_suffix(".run")
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()
        path.unlink()  # a process that the command has left behind holds nobody up

    def left_running(self) -> str | None:
        """The process of a command that runs on and whose watcher was killed; None when there is none."""
        try:
            with self.path.with_suffix(".run").open("r", encoding="ascii", errors="replace") as lock:
                return None if _is_free(lock) else lock.read()
        except FileNotFoundError:
            return None

    def read(self) -> str | None:
        """The place, None at the first time.

        Raises:
            LocalError: input.unreadable
        """
        try:
            found = json.loads(self.path.read_text("utf-8"))
            place = str(found["place"])
            self._marks = [(int(number), str(mark)) for number, mark in found.get("marks", [[0, place]])]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(
                "input.unreadable", f"{self.path}: {error}", hint="remove it, or give --since"
            ) from error
        return place

    def write(self, place: str) -> None:
        """Move on: on disk when this returns."""
        self._marks = marked(self._marks, place)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"target": self._target, "place": place, "marks": self._marks}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def back(self) -> str | None:
        """Forget the last of the places; the one before it, None when there is none."""
        del self._marks[-1:]
        return self._marks[-1][1] if self._marks else None


def marked(marks: list[tuple[int, str]], place: str) -> list[tuple[int, str]]:
    """Numbered places with a new one: the further back the fewer are kept, of n some 2 log n, and always the first."""
    last = marks[-1][0] + 1 if marks else 0
    kept = [(n, mark) for n, mark in marks if n == 0 or last - n < 2 * (n & -n)]
    return [*kept, (last, place)]


def _is_free(lock: IO[str]) -> bool:
    """Whether nobody else holds a lock; it is held now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(slots=True)
class Source:
    """The changes of a node, by long polling."""

    node: str
    target: str
    is_test: bool = False
    """Whether a test notice is asked for, instead of what there is."""
    client: httpx.Client = field(
        default_factory=lambda: httpx.Client(trust_env=False, follow_redirects=False)
    )

    def next(self, place: str, wait_s: int) -> tuple[list[tuple[Event, str]], str]:
        """What the node has behind a place.

        Raises:
            TransportError; LocalError: what the node says of the request
        """
        query: dict[str, str | int] = {
            "since": place,
            "target": self.target,
            "wait": wait_s,
            "limit": WATCH_EVENTS_MAX,
            "test": int(self.is_test),
        }
        try:
            answer = self.client.get(
                f"{self.node.rstrip('/')}/frost/changes",
                params=query,
                timeout=httpx.Timeout(wait_s + _GRACE_S, connect=CONNECT_TIMEOUT_S),
            )
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise TransportError(
                "transport.unreachable", f"{self.node}: {type(error).__name__} {error}"
            ) from error
        if answer.status_code != 200:
            detail = document.get("detail") if isinstance(document, dict) else ""
            code = document.get("code") if isinstance(document, dict) else ""
            if answer.status_code < 500 and code in {
                "cursor.unknown",
                "cursor.malformed",
                "usage",
                "query.malformed",
            }:
                raise LocalError(str(code), str(detail or code))
            raise TransportError("transport.status", self.node, found=answer.status_code, expected=200)
        return [(event, str(event["id"])) for event in document["notices"]], str(document["next"])


def of_home(home: Path, target: str, *, is_test: bool = False) -> Ask:
    """The changes of the home's own node, through its control socket, with what is kept local; it must run."""
    place = Home(home)
    place.require()

    def ask(since: str, wait_s: int) -> tuple[list[tuple[Event, str]], str]:
        asked = {
            "target": target,
            "since": since,
            "wait_s": wait_s,
            "limit": WATCH_EVENTS_MAX,
            "test": is_test,
        }
        answer = trio.run(call, place.control, "changes", asked, _quietly)
        if answer is None:
            raise TransportError(
                "transport.unreachable", f"the node of {home} does not run", hint="`frost serve`"
            )
        return list(zip(answer["notices"], answer["places"], strict=True)), answer["next"]

    return ask


def test_event(source: Ask) -> Event:
    """The test notice of a source that asks for one.

    Raises:
        TransportError; LocalError: usage, when the node knows of none, and what it says of the request
    """
    events, _ = source("now", 0)
    for event, _ in events:
        if event["data"]["kind"] == "test":
            return event
    raise LocalError("usage", "the node sends no test notices")


async def _quietly(what: str, done: int, total: int | None) -> None:
    """Nobody looks at the progress of waiting."""


@dataclass(slots=True)
class Watching:
    """One watcher. `run` handles an event and says whether that went well; `say` is for people."""

    source: Ask
    place: Place
    run: Callable[[Event], bool]
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep

    def begin(self, since: str | None) -> str:
        """The place to go on from: the kept one, unless told otherwise; at the first time from now on."""
        kept = self.place.read() if since is None else None
        if kept is not None:
            return kept
        if since == "beginning":
            return _BEGINNING
        _, place = self._asked("now", 0)
        self.place.write(place)
        return place

    def once(self, place: str, wait_s: int = WATCH_WAIT_S) -> str:
        """Wait for news and handle all of it; answers the place to go on."""
        try:
            events, after = self._asked(place, wait_s)
        except LocalError as error:
            if error.code != "cursor.unknown" or place == _BEGINNING:
                raise
            return self._before(place)
        for event, behind in events:
            self._handle(event)
            self.place.write(behind)
        if after != place:
            self.place.write(after)
        return after

    def _before(self, place: str) -> str:
        """The newest place that is kept and that the node knows, where it does not know this one; else the beginning."""
        while (before := self.place.back()) is not None:
            try:
                self._asked(before, 0)
            except LocalError as error:
                if error.code != "cursor.unknown":
                    raise
                continue
            self.say(
                f"the node was set back behind {place}: going on from {before}, some changes may come again"
            )
            return before
        self.say(
            "the node knows none of the places that were kept: it is another one, or was set back to long ago."
            " Going through all changes from the beginning, those before the watch too (--since now leaves them out)"
        )
        self.place.write(_BEGINNING)
        return _BEGINNING

    def wait_for_the_last(self) -> None:
        """Wait until no command runs of a watcher that was killed."""
        pause_s = float(WATCH_BACKOFF_FIRST_S)
        while (process := self.place.left_running()) is not None:
            which = f"process {process}, or what it started" if process else "or what it started"
            self.say(
                f"the command of a watcher that was killed still runs ({which}):"
                f" waiting for its end, looking again in {pause_s:.0f} s"
            )
            self.sleep(pause_s)
            pause_s = min(2 * pause_s, WATCH_BACKOFF_MAX_S)

    def _asked(self, place: str, wait_s: int) -> tuple[list[tuple[Event, str]], str]:
        pause_s = float(WATCH_BACKOFF_FIRST_S)
        while True:
            try:
                return self.source(place, wait_s)
            except TransportError as error:
                self.say(f"{error}; again in {pause_s:.0f} s")
            self.sleep(pause_s)
            pause_s = min(2 * pause_s, WATCH_BACKOFF_MAX_S)

    def _handle(self, event: Event) -> None:
        pause_s = float(WATCH_BACKOFF_FIRST_S)
        while not self.run(event):
            self.say(f"the command failed for {event['id']}; again in {pause_s:.0f} s")
            self.sleep(pause_s)
            pause_s = min(2 * pause_s, WATCH_BACKOFF_MAX_S)


def run_command(command: str, event: Event, timeout_s: float, lock: int | None = None) -> bool:
    """Run the operator's command in a shell with the event on its standard input; whether it ended well, in time.

    It has a process group of its own, so that all of it ends when the time is over. It inherits the descriptor `lock`.
    """
    process = subprocess.Popen(  # noqa: S602 - the operator's own words; nothing of the event is in them
        command,
        shell=True,
        stdin=subprocess.PIPE,
        start_new_session=True,
        pass_fds=[] if lock is None else [lock],
    )
    if lock is not None:
        os.write(lock, str(process.pid).encode())  # for whoever waits for it
    try:
        process.communicate(json.dumps(event, ensure_ascii=True).encode() + b"\n", timeout=timeout_s)
    except BrokenPipeError:
        process.wait(timeout=timeout_s)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
        _end(process)
        if isinstance(stopped, KeyboardInterrupt):
            raise
        return False
    return process.returncode == 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command and all that it started."""
    for signal_ in (15, 9):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal_)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_KILL_GRACE_S)
            return
