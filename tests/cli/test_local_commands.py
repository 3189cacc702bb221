"""Versions and lineage that are kept local (operations/local, local_notices): the owner sees them, no byte of them leaves the home."""

import json
import re
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote

import pytest
import trio
import trio.testing

from frostnode.config import read_config
from frostnode.edge.home import Home
from frostnode.edge.http.app import make_app
from frostnode.edge.sqlite.local_records import SqliteLocalRecords
from frostnode.local_port import LocalEntry
from frostnode.node import open_parts
from frostnode.operations.table import operate
from frostnode.protocol import limits
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did

MARK = "kept-under-the-pillow"


@pytest.fixture
def kept(frost, ice):
    """A dataset with a public version, and a local version and lineage on top; answers what to look for."""
    frost.publish({"type": "dataset", "key": "mean", "title": "Mean ice"})
    frost("version", "ice", "--label", "1")
    frost("version", "mean", "--label", "1")
    frost("derive", "mean@1", "--from", f"{ice}@1")
    version = frost(
        *("version", "ice", "--label", MARK, "--local", "--note", f"note {MARK}", "--title", f"title {MARK}"),
        *("--location", f"file:///{MARK}"),
    )
    made = frost("version", "mean", "--label", f"m-{MARK}", "--local")
    derived = frost(
        *("derive", f"mean@m-{MARK}", "--from", ice, "--from", f"x:{MARK}", "--activity", MARK, "--local"),
    )
    told = [item["records"][0] for item in (version, made, derived)]
    assert {item["status"] for item in told} == {"kept"}
    assert derived["used"] == [f"{told[0]['url']}?cid={told[0]['header']}", f"x:{MARK}"]
    return [MARK, *(item["header"] for item in told)]


@pytest.mark.slow
def test_the_owner_sees_what_is_local_and_what_it_makes_out_of_date(frost, ice, kept):
    listed = frost("versions", "ice")
    assert [(item["label"], item["local"]) for item in listed["versions"]] == [(MARK, True), ("1", False)]
    assert listed["latest"] == f"{ice}@1"
    up = frost("lineage", f"{frost.did}/mean@m-{MARK}", "--up")
    states = {item["name"]: item["state"] for item in up["nodes"]}
    assert states == {
        f"{frost.did}/mean@m-{MARK}": "local",
        f"{ice}@{MARK}": "local",
        f"x:{MARK}": "outside",
    }
    assert all(edge["local"] for edge in up["edges"])
    assert not any(edge["newer"] for edge in up["edges"])
    assert up["activities"][0]["name"] == MARK
    public = frost("lineage", f"{frost.did}/mean@1", "--up")
    assert public["edges"][0]["newer"].startswith(f"{ice}@{MARK}?cid=")
    assert public["nodes"][-1]["marks"] == ["out of date"]
    assert frost("status")["local"] == {"versions": 2, "lineage": 1}
    assert "2 versions, 1 lineage record, never shown" in frost("status", as_json=False)[1]
    assert MARK in frost("lineage", ice, "--svg", as_json=False)[1]
    assert MARK in frost("lineage", ice, "--prov", as_json=False)[1]
    assert frost("lineage", f"{ice}@latest", "--down")["url"] == f"{ice}@{MARK}"
    frost("version", "ice", "--label", "2")
    up = frost("lineage", f"{frost.did}/mean@m-{MARK}", "--up")
    assert up["edges"][0]["newer"].startswith(f"{ice}@2?cid=")
    assert frost("versions", "ice")["latest"] == f"{ice}@2"


@pytest.mark.slow
def test_what_is_published_never_names_what_is_local(frost, ice, kept):
    for label, before in (("2", "1"), ("3", "2")):
        assert frost("version", "ice", "--label", label)["previous"].startswith(f"{ice}@{before}?cid=")
    for used in (f"{ice}@{MARK}", f"{ice}@{MARK}?cid={kept[1]}"):
        code, _, err = frost("derive", "mean@1", "--from", used, as_json=False)
        assert code == 2
        assert "is kept local" in err
    assert frost("derive", f"mean@m-{MARK}", "--from", "x:y", as_json=False)[0] == 3
    assert frost("derive", "mean@1", "--from", ice)["used"][0].startswith(f"{ice}@3?cid=")
    assert frost("version", "ice", "--label", "3", "--local", as_json=False)[0] == 2


@pytest.mark.slow
def test_local_records_are_kept_once_and_can_be_forgotten(frost, ice, kept):
    again = ["version", "mean", "--label", f"m-{MARK}", "--local"]
    assert frost(*again)["records"][0]["status"] == "unchanged"
    assert frost(*again, "--note", "other", "--dry-run")["records"][0]["status"] == "would keep"
    changed = frost(*again, "--note", "other")["records"][0]
    assert changed["status"] == "kept"
    url = f"{frost.did}/mean@m-{MARK}"
    assert frost("withdraw", url, "--local") == {"url": url, "forgotten": True}
    assert frost("withdraw", url, "--local", as_json=False)[0] == 3
    assert frost("status")["local"] == {"versions": 1, "lineage": 1}
    loop = ["derive", f"ice@{MARK}", "--from", f"{ice}@{MARK}", "--local"]
    assert frost(*loop, as_json=False)[0] == 4
    assert frost("version", "unheard-of", "--label", "1", "--local")["previous"] is None
    assert frost("versions", "unheard-of")["versions"][0]["local"]


