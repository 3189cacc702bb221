"""A node that carries what it is given."""

import pytest

from frostnode.testing.small_node import SmallNode


@pytest.fixture
def node(tmp_path):
    made = SmallNode(tmp_path / "node")
    made.clock.step_ms(1_800_000_000_000)
    yield made
    made.close()
