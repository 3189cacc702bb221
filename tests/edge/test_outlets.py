"""What every way out to strangers does (frostnode.wire.Callbacks, Mailer) while all is well: one suite over real sockets
and what tests put in their place. What only sockets can do is in test_callbacks.py and test_smtp.py."""

from contextlib import asynccontextmanager

import pytest

from frostnode.edge.callbacks import HttpCallbacks
from frostnode.edge.smtp import SmtpMailer
from frostnode.edge.smtp_account import SmtpAccount
from frostnode.protocol.errors import TransportError
from frostnode.testing.callbacks import MemoryCallbacks
from frostnode.testing.callbacks import saying as answering
from frostnode.testing.loopback import loopback, response, saying
from frostnode.testing.mailer import MemoryMailer
from frostnode.testing.smtp_server import smtp_server
from frostnode.wire import CallbackAnswer, MailAnswer

pytestmark = pytest.mark.network

ANSWERS = {
    "/ok": CallbackAnswer(200, "", b"fine"),
    "/busy": CallbackAnswer(429, "7"),
    "/gone": CallbackAnswer(410),
    "/moved": CallbackAnswer(302),
}
MAIL = b"Subject: hello\r\n\r\nWhat changed.\r\n"


@asynccontextmanager
async def over_sockets():
    wire = {
        path: response(said.body, said.status, retry_after=said.retry_after, location="/ok")
        for path, said in ANSWERS.items()
    }
    async with loopback(saying(wire)) as server, HttpCallbacks() as callbacks:
        yield callbacks, server.url, lambda: server.requests


@asynccontextmanager
async def in_memory():
    url = "http://receiver.example"
    callbacks = MemoryCallbacks(
        {
            url + path: answering(said.status, retry_after=said.retry_after, body=said.body)
            for path, said in ANSWERS.items()
        }
    )
    yield callbacks, url, lambda: [message.url.removeprefix(url) for message in callbacks.came]


@pytest.mark.parametrize("receivers", [over_sockets, in_memory])
async def test_a_receiver_is_told_once_and_its_answer_is_handed_back(receivers):
    async with receivers() as (callbacks, url, came):
        for path, said in ANSWERS.items():
            assert await callbacks.post(url + path, {"x-a": "b"}, b"{}") == said
            assert await callbacks.get(url + path) == said
        asked = came()
    assert asked == [path for path in ANSWERS for _ in range(2)], "nobody was sent elsewhere"


@pytest.mark.parametrize("receivers", [over_sockets, in_memory])
async def test_where_nobody_is_there_is_an_error_of_the_wire_that_keeps_the_secret(receivers):
    async with receivers() as (callbacks, _, _):
        for ask in (
            callbacks.post("http://127.0.0.1:1/secret", {}, b"{}"),
            callbacks.get("http://127.0.0.1:1/secret"),
        ):
            with pytest.raises(TransportError) as caught:
                await ask
            assert caught.value.code == "transport.unreachable"
            assert "secret" not in str(caught.value)


@asynccontextmanager
async def smtp(refusal):
    async with smtp_server() as server:
        if refusal is not None:
            enhanced = f" {refusal.enhanced}" if refusal.enhanced else ""
            server.refusals["RCPT"] = f"{refusal.code}{enhanced} no"
        account = SmtpAccount(host="127.0.0.1", port=server.port, sender="node@node.example", security="none")
        yield SmtpMailer(account), lambda: [mail["subject"] for _, mail in server.taken]


@asynccontextmanager
async def mailbox(refusal):
    mailer = MemoryMailer() if refusal is None else MemoryMailer(refusal)
    yield mailer, lambda: [mail["subject"] for _, mail, _ in mailer.sent]


@pytest.mark.parametrize("server", [smtp, mailbox])
@pytest.mark.parametrize(
    "refusal", [None, MailAnswer(550, "5.1.1", is_of_receiver=True), MailAnswer(450, is_of_receiver=True)]
)
async def test_a_mail_is_taken_or_it_is_said_why_not(server, refusal):
    async with server(refusal) as (mailer, taken):
        assert await mailer.send("you@a.example", MAIL) == (refusal or MailAnswer(250))
        assert taken() == ([] if refusal else ["hello"])
