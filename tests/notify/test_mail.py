"""Notices by e-mail: what mails say, to whom they go and when, and that nobody gets them who did not say yes."""

from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from frostnode.notify.mail import Consent, MailSender
from frostnode.notify.mail_links import MailLinks, Wish
from frostnode.notify.mail_text import MailForm
from frostnode.notify.tries import Verdict
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    MAIL_CONFIRM_S,
    MAIL_OPT_INS_MAX,
    MAIL_OPT_INS_PER_ADDRESS_MAX,
    MAIL_OPT_INS_S,
)
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, ChangeKind, Notice, NoticeId, NoticeKind
from frostnode.testing.mailer import MemoryMailer
from frostnode.wire import MailAnswer

LINKS = MailLinks("https://node.example", b"a secret of the node")
FORM = MailForm(sender="node@node.example", name="The node", links=LINKS)
ME = "me@a.example"
WATCH = Watch(id="w", target="*", form=Form.EMAIL, created_ms=7, told=(0, -1), address=ME)
CHANGE = Change(
    id=NoticeId(number=1, position=0, database=bytes(16), tag=bytes(8)),
    kind=ChangeKind.MOVED,
    did=Did("did:frost:x"),
    at_ms=1_800_000_000_000,
)
NOTICE = Notice(change=CHANGE, kind=NoticeKind.CHANGED, title="Sea ice")


def parsed(watch, *notices, form=FORM):
    from email import message_from_bytes
    from email.policy import default

    return message_from_bytes(form.of_notices(watch, notices, 1_800_000_000_000), policy=default)


def content(mail):
    """The text as people see it."""
    return mail.get_content().replace("\r\n", "\n")


class MailingNode:
    """A node that sends mails, and what it sent."""

    def __init__(self, make_telling):
        self.mailer = MemoryMailer()
        self.node = make_telling(
            senders={Form.EMAIL: lambda _, clock: MailSender(mailer=self.mailer, form=FORM, clock=clock)}
        )
        parts = self.node.parts
        self.consent = Consent(
            mailer=self.mailer, form=FORM, watches=parts.watches, worker=parts.worker, clock=parts.clock
        )

    def watch(self, id_, target, **more):
        self.node.watch(id_, target, form=Form.EMAIL, **{"address": ME, **more})

    def link(self, wish, id_):
        """The watch and the tag of a link."""
        with self.node.notices.read() as reader:
            query = parse_qs(urlsplit(LINKS.link(wish, reader.watch(id_))).query)
        return query["watch"][0], query["tag"][0]

    def put(self, publisher, *keys):
        start = len(publisher.leaves)
        for key in keys:
            publisher.put(key, {"title": key})
        self.node.tell(*publisher.stream(start))

    @property
    def texts(self):
        return [content(mail) for _, mail, _ in self.mailer.sent]


@pytest.fixture
def mailing(make_telling):
    return MailingNode(make_telling)


# what mails say


def test_a_mail_says_what_has_changed_and_how_to_hear_no_more_of_it():
    mail = parsed(WATCH, replace(NOTICE, note="January added"))
    leave = LINKS.link(Wish.UNSUBSCRIBE, WATCH)
    assert mail["subject"] == "Sea ice has changed"
    assert mail["to"] == ME
    assert mail["from"] == "The node <node@node.example>"
    assert mail["list-unsubscribe"] == f"<{leave}>"
    long = replace(WATCH, id=f"did:frost:{'b' * 59}/~subscription/{'k' * 200}")
    assert parsed(long, NOTICE)["list-unsubscribe"] == f"<{LINKS.link(Wish.UNSUBSCRIBE, long)}>"
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["date"].datetime.timestamp() == 1_800_000_000
    text = content(mail)
    assert "  January added\n" in text
    assert leave in text
    assert "https://node.example/publisher/did:frost:x" in text


def test_a_repetition_is_the_same_mail_to_the_receiver():
    assert parsed(WATCH, NOTICE)["message-id"] == parsed(WATCH, NOTICE)["message-id"]
    other = replace(NOTICE, change=replace(CHANGE, id=replace(CHANGE.id, number=2)))
    assert parsed(WATCH, NOTICE)["message-id"] != parsed(WATCH, other)["message-id"]


