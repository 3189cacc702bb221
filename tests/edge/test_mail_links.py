"""The links in mails: looking changes nothing, the button does, and so does the one click of a mail program."""

from urllib.parse import urlsplit

import pytest

from frostnode.edge.http.app import make_app
from frostnode.notify.mail import Consent
from frostnode.notify.mail_links import MailLinks, Wish
from frostnode.notify.mail_text import MailForm
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.testing.mailer import MemoryMailer

LINKS = MailLinks("https://frost.example.org", b"secret")


@pytest.fixture
def mailing(make_node):
    """A node with a watch whose address is not confirmed."""
    node = make_node()
    parts = node.parts
    form = MailForm(sender="node@frost.example.org", name="Node", links=LINKS)
    parts.consent = Consent(
        mailer=MemoryMailer(), form=form, watches=parts.watches, worker=parts.worker, clock=parts.clock
    )
    node.app = make_app(parts, {})
    node.watch = Watch(
        id="did:frost:x/~subscription/a b&c",
        target="<b>ice</b>",
        form=Form.EMAIL,
        created_ms=1,
        told=(0, -1),
        address="me@a.example",
        state=WatchState.UNCONFIRMED,
    )
    parts.watches.put(node.watch)
    return node


def target(wish, watch):
    parts = urlsplit(LINKS.link(wish, watch))
    return f"{parts.path}?{parts.query}"


def kept(node):
    with node.notices.read() as reader:
        return reader.watch(node.watch.id)


async def test_looking_changes_nothing_and_the_button_confirms(mailing):
    link = target(Wish.CONFIRM, mailing.watch)
    page = await mailing.ask(link)
    assert page.status == 200
    assert '<form method="post">' in page.text
    assert "&lt;b&gt;ice&lt;/b&gt;" in page.text
    assert kept(mailing).state is WatchState.UNCONFIRMED
    done = await mailing.ask(link, "POST")
    assert (done.status, kept(mailing).state) == (200, WatchState.BEHIND)


async def test_programs_get_what_the_page_says_and_nobody_keeps_it(mailing):
    link, asked = target(Wish.CONFIRM, mailing.watch), {"accept": "application/json"}
    shown = await mailing.ask(link, headers=asked)
    assert shown.json == {"wish": "confirm", "target": "<b>ice</b>", "done": False}
    assert kept(mailing).state is WatchState.UNCONFIRMED
    assert (await mailing.ask(link, "POST", asked)).json["done"] is True
    assert kept(mailing).state is WatchState.BEHIND
    for headers in (asked, {"accept": "text/html"}):
        assert (await mailing.ask(link, headers=headers)).headers["cache-control"] == "no-store"
    assert (await mailing.ask("/notices/confirm", headers=asked)).code == "record.not-found"


async def test_one_click_unsubscribes_and_again_is_fine(mailing):
    link = target(Wish.UNSUBSCRIBE, mailing.watch)
    assert "Tell me no more" in (await mailing.ask(link)).text
    assert kept(mailing) is not None
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        done = await mailing.ask(link, "POST", headers, b"List-Unsubscribe=One-Click")
        assert done.status == 200
        assert kept(mailing) is None


@pytest.mark.parametrize(
    "query", ["", "?watch=x", "?watch=x&tag=y", "?watch=did:frost:x/~subscription/a%20b%26c&tag=y"]
)
@pytest.mark.parametrize("wish", list(Wish))
async def test_a_link_that_is_none_leads_nowhere(mailing, wish, query):
    page = await mailing.ask(f"/notices/{wish}{query}")
    assert (page.status, page.code) == (404, "record.not-found")
    if "did:" in query or wish is Wish.CONFIRM:
        assert (await mailing.ask(f"/notices/{wish}{query}", "POST")).status == 404
    assert kept(mailing).state is WatchState.UNCONFIRMED


async def test_where_no_mails_are_sent_there_are_no_links(make_node):
    assert (await make_node().ask("/notices/confirm?watch=x&tag=y")).status == 404
