"""A folder of files on any web server is followed like a node: all of it, once, and nothing that it cannot prove."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
import trio

from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.limits import FRAME_BODIES_BYTES_MAX, STATIC_FETCHES_MAX
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.tiles import encode_bundle
from frostnode.replicate import static
from frostnode.replicate.world import Detail
from frostnode.testing.loopback import asgi, files, loopback, response, saying
from frostnode.testing.static_export import export_static

pytestmark = pytest.mark.network


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive"


def everything(make_node, make_publisher):
    """A node that holds something of all there is."""
    one = make_node("one")
    for name, count in (("a", 1), ("b", 255), ("c", 256), ("d", 600)):
        one.take(*make_publisher(name, count, 10).stream())
    odd = make_publisher("odd", 4)
    odd.append(b"not a header", None)
    odd.append(b"", None)
    odd.withdraw("key-0")
    for at in range(3):
        odd.put(f"large-{at}", {"title": "large", "text": "x" * (1_500_000 + at)})
    one.take(*odd.stream(), *odd.move().stream())
    cut = make_publisher("cut", 300)
    one.take(*cut.stream(), cut.move(290).events())
    one.take(make_publisher("silent", 0).events())
    with one.store.write() as writer:
        writer.withhold_leaf(odd.origin, 1, "erased", "by law")
        writer.withhold_leaf(make_publisher("d", 600, 10).origin, 300, "refused", "spam")
        writer.withhold_body(odd.origin, 2, "refused", "too large for us")
    return one


async def copy_of(make_node, transport, server, name="two"):
    """A node that has followed a server once."""
    node = make_node(name)
    await node.follower(server.url, transport).once()
    return node


# all of it


@pytest.mark.slow
async def test_a_folder_and_a_stream_make_the_same_copy(make_node, make_publisher, transport, clock, folder):
    one = everything(make_node, make_publisher)
    export_static(one.store, folder)
    async with loopback(asgi(one.app)) as server:
        streamed = await copy_of(make_node, transport, server, "streamed")
    async with loopback(files(folder)) as server:
        copied = await copy_of(make_node, transport, server, "copied")
    assert copied.contents() == streamed.contents()
    assert len(copied.contents()) == 7
    odd = make_publisher("odd", 4)
    with copied.store.read() as reader:
        assert list(reader.leaves(odd.origin, 0, 256).withheld) == [
            WithheldLeaf(1, leaf_hash(odd.leaves[1]), "by law")
        ]
        assert reader.log(make_publisher("cut", 300).origin).held.size == 290


@pytest.fixture
def python_server(folder):
    """The web server that comes with Python, as a process of its own; answers its URL."""
    folder.mkdir()
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline().split()[5])}"
        process.terminate()


@pytest.mark.slow
async def test_the_plain_web_server_of_python_will_do(
    make_node, make_publisher, transport, folder, python_server
):
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher(count=300).stream())
    export_static(one.store, folder)
    await two.follower(python_server, transport).once()
    assert two.contents() == one.contents()


async def test_an_object_store_that_says_403_for_what_is_not_there_will_do(
    make_node, make_publisher, transport, clock, folder
):
    one = make_node("one")
    one.take(*make_publisher().stream())
    export_static(one.store, folder)

    async def bucket(target, stream):
        path = folder / target.partition("?")[0].lstrip("/")
        answer = response(path.read_bytes()) if path.is_file() else response(b"<Error/>", 403)
        await stream.send_all(answer)

    async with loopback(bucket) as server:
        assert (await copy_of(make_node, transport, server)).contents() == one.contents()


@pytest.mark.slow
async def test_what_was_copied_is_served_on(make_node, make_publisher, transport, clock, folder):
    one = make_node("one")
    source = make_publisher(count=260, every=20)
    one.take(*source.stream(), *source.move().stream())
    export_static(one.store, folder)
    async with loopback(files(folder)) as server:
        two = await copy_of(make_node, transport, server)
    async with loopback(asgi(two.app)) as server:
        three = await copy_of(make_node, transport, server, "three")
    assert three.contents() == one.contents()


# only what is new


@pytest.mark.slow
async def test_what_is_held_is_not_asked_for(make_node, make_publisher, transport, clock, folder):
    one, two = make_node("one"), make_node("two")
    source, other = make_publisher("a", 300, every=30), make_publisher("b", 3)
    one.take(*source.stream(), *other.stream())
    export_static(one.store, folder)
    async with loopback(files(folder)) as server:
        await two.follower(server.url, transport).once()
        assert server.count("/identity") == 2
        assert server.count("/body/") == 12  # one is in both logs
        assert server.count("/tile/entries/") == 3
        assert server.count("/checkpoint") == server.count("/withheld/") == 0
        server.requests.clear()
        await two.follower(server.url, transport).once()
        assert server.requests == [
            "/frost/heads/ranges",
            "/frost/stream?live=false&detail=heads",
            "/frost/stream?live=false",
            "/frost/heads/0",
        ]

        for at in range(2):
            source.put(f"more-{at}", {"title": "more"})
        one.take(*source.stream(300))
        export_static(one.store, folder)
        server.requests.clear()
        follower = two.follower(server.url, transport)
        await follower.once()
        assert two.contents() == one.contents()
        assert follower.status.entries == 2
        assert server.count("/body/") == 2
        assert server.count("/tile/entries/") == 1
        assert server.count("/identity") == 0
        assert len(server.requests) <= 8

        one.take(other.move().events())
        export_static(one.store, folder)
        server.requests.clear()
        await two.follower(server.url, transport).once()
        assert two.contents() == one.contents()
        assert [target for target in server.requests if "/identity" in target] == [
            f"/frost/{other.did}/identity"
        ]
        assert server.count("/body/") == server.count("/tile/") == 0


@pytest.mark.slow
async def test_a_running_follower_looks_again_and_again(make_node, make_publisher, transport, clock, folder):
    one, two = make_node("one"), make_node("two")
    source = make_publisher()
    one.take(*source.stream())
    export_static(one.store, folder)
    async with loopback(files(folder)) as server, trio.open_nursery() as nursery:
        nursery.start_soon(two.follower(server.url, transport).run)
        await two.until(lambda: two.contents() == one.contents())
        await trio.sleep(600)
        assert 10 <= server.count("/heads/") <= 30
        source.put("more", {"title": "more"})
        one.take(*source.stream(3))
        export_static(one.store, folder)
        begun = trio.current_time()
        await two.until(lambda: two.contents() == one.contents())
        assert trio.current_time() - begun <= 60
        assert two.peer(server.url)[1] == ""
        nursery.cancel_scope.cancel()


async def test_only_the_publishers_that_are_followed_are_asked_for(
    make_node, make_publisher, transport, clock, folder
):
    one, two = make_node("one"), make_node("two")
    wanted, other = make_publisher("a"), make_publisher("b")
    one.take(*wanted.stream(), *other.stream())
    export_static(one.store, folder)
    async with loopback(files(folder)) as server:
        await two.follower(server.url, transport, frozenset([wanted.did])).once()
        assert list(two.contents()) == [wanted.did]
        assert server.count(other.did) == 0


@pytest.mark.slow
async def test_bodies_that_are_not_there_are_asked_for_once_while_it_is_followed(
    make_node, make_publisher, transport, clock, folder
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=300, every=10)
    one.take(*source.stream())
    export_static(one.store, folder)
    bodies = sorted((folder / "frost/body").iterdir())
    lost = [(body, body.read_bytes()) for body in bodies[::3]]
    for body, _ in lost:
        body.unlink()
    async with loopback(files(folder)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert follower.status.error == ""
        with two.store.read() as reader:
            assert len(reader.missing_bodies(source.origin, 0, 1000)) == len(lost) == 10
        server.requests.clear()
        await follower.once()
        assert len(server.requests) == 2
        for body, data in lost:
            body.write_bytes(data)
        await two.follower(server.url, transport).once()
        assert two.contents() == one.contents()
        assert server.count("/body/") == len(lost)
        assert server.count("/tile/") == 0


# epochs that end


@pytest.mark.parametrize("checkpoint", ["larger", "absent", "smaller"])
@pytest.mark.parametrize("size", [290, 256, 255])
async def test_of_an_ended_epoch_that_counts_which_the_end_says(
    make_node, make_publisher, transport, clock, folder, checkpoint, size
):
    """Whoever wrote the archive may not have heard of the end, and then its tiles are those of its own tree."""
    writer, two = make_node("writer"), make_node("two")
    source = make_publisher(count=300, every=50)
    moved = source.move(size)
    if checkpoint == "larger":
        writer.take(*source.stream())
        two.take(moved.events())
    elif checkpoint == "absent":
        writer.take(source.events(), moved.events())
        for start, stop in ((0, min(size, 256)), (256, size)):
            if start < stop:
                writer.take(source.entries(start, stop, size), source.bodies_frame(start, stop))
    else:
        writer.take(source.events(), *list(make_publisher(count=200, every=50).stream())[1:])
        two.take(moved.events())
    export_static(writer.store, folder)
    async with loopback(files(folder)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert follower.status.error == ""
        with two.store.read() as reader:
            assert reader.log(source.origin).held == source.tree(0 if checkpoint == "smaller" else size)
        assert server.count("/tile/") == 0 if checkpoint == "smaller" else server.count("/tile/") > 0


@pytest.fixture
def offered(make_node, make_publisher, transport, clock, folder):
    """What a node notes of a source whose files are in the folder, now that it has looked at them again."""
    two = make_node("two")

    async def look(source, server, *, heads_only=False):
        follower = two.follower(server.url, transport)
        follower.status.detail = Detail.HEADS if heads_only else Detail.FULL
        await follower.once()
        with two.store.read() as reader:
            return reader.offers(source.origin)[server.url], reader.lag(server.url).leaves

    return look


async def test_a_source_that_was_set_back_is_noted_to_have_less_again(
    make_node, make_publisher, offered, folder
):
    """Whether what it has now is less than what is held, the same, or more: nothing is owed that it has no more."""
    grown, short, same = (folder.parent / name for name in ("grown", "short", "same"))
    for count, where in ((2, short), (3, same), (5, grown)):
        one = make_node(where.name)
        source = make_publisher(count=count)
        one.take(*source.stream())
        export_static(one.store, where)
    async with loopback(files(same)) as server:
        assert await offered(source, server) == (3, 0)
        server.handler = files(grown)
        assert await offered(source, server, heads_only=True) == (5, 2)
        server.handler = files(same)
        assert await offered(source, server) == (3, 0)
        server.handler = files(grown)
        assert await offered(source, server, heads_only=True) == (5, 2)
        server.handler = files(short)
        assert await offered(source, server) == (2, 0)
        assert await offered(source, server, heads_only=True) == (2, 0)
        server.handler = files(grown)
        assert await offered(source, server) == (5, 0)


async def test_a_source_that_was_set_back_before_an_end_is_noted_to_have_less_again(
    make_node, make_publisher, offered, folder
):
    grown, short = folder.parent / "grown", folder.parent / "short"
    one, old = make_node("one"), make_node("old")
    source = make_publisher(count=5)
    moved = source.move()
    one.take(*source.stream(), *moved.stream())
    old.take(*make_publisher(count=3).stream())
    export_static(one.store, grown)
    export_static(old.store, short)
    async with loopback(files(grown)) as server:
        assert await offered(source, server) == (5, 0)
        server.handler = files(short)
        assert await offered(source, server) == (3, 0)


@pytest.mark.slow
async def test_partial_tiles_may_be_gone_when_the_full_ones_came(
    make_node, make_publisher, transport, clock, folder
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=200, every=20)
    one.take(*source.stream())
    export_static(one.store, folder)
    heads = (folder / "frost/heads/0").read_bytes()
    for at in range(200, 300):
        source.put(f"key-{at}", {"title": "more"})
    one.take(*source.stream(200))
    export_static(one.store, folder)
    (folder / "frost/heads/0").write_bytes(heads)
    for old in folder.glob(f"frost/{source.origin}/tile/**/000.p/200"):
        old.unlink()
    async with loopback(files(folder)) as server:
        await two.follower(server.url, transport).once()
    with two.store.read() as reader:
        assert reader.log(source.origin).served == 200


# nothing that it cannot prove


def flip(file: Path, at=-1):
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def edit_head(folder, log, /, **changes):
    file = folder / "frost/heads/0"
    page = json.loads(file.read_bytes())
    for head in page["heads"]:
        if head["origin"] == log:
            head.update(changes)
    file.write_text(json.dumps(page))


def nested(depth):
    return b'{"heads": ' + b"[" * depth + b"]" * depth + b', "next": null}'


SPOILED = {
    "a bundle": (lambda f, p: flip(f / f"frost/{p.origin}/tile/entries/001.p/44"), "tree.root"),
    "a bundle cut short": (
        lambda f, p: (f / f"frost/{p.origin}/tile/entries/000").write_bytes(encode_bundle(p.leaves[:255])),
        "tile.malformed",
    ),
    "a bundle of garbage": (
        lambda f, p: (f / f"frost/{p.origin}/tile/entries/000").write_bytes(b"\xff" * 1000),
        "tile.malformed",
    ),
    "a bundle of too many leaves": (
        lambda f, p: (f / f"frost/{p.origin}/tile/entries/000").write_bytes(bytes(2 * 257)),
        "tile.malformed",
    ),
    "a bundle without end": (
        lambda f, p: (f / f"frost/{p.origin}/tile/entries/000").write_bytes(bytes(5_000_000)),
        "transport.too-large",
    ),
    "a bundle that is not there": (
        lambda f, p: (f / f"frost/{p.origin}/tile/entries/000").unlink(),
        "record.not-found",
    ),
    "a tile": (lambda f, p: flip(f / f"frost/{p.origin}/tile/1/000.p/1"), "tree.root"),
    "a tile cut short": (
        lambda f, p: (f / f"frost/{p.origin}/tile/1/000.p/1").write_bytes(bytes(31)),
        "tile.malformed",
    ),
    "a tile that is not there": (
        lambda f, p: (f / f"frost/{p.origin}/tile/1/000.p/1").unlink(),
        "record.not-found",
    ),
    "a body": (lambda f, p: flip(body_file(f, p, 7)), "body.hash"),
    "a body too long": (lambda f, p: body_file(f, p, 7).write_bytes(bytes(100_000)), "body.hash"),
    "a body too short": (lambda f, p: body_file(f, p, 7).write_bytes(b""), "body.hash"),
    "an identity": (lambda f, p: flip(f / f"frost/{p.did}/identity"), None),
    "an identity of nothing": (
        lambda f, p: (f / f"frost/{p.did}/identity").write_bytes(b""),
        "identity.unknown",
    ),
    "an identity cut short": (
        lambda f, p: (f / f"frost/{p.did}/identity").write_bytes(b"\x59\x01"),
        "frame.malformed",
    ),
    "an identity of very many events": (
        lambda f, p: (f / f"frost/{p.did}/identity").write_bytes(b"\x40" * 1_000_000),
        None,
    ),
    "an identity that is not there": (
        lambda f, p: (f / f"frost/{p.did}/identity").unlink(),
        "record.not-found",
    ),
    "a checkpoint": (lambda f, p: edit_head(f, p.origin, checkpoint="garbage"), "note.malformed"),
    "a checkpoint of another tree": (
        lambda f, p: edit_head(f, p.origin, checkpoint=p.note(299).decode().replace("\n299\n", "\n300\n")),
        "note.signature",
    ),
    "a tip": (lambda f, p: edit_head(f, p.origin, tip="garbage"), "heads.malformed"),
    "a tip that is no text": (lambda f, p: edit_head(f, p.origin, tip=7), "heads.malformed"),
    "half a character": (lambda f, p: edit_head(f, p.origin, checkpoint="\ud800"), "heads.malformed"),
    "another publisher": (lambda f, p: edit_head(f, p.origin, did="did:frost:x"), "heads.malformed"),
    "an origin": (lambda f, p: edit_head(f, p.origin, origin="../../etc"), "heads.malformed"),
    "a page": (lambda f, p: (f / "frost/heads/0").write_bytes(b"<html>"), "heads.malformed"),
    "a page of another kind": (lambda f, p: (f / "frost/heads/0").write_bytes(b"[]"), "heads.malformed"),
    "a page of no lines": (
        lambda f, p: (f / "frost/heads/0").write_bytes(b'{"heads": [1], "next": null}'),
        "heads.malformed",
    ),
    "a page that leads back": (
        lambda f, p: (f / "frost/heads/0").write_bytes(b'{"heads": [], "next": 0}'),
        "heads.malformed",
    ),
    "a page that leads nowhere": (
        lambda f, p: (f / "frost/heads/0").write_bytes(b'{"heads": [], "next": 1.5}'),
        "heads.malformed",
    ),
    "a page that leads far away": (
        lambda f, p: (f / "frost/heads/0").write_bytes(b'{"heads": [], "next": 123456789012345678901}'),
        "heads.malformed",
    ),
    "a deep page": (lambda f, p: (f / "frost/heads/0").write_bytes(nested(100_000)), "heads.malformed"),
    "a page of a long number": (
        lambda f, p: (f / "frost/heads/0").write_bytes(b'{"next": ' + b"9" * 10_000 + b"}"),
        "heads.malformed",
    ),
    "no page": (lambda f, p: (f / "frost/heads/0").unlink(), "record.not-found"),
}
OF_THE_WHOLE = {name for name in SPOILED if "page" in name or "heads.malformed" in SPOILED[name]}


def body_file(folder, publisher, index):
    wanted = publisher.bodies[index]
    return next(file for file in (folder / "frost/body").iterdir() if file.read_bytes() == wanted)


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The export of a node with three publishers, to be copied and spoiled."""
    from frostnode.testing.memory_publisher import MemoryPublisher
    from frostnode.testing.peers import PeerNode

    place = tmp_path_factory.mktemp("archive")
    node, publishers = PeerNode(place), []
    for name in ("a", "b", "c"):
        publishers.append(MemoryPublisher(name))
        for at in range(300 if name == "b" else 2):
            if at in (0, 7, 100, 290):
                publishers[-1].put(f"key-{at}", {"title": f"Title {at} of {name}"})
            else:
                publishers[-1].withdraw(f"key-{at}")
        node.take(*publishers[-1].stream())
    export_static(node.store, place / "files")
    contents = node.contents()
    node.close()
    return place / "files", publishers[1], contents


