"""A browser without a window, spoken to over its debugging pipe: what a person would see of a page, measured.

Chromium reads commands of the DevTools protocol from file descriptor 3 and answers on 4; nothing listens on a port.
"""

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
_ANSWER_S: Final = 30.0
_KEY_CODES: Final = {
    "Enter": 13,
    "Tab": 9,
    "Escape": 27,
    "Home": 36,
    "End": 35,
    "Delete": 46,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
_SHIFT: Final = 8
_STOP_S: Final = 10.0
_READ_BYTES: Final = 1 << 20
_MEASURE: Final = (
    "(() => {let s = 0; new PerformanceObserver(l => {for (const e of l.getEntries()) s += e.value; window.__shift = s})"
    ".observe({type: 'layout-shift', buffered: true}); window.__shift = 0})()"
)


def find_chromium() -> str | None:
    """The program; None where there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Browser:
    """One browser with one page."""

    def __init__(self, process: "subprocess.Popen[bytes]", to_it: int, from_it: int) -> None:
        self._process = process
        self._to_it, self._from_it = to_it, from_it
        self._number = 0
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self._session = ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=_MEASURE)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command and wait for its answer.

        Raises:
            RuntimeError: when it refuses; TimeoutError
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to_it, json.dumps(message).encode() + b"\0")
        limit = time.monotonic() + _ANSWER_S
        while True:
            found = self._read(limit)
            if found.get("id") == self._number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return dict(found["result"])
            self._events.append(found)

    def _read(self, limit: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self._from_it], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._from_it, _READ_BYTES)
            if not data:
                raise RuntimeError("the browser has ended")
            self._unread += data
        text, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(text))

    def look_as(self, *, width: int, height: int, dark: bool = False, script: bool = True) -> None:
        """Be a device of this width, with or without JavaScript, for a person who likes it light or dark."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)

    def go(self, url: str) -> None:
        """Open a page, and wait until all of it is there."""
        self._events.clear()
        self.ask("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def expect_page(self) -> None:
        """Forget what happened so far: what is waited for comes from here on."""
        self._events.clear()

    def wait(self, method: str) -> dict[str, Any]:
        """The next event of this name."""
        limit = time.monotonic() + _ANSWER_S
        while True:
            for event in self._events:
                if event.get("method") == method:
                    return event
            self._events.append(self._read(limit))

    def value(self, expression: str) -> Any:
        """What a script within the page answers."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"].get("exception", found)))
        return found["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key, as from a keyboard."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        common: dict[str, Any] = {
            "key": key,
            "windowsVirtualKeyCode": _KEY_CODES.get(key, 0),
            "modifiers": _SHIFT if shift else 0,
        }
        self.ask("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def drag(self, *points: tuple[float, float]) -> None:
        """Go with the mouse from point to point of the window, its button down from the first to the last."""
        for at, (x, y) in enumerate(points):
            place: dict[str, Any] = {"x": x, "y": y, "button": "left"}
            if at == 0:
                self.ask("Input.dispatchMouseEvent", type="mousePressed", clickCount=1, **place)
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", buttons=1, **place)
            if at == len(points) - 1:
                self.ask("Input.dispatchMouseEvent", type="mouseReleased", clickCount=1, **place)

    def touch(self, *points: tuple[float, float]) -> None:
        """Go with a finger from point to point of the window."""
        for at, (x, y) in enumerate(points):
            kind = "touchMove" if at else "touchStart"
            self.ask("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def shoot(self, file: Path) -> None:
        """The whole page as a picture."""
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(b64decode(found["data"]))

    def measured(self) -> Mapping[str, Any]:
        """What the page that is open weighs, what shifted, what sticks out at the side, and what the browser complains of."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        sizes = [
            event["params"]["encodedDataLength"]
            for event in self._events
            if event.get("method") == "Network.loadingFinished"
        ]
        asked = [
            event["params"]["request"]["url"]
            for event in self._events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        complaints = [
            event["params"]["entry"]["text"]
            for event in self._events
            if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
        ]
        wide = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
        return {
            "bytes": int(sum(sizes)),
            "requests": asked,
            "shift": round(float(self.value("window.__shift") or 0), 4),
            "sticks_out": int(self.value(wide)),
            "complaints": complaints,
        }


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser that lives as long as the context; `profile` is a folder for what it writes.

    Raises:
        FileNotFoundError: when none is installed
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("no Chromium here: `apt-get install chromium`")
    read_end, to_it = os.pipe()
    from_it, write_end = os.pipe()
    command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(  # noqa: S603 - the program was found by its name, the rest is from here
        ["bash", "-c", f'exec "$@" 3<&{read_end} 4>&{write_end}', "bash", *command],  # noqa: S607 - it is looked for
        pass_fds=(read_end, write_end),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_end)
    os.close(write_end)
    try:
        yield Browser(process, to_it, from_it)
    finally:
        os.close(to_it)
        os.close(from_it)
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
