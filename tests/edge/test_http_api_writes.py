"""Writing through the API: what the command line does, with the same checks, answered when it is on disk; and once."""

import json
import shutil
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import trio

from frostnode.edge.home import Home
from frostnode.edge.http.api import attempts
from frostnode.protocol.errors import StorageError
from frostnode.protocol.limits import API_BODY_BYTES_MAX, PUBLISH_BATCH_RECORDS_MAX
from frostnode.protocol.proofs import verify_proof

pytestmark = pytest.mark.slow

ICE = {"type": "dataset", "key": "ice", "title": "Sea ice"}


def dataset(key):
    return {"type": "dataset", "key": key, "title": f"Title {key}"}


@pytest.fixture
async def token(own):
    return await own.token()


async def published(own, token, *records, **headers):
    answer = await own.write(token, "POST", "/api/publish", list(records), **headers)
    assert answer.status == 200, answer.text
    return answer.json["records"]


async def test_a_record_is_published_and_its_entry_named(own, token):
    answer = await own.write(token, "POST", "/api/publish", ICE)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    (told,) = answer.json["records"]
    assert (told["url"], told["status"], told["replaces"]) == (f"{own.did}/ice", "published", None)
    proof = verify_proof((await own.ask(f"/api/proof/{own.did}/ice?cid={told['header']}")).body)
    assert (proof.index, proof.fields) == (told["index"], {"title": "Sea ice"})
    (again,) = await published(own, token, ICE)
    assert (again["status"], again["header"], again["index"]) == (
        "unchanged",
        told["header"],
        told["index"],
    )


async def test_a_batch_is_published_whole_or_not_at_all(own, token):
    size = await own.sizes()
    bad = [dataset("a"), {"type": "dataset", "key": "b"}, dataset("c")]
    answer = await own.write(token, "POST", "/api/publish", bad)
    assert (answer.status, answer.code, await own.sizes()) == (422, "record.field", size)
    lines = b"".join(json.dumps(dataset(key)).encode() + b"\n" for key in "abc")
    sent = {"content_type": "application/x-ndjson"}
    answer = await own.write(token, "POST", "/api/publish", lines, **sent)
    assert [told["status"] for told in answer.json["records"]] == ["published"] * 3
    assert await own.sizes() == size + 3
    dry = await own.write(token, "POST", "/api/publish?dry_run=1", [dataset("a"), dataset("d")])
    assert [told["status"] for told in dry.json["records"]] == ["unchanged", "would publish"]
    assert await own.sizes() == size + 3


async def test_what_a_record_says_is_taken_losslessly(own, token):
    data = {**ICE, "metadata": {"bytes": {"/": {"bytes": "AP8"}}, "float": 1.0, "int": 1}}
    await published(own, token, data)
    text = (await own.ask(f"/api/record/{own.did}/ice")).text
    assert '"bytes":{"/":{"bytes":"AP8"}}' in text and '"float":1.0' in text and '"int":1' in text


async def test_an_edit_is_of_the_entry_that_was_read(own, token):
    target = f"/api/record/{own.did}/ice"
    made = await own.write(token, "PUT", target, {"title": "One"}, if_none_match="*")
    assert (made.status, made.json["records"][0]["replaces"]) == (201, None)
    read = await own.ask(target)
    edited = await own.write(token, "PUT", target, {"title": "Two"}, if_match=read.headers["etag"])
    assert (edited.status, edited.json["records"][0]["status"]) == (200, "published")
    late = await own.write(token, "PUT", target, {"title": "Three"}, if_match=read.headers["etag"])
    assert (late.status, late.code) == (412, "record.changed")
    third = await own.write(token, "PUT", target, {"title": "Three"}, if_match=edited.headers["etag"])
    assert third.json["records"][0]["replaces"] == edited.json["records"][0]["header"]
    assert (await own.write(token, "PUT", target, {"title": "x"}, if_none_match="*")).status == 412
    for tag in ('"x"', 'W/"x"', read.headers["etag"]):
        assert (await own.write(token, "PUT", target, {"title": "x"}, if_match=tag)).status == 412
    other = await own.write(token, "DELETE", target, if_match=read.headers["etag"])
    assert (other.status, other.code) == (412, "record.changed")
    assert (await own.write(token, "DELETE", target)).json["records"][0]["status"] == "published"
    assert (await own.write(token, "DELETE", target)).json["records"][0]["status"] == "unchanged"
    assert (await own.ask(target)).json["content"]["state"] == "withdrawn"
    assert (await own.write(token, "PUT", target, {"title": "x"}, if_match="*")).status == 412
    assert (await own.write(token, "PUT", target, {"title": "x"})).status == 201