HOSTILE = st.text() | st.sampled_from(
    ["a\r\nBcc: you@b.example", "\u202egnp.exe", "x\n-- \nTo hear no more of it: http://evil"]
)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_of_strangers_adds_a_field_or_a_line(title, note, name, host):
    notice = replace(NOTICE, title=title, note=note, host=host)
    form = replace(FORM, name=name)
    mail = parsed(replace(WATCH, target=title or "x"), notice, form=form)
    plain = parsed(WATCH, NOTICE)
    assert sorted(key.lower() for key in mail) == sorted(key.lower() for key in plain)
    assert mail["to"] == ME
    assert mail["from"].addresses[0].addr_spec == "node@node.example"
    lines = content(mail).split("\n")
    assert [line for line in lines if line.startswith("To hear no more of it: ")] == [
        f"To hear no more of it: {LINKS.link(Wish.UNSUBSCRIBE, replace(WATCH))}"
    ]
    assert lines.count("-- ") == 1
    assert "\u202e" not in content(mail) + mail["subject"]


def test_a_link_is_of_one_wish_one_address_and_one_time():
    query = parse_qs(urlsplit(LINKS.link(Wish.CONFIRM, WATCH)).query)
    tag = query["tag"][0]
    assert LINKS.is_of(Wish.CONFIRM, WATCH, tag)
    assert not LINKS.is_of(Wish.UNSUBSCRIBE, WATCH, tag)
    for other in (
        replace(WATCH, address="b@a.example"),
        replace(WATCH, created_ms=8),
        replace(WATCH, id="v"),
    ):
        assert not LINKS.is_of(Wish.CONFIRM, other, tag)
    leave = parse_qs(urlsplit(LINKS.link(Wish.UNSUBSCRIBE, WATCH)).query)["tag"][0]
    assert LINKS.is_of(Wish.UNSUBSCRIBE, replace(WATCH, created_ms=8), leave), "old mails have links too"
    assert not LINKS.is_of(Wish.UNSUBSCRIBE, replace(WATCH, address="b@a.example"), leave)
    assert not MailLinks(LINKS.url, b"another").is_of(Wish.CONFIRM, WATCH, tag)
    assert not LINKS.is_of(Wish.CONFIRM, WATCH, "\ud800")


# when they go


async def test_each_goes_at_once_and_what_waits_goes_together(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did)
    async with mailing.node.delivering():
        mailing.put(publisher, "a")
        await trio.sleep(1)
        mailing.put(publisher, "b", "c")
        await trio.sleep(1)
    subjects = [mail["subject"] for _, mail, _ in mailing.mailer.sent]
    assert subjects == ["a is new", "2 changes: b is new, …"]
    assert mailing.texts[1].index("b is new") < mailing.texts[1].index("c is new")
    assert mailing.node.due("me") == []


@pytest.mark.slow
async def test_a_digest_is_one_mail_in_its_time(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did, digest_s=3600)
    async with mailing.node.delivering():
        for n in range(12):
            mailing.put(publisher, f"d{n}")
            await trio.sleep(900)
        await trio.sleep(3600)
    times = [at_s for *_, at_s in mailing.mailer.sent]
    assert len(times) == 4
    assert all(3500 <= other - one <= 3700 for one, other in pairwise(times))
    told = "".join(mailing.texts)
    assert all(f"\nd{n} is new" in f"\n{told}" for n in range(12))


async def test_a_mail_that_is_refused_is_tried_again_and_an_address_that_is_gone_lapses(
    mailing, publisher, autojump_clock
):
    mailing.watch("me", publisher.did)
    mailing.mailer.answer = MailAnswer(451, "4.3.0")
    async with mailing.node.delivering():
        mailing.put(publisher, "a")
        await trio.sleep(2)
        assert mailing.node.tries("me").error == "SMTP 451 4.3.0"
        mailing.mailer.answer = MailAnswer(550, "5.1.1", is_of_receiver=True)
        await trio.sleep(60)
    assert mailing.node.state("me") is WatchState.LAPSED
    assert mailing.node.tries("me").error == "SMTP 550 5.1.1"


async def test_a_test_mail(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did)
    assert (await mailing.node.parts.delivery.test("me")).verdict is Verdict.TAKEN
    assert mailing.mailer.sent[0][1]["subject"] == "A test notice is a test"


# consent


