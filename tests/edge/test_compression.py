"""Compression: what is public and large goes out as the client takes it, under a tag of its own; all else as it is."""

import gzip
import http.client
import json

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.accept import takes_gzip
from frostnode.edge.http.compression import Compression
from frostnode.edge.http.server import serve_http, server_settings
from frostnode.protocol.limits import COMPRESSED_BYTES_MAX, COMPRESSED_BYTES_MIN
from frostnode.testing.worker import InlineWorker

GZIP = {"accept-encoding": "gzip, deflate, br"}
TEXT = b"ice " * 1000


@pytest.mark.parametrize(
    ("header", "is_taken"),
    [
        ("gzip", True),
        ("GZIP ; Q=0.5", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("identity;q=0, *", True),
        ("gzip;q=0.2, identity;q=0.2", True),
        ("", False),
        ("identity", False),
        ("br, zstd", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=0.2, identity;q=0.3", False),
        ("gzip;q=x", False),
        ("gzipped", False),
    ],
)
def test_who_would_have_gzip_is_known_by_the_weights(header, is_taken):
    assert takes_gzip(header) is is_taken


@given(st.text(max_size=60))
def test_no_header_is_too_strange(header):
    assert takes_gzip(header) in (True, False)


class Counting(InlineWorker):
    """A worker that knows how often it was asked."""

    runs = 0

    async def run(self, work):
        self.runs += 1
        return await super().run(work)


class Served:
    """An application that answers one thing to everything, behind the compression."""

    def __init__(self, body=TEXT, status=200, pieces=1, **fields):
        self.worker = Counting()
        self.heard = []
        self._body = body
        self._status = status
        self._pieces = pieces
        self._fields = {"content_type": "text/html", "content_length": str(len(body)), **fields}
        self._app = Compression(self._inner, self.worker)

    async def _inner(self, scope, receive, send):
        self.heard.append(dict(scope["headers"]))
        headers = [
            (name.replace("_", "-").encode(), value.encode())
            for name, value in self._fields.items()
            if value is not None
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        step = -(-len(self._body) // self._pieces) or 1
        parts = [self._body[at : at + step] for at in range(0, len(self._body), step)] or [b""]
        for at, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": at < len(parts) - 1})

    async def ask(self, headers=GZIP, *, path="/search", method="GET"):
        """Status, fields and body of the answer."""
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": sent}
        messages = []

        async def send(message):
            messages.append(message)

        await self._app(scope, None, send)
        fields = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        return messages[0]["status"], fields, b"".join(message["body"] for message in messages[1:])


async def test_what_is_public_and_large_goes_out_compressed():
    _, fields, body = await Served(vary="accept").ask()
    assert fields["content-encoding"] == "gzip" and fields["content-length"] == str(len(body))
    assert fields["vary"] == "accept, accept-encoding"
    assert gzip.decompress(body) == TEXT and len(body) < 100
    _, fields, body = await Served(pieces=3).ask()
    assert fields["content-encoding"] == "gzip" and gzip.decompress(body) == TEXT


@pytest.mark.parametrize("headers", [{}, {"accept-encoding": "gzip;q=0"}, {"accept-encoding": "identity"}])
async def test_who_takes_it_plain_gets_it_plain_and_caches_learn_why(headers):
    _, fields, body = await Served().ask(headers)
    assert body == TEXT and "content-encoding" not in fields and fields["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "served",
    [
        Served(TEXT, cache_control="no-store"),
        Served(TEXT, cache_control="private, max-age=5"),
        Served(TEXT, cache_control="public, no-transform"),
        Served(TEXT, set_cookie="a=b"),
        Served(TEXT, content_encoding="br"),
        Served(TEXT, 206, content_range="bytes 0-3999/9999"),
        Served(TEXT, 206),
        Served(TEXT, content_length=None),
        Served(TEXT, content_type="text/event-stream", content_length=None),
        Served(TEXT, content_type="application/octet-stream"),
        Served(TEXT, content_type="application/cbor"),
        Served(TEXT, content_type="image/png"),
        Served(TEXT, content_type=None),
        Served(b"x" * (COMPRESSED_BYTES_MIN - 1)),
        Served(b"x" * (COMPRESSED_BYTES_MAX + 1)),
    ],
    ids=lambda served: str(served._fields)[:80],
)
async def test_what_is_not_for_all_or_goes_on_or_is_no_text_goes_out_as_it_is(served):
    _, fields, body = await served.ask()
    assert body == served._body and "vary" not in fields
    assert {name.replace("-", "_"): value for name, value in fields.items()} == {
        name: value for name, value in served._fields.items() if value is not None
    }


async def test_bounds_are_within():
    for size in (COMPRESSED_BYTES_MIN, COMPRESSED_BYTES_MAX):
        assert (await Served(b"x" * size).ask())[1]["content-encoding"] == "gzip"


@pytest.mark.parametrize("who", [{"cookie": "frost-session=x"}, {"authorization": "Bearer x"}])
async def test_who_says_who_asks_gets_it_plain(who):
    _, fields, body = await Served().ask({**GZIP, **who})
    assert body == TEXT and "content-encoding" not in fields and fields["vary"] == "accept-encoding"


async def test_files_that_never_change_have_no_secrets_whoever_asks():
    served = Served(cache_control="public, max-age=31536000, immutable")
    assert (await served.ask({**GZIP, "cookie": "a=b"}))[1]["content-encoding"] == "gzip"
    served = Served(cache_control="immutable")
    assert "content-encoding" not in (await served.ask({**GZIP, "cookie": "a=b"}))[1]


async def test_nodes_among_themselves_and_writes_are_left_alone():
    assert "content-encoding" not in (await Served().ask(path="/frost/node"))[1]
    served = Served(content_type="application/json", etag='"a"')
    _, fields, _ = await served.ask({**GZIP, "if-match": '"a-gzip"'}, method="PUT")
    assert "content-encoding" not in fields and fields["etag"] == '"a"'
    assert served.heard == [{b"accept-encoding": b"gzip, deflate, br", b"if-match": b'"a-gzip"'}]


@pytest.mark.parametrize(
    "kind",
    [
        "text/html; charset=utf-8",
        "application/json",
        "application/problem+json",
        "application/atom+xml",
        "image/svg+xml",
        "text/css; charset=utf-8",
        "text/javascript",
        "application/xml",
        "TEXT/PLAIN",
    ],
)
async def test_texts_of_all_kinds_are_compressed(kind):
    assert (await Served(content_type=kind).ask())[1]["content-encoding"] == "gzip"


async def test_a_head_says_what_a_get_says_but_for_the_length_that_nobody_has_computed():
    served = Served(etag='"a"')
    _, got, _ = await served.ask()
    runs = served.worker.runs
    _, head, _ = await served.ask(method="HEAD")
    del got["content-length"]
    assert head == got and served.worker.runs == runs
    _, head, _ = await served.ask({}, method="HEAD")
    assert head == (await served.ask({}))[1]


async def test_each_coding_has_its_tag():
    served = Served(etag='"a"')
    assert (await served.ask())[1]["etag"] == '"a-gzip"'
    assert (await served.ask({}))[1]["etag"] == '"a"'


@pytest.mark.parametrize(
    ("known", "accepted", "heard"),
    [
        ('"a"', "gzip", {'"a"'}),
        ('"a-gzip"', "gzip", {'"a"'}),
        ('W/"a-gzip", "b"', "gzip", {'"a"', '"b"'}),
        ('"a-gzip"', "identity", None),
        ('"a-gzip", "b"', "identity", {'"b"'}),
        ("*", "gzip", {"*"}),
    ],
)
async def test_the_application_is_told_the_tags_that_count(known, accepted, heard):
    served = Served(etag='"a"')
    await served.ask({"accept-encoding": accepted, "if-none-match": known})
    told = served.heard[0].get(b"if-none-match")
    assert (told and set(told.decode().split(", "))) == heard


@pytest.mark.parametrize(
    ("known", "accepted", "tag"),
    [('"a-gzip"', "gzip", '"a-gzip"'), ('"a"', "gzip", '"a"'), ('"a"', "identity", '"a"')],
)
async def test_what_is_unchanged_has_the_tag_that_the_client_has(known, accepted, tag):
    served = Served(b"", 304, etag='"a"', content_length=None, content_type=None)
    status, fields, body = await served.ask({"accept-encoding": accepted, "if-none-match": known})
    assert (status, fields, body) == (304, {"etag": tag, "vary": "accept-encoding"}, b"")


async def test_what_never_changes_is_compressed_once():
    served = Served(cache_control="public, max-age=31536000, immutable")
    first, second = await served.ask(), await served.ask()
    assert first == second and served.worker.runs == 1
    served = Served(cache_control="public, max-age=60")
    first, second = await served.ask(), await served.ask()
    assert first == second and served.worker.runs == 2


# over a node


@pytest.fixture(scope="module")
def known(make_lasting_node):
    node = make_lasting_node("compressed")
    node.ice = node.publish(
        ("dataset", "sea", {"title": "Sea ice", "description": "Ice of the sea. " * 200}), name="ice"
    )
    return node


async def test_pages_their_files_and_documents_are_smaller_and_the_same(known):
    url = f"{known.ice.did}/sea"
    for target in (
        "/",
        f"/record/{url}",
        f"/api/record/{url}",
        "/feeds/node",
        "/sitemap.xml",
        "/search?q=ice",
    ):
        plain, packed = await known.ask(target), await known.ask(target, headers=GZIP)
        assert ("content-encoding" in packed.headers) == (len(plain.body) >= COMPRESSED_BYTES_MIN), target
        if "content-encoding" in packed.headers:
            assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 2
            assert "accept-encoding" in plain.headers["vary"], target


async def test_whoever_has_a_document_is_told_no_more_than_that(known):
    for target in (f"/api/record/{known.ice.did}/sea", "/feeds/node"):
        tags = []
        for accepted in ({}, GZIP):
            answer = await known.ask(target, headers=accepted)
            tags.append(answer.headers["etag"])
            again = await known.ask(target, headers={**accepted, "if-none-match": tags[-1]})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tags[-1])
        assert tags[1] == tags[0][:-1] + '-gzip"'
        assert (await known.ask(target, headers={"if-none-match": tags[1]})).status == 200


async def test_a_head_of_a_document_is_compressed_like_its_get(known):
    target = f"/api/record/{known.ice.did}/sea"
    got = (await known.ask(target, headers=GZIP)).headers
    head = await known.ask(target, "HEAD", GZIP)
    for varying in ("content-length", "ratelimit"):
        got.pop(varying, None), head.headers.pop(varying, None)
    assert head.headers == got and head.body == b""


async def test_what_nodes_ask_each_other_stays_as_it_is(known):
    answer = await known.ask("/frost/node", headers=GZIP)
    assert "content-encoding" not in answer.headers and json.loads(answer.body)


async def test_pages_of_who_is_signed_in_stay_as_they_are(known):
    answer = await known.ask("/edit", headers=GZIP)
    assert answer.headers["cache-control"] == "no-store" and "content-encoding" not in answer.headers
    answer = await known.ask("/", headers={**GZIP, "cookie": "frost-session=x"})
    assert answer.status == 200 and "content-encoding" not in answer.headers


async def test_an_edit_of_what_was_read_compressed_is_of_that(own):
    token = await own.token("publish")
    url = f"/api/record/{own.did}/ice"
    assert (await own.write(token, "PUT", url, {"title": "Ice", "description": "Ice. " * 400})).status < 300
    read = await own.ask(url, headers=GZIP)
    assert read.headers["content-encoding"] == "gzip"
    tag = read.headers["etag"]
    assert (await own.write(token, "PUT", url, {"title": "Ice 2"}, if_match=tag)).status < 300
    assert (await own.write(token, "PUT", url, {"title": "Ice 3"}, if_match=tag)).code == "record.changed"


@pytest.mark.network
async def test_one_connection_goes_on_after_heads_and_compressed_answers(known):
    path, asked = f"/api/record/{known.ice.did}/sea", {"accept-encoding": "gzip"}

    def walk(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, path, headers=asked)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200 and answer.headers["content-encoding"] == "gzip"
            assert (method == "HEAD") if not body else json.loads(gzip.decompress(body))["key"] == "sea"
        connection.close()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, known.app, server_settings(), listeners)
        await trio.to_thread.run_sync(walk, listeners[0].socket.getsockname()[1])
        nursery.cancel_scope.cancel()
