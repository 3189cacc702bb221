"""Who is let in to write, and how often: tokens that are forged, expired, revoked, of others, in the wrong place; and clients that ask too much."""

import pytest

from frostnode.edge.http.api import rates
from frostnode.edge.http.api.rates import Buckets, counted_address
from frostnode.edge.http.api.table import ROUTES
from frostnode.operations import tokens
from frostnode.protocol.limits import RATE_READS_MAX, RATE_WINDOW_S, RATE_WRITES_MAX, TOKEN_USED_INTERVAL_S
from frostnode.testing.clock import ManualClock

READ_INBOX = ("POST", "/api/inbox/read", {})


async def refused(node, token, *request, **headers):
    answer = await node.write(token, *(request or READ_INBOX), **headers)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status, answer.code, answer.headers["www-authenticate"]


async def used(node):
    return [item["used"] for item in (await node.parts_operate("token list"))["tokens"]]


async def test_everything_that_is_read_needs_no_account_no_cookie_and_no_key(node):
    publisher = node.publish(("dataset", "ice", {"title": "Ice"}), ("dataset", "snow", {"title": "Snow"}))
    named = {
        "/api/publishers/{did}": f"/api/publishers/{publisher.did}",
        "/api/log/{did}": f"/api/log/{publisher.did}",
        "/api/diff": f"/api/diff?a={publisher.did}/ice&b={publisher.did}/snow",
        "/api/resolve": f"/api/resolve?name={publisher.did}",
        "/api/evidence": f"/api/evidence?target={publisher.did}",
    }
    for route in ROUTES:
        if route.scope is None:
            assert route.method == "GET"
            target = named.get(route.path, route.path)
            target += f"/{publisher.did}/ice" if route.named is not None else ""
            answer = await node.ask(target)
            assert answer.status == (404 if route.path == "/api/evidence" else 200), (target, answer.text)
            assert "set-cookie" not in answer.headers
            assert answer.headers["access-control-allow-origin"] == "*"


async def test_everything_else_needs_a_token_that_says_so(node):
    secured = [route for route in ROUTES if route.scope is not None]
    assert len(secured) > 10
    for route in secured:
        path = "/api/record?url=x" if route.named is not None else route.path
        others = [scope for scope in ("publish", "subscribe", "inbox") if scope != route.scope]
        status, code, told = await refused(node, None, route.method, path)
        assert (status, code, told) == (
            401,
            "token.missing",
            f'Bearer realm="frostnode", scope="{route.scope}"',
        )
        status, code, told = await refused(node, await node.token(*others), route.method, path)
        assert (status, code) == (403, "token.scope")
        assert told == f'Bearer realm="frostnode", error="insufficient_scope", scope="{route.scope}"'


async def test_a_forged_token_is_not_let_in(node):
    good = await node.token("inbox")
    prefix, id_, secret = good.split("_", 2)
    other = (await node.token("inbox")).split("_", 2)[2]
    flipped = ("B" if secret[0] == "A" else "A") + secret[1:]
    forged = [
        f"{prefix}_{id_}_{flipped}",
        f"{prefix}_{id_}_{other}",
        f"{prefix}_{id_}_{secret}A",
        f"{prefix}_{id_}_{secret}=",
        f"{prefix}_{id_}_{secret[:-1]}",
        f"{prefix}_{id_}_",
        f"{prefix}__{secret}",
        f"other_{id_}_{secret}",
        f"{prefix}_{'0' * 12}_{secret}",
        f"{prefix}_{id_}_{secret[:-1]}!",
        "x" * 5000,
        "frost",
        "\x7f",
    ]
    for token in forged:
        status, code, told = await refused(node, token)
        assert (status, code) == (401, "token.invalid"), token
        assert 'error="invalid_token"' in told
    assert await used(node) == [None, None]
    assert (await node.write(good, *READ_INBOX)).status == 200


async def test_the_spare_bits_of_a_secret_are_not_a_second_spelling(node):
    token = await node.token("inbox")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    assert last % 4 == 0, "32 bytes leave two bits"
    assert (await refused(node, token[:-1] + alphabet[last + 1]))[1] == "token.invalid"