def routes(app, values):
    """Every path of every route, with everything that could stand in it."""
    for route in app.routes:
        paths = {route.path}
        for name in re.findall(r"{(\w+)(?::path)?}", route.path):
            parts = values.get(name, values["anything"])
            paths = {
                re.sub(rf"{{{name}(?::path)?}}", lambda _, part=part: part, path)
                for path in paths
                for part in parts
            }
        yield from sorted(paths)


async def ask(app, target):
    """The bytes of an answer, those of a stream that does not end as far as they come."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"node.example"), (b"accept", b"text/html, */*;q=0.5")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    found = bytearray()

    async def receive():
        await trio.sleep_forever()

    async def send(message):
        found.extend(repr(message.get("headers", "")).encode() + message.get("body", b""))

    with trio.move_on_after(1):
        await app(scope, receive, send)
    return bytes(found)


@asynccontextmanager
async def served(home):
    config = read_config(home.config)
    async with open_parts(home, config, serving=True) as parts:
        await parts.project()
        yield make_app(parts, dict(parts.about)), parts


@pytest.mark.slow
def test_no_byte_of_it_is_served_on_any_route(frost, ice, kept):
    home = Home(frost.folder / "home")
    local = [
        f"{ice}@{MARK}",
        f"{ice}@latest",
        f"{frost.did}/~lineage/mean/m-{MARK}",
        f"{frost.did}/mean@m-{MARK}",
    ]
    public = [ice, f"{ice}@1", f"{frost.did}/mean", f"{frost.did}/mean@1", f"{frost.did}/~lineage/mean/1"]

    async def look():
        async with served(home) as (app, parts):
            with parts.log.read() as log:
                origin = log.heads(0)[0].origin
            names = [*public, f"{ice}@latest", *(f"{ice}@{MARK}?cid={cid}" for cid in kept[1:])]
            values = {
                "url": names,
                "rest": [name.removeprefix("did:frost:") for name in names],
                "did": [frost.did],
                "origin": [origin],
                "anything": ["0", "000", "x", origin, frost.did, *kept[1:]],
            }
            asked = set(routes(app, values))
            asked |= {
                f"{path}{mark}up=1&form={form}"
                for path in asked
                if "/lineage" in path
                for form in ("prov", "svg")
                for mark in ("&" if "?" in path else "?")
            }
            asked |= {
                f"/search?q={MARK}",
                f"/api/search?q={MARK}",
                "/api/records?limit=1000",
                "/frost/stream",
                "/status",
            }
            asked |= {f"/diff?a={quote(one)}&b={quote(other)}" for one in public for other in local[:1]}
            asked |= {f"/api/lineage?url=x%3A{MARK}", f"/api/lineage/{local[0]}", f"/lineage/{local[0]}"}
            seen = {}
            while asked - seen.keys():
                for target in sorted(asked - seen.keys()):
                    body = seen[target] = await ask(app, target)
                    links = re.findall(rb'href="(/[^"]*)"', body)
                    asked |= {link.decode().replace("&amp;", "&") for link in links}
            return seen

    seen = trio.run(look)
    assert len(seen) > 150
    assert any(b"Mean ice" in body for body in seen.values())
    for target, body in seen.items():
        plain = unquote(target)
        for mark in kept:
            if mark not in plain:  # what was asked is said again, and nothing more
                assert mark.encode() not in body, target
        assert f"note {MARK}".encode() not in body, target
        assert f"title {MARK}".encode() not in body, target


@pytest.mark.slow
def test_no_byte_of_it_is_in_any_other_file(frost, ice, kept):
    frost("export", "one.frostarchive")
    frost("export", "--all", "all")
    frost("export", "--static", "static")
    frost("proof", f"{ice}@1", "-o", "ice.frostproof", as_json=False)
    frost("reindex")
    files = [path for path in frost.folder.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"one.frostarchive", "ice.frostproof", "index.html", "frost.db", "catalog.db", "local.db"} <= names
    marks = [mark.encode() for mark in (MARK, *(kept[1:]))]
    marks += [Cid.parse(cid).digest for cid in kept[1:]]
    holding = {path.name for path in files if any(mark in path.read_bytes() for mark in marks)}
    assert {name for name in holding if not name.startswith("local.db")} == set()


def entry(at):
    return LocalEntry(
        did=Did("did:frost:x"), type="version", key=f"a@{at}", header=Cid.of(b"h"), time_ms=at, body=b"b"
    )


def test_a_home_that_keeps_nothing_local_has_no_file_for_it(tmp_path):
    records = SqliteLocalRecords(tmp_path / "local.db")
    assert list(records.entries()) == []
    assert not records.remove(Did("did:frost:x"), "version", "a@1")
    records.close()
    assert list(tmp_path.iterdir()) == []


def test_local_records_last_and_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("frostnode.edge.sqlite.local_records.LOCAL_RECORDS_MAX", 2)
    assert limits.LOCAL_RECORDS_MAX > 2
    records = SqliteLocalRecords(tmp_path / "local.db")
    for at in (1, 2):
        records.put(entry(at))
    records.put(entry(2))
    with pytest.raises(LocalError) as caught:
        records.put(entry(3))
    assert caught.value.code == "queue.full"
    records.close()
    records = SqliteLocalRecords(tmp_path / "local.db")
    assert [item.key for item in records.entries()] == ["a@2", "a@1"]
    assert records.remove(Did("did:frost:x"), "version", "a@1")
    assert [item.key for item in records.entries()] == ["a@2"]
    records.close()


@pytest.mark.slow
def test_what_is_told_of_local_records_is_json(frost, ice, kept):
    assert json.loads(json.dumps(frost("versions", "ice")))["versions"][0]["note"] == f"note {MARK}"


async def quietly(what, done, total):
    pass


@pytest.mark.slow
def test_commands_and_the_inbox_of_the_home_are_told_of_it_and_nothing_else_is(frost, ice):
    frost("subscribe", ice, "--private")
    home = Home(frost.folder / "home")

    async def ask(parts, name, **params):
        return await operate(parts, name, params, quietly)

    async def run():
        async with served(home) as (_, parts):
            place = (await ask(parts, "changes", target=ice, since="now"))["next"]
            told = []

            async def wait():
                told.append(await ask(parts, "changes", target=ice, since=place, wait_s=20))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait)
                await trio.testing.wait_all_tasks_blocked(0.05)
                await ask(
                    parts,
                    "version",
                    dataset="ice",
                    label=MARK,
                    local=True,
                    fields={"changes": {"note": f"note {MARK}"}},
                )
            answer = told[0]
            (event,) = answer["notices"]
            assert event["type"] == "org.frostnode.version.published"
            assert event["subject"] == f"{ice}@{MARK}"
            assert event["data"]["local"]
            assert (event["data"]["note"], event["data"]["links"]) == (f"note {MARK}", {})
            assert event["data"]["title"] == f"Sea ice, version {MARK}"
            assert answer["places"] == [answer["next"]]
            again = await ask(parts, "changes", target=ice, since=place)
            assert again["notices"][0]["id"] == event["id"]
            assert (await ask(parts, "changes", target=ice, since=answer["next"]))["notices"] == []
            assert (await ask(parts, "changes", target=f"{frost.did}/other", since=place))["notices"] == []
            for target in (frost.did, "*", f"+{MARK}"):
                found = (await ask(parts, "changes", target=target, since="0"))["notices"]
                assert found[-1]["id"] == event["id"], target
            await ask(
                parts, "version", dataset="ice", label=MARK, local=True, fields={"changes": {"note": "other"}}
            )
            changed = await ask(parts, "changes", target=ice, since=answer["next"])
            assert [item["type"] for item in changed["notices"]] == ["org.frostnode.version.changed"]
            assert changed["notices"][0]["id"] != event["id"]
            with pytest.raises(LocalError) as caught:
                await ask(parts, "changes", target=ice, since=f"{place}x")
            assert caught.value.code == "cursor.malformed"

            inbox = await ask(parts, "inbox")
            assert (inbox["all"], inbox["unread"]) == (1, 1)
            assert inbox["items"][0]["notice"] == changed["notices"][0]
            assert (await ask(parts, "inbox", read=True))["unread"] == 1
            assert (await ask(parts, "inbox")) == {"all": 1, "unread": 0, "items": []}
            assert (await ask(parts, "inbox", all=True))["items"][0]["read"]
            with parts.notices.read() as reader:
                assert reader.inbox_counts() == (0, 0)
            await ask(parts, "version", dataset="ice", label=MARK)
            await parts.project()  # what is published is not local any more
            assert (await ask(parts, "inbox", all=True))["all"] == 0

    trio.run(run)


def test_numbers_of_what_is_forgotten_do_not_come_again(tmp_path):
    records = SqliteLocalRecords(tmp_path / "local.db")
    assert records.last() == 0
    for at in (1, 2, 1):
        records.put(entry(at))
    assert [(item.key, item.number, item.is_changed) for item in records.entries()] == [
        ("a@2", 2, False),
        ("a@1", 3, True),
    ]
    records.remove(Did("did:frost:x"), "version", "a@1")
    records.put(entry(4))
    assert (records.last(), [item.number for item in records.entries(2)]) == (4, [4])
    assert (records.read([4], 77), records.read([4, 9], 78), records.read([], 79)) == (1, 0, 0)
    assert records.entries(2)[0].read_ms == 77
    records.close()
