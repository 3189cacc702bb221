"""A node whose disk refuses something for a while: no stage ends, the status says what stands, and it is made up for."""

from contextlib import asynccontextmanager

import pytest
import trio

from frostnode.edge.sqlite.connection import Database
from frostnode.enduring import endure
from frostnode.node import live
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import STORAGE_RETRY_S, VIEW_INTERVAL_S
from frostnode.testing.memory_publisher import MemoryPublisher

FULL = StorageError("storage.failed", "database /somewhere/private: FullError", hint="make room on the disk")
SAID = "storage.failed: make room on the disk"


@asynccontextmanager
async def living(node):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(live, node.parts)
        yield
        nursery.cancel_scope.cancel()


def refuse(*_args, **_options):
    raise FULL


@pytest.mark.parametrize("view", ["catalog", "search"])
async def test_a_view_that_meets_a_full_disk_is_said_and_goes_on_later(
    node, view, monkeypatch, autojump_clock
):
    publisher = MemoryPublisher("source")
    publisher.put("a", {"title": "first words"})
    node.take(*publisher.stream())
    commit = Database.commit
    async with living(node):
        await trio.sleep(1)
        with monkeypatch.context() as patch:
            if view == "search":
                patch.setattr(node.index, "commit", refuse)
            else:
                catalog = node.folder / "catalog.db"
                patch.setattr(
                    Database, "commit", lambda self: refuse() if self.path == catalog else commit(self)
                )
            publisher.put("b", {"title": "second words"})
            node.take(*publisher.stream(1))
            await trio.sleep(10 * STORAGE_RETRY_S)
            status = await node.ask("status")
            assert status["troubles"] == {view: SAID}
            assert status[f"{view}_behind"] > 0
            assert (await node.ask("search", query="words", include="unknown"))["total"] == 1
        await trio.sleep(2 * STORAGE_RETRY_S + VIEW_INTERVAL_S)
        status = await node.ask("status")
        assert (status["troubles"], status["catalog_behind"], status["search_behind"]) == ({}, 0, 0)
        assert node.found("words") == {(publisher.did, "dataset", key) for key in "ab"}
    assert node.views("words") == node.rebuilt_views("words")


@pytest.mark.slow
async def test_no_stage_ends_for_good_when_the_store_can_be_neither_read_nor_written(
    node, monkeypatch, autojump_clock
):
    async with living(node):
        await trio.sleep(1)
        with monkeypatch.context() as patch:
            patch.setattr(Database, "begin", refuse)
            await trio.sleep(3 * 3600)
            assert node.parts.troubles
            assert set(node.parts.troubles.values()) == {SAID}
        await trio.sleep(3 * 3600)
        assert node.parts.troubles == {}


async def test_a_stage_that_ends_is_not_begun_again_and_a_defect_is_no_trouble(autojump_clock):
    begun, troubles = [], {}

    async def stage():
        begun.append(trio.current_time())
        if len(begun) == 1:
            raise FULL

    await endure("it", stage, troubles)
    assert begun[1] - begun[0] == STORAGE_RETRY_S

    async def defect():
        raise KeyError

    with pytest.raises(KeyError):
        await endure("it", defect, troubles)

    async def refused():
        raise FrostError("usage", "no storage error")

    with pytest.raises(FrostError):
        await endure("it", refused, troubles)


async def test_what_failed_inside_a_nursery_of_the_stage_is_endured_too(autojump_clock):
    troubles = {}

    async def part():
        raise FULL

    async def stage():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(part)
            await trio.sleep_forever()

    with trio.move_on_after(STORAGE_RETRY_S / 2):
        await endure("it", stage, troubles)
    assert troubles == {"it": SAID}