async def test_a_token_ends(node):
    token = await node.token("inbox", lifetime_s=60)
    node.clock.step_ms(59_999)
    assert (await node.write(token, *READ_INBOX)).status == 200
    node.clock.step_ms(1)
    assert (await refused(node, token))[:2] == (401, "token.invalid")


async def test_a_token_is_revoked_while_the_node_runs(node):
    token = await node.token("inbox")
    assert (await node.write(token, *READ_INBOX)).status == 200
    await node.parts_operate("token revoke", id=token.split("_")[1])
    assert (await refused(node, token))[:2] == (401, "token.invalid")


async def test_a_token_is_of_one_home(make_node):
    one, other = make_node("one"), make_node("other")
    assert (await refused(other, await one.token("inbox")))[:2] == (401, "token.invalid")


async def test_a_node_that_keeps_no_tokens_lets_nobody_in(node):
    token = await node.token("inbox")
    node.parts.access = None
    assert (await refused(node, token))[:2] == (401, "token.invalid")


async def test_a_token_comes_in_its_field_alone(node):
    token = await node.token("inbox")
    for target in ("/api/inbox?access_token={}", "/api/inbox?token={}", "/api/status?{}=1"):
        answer = await node.ask(target.format(token))
        assert answer.status in (400, 401)
    with_field = await node.write(token, "GET", f"/api/inbox?access_token={token}")
    assert (with_field.status, with_field.code) == (400, "usage")
    assert token not in with_field.text
    cookie = await node.write(None, *READ_INBOX, cookie=f"token={token}; frost-owner={token}")
    assert (cookie.status, cookie.code) == (401, "token.missing")
    for field in (token, f"Basic {token}", "Bearer", "Bearer  "):
        answer = await node.write(None, *READ_INBOX, authorization=field)
        assert (answer.status, answer.code) == (401, "token.missing")
    assert (await node.write(None, *READ_INBOX, authorization=f"bearer {token}")).status == 200