@pytest.mark.slow
@pytest.mark.parametrize("what", SPOILED)
async def test_what_is_wrong_is_refused_and_told_and_stops_no_other_log(
    make_node, transport, clock, archive, tmp_path, what
):
    original, source, contents = archive
    folder = tmp_path / "spoiled"
    copytree(original, folder)
    spoil, code = SPOILED[what]
    spoil(folder, source)
    two = make_node("two")
    async with loopback(files(folder)) as server:
        follower = two.follower(server.url, transport)
        with pytest.raises(FrostError) as caught:
            await follower.once()
        if code is not None:
            assert caught.value.code == code
        assert follower.status.error == two.peer(server.url)[1] == f"{caught.value.code}: {caught.value}"
        assert follower.status.error.isprintable()
        mine = two.contents()
        expected = (
            {} if what in OF_THE_WHOLE else {did: contents[did] for did in contents if did != source.did}
        )
        assert {did: mine[did] for did in mine if did != source.did} == expected
        _, logs = mine.get(source.did, ([], []))
        for (_, held, served, _, leaves, bodies), (_, _, _, _, all_leaves, all_bodies) in zip(
            logs, contents[source.did][1], strict=False
        ):
            assert held == source.tree(held.size)
            assert served in (0, 300)
            assert leaves == all_leaves[: len(leaves)]
            assert all(body in ([None], good) for body, good in zip(bodies, all_bodies, strict=False))
        # The files are put right, and nothing of the fault is left.
        copytree(original, folder, dirs_exist_ok=True)
        await two.follower(server.url, transport).once()
        assert two.contents() == contents
        assert two.peer(server.url)[1] == ""


