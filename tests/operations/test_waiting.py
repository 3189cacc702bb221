"""What was written ahead and could not be revealed waits: the status says so, the next publication goes on, and repeats nothing."""

import pytest

from frostnode.config import Config
from frostnode.edge.home import Home
from frostnode.edge.sqlite.connection import Database
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.node import open_parts
from frostnode.operations.table import operate
from frostnode.protocol.errors import StorageError


async def quiet(what, done, total):
    """Nobody looks on."""


def record(key):
    return {"type": "dataset", "key": key, "title": f"Title {key}"}


@pytest.mark.slow
@pytest.mark.parametrize("again", ["waits", "next"], ids=["the same again", "another record"])
async def test_a_failed_reveal_is_said_and_finished_by_the_next_publication(tmp_path, monkeypatch, again):
    home, config = Home(tmp_path / "home"), Config(name="Home")
    found(home, config, passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    commits, commit = [], Database.commit

    def fail_the_second(database):
        if database.path == home.log_store:
            commits.append(database)
            if len(commits) == 2:
                raise StorageError("storage.failed", "commit", hint="make room on the disk")
        commit(database)

    async with open_parts(home, config) as parts:

        async def ask(operation, **params):
            return await operate(parts, operation, params, quiet)

        async def sizes():
            (hosted,) = (await ask("status"))["hosted"]
            return hosted["size"], hosted["served"]

        size, served = await sizes()
        assert size == served
        with monkeypatch.context() as patch:
            patch.setattr(Database, "commit", fail_the_second)
            with pytest.raises(StorageError):
                await ask("publish", records=[record("waits")])
        assert await sizes() == (size + 1, size)
        answer = await ask("publish", records=[record(again)])
        entries = 1 if again == "waits" else 2
        assert [one["status"] for one in answer["records"]] == ["unchanged" if entries == 1 else "published"]
        assert await sizes() == (size + entries, size + entries)
        await parts.project()
        assert (await ask("search", query="title"))["total"] == entries
        assert (await ask("fsck"))["findings"] == []


@pytest.mark.slow
async def test_who_publishes_while_carriers_are_asked_is_told_what_is_waited_for(tmp_path):
    home, config, told = Home(tmp_path / "home"), Config(name="Home"), []
    found(home, config, passphrase="p", kit=None, peers=[], cost=CHEAPEST)

    async def look_on(what, done, total):
        told.append(what)

    async with open_parts(home, config) as parts:
        origin = (await operate(parts, "status", {}, quiet))["hosted"][0]["origin"]
        parts.start_check.waiting[origin] = "none of 1 carriers answers"
        await operate(parts, "publish", {"records": [record("one")]}, look_on)
    assert told == ["publishing waits: none of 1 carriers answers", "publishing"]
