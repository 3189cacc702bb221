"""What somebody at a machine must have been told of."""

import pytest

from frostnode.protocol.errors import TransportError
from frostnode.testing.faults import Fault
from frostnode.testing.own_home import OwnHome
from frostnode.testing.publisher import Publisher
from frostnode.testing.simulation.telling import counting


def counted(home):
    with home.store.read() as reader:
        return [index for _, index in counting(reader)]


async def test_what_is_written_ahead_and_not_signed_is_not_missed(tmp_path):
    publisher = Publisher()
    home = OwnHome.found(tmp_path / "home", publisher)
    origin = publisher.origin()
    await home.sequencer.commit(origin, [publisher.put("a")])
    home.signer.fail(1, Fault.NOT_WRITTEN)
    with pytest.raises(TransportError):
        await home.sequencer.commit(origin, [publisher.put("b")])
    assert counted(home) == [0]
    await home.sequencer.commit(origin, [publisher.put("c")])
    assert counted(home) == [0, 1, 2]
    home.close()
