"""Small nodes in temporary folders."""

import pytest

from frostnode.testing.small_node import SmallNode


@pytest.fixture
def make_node(tmp_path):
    nodes = []

    def make(name="node"):
        nodes.append(SmallNode(tmp_path / name))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def node(make_node):
    return make_node()