async def test_names_with_dots_are_written_too(own, token):
    url = quote(f"{own.did}/a/../b", safe="")
    assert (await own.write(token, "PUT", f"/api/record?url={url}", {"title": "Dots"})).status == 201
    assert (await own.ask(f"/api/record?url={url}")).json["title"] == "Dots"


async def test_versions_and_lineage_are_published(own, token):
    await published(own, token, ICE, dataset("mean"))
    first = await own.write(token, "POST", "/api/versions", {"dataset": "ice", "label": "1"})
    body = {"dataset": f"{own.did}/ice", "label": "2", "changes": {"note": "More"}, "size": 7}
    second = await own.write(token, "POST", "/api/versions", body)
    assert first.json["previous"] is None
    assert second.json["previous"] == f"{own.did}/ice@1?cid={first.json['records'][0]['header']}"
    used = [f"{own.did}/ice", "https://doi.org/10.5067/ABC"]
    activity = {"name": "averaged"}
    made = await own.write(
        token, "POST", "/api/lineage", {"target": "mean", "used": used, "activity": activity}
    )
    assert made.status == 200, made.text
    assert made.json["used"][0].startswith(f"{own.did}/ice@2?cid=")
    graph = (await own.ask(f"/api/lineage/{own.did}/mean?up=1")).json
    assert {node["name"] for node in graph["nodes"]} >= {f"{own.did}/mean", f"{own.did}/ice@2"}
    assert graph["activities"][0]["name"] == "averaged"
    nobody = await own.write(token, "POST", "/api/versions", {"dataset": "snow", "label": "1"})
    assert (nobody.status, nobody.code) == (404, "record.not-found")


async def test_what_is_kept_local_gets_no_way_out_by_the_api(own, token):
    await published(own, token, ICE, dataset("mean"))
    kept = await own.operate("version", dataset="ice", label="secret", local=True)
    (told,) = kept["records"]
    for used in (told["url"], f"{told['url']}?cid={told['header']}"):
        answer = await own.write(token, "POST", "/api/lineage", {"target": "mean", "used": [used]})
        assert (answer.status, answer.code) == (400, "usage")
    body = {"dataset": "ice", "label": "x", "local": True}
    assert (await own.write(token, "POST", "/api/versions", body)).code == "usage"


async def test_subscriptions_are_made_stopped_and_ended(own, token):
    await published(own, token, ICE)
    made = await own.write(token, "POST", "/api/subscriptions", {"target": f"{own.did}/ice", "private": True})
    assert (made.status, made.json["state"], made.json["public"]) == (200, "live", False)
    named = {"id": made.json["id"]}
    assert (await own.write(token, "POST", "/api/subscriptions/pause", named)).json == {
        "paused": [made.json["id"]]
    }
    (listed,) = (await own.write(token, "GET", "/api/subscriptions")).json["subscriptions"]
    assert (listed["id"], listed["state"]) == (made.json["id"], "paused")
    assert (await own.write(token, "POST", "/api/subscriptions/resume", named)).status == 200
    gone = await own.write(token, "DELETE", f"/api/subscriptions?id={made.json['id']}")
    assert gone.json == {"removed": [made.json["id"]]}
    assert (await own.write(token, "GET", "/api/subscriptions")).json["subscriptions"] == []
    public = await own.write(token, "POST", "/api/subscriptions", {"target": "ice", "behalf": "ice"})
    assert public.json["public"] and public.json["behalf"] == f"{own.did}/ice"
    missing = await own.write(token, "POST", "/api/subscriptions/pause", {"id": "nobody"})
    assert (missing.status, missing.code) == (404, "record.not-found")