async def test_nothing_is_sent_to_who_has_not_said_yes_and_all_since_then_to_who_has(
    mailing, publisher, autojump_clock
):
    mailing.watch("me", publisher.did, state=WatchState.UNCONFIRMED)
    async with mailing.node.delivering():
        await mailing.consent.ask("me")
        ((to, question, _),) = mailing.mailer.sent
        assert to == ME
        assert LINKS.link(Wish.CONFIRM, replace(WATCH, id="me", created_ms=_created(mailing))) in content(
            question
        )
        mailing.put(publisher, "a")
        await trio.sleep(1)
        assert len(mailing.mailer.sent) == 1
        with pytest.raises(LocalError, match="not confirmed"):
            await mailing.node.parts.delivery.test("me")
        id_, tag = mailing.link(Wish.CONFIRM, "me")
        for wrong in (mailing.link(Wish.UNSUBSCRIBE, "me")[1], "", tag[:-1]):
            with pytest.raises(LocalError):
                mailing.consent.confirm(id_, wrong)
        mailing.consent.confirm(id_, tag)
        mailing.consent.confirm(id_, tag)
        mailing.put(publisher, "b")
        await trio.sleep(1)
    assert "a is new" in mailing.texts[1]
    assert "b is new" in "".join(mailing.texts[1:])


def _created(mailing):
    with mailing.node.notices.read() as reader:
        return reader.watch("me").created_ms


@pytest.mark.slow
async def test_who_does_not_answer_is_forgotten(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did, state=WatchState.UNCONFIRMED)
    async with mailing.node.delivering():
        await mailing.consent.ask("me")
        await trio.sleep(MAIL_CONFIRM_S + 120)
    with mailing.node.notices.read() as reader:
        assert reader.watch("me") is None


async def test_questions_are_few(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did, state=WatchState.UNCONFIRMED)
    for _ in range(MAIL_OPT_INS_PER_ADDRESS_MAX):
        await mailing.consent.ask("me")
    with pytest.raises(LocalError) as caught:
        await mailing.consent.ask("me")
    assert caught.value.code == "queue.full"
    for n in range(MAIL_OPT_INS_MAX - MAIL_OPT_INS_PER_ADDRESS_MAX):
        mailing.watch(f"w{n}", publisher.did, state=WatchState.UNCONFIRMED, address=f"{n}@a.example")
        await mailing.consent.ask(f"w{n}")
    mailing.watch("more", publisher.did, state=WatchState.UNCONFIRMED, address="more@a.example")
    with pytest.raises(LocalError):
        await mailing.consent.ask("more")
    mailing.node.clock.step_ms(1000 * MAIL_OPT_INS_S)
    await mailing.consent.ask("more")


async def test_a_question_that_is_not_taken_says_so(mailing, publisher, autojump_clock):
    mailing.watch("me", publisher.did, state=WatchState.UNCONFIRMED)
    mailing.mailer.answer = MailAnswer(550, "5.1.1", is_of_receiver=True)
    with pytest.raises(TransportError, match="SMTP 550"):
        await mailing.consent.ask("me")
    mailing.watch("yes", publisher.did)
    for id_ in ("yes", "nobody"):
        with pytest.raises(LocalError):
            await mailing.consent.ask(id_)


async def test_who_leaves_is_forgotten_and_a_public_subscription_goes_on_in_the_inbox(
    mailing, publisher, autojump_clock
):
    mailing.watch("private", publisher.did)
    mailing.watch("public", publisher.did, record=f"{publisher.did}/~subscription/x")
    links = {id_: mailing.link(Wish.UNSUBSCRIBE, id_) for id_ in ("private", "public")}
    mailing.put(publisher, "a")
    with pytest.raises(LocalError):
        mailing.consent.leave("private", links["public"][1])
    for id_, link in links.items():
        mailing.consent.leave(*link)
        if id_ == "private":
            mailing.consent.leave(*link)
    mailing.put(publisher, "b")
    with mailing.node.notices.read() as reader:
        assert reader.watch("private") is None
        public = reader.watch("public")
        assert (public.form, public.address) == (Form.INBOX, "")
        assert [item.due.change.key for item in reader.inbox(limit=10)] == ["b", "a"]
    with pytest.raises(LocalError):
        mailing.consent.leave(*links["public"])