async def test_a_list_without_end_is_left(make_node, make_publisher, transport, clock, folder, monkeypatch):
    monkeypatch.setattr(static, "STATIC_PAGES_MAX", 20)
    one, two = make_node("one"), make_node("two")
    one.take(*make_publisher().stream())
    export_static(one.store, folder)
    heads = json.loads((folder / "frost/heads/0").read_bytes())["heads"]

    async def endless(target, stream):
        if "/heads/" in target:
            number = int(target.rpartition("/")[2])
            await stream.send_all(response(json.dumps({"heads": heads, "next": number + 1}).encode()))
        else:
            await files(folder)(target, stream)

    async with loopback(endless) as server:
        with pytest.raises(FrostError) as caught:
            await two.follower(server.url, transport).once()
        assert caught.value.code == "heads.malformed"
        assert server.count("/heads/") == 20
        assert two.contents() == one.contents()


async def test_a_source_that_breaks_in_the_middle_ends_the_conversation(
    make_node, make_publisher, transport, clock, folder
):
    one, two = make_node("one"), make_node("two")
    for name in "abcd":
        one.take(*make_publisher(name).stream())
    export_static(one.store, folder)

    async def failing(target, stream):
        if "/body/" in target:
            await stream.send_all(response(status=500))
        else:
            await files(folder)(target, stream)

    async with loopback(failing) as server:
        with pytest.raises(FrostError) as caught:
            await two.follower(server.url, transport).once()
        assert caught.value.code == "transport.status"
        assert server.count("/identity") == 1
        server.handler = files(folder)
        await two.follower(server.url, transport).once()
        assert two.contents() == one.contents()