async def test_a_page_cannot_write_in_the_name_of_who_looks_at_it(node):
    """What a form or a simple request of a page elsewhere can send has no token, whatever cookies go along."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await node.ask(
            "/api/publish",
            "POST",
            {"content-type": kind, "origin": "https://evil.example", "cookie": "frost-owner=x"},
            b'{"type":"dataset","key":"a","title":"a"}',
        )
        assert (answer.status, answer.code) == (401, "token.missing")
    assert "access-control-allow-credentials" not in answer.headers
    preflight = await node.ask(
        "/api/publish",
        "OPTIONS",
        {"origin": "https://app.example", "access-control-request-method": "POST"},
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.slow
async def test_a_token_of_one_publisher_writes_for_no_other(own):
    token = await own.token("publish", did=own.did)
    other = "did:frost:bafyreigdvpmrsjgyhbcipkuxu5o4ygsxtpnm6v6xlkx6dvxypfbvlkw4he"
    ice = {"type": "dataset", "key": "ice", "title": "Ice"}
    for method, target, content in (
        ("POST", f"/api/publish?did={other}", ice),
        ("PUT", f"/api/record/{other}/ice", {"title": "Ice"}),
        ("DELETE", f"/api/record/{other}/ice", None),
        ("POST", "/api/versions", {"dataset": f"{other}/ice", "label": "1"}),
        ("POST", "/api/versions", {"dataset": "ice", "label": "1", "did": other}),
        ("POST", "/api/lineage", {"target": f"{other}/ice@1", "used": []}),
    ):
        answer = await own.write(token, method, target, content)
        assert (answer.status, answer.code) == (403, "token.scope"), target
    assert (await own.write(token, "POST", "/api/publish", ice)).json["did"] == own.did


async def test_the_last_use_is_noted_now_and_then(node):
    token = await node.token("inbox")
    assert await used(node) == [None]
    await node.write(token, *READ_INBOX)
    (first,) = await used(node)
    node.clock.step_ms(TOKEN_USED_INTERVAL_S * 1000 - 1)
    await node.write(token, *READ_INBOX)
    assert await used(node) == [first]
    node.clock.step_ms(1)
    await node.write(token, *READ_INBOX)
    assert (await used(node))[0] > first


async def test_a_token_is_compared_whole(node, monkeypatch):
    compared = []
    monkeypatch.setattr(
        tokens, "compare_digest", lambda one, other: compared.append((one, other)) or one == other
    )
    token = await node.token("inbox")
    for shown in (token, "frost_000000000000_x", "x"):
        await node.write(shown, *READ_INBOX)
    assert len(compared) == 3 and {len(side) for pair in compared for side in pair} == {32}


# -- how often -------------------------------------------------------------------------------------------


async def from_afar(node, target, address="192.0.2.7", **more):
    node.client = (address, 1)
    try:
        return await node.ask(target, **more)
    finally:
        node.client = ("127.0.0.1", 1)


async def test_an_address_beyond_this_machine_searches_so_often(make_node, monkeypatch):
    monkeypatch.setattr(rates, "RATE_READS_MAX", 2)
    node = make_node()
    answers = [await from_afar(node, "/api/search?q=ice") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"reads";r=1;t=0'
    last = answers[2]
    assert (last.code, last.headers["retry-after"]) == ("request.rate", str(RATE_WINDOW_S // 2))
    assert last.headers["ratelimit-policy"] == f'"reads";q=2;w={RATE_WINDOW_S}'
    assert (await from_afar(node, "/api/search?q=ice", "192.0.2.8")).status == 200
    assert (await from_afar(node, "/api/records")).status == 200, "what costs little is not counted"
    assert (await node.ask("/api/search?q=ice")).status == 200, "nor is this machine"
    node.clock.step_ms(RATE_WINDOW_S * 500)
    assert [(await from_afar(node, "/api/search?q=ice")).status for _ in range(2)] == [200, 429]


async def test_who_tries_tokens_is_counted_before_they_are_looked_at(node):
    request = {"method": "POST", "headers": {"authorization": "Bearer frost_x_y"}, "body": b"{}"}
    statuses = [
        (await from_afar(node, "/api/inbox/read", **request)).status for _ in range(RATE_WRITES_MAX + 1)
    ]
    assert statuses == [401] * RATE_WRITES_MAX + [429]


async def test_a_token_writes_so_often_from_wherever(node):
    token = await node.token("inbox")
    statuses = [(await node.write(token, *READ_INBOX)).status for _ in range(RATE_WRITES_MAX + 1)]
    assert statuses == [200] * RATE_WRITES_MAX + [429]
    assert (await node.write(await node.token("inbox"), *READ_INBOX)).status == 200
    assert (await node.write(token, "GET", "/api/inbox")).status == 200


def test_of_so_many_clients_the_quietest_is_forgotten(monkeypatch):
    monkeypatch.setattr(rates, "RATE_CLIENTS_MAX", 2)
    buckets = Buckets(ManualClock(), "reads", 1)
    assert [buckets.spend(client).is_refused for client in ("a", "b", "a", "c", "a", "b")] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]
    assert len(buckets._clients) == 2


def test_addresses_are_counted_by_their_network_and_this_machine_is_not():
    assert [counted_address(host) for host in ("127.0.0.1", "::1", "127.9.9.9")] == [None] * 3
    assert counted_address("2001:db8::1") == counted_address("2001:db8::2") != counted_address("192.0.2.1")
    assert counted_address("") is not None


def test_a_bucket_is_full_after_a_window_and_never_fuller():
    clock = ManualClock()
    buckets = Buckets(clock, "reads", RATE_READS_MAX)
    for _ in range(RATE_READS_MAX):
        assert not buckets.spend("a").is_refused
    assert buckets.spend("a").is_refused
    clock.step_ms(RATE_WINDOW_S * 5000)
    assert buckets.spend("a").left == RATE_READS_MAX - 1
