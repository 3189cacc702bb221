"""Being told of things by the API: subscriptions with names that retries share, secrets told once, and the inbox page by page."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from frostnode.edge.http.api.declared import Call
from frostnode.edge.http.api.subscribing import _own_id
from frostnode.protocol.limits import INBOX_ITEMS_MAX

HOOK = {"form": "webhook", "address": "https://hook.example/x", "private": True}


def own_id(token="aa", key="k", begun_ms=7):
    """The name that a try of a request has for what it makes."""
    request = SimpleNamespace(headers=Headers({} if key is None else {"idempotency-key": key}))
    shown = None if token is None else SimpleNamespace(id=token)
    return _own_id(Call(parts=None, request=request, values={}, token=shown, begun_ms=begun_ms))


# -- how what is made is called --------------------------------------------------------------------------


@given(st.text("abc ", min_size=1, max_size=4).filter(str.strip), st.integers(0, 3))
def test_every_try_of_one_request_calls_it_the_same(key, begun_ms):
    name = own_id(key=key, begun_ms=begun_ms)
    assert name == own_id(key=key, begun_ms=begun_ms) == own_id(key=f'"{key}"', begun_ms=begun_ms)
    assert len(name) == 12 and set(name) <= set("0123456789abcdef")


def test_other_requests_call_it_otherwise():
    names = [
        own_id(),
        own_id(token="ab"),
        own_id(key="l"),
        own_id(begun_ms=8),
        own_id(begun_ms=7, key="7 k"),
    ]
    assert len(set(names)) == len(names)


def test_without_a_key_chance_calls_it():
    assert own_id(key=None) is None
    assert own_id(token=None) is None


# -- what is made ----------------------------------------------------------------------------------------

pytestmark = pytest.mark.slow


@pytest.fixture
async def token(own):
    return await own.token()


@pytest.fixture
async def ice(own):
    """The DID URL of a dataset that is published here."""
    await own.operate("publish", records=[{"type": "dataset", "key": "ice", "title": "Sea ice"}])
    await own.parts.project()
    return f"{own.did}/ice"


@pytest.fixture
def subscribe(own, token):
    async def asked(target, status=200, **more):
        headers = {"idempotency_key": more.pop("key")} if "key" in more else {}
        answer = await own.write(token, "POST", "/api/subscriptions", {"target": target, **more}, **headers)
        assert answer.status == status, answer.text
        return answer

    return asked


@pytest.fixture
def listed(own, token):
    async def asked():
        return (await own.write(token, "GET", "/api/subscriptions")).json["subscriptions"]

    return asked


async def test_the_secret_of_a_webhook_is_told_once(subscribe, listed):
    made = (await subscribe("ice", **HOOK)).json
    assert made["secret"].startswith("whsec_")
    (one,) = await listed()
    assert (one["id"], one["address"], one["form"]) == (made["id"], HOOK["address"], "webhook")
    assert made["secret"] not in str(one) and "secret" not in one


async def test_the_same_request_by_the_same_key_has_the_same_secret(subscribe, listed):
    first, again = [await subscribe("ice", key="one", **HOOK) for _ in range(2)]
    assert again.json == first.json and again.headers["idempotency-replayed"] == "true"
    other = await subscribe("ice", key="two", **HOOK)
    assert other.json["secret"] != first.json["secret"]
    assert [one["id"] for one in await listed()] == [first.json["id"], other.json["id"]]


async def test_a_public_one_is_a_record_that_anybody_reads_and_is_there_once(own, ice, subscribe, listed):
    first, again = [(await subscribe(ice)).json for _ in range(2)]
    assert first["public"] and again["id"] == first["id"] and len(await listed()) == 1
    shown = (await own.ask(f"/api/record/{first['id']}")).json
    assert shown["content"]["fields"] == {"target": {"dataset": ice}}
    (subscriber,) = (await own.ask(f"/api/subscribers/{ice}")).json["subscribers"]
    assert (subscriber["did"], subscriber["record"]) == (own.did, first["id"])


async def test_a_private_one_is_known_to_nobody(own, ice, subscribe):
    size = await own.sizes()
    made = (await subscribe(ice, private=True)).json
    assert not made["public"] and await own.sizes() == size
    assert (await own.ask(f"/api/subscribers/{ice}")).json["subscribers"] == []


async def test_a_dry_run_shows_the_record_and_makes_nothing(own, ice, subscribe, listed):
    size = await own.sizes()
    told = (await subscribe(ice, dry_run=True)).json
    assert told["record"]["target"] == {"dataset": ice}
    assert await listed() == [] and await own.sizes() == size


@pytest.mark.parametrize(
    ("target", "more", "status", "code"),
    [
        ("-ice", {"private": True}, 400, "query.malformed"),
        ("*", {}, 400, "usage"),
        ("ice", {"form": "email", "address": "a@example.org", "private": True}, 400, "usage"),
        ("ice", {"form": "webhook", "address": "ftp://hook.example", "private": True}, 400, "usage"),
        ("ice", {"address": "https://hook.example", "private": True}, 400, "usage"),
        ("ice", {"behalf": "did:frost:x/ice"}, 400, "name.did-url"),
        ("did:frost:x/ice", {"private": True}, 400, "usage"),
        ("ice", {"since": "yesterday", "private": True}, 400, "usage"),
        ("ice", {"digest_s": 604_801, "private": True}, 400, "usage"),
        ("x" * 4097, {"private": True}, 400, "usage"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_said_and_makes_nothing(
    own, subscribe, listed, target, more, status, code
):
    size = await own.sizes()
    assert (await subscribe(target, status, **more)).code == code
    assert await listed() == [] and await own.sizes() == size


async def test_all_of_a_target_are_paused_and_ended_by_its_name(own, token, subscribe, listed):
    ids = {(await subscribe("ice", **HOOK)).json["id"], (await subscribe("ice", private=True)).json["id"]}
    other = (await subscribe("snow", private=True)).json["id"]
    paused = await own.write(token, "POST", "/api/subscriptions/pause", {"id": "ice"})
    assert set(paused.json["paused"]) == ids
    states = {one["id"]: one["state"] for one in await listed()}
    assert states == {**dict.fromkeys(ids, "paused"), other: "live"}
    gone = await own.write(token, "DELETE", "/api/subscriptions?id=ice")
    assert set(gone.json["removed"]) == ids
    assert [one["id"] for one in await listed()] == [other]
    again = await own.write(token, "DELETE", "/api/subscriptions?id=ice")
    assert (again.status, again.code) == (404, "record.not-found")


async def test_a_test_notice_that_nobody_takes_is_said(own, token, subscribe):
    made = (await subscribe("ice", **{**HOOK, "address": "https://127.0.0.1:1/x"})).json
    answer = await own.write(token, "POST", "/api/subscriptions/test", {"id": made["id"]})
    assert (answer.status, answer.code) == (502, "transport.status")
    assert "private_callbacks" in answer.json["detail"]
    inbox = (await subscribe("snow", private=True)).json
    told = await own.write(token, "POST", "/api/subscriptions/test", {"id": inbox["id"]})
    assert told.json == {"tested": [inbox["id"]]}


# -- what came in ----------------------------------------------------------------------------------------


@pytest.fixture
async def news(own, subscribe):
    """Five datasets that somebody was told of, in this order."""
    await subscribe("snow", private=True)
    keys = [f"snow-{number}" for number in range(5)]
    for key in keys:
        await own.operate("publish", records=[{"type": "dataset", "key": key, "title": f"Snow {key}"}])
    await own.parts.project()
    while own.parts.matching.step():
        pass
    return keys


async def test_the_inbox_is_read_page_by_page_newest_first(own, token, news):
    pages = [(await own.write(token, "GET", f"/api/inbox?limit=2&offset={at}")).json for at in (0, 2, 4, 6)]
    assert [[item["notice"]["data"]["key"] for item in page["items"]] for page in pages] == [
        [news[4], news[3]],
        [news[2], news[1]],
        [news[0]],
        [],
    ]
    assert {(page["all"], page["unread"]) for page in pages} == {(5, 5)}
    for limit in (0, INBOX_ITEMS_MAX + 1):
        answer = await own.write(token, "GET", f"/api/inbox?limit={limit}")
        assert (answer.status, answer.code) == (400, "usage")


async def test_what_was_read_is_shown_to_who_asks_for_all(own, token, news):
    (newest, *_) = (await own.write(token, "GET", "/api/inbox")).json["items"]
    assert (newest["target"], newest["read"]) == ("snow", None)
    id_ = newest["notice"]["id"]
    for read in (1, 0):
        told = await own.write(token, "POST", "/api/inbox/read", {"ids": [id_]})
        assert told.json == {"read": read}
    left = (await own.write(token, "GET", "/api/inbox")).json
    assert (left["all"], left["unread"], len(left["items"])) == (5, 4, 4)
    everything = (await own.write(token, "GET", "/api/inbox?all=1")).json["items"]
    assert [item["read"] is not None for item in everything] == [True, False, False, False, False]
    assert (await own.write(token, "POST", "/api/inbox/read", {})).json == {"read": 4}
    assert (await own.write(token, "GET", "/api/inbox")).json["items"] == []


async def test_what_came_in_is_kept_by_no_cache(own, token, news):
    answer = await own.write(token, "GET", "/api/inbox")
    assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers
