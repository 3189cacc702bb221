"""Signing in with a browser: links that work once, cookies that say nothing and end, and forms that no foreign page can send."""

import re
from urllib.parse import urlencode, urlsplit

import pytest

from frostnode.edge.http.api import rates
from frostnode.edge.http.app import make_app
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import EDIT_FORM_BYTES_MAX, SESSION_S_MAX, SIGN_IN_LINK_S
from frostnode.testing.pages import Page

OWN = "http://node.example"
TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def editable(node):
    """A node at which one can sign in, of an institution whose data it carries."""
    node.publish(("dataset", "ice", {"title": "Ice"}))
    return node


def post(node, path, fields, cookie="", **more):
    headers = {"origin": OWN, "content-type": TYPE, **({"cookie": cookie} if cookie else {})}
    headers |= {name.replace("_", "-"): value for name, value in more.items() if value}
    headers = {name: value for name, value in headers.items() if more.get(name.replace("-", "_"), value)}
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return node.ask(path, "POST", headers, body)


async def link(node, **params):
    made = await node.parts_operate("token link", **{"scopes": ["subscribe"], **params})
    return made, made["url"].partition("?link=")[2]


async def signed_in(node, **params):
    """The cookie of a browser, and the token of its forms."""
    made, secret = await link(node, **params)
    answer = await post(node, "/edit/sign-in", {"link": secret})
    assert (answer.status, answer.headers["location"]) == (303, "/edit")
    return made, answer.headers["set-cookie"].partition(";")[0]


async def form_token(node, cookie):
    page = await node.ask("/edit", headers={"cookie": cookie})
    return re.search(r'name="form" value="([^"]+)"', page.text)[1]


async def test_who_is_not_signed_in_is_asked_to_and_comes_back(editable):
    answer = await editable.ask("/edit/subscriptions?target=ice")
    assert answer.status == 401
    assert 'name="then" value="/edit/subscriptions?target=ice"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers
    token = await editable.token("subscribe")
    then = {"token": f" {token}\n", "then": "/edit/subscriptions?target=ice"}
    assert (await post(editable, "/edit/sign-in", then)).headers["location"] == then["then"]


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/edit\\x", "/editx", "/search", "/edit/\n", ""]
)
async def test_signing_in_leads_nowhere_else(editable, then):
    token = await editable.token()
    answer = await post(editable, "/edit/sign-in", {"token": token, "then": then})
    assert answer.headers["location"] == "/edit"


async def test_a_cookie_is_the_browsers_alone_and_of_these_pages_alone(editable):
    _, secret = await link(editable)
    answer = await post(editable, "/edit/sign-in", {"link": secret})
    said = answer.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=strict", "path=/edit", f"max-age={SESSION_S_MAX}"} <= set(said)
    assert "secure" not in said
    assert secret not in answer.headers["set-cookie"]
    _, secret = await link(editable)
    editable.parts.url = "https://frost.example.org"
    secured = await post(editable, "/edit/sign-in", {"link": secret}, origin="https://frost.example.org")
    assert "; Secure" in secured.headers["set-cookie"]


async def test_reading_sets_no_cookie_and_needs_none(editable):
    for path in ("/", "/search?q=ice", "/status", "/about", "/publishers"):
        assert "set-cookie" not in (await editable.ask(path)).headers


async def test_a_link_is_not_used_up_by_looking_at_it_and_works_once(editable):
    _, secret = await link(editable)
    for _ in range(2):
        page = await editable.ask(f"/edit/sign-in?link={secret}")
        assert page.status == 200
        assert "Sign in with this link" in Page(page.text).text
    assert (await post(editable, "/edit/sign-in", {"link": secret})).status == 303
    again = await post(editable, "/edit/sign-in", {"link": secret})
    assert (again.status, again.code) == (403, "link.invalid")
    assert "set-cookie" not in again.headers


async def test_a_link_ends(editable):
    _, secret = await link(editable)
    editable.clock.step_ms(SIGN_IN_LINK_S * 1000)
    assert (await post(editable, "/edit/sign-in", {"link": secret})).code == "link.invalid"
    for forged in ("x", "é", "x" * 100_000):
        assert (await post(editable, "/edit/sign-in", {"link": forged})).code == "link.invalid"


