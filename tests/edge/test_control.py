"""The control socket: who asks may leave, and who asks nonsense is told so; the node goes on."""

import json
from pathlib import Path

import pytest
import trio

from frostnode.edge.control import call, control_server
from frostnode.protocol.errors import LocalError, StorageError

pytestmark = pytest.mark.network


async def quiet(what: str, done: int, total: int | None) -> None:
    pass


class Worker:
    """One operation that tells of its progress when it may go on, and what became of it."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.done = trio.Event(), trio.Event(), trio.Event()

    async def operate(self, operation: str, params: object, progress: object) -> dict[str, object]:
        if operation == "fail":
            raise StorageError("storage.damaged", "a page", found=1, expected=2, hint="look")
        if operation == "work":
            self.begun.set()
            await self.go_on.wait()
            for number in range(100):
                await progress("working", number, 100)  # type: ignore[operator]
            self.done.set()
        return {"operation": operation}


async def test_who_asked_may_leave_and_the_work_is_finished(tmp_path: Path) -> None:
    worker, path = Worker(), tmp_path / "control.sock"
    async with control_server(path, worker.operate):
        stream = await trio.open_unix_socket(str(path))
        await stream.send_all(b'{"operation": "work", "params": {}}\n')
        await worker.begun.wait()
        await stream.aclose()
        worker.go_on.set()
        await worker.done.wait()
        assert await call(path, "status", {}, quiet) == {"operation": "status"}


async def test_errors_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with control_server(path, Worker().operate):
        with pytest.raises(StorageError) as failed:
            await call(path, "fail", {}, quiet)
    assert str(failed.value) == "a page: found 1, expected 2 (look)"
    assert failed.value.code == "storage.damaged"
    assert await call(path, "status", {}, quiet) is None


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"operation": "status"}', b"\xff", b"[" * 100_000])
async def test_nonsense_is_refused_and_the_next_is_answered(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "control.sock"
    async with control_server(path, Worker().operate):
        stream = await trio.open_unix_socket(str(path))
        async with stream:
            await stream.send_all(line + b"\n")
            answer = b"".join([chunk async for chunk in stream])
        assert json.loads(answer)["error"]["code"] == "usage"
        assert await call(path, "status", {}, quiet) == {"operation": "status"}


async def test_a_long_path_has_a_private_folder(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 40) / "control.sock"
    async with control_server(path, Worker().operate):
        assert await call(path, "status", {}, quiet) == {"operation": "status"}
        assert not path.exists()


async def test_silence_of_the_node_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    listener = trio.socket.socket(trio.socket.AF_UNIX)
    await listener.bind(str(path))
    listener.listen()
    async with trio.open_nursery() as nursery:

        async def hang_up(stream: trio.SocketStream) -> None:
            await stream.receive_some()
            await stream.aclose()

        nursery.start_soon(trio.serve_listeners, hang_up, [trio.SocketListener(listener)])
        with pytest.raises(LocalError) as failed:
            await call(path, "status", {}, quiet)
        assert failed.value.code == "home.answer"
        nursery.cancel_scope.cancel()