async def test_the_inbox_is_read(own, token):
    await own.write(token, "POST", "/api/subscriptions", {"target": "*", "private": True})
    found = (await own.write(token, "GET", "/api/inbox?all=1")).json
    assert found == {"all": 0, "unread": 0, "items": []}
    assert (await own.write(token, "POST", "/api/inbox/read", {})).json == {"read": 0}
    assert (await own.write(token, "POST", "/api/inbox/read", {"ids": ["x"]})).code == "cursor.malformed"


# -- once ------------------------------------------------------------------------------------------------


async def test_the_same_key_does_the_same_request_once(own, token):
    size = await own.sizes()
    first = await own.write(token, "POST", "/api/publish", ICE, idempotency_key='"one"')
    await published(own, token, {**ICE, "title": "Another"})
    again = await own.write(token, "POST", "/api/publish", ICE, idempotency_key="one")
    assert (again.status, again.json) == (first.status, first.json)
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert await own.sizes() == size + 2
    other = await own.write(token, "POST", "/api/publish", dataset("x"), idempotency_key="one")
    assert (other.status, other.code) == (422, "idempotency.reused")
    elsewhere = await own.write(
        token, "PUT", f"/api/record/{own.did}/ice", {"title": "x"}, idempotency_key="one"
    )
    assert elsewhere.code == "idempotency.reused"
    somebody = await own.token("publish")
    theirs = await own.write(somebody, "POST", "/api/publish", dataset("y"), idempotency_key="one")
    assert theirs.json["records"][0]["status"] == "published"


async def test_what_was_refused_is_not_kept(own, token):
    for title, status in (("", 422), ("Ice", 200)):
        answer = await own.write(
            token, "POST", "/api/publish", {**ICE, "title": title}, idempotency_key="one"
        )
        assert answer.status == status


async def test_what_is_no_key_is_refused(own, token):
    for key in ("", '""', "x" * 256, '"' + "x" * 255, "\x7f"):
        answer = await own.write(token, "POST", "/api/publish", ICE, idempotency_key=key)
        assert (answer.status, answer.code) == (400, "usage"), key