async def test_reasons_are_shown_as_far_as_they_can_be(make_node, make_publisher, transport, clock, folder):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=4)
    one.take(*source.stream())
    with one.store.write() as writer:
        for index in range(3):
            writer.withhold_leaf(source.origin, index, "erased", "by law")
    export_static(one.store, folder)
    page = json.loads((folder / "frost/withheld/0").read_bytes())
    lines = {line["index"]: line for line in page["withheld"] if line["kind"] == "header"}
    lines[0]["reason"] = "\ud800 half"
    lines[1]["reason"] = "x" * 10_000
    del lines[2]["reason"]
    page["withheld"] = [lines[0], lines[1]]
    (folder / "frost/withheld/0").write_text(json.dumps(page))
    async with loopback(files(folder)) as server:
        await two.follower(server.url, transport).once()
    with two.store.read() as reader:
        withheld = reader.leaves(source.origin, 0, 4).withheld
    assert [slot.reason for slot in withheld] == ["? half", "x" * 200, ""]


@pytest.mark.slow
async def test_bodies_come_in_frames_that_do_not_fill_the_memory(
    make_node, make_publisher, transport, clock, folder, monkeypatch
):
    one, two = make_node("one"), make_node("two")
    source = make_publisher(count=3)
    for at in range(12):
        source.put(f"large-{at}", {"title": "large", "text": "x" * (400_000 if at % 3 else 2_000_000)})
    one.take(*source.stream())
    export_static(one.store, folder)
    weights, busy = [], []
    take = static.StaticSource._take_bodies

    async def weighed(self, origin, wanted):
        weights.append((len(wanted), sum(body.size for body in wanted)))
        await take(self, origin, wanted)

    monkeypatch.setattr(static.StaticSource, "_take_bodies", weighed)

    async def counting(target, stream):
        busy.append(server.connections)
        await files(folder)(target, stream)

    async with loopback(counting) as server:
        await two.follower(server.url, transport).once()
    assert two.contents() == one.contents()
    assert all(count == 1 or weight <= FRAME_BODIES_BYTES_MAX for count, weight in weights)
    assert max(busy) <= STATIC_FETCHES_MAX


async def test_a_source_of_nothing_is_no_fault(make_node, transport, clock):
    two = make_node("two")
    answers = {"/frost/heads/0": response(b'{"heads": [], "next": null}')}
    async with loopback(saying(answers)) as server:
        follower = two.follower(server.url, transport)
        await follower.once()
        assert (follower.status.error, follower.status.caught_up) == ("", True)
