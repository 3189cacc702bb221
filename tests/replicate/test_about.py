"""What a node says of itself: read as far as it may be long, and believed of nothing that it does not say."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import LogError, TransportError
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.limits import NODE_ABOUT_BYTES_MAX
from frostnode.replicate.about import About, ask_about, read_about
from frostnode.testing.loopback import loopback, response, saying

KEY = SigningKey(bytes(32)).public
NOBODY = About(key=None, offers=False, database="", is_listed=True)


def test_what_is_said_and_what_is_not():
    said = {"node_key": to_multibase(KEY), "offers": True, "database": "ab", "listed": False}
    assert read_about(json.dumps(said).encode()) == About(
        key=KEY, offers=True, database="ab", is_listed=False
    )
    assert read_about(b"{}") == NOBODY
    assert read_about(b'{"offers": true, "node_key": "z6Mk", "database": 1}') == NOBODY, "nobody takes offers"


@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()))
def test_anything_is_read_or_refused(raw):
    with suppress(LogError):
        assert isinstance(read_about(raw), About)


@pytest.mark.network
async def test_so_much_is_read_of_what_a_node_says_and_no_more():
    def said(size):
        return response(b'{"offers": false}'.ljust(size))

    answers = {
        "/a/frost/node": said(NODE_ABOUT_BYTES_MAX),
        "/b/frost/node": said(NODE_ABOUT_BYTES_MAX + 1),
    }
    async with loopback(saying(answers)) as server, HttpTransport() as transport:
        assert await ask_about(transport, f"{server.url}/a") == NOBODY
        with pytest.raises(TransportError) as caught:
            await ask_about(transport, f"{server.url}/b")
        assert caught.value.code == "transport.too-large"