async def test_a_link_of_a_revoked_token_is_none(editable):
    made, secret = await link(editable)
    await editable.parts_operate("token revoke", id=made["id"])
    assert (await post(editable, "/edit/sign-in", {"link": secret})).code == "link.invalid"


async def test_nothing_at_rest_is_a_way_in(editable):
    made, secret = await link(editable)
    _, cookie = await signed_in(editable)
    assert "token" not in made
    stored = repr(vars(editable.parts.editing)) + repr(vars(editable.parts.access))
    assert secret not in stored
    assert cookie.partition("=")[2] not in stored


async def test_a_wrong_token_is_told_of(editable):
    for token in ("", "frost_a_b", "é" * 500):
        answer = await post(editable, "/edit/sign-in", {"token": token})
        assert (answer.status, answer.code) == (401, "token.invalid")
        assert "set-cookie" not in answer.headers


async def test_a_stolen_cookie_is_worth_nothing_when_the_token_is_revoked(editable):
    made, cookie = await signed_in(editable)
    assert (await editable.ask("/edit", headers={"cookie": cookie})).status == 200
    await editable.parts_operate("token revoke", id=made["id"])
    assert (await editable.ask("/edit", headers={"cookie": cookie})).status == 401


async def test_a_session_ends_with_its_time_and_with_its_token(editable):
    _, cookie = await signed_in(editable)
    editable.clock.step_ms(SESSION_S_MAX * 1000 - 1)
    assert (await editable.ask("/edit", headers={"cookie": cookie})).status == 200
    editable.clock.step_ms(1)
    assert (await editable.ask("/edit", headers={"cookie": cookie})).status == 401
    token = await editable.token(lifetime_s=60)
    brief = (await post(editable, "/edit/sign-in", {"token": token})).headers["set-cookie"]
    assert "max-age=60;" in brief.lower()
    editable.clock.step_ms(60_000)
    assert (await editable.ask("/edit", headers={"cookie": brief.partition(";")[0]})).status == 401


async def test_signing_out_ends_the_session_and_the_token_that_was_made_for_it(editable):
    made, cookie = await signed_in(editable)
    form = await form_token(editable, cookie)
    answer = await post(editable, "/edit/sign-out", {"form": form}, cookie)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert (await editable.ask("/edit", headers={"cookie": cookie})).status == 401
    assert made["id"] not in [item["id"] for item in (await editable.parts_operate("token list"))["tokens"]]
    assert (await post(editable, "/edit/sign-out", {"form": form}, cookie)).status == 303


async def test_a_token_that_was_shown_outlives_its_session(editable):
    token = await editable.token("subscribe")
    cookie = (await post(editable, "/edit/sign-in", {"token": token})).headers["set-cookie"].partition(";")[0]
    form = await form_token(editable, cookie)
    await post(editable, "/edit/sign-out", {"form": form}, cookie)
    assert (await post(editable, "/edit/sign-in", {"token": token})).status == 303


