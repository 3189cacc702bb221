"""Whoever says what they have seen writes over nothing else; who writes one record waits until nobody else does."""

import pytest
import trio
import trio.testing

from frostnode.config import Config
from frostnode.edge.home import Home
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.node import open_parts
from frostnode.operations.held_names import HeldNames
from frostnode.operations.table import operate
from frostnode.protocol.errors import LocalError


async def quiet(what, done, total):
    """Nobody looks on."""


@pytest.fixture
async def ask(tmp_path):
    home, config = Home(tmp_path / "home"), Config(name="Home")
    found(home, config, passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    async with open_parts(home, config) as parts:

        async def run(operation, **params):
            return await operate(parts, operation, params, quiet)

        async def put(title, expected=None):
            record = {"type": "dataset", "key": "ice", "title": title}
            (done,) = (await run("publish", records=[record], expected=expected))["records"]
            return done

        run.put = put
        yield run


async def refused(ask, *args):
    with pytest.raises(LocalError) as error:
        await ask.put(*args)
    return error.value.code


async def test_an_edit_names_the_entry_that_it_replaces(ask):
    assert await refused(ask, "One", "*") == "record.changed"
    first = await ask.put("One", "")
    assert (first["status"], first["replaces"]) == ("published", None)
    assert await refused(ask, "Two", "") == "record.changed"
    second = await ask.put("Two", first["header"])
    assert second["replaces"] == first["header"]
    assert await refused(ask, "Three", first["header"]) == "record.changed"
    again = await ask.put("Two", first["header"])
    assert (again["status"], again["header"], again["index"]) == (
        "unchanged",
        second["header"],
        second["index"],
    ), "who says what stands there already has lost nothing"
    third = await ask.put("Three", "*")
    url = third["url"]
    with pytest.raises(LocalError) as error:
        await ask("withdraw", url=url, expected=second["header"])
    assert error.value.code == "record.changed"
    (gone,) = (await ask("withdraw", url=url, expected=third["header"]))["records"]
    assert gone["replaces"] == third["header"]
    assert await refused(ask, "Four", "*") == "record.changed"
    assert (await ask.put("Four", ""))["replaces"] is None


async def test_of_two_edits_of_the_same_entry_one_wins(ask):
    first = await ask.put("One")
    outcomes = []

    async def edit(title):
        try:
            outcomes.append((await ask.put(title, first["header"]))["status"])
        except LocalError as error:
            outcomes.append(error.code)

    async with trio.open_nursery() as nursery:
        for title in ("Two", "Three", "Four"):
            nursery.start_soon(edit, title)
    assert sorted(outcomes) == ["published", "record.changed", "record.changed"]


async def test_the_same_words_at_the_same_time_are_published_once(ask):
    statuses = []

    async def put():
        statuses.append((await ask.put("One"))["status"])

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(put)
    assert sorted(statuses) == ["published", "unchanged", "unchanged", "unchanged"]


async def test_names_are_held_by_one_and_others_go_on():
    names, order = HeldNames(), []

    async def hold(who, *held, until=None):
        async with names.of(held):
            order.append(who)
            if until is not None:
                await until.wait()

    done = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: hold("first", "a", "b", until=done))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(hold, "waits", "b", "c")
        nursery.start_soon(hold, "another", "d")
        await trio.testing.wait_all_tasks_blocked()
        assert order == ["first", "another"]
        done.set()
    assert order == ["first", "another", "waits"]
