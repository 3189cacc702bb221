"""Short names for what the publisher of the home has published."""

import pytest

from frostnode.config import Config
from frostnode.edge.home import Home
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.node import open_parts
from frostnode.operations.own_names import in_full
from frostnode.operations.table import operate
from frostnode.protocol.errors import LocalError


async def quiet(what, done, total):
    """Nobody looks on."""


@pytest.mark.slow
async def test_a_key_is_enough_at_home(tmp_path):
    home = Home(tmp_path / "home")
    found(home, Config(name="Home"), passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    async with open_parts(home, Config(name="Home")) as parts:
        records = [
            {"type": "dataset", "key": "ice", "title": "Ice"},
            {"type": "version", "key": "ice@1"},
            {"type": "org.example.buoy", "key": "b"},
        ]
        did = (await operate(parts, "publish", {"records": records}, quiet))["did"]
        await parts.project()

        async def full(operation="show", **params):
            return await in_full(parts, operation, params)

        assert await full(url="ice") == {"url": f"{did}/ice"}
        assert await full(url="ice@1") == {"url": f"{did}/ice@1"}
        assert await full(url="ice@latest") == {"url": f"{did}/ice@latest"}
        assert await full(url="~org.example.buoy/b") == {"url": f"{did}/~org.example.buoy/b"}
        assert await full("diff", a="ice", b=f"{did}/x") == {"a": f"{did}/ice", "b": f"{did}/x"}
        used = ["ice@1", "doi:10.5067/x", "https://example.org/code.git"]
        assert (await full("derive", used=used))["used"] == [f"{did}/ice@1", *used[1:]]
        assert await full("search", query="ice") == {"query": "ice"}
        for text in ("water", "ice@2", "two words"):
            with pytest.raises(LocalError) as caught:
                await full(url=text)
            assert caught.value.code == "record.not-found"
        shown = await operate(parts, "show", {"url": "ice"}, quiet)
        assert shown["url"].startswith(f"{did}/ice")