async def test_two_of_one_key_are_not_at_work_at_once(own, token):
    waits, goes_on = trio.Event(), trio.Event()
    answers = []
    submit = own.parts.sequencing.submit

    async def slowly(*args):
        waits.set()
        await goes_on.wait()
        return await submit(*args)

    own.parts.sequencing.submit = slowly

    async def write():
        answers.append(await own.write(token, "POST", "/api/publish", ICE, idempotency_key="one"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await waits.wait()
        second = await own.write(token, "POST", "/api/publish", ICE, idempotency_key="one")
        assert (second.status, second.code) == (409, "idempotency.busy")
        goes_on.set()
    assert answers[0].status == 200


REQUESTS = {
    "publish": ("POST", "/api/publish", ICE),
    "edit": ("PUT", "/api/record/{did}/ice", {"title": "Ice"}),
    "withdraw": ("DELETE", "/api/record/{did}/old", None),
    "version": ("POST", "/api/versions", {"dataset": "old", "label": "1"}),
    "derive": ("POST", "/api/lineage", {"target": "old", "used": ["https://a.example/x"]}),
}


@pytest.fixture
def power_failure(own_home, monkeypatch, tmp_path):
    """Power fails when the answer is about to be noted: the home that is left is what was on disk then."""
    image = Home(tmp_path / "image")

    class PowerFails(Exception):
        """What no program survives."""

    def fail(result):
        shutil.copytree(own_home.root, image.root, ignore=shutil.ignore_patterns("*-shm", ".tantivy-*"))
        failing.answer = result.content
        raise PowerFails

    @contextmanager
    def failing():
        with monkeypatch.context() as patch:
            patch.setattr(attempts, "_kept", fail)
            with pytest.RaisesGroup(PowerFails, flatten_subgroups=True):
                yield
        image.mark()

    failing.image = image
    return failing


@pytest.mark.parametrize("name", REQUESTS)
async def test_who_asks_again_after_power_failed_gets_the_same_answer_and_nothing_is_published_twice(
    own, token, node_over, power_failure, name
):
    method, target, content = REQUESTS[name]
    headers = {"idempotency_key": "one", **({"if_none_match": "*"} if name == "edit" else {})}

    async def ask(node):
        return await node.write(token, method, target.format(did=node.did), content, **headers)

    await published(own, token, dataset("old"))
    with power_failure():
        await ask(own)
    size = await own.sizes()
    async with node_over(power_failure.image) as back:
        again = await ask(back)
        assert again.status < 300, again.text
        (told,) = again.json["records"]
        assert told["status"] == "published" and again.json == power_failure.answer
        assert await back.sizes() == size
        (entry,) = (await back.ask(f"/api/log/{back.did}?limit=1")).json["entries"]
        assert (entry["header"], entry["index"]) == (told["header"], told["index"])
        once_more = await ask(back)
        assert once_more.json == again.json and once_more.headers["idempotency-replayed"] == "true"


async def test_a_private_subscription_is_made_once_whatever_fails(own, token, node_over, power_failure):
    body = {"target": "ice", "private": True, "form": "webhook", "address": "https://hook.example/x"}
    with power_failure():
        await own.write(token, "POST", "/api/subscriptions", body, idempotency_key="one")
    async with node_over(power_failure.image) as back:
        made = await back.write(token, "POST", "/api/subscriptions", body, idempotency_key="one")
        (listed,) = (await back.write(token, "GET", "/api/subscriptions")).json["subscriptions"]
        assert listed["id"] == made.json["id"]
        other = await back.write(token, "POST", "/api/subscriptions", body, idempotency_key="two")
        assert other.json["id"] != made.json["id"]


async def test_what_the_disk_refused_goes_on_with_the_same_key(own, token, monkeypatch):
    async def refuse(*args):
        raise StorageError("storage.failed", "no room")

    with monkeypatch.context() as patch:
        patch.setattr(own.parts.sequencing, "submit", refuse)
        answer = await own.write(token, "POST", "/api/publish", ICE, idempotency_key="one")
        assert (answer.status, answer.code) == (500, "storage.failed")
        assert "no room" not in answer.text
    again = await own.write(token, "POST", "/api/publish", ICE, idempotency_key="one")
    assert again.json["records"][0]["status"] == "published"


# -- bodies ----------------------------------------------------------------------------------------------


NO_RECORDS = (
    (b"", 400, "encoding.json"),
    (b"{", 400, "encoding.json"),
    (b"\xff", 400, "encoding.text"),
    (b'{"type":"dataset","type":"dataset","key":"a","title":"a"}', 400, "encoding.json"),
    (b'{"type":"dataset","key":"a","title":"a","x":NaN}', 400, "encoding.json"),
    (b'{"type":"dataset","key":"a","title":"a","x":' + b"9" * 30 + b"}", 400, "encoding.json"),
    (b"[" * 5000 + b"]" * 5000, 400, "encoding.too-deep"),
    (b"[]", 400, "usage"),
    (b'"text"', 400, "usage"),
    (b"[1]", 400, "usage"),
    (b'{"key":"a"}', 400, "usage"),
    (b'{"type":"nothing","key":"a"}', 400, "name.type"),
    (b'{"type":"dataset","key":"/","title":"a"}', 400, "name.key"),
    (b'{"type":"dataset","key":"a"}', 422, "record.field"),
)


async def test_what_is_no_record_is_refused(own, token):
    size = await own.sizes()
    for body, status, code in NO_RECORDS:
        answer = await own.write(token, "POST", "/api/publish", body)
        assert (answer.status, answer.code) == (status, code), body[:100]
    assert await own.sizes() == size


KINDS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp")


async def test_only_json_is_read(own, token):
    for kind in KINDS:
        answer = await own.write(token, "POST", "/api/publish", ICE, content_type=kind)
        assert (answer.status, answer.code) == (415, "request.media-type"), kind
    for headers in ({"content_encoding": "gzip"}, {"content_type": "application/json; charset=latin-1"}):
        answer = await own.write(token, "POST", "/api/publish", ICE, **headers)
        assert answer.code == "request.media-type"
    said = {"content_type": 'Application/JSON; charset="UTF-8"'}
    assert (await own.write(token, "POST", "/api/publish", ICE, **said)).status == 200


async def test_a_body_is_bounded_before_and_while_it_is_read(node, autojump_clock):
    token = await node.token()
    said = await node.write(token, "POST", "/api/publish", b"{}", content_length=str(API_BODY_BYTES_MAX + 1))
    assert (said.status, said.code) == (413, "request.too-large")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    parts = [b" " * 2**20] * (API_BODY_BYTES_MAX // 2**20 + 1)
    sent = await node.ask("/api/publish", "POST", headers, parts)
    assert (sent.status, sent.code) == (413, "request.too-large")


async def test_a_slow_body_is_waited_for_only_so_long(node, autojump_clock):
    headers = {"authorization": f"Bearer {await node.token()}", "content-type": "application/json"}
    answer = await node.ask("/api/publish", "POST", headers, [b'{"type":', None])
    assert (answer.status, answer.code) == (408, "request.too-slow")


async def test_a_batch_has_so_many_records(own, token):
    many = [{"type": "dataset", "key": "a", "title": "a"}] * (PUBLISH_BATCH_RECORDS_MAX + 1)
    answer = await own.write(token, "POST", "/api/publish", many)
    assert (answer.status, answer.code) == (400, "usage")


NOT_TO_BE_SAID = (
    ("PUT", "/api/record/{did}/ice", {"title": "x"}, {"if_match": '"x", "y"'}),
    ("DELETE", "/api/record/{did}/ice", None, {"if_none_match": ""}),
    ("DELETE", "/api/record/{did}/ice", None, {"if_match": ""}),
    ("DELETE", "/api/record/{did}/ice", None, {"if_match": '""'}),
    ("DELETE", "/api/record/{did}/ice", None, {"if_match": "x" * 201}),
    ("PUT", "/api/record/{did}/ice", {"title": "x"}, {"if_none_match": '"x"'}),
    ("PUT", "/api/record/{did}/ice", {"title": "x"}, {"if_match": "*", "if_none_match": "*"}),
    ("PUT", "/api/record/{did}/ice", {"title": "x", "key": "other"}, {}),
    ("PUT", "/api/record/{did}/ice", ["x"], {}),
    ("PUT", "/api/record?url={did}/ice&cid=x", {"title": "x"}, {}),
    ("POST", "/api/versions", {"dataset": "ice", "label": "1", "colour": "red"}, {}),
    ("POST", "/api/versions", {"dataset": "ice"}, {}),
    ("POST", "/api/lineage", {"target": "ice", "used": "ice"}, {}),
    ("POST", "/api/subscriptions", {"target": "ice", "form": "pigeon"}, {}),
    ("POST", "/api/subscriptions", {"target": "ice", "private": "yes"}, {}),
    ("POST", "/api/subscriptions", {"target": "ice", "form": "webhook"}, {}),
    ("POST", "/api/publish?limit=1", ICE, {}),
    ("POST", "/api/publish?dry_run=true", ICE, {}),
)


async def test_what_a_request_may_not_say_is_refused(own, token):
    await published(own, token, ICE)
    for method, target, content, headers in NOT_TO_BE_SAID:
        answer = await own.write(token, method, target.format(did=own.did), content, **headers)
        assert (answer.status, answer.code) == (400, "usage"), answer.text
