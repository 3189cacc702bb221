"""The control socket: commands reach the running node through a file that only its owner can open.

One request per connection, JSON lines: `{"operation", "params"}`, then any number of
`{"progress": [what, done, total]}`, then `{"result"}` or `{"error"}`. File permission is the right.
"""

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import trio

from frostnode.protocol.errors import CODES, FrostError, LocalError
from frostnode.protocol.limits import (
    CONTROL_ANSWER_TIMEOUT_S,
    CONTROL_LINE_BYTES_MAX,
    CONTROL_PATH_BYTES_MAX,
    CONTROL_REQUEST_TIMEOUT_S,
)

Json: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[str, int, int | None], Awaitable[None]]
Operate: TypeAlias = Callable[[str, Mapping[str, Any], Progress], Awaitable[Json]]


def socket_path(path: Path) -> Path:
    """Where the socket really is: systems allow about 100 bytes, long paths go to a private folder."""
    if len(os.fsencode(path)) <= CONTROL_PATH_BYTES_MAX:
        return path
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"frost-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise LocalError(
            "home.busy", f"{folder} belongs to someone else", hint="use a shorter path for the home"
        )
    return folder / "control.sock"


@asynccontextmanager
async def control_server(path: Path, operate: Operate) -> AsyncIterator[None]:
    """Answer requests while the context lasts. The caller holds the home's lock: an old socket is dead."""
    real = socket_path(path)
    real.unlink(missing_ok=True)
    listener = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    await listener.bind(str(real))
    real.chmod(0o600)
    listener.listen(16)

    async def answer(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await _answer(stream, operate)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, answer, [trio.SocketListener(listener)])
            yield
            nursery.cancel_scope.cancel()
    finally:
        real.unlink(missing_ok=True)


async def _answer(stream: trio.SocketStream, operate: Operate) -> None:
    async def progress(what: str, done: int, total: int | None) -> None:
        # Whoever asked may have left: what was begun is finished all the same.
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await _send(stream, {"progress": [what, done, total]})

    try:
        line = None
        with trio.move_on_after(CONTROL_REQUEST_TIMEOUT_S):
            async with aclosing(_lines(stream)) as lines:
                line = await anext(lines, None)
        if line is None:
            return
        request = json.loads(line)
        result = await operate(request["operation"], request["params"], progress)
        await _send(stream, {"result": result})
    except FrostError as error:
        await _send(stream, {"error": error_json(error)})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        await _send(stream, {"error": error_json(LocalError("usage", f"request not understood: {error}"))})


async def call(path: Path, operation: str, params: Mapping[str, Any], progress: Progress) -> Json | None:
    """Ask the running node; None when none runs here.

    Raises:
        FrostError: what the node answered; LocalError: home.answer
    """
    try:
        stream = await trio.open_unix_socket(str(socket_path(path)))
    except OSError:
        return None
    async with stream, aclosing(_lines(stream)) as lines:
        try:
            await _send(stream, {"operation": operation, "params": dict(params)})
            with trio.fail_after(CONTROL_ANSWER_TIMEOUT_S) as patience:
                async for line in lines:
                    patience.deadline = trio.current_time() + CONTROL_ANSWER_TIMEOUT_S
                    message = json.loads(line)
                    if "progress" in message:
                        await progress(*message["progress"])
                    elif "error" in message:
                        raise error_from_json(message["error"])
                    else:
                        result: Json = message["result"]
                        return result
        except (trio.BrokenResourceError, trio.TooSlowError, ValueError, KeyError, TypeError) as error:
            raise LocalError(
                "home.answer", f"the running node did not answer: {type(error).__name__}"
            ) from error
    raise LocalError("home.answer", "the running node closed the connection", hint="it may have been stopped")


async def _send(stream: trio.SocketStream, message: Json) -> None:
    await stream.send_all(json.dumps(message, ensure_ascii=True).encode() + b"\n")


async def _lines(stream: trio.SocketStream) -> AsyncGenerator[bytes, None]:
    buffer = bytearray()
    searched = 0
    async for chunk in stream:
        buffer += chunk
        while (at := buffer.find(b"\n", searched)) >= 0:
            yield bytes(buffer[:at])
            del buffer[: at + 1]
            searched = 0
        searched = len(buffer)
        if len(buffer) > CONTROL_LINE_BYTES_MAX:
            raise ValueError(f"a line above {CONTROL_LINE_BYTES_MAX} bytes")


def error_json(error: FrostError) -> Json:
    """A typed error as plain values."""
    return {
        "code": error.code,
        "family": type(error).__name__,
        "message": error.message,
        "found": None if error.found is None else str(error.found),
        "expected": None if error.expected is None else str(error.expected),
        "hint": error.hint,
    }


def error_from_json(item: Json) -> FrostError:
    """The typed error again; its family follows from its name."""
    families = {cls.__name__: cls for cls in _all_families(FrostError)}
    family = families.get(str(item.get("family")), LocalError)
    code = str(item.get("code"))
    return family(
        code if code in CODES else "home.answer",
        str(item.get("message")),
        found=item.get("found"),
        expected=item.get("expected"),
        hint=str(item.get("hint") or ""),
    )


def _all_families(root: type[FrostError]) -> list[type[FrostError]]:
    return [root, *(found for child in root.__subclasses__() for found in _all_families(child))]