async def test_ended_tokens_of_links_make_room(editable):
    first, _ = await link(editable, name="Ada")
    assert first["name"] == "browser: Ada"
    await editable.token("inbox", lifetime_s=1)
    editable.clock.step_ms(SESSION_S_MAX * 1000)
    second, _ = await link(editable)
    ids = [item["id"] for item in (await editable.parts_operate("token list"))["tokens"]]
    assert len(ids) == 2 and first["id"] not in ids and second["id"] in ids


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": None},
    {"origin": None, "sec_fetch_site": "cross-site"},
    {"origin": None, "sec_fetch_site": "none"},
    {"origin": "http://node.example.evil.example"},
    {"origin": "http://node.example:81"},
    {"origin": f"{OWN} https://evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_no_foreign_page_signs_anybody_in_or_sends_a_form(editable, headers):
    token = await editable.token()
    answer = await post(editable, "/edit/sign-in", {"token": token}, **headers)
    assert (answer.status, answer.code) == (403, "form.foreign")
    assert "set-cookie" not in answer.headers
    _, cookie = await signed_in(editable)
    form = await form_token(editable, cookie)
    answer = await post(editable, "/edit/subscriptions", {"form": form, "target": "ice"}, cookie, **headers)
    assert (answer.status, answer.code) == (403, "form.foreign")


async def test_a_form_without_the_token_of_its_session_is_refused(editable):
    _, cookie = await signed_in(editable)
    _, other = await signed_in(editable)
    foreign = await form_token(editable, other)
    assert foreign != await form_token(editable, cookie)
    for fields in ({}, {"form": ""}, {"form": "é"}, {"form": foreign}, {"form": cookie.partition("=")[2]}):
        answer = await post(editable, "/edit/subscriptions", {**fields, "target": "ice"}, cookie)
        assert (answer.status, answer.code) == (403, "form.foreign")
    assert (await editable.parts_operate("subscriptions"))["subscriptions"] == []


async def test_a_browser_that_says_its_site_alone_is_believed(editable):
    token = await editable.token()
    answer = await post(
        editable, "/edit/sign-in", {"token": token}, origin=None, sec_fetch_site="same-origin"
    )
    assert answer.status == 303


@pytest.mark.slow
async def test_a_form_comes_as_forms_do_and_is_bounded(editable):
    _, cookie = await signed_in(editable)
    for type_, status in (
        ("text/plain", 415),
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
    ):
        assert (await post(editable, "/edit/subscriptions", {}, cookie, content_type=type_)).status == status
    large = {"content_length": str(EDIT_FORM_BYTES_MAX + 1)}
    assert (await post(editable, "/edit/subscriptions", {}, cookie, **large)).code == "request.too-large"
    parts = [b"x" * (EDIT_FORM_BYTES_MAX // 2)] * 3
    headers = {"origin": OWN, "content-type": TYPE, "cookie": cookie}
    assert (await editable.ask("/edit/subscriptions", "POST", headers, parts)).code == "request.too-large"


async def test_what_was_typed_outlives_a_session(editable):
    made, cookie = await signed_in(editable)
    form = await form_token(editable, cookie)
    await editable.parts_operate("token revoke", id=made["id"])
    typed = {"form": form, "target": 'sea "ice" <b>', "once": "1"}
    asked = await post(editable, "/edit/subscriptions", typed, cookie)
    assert asked.status == 401
    assert "What you typed is not lost" in Page(asked.text).text
    kept = re.search(r'name="kept" value="([^"]+)"', asked.text)[1].replace("&#34;", '"')
    kept = kept.replace("&lt;", "<").replace("&gt;", ">")
    assert form not in kept
    back = {"token": await editable.token(), "kept": kept, "then": "/edit/subscriptions"}
    again = await post(editable, "/edit/sign-in", back)
    assert again.status == 200
    assert "&lt;b&gt;" in again.text
    assert 'action="/edit/subscriptions"' in again.text
    assert form not in again.text
    for broken in ("[", '{"a": "\\ud800"}'):
        assert (await post(editable, "/edit/sign-in", {**back, "kept": broken})).code == "usage"


async def test_tries_are_counted(editable, monkeypatch):
    monkeypatch.setattr(rates, "RATE_WRITES_MAX", 2)
    editable.client = ("198.51.100.7", 1)
    editable.app = make_app(editable.parts, {"software": "frostnode", "version": "0", "name": "t"})
    answers = [await post(editable, "/edit/sign-in", {"token": "x"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]


async def test_a_link_needs_an_address_and_a_store(editable):
    made, _ = await link(editable)
    assert urlsplit(made["url"]).netloc == "frost.example.org"
    editable.parts.url = editable.parts.address = ""
    with pytest.raises(LocalError, match="does not run"):
        await link(editable)


async def test_a_node_that_keeps_no_sessions_has_no_such_pages(editable):
    editable.parts.editing = None
    editable.app = make_app(editable.parts, {"software": "frostnode", "version": "0", "name": "t"})
    assert (await editable.ask("/edit")).status == 404
