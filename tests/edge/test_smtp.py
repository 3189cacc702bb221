"""Mails over SMTP on real sockets: what the server answers, and that nothing secret goes where it must not."""

import mailbox
import subprocess
import sys
from dataclasses import replace

import pytest

from frostnode.edge import smtp
from frostnode.edge.smtp import SmtpMailer
from frostnode.edge.smtp_account import SmtpAccount, lines_of, read_account
from frostnode.notify.mail import reply_to_mail
from frostnode.notify.mail_links import MailLinks
from frostnode.notify.mail_text import MailForm
from frostnode.notify.tries import TAKEN, Verdict
from frostnode.notify_port import Form, Watch
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.testing.smtp_server import smtp_server
from frostnode.wire import MailAnswer

MAIL = b"Subject: hello\r\n\r\n.a line that begins with a dot\r\n"


def account(server, **more):
    return SmtpAccount(
        host="127.0.0.1", port=server.port, sender="node@node.example", **{"security": "none", **more}
    )


@pytest.mark.network
async def test_a_mail_is_taken_as_it_is():
    async with smtp_server() as server:
        assert await SmtpMailer(account(server)).send("you@a.example", MAIL) == MailAnswer(250)
    ((receiver, mail),) = server.taken
    assert "you@a.example" in receiver
    assert mail["subject"] == "hello"
    assert mail.get_content().strip() == ".a line that begins with a dot"
    assert server.commands[0] == "ehlo node.example"


@pytest.mark.network
@pytest.mark.parametrize(
    ("command", "said", "verdict", "error"),
    [
        ("RCPT", "550 5.1.1 you@a.example is unknown", Verdict.GONE, "SMTP 550 5.1.1"),
        ("RCPT", "550 relaying denied", Verdict.REFUSED, "SMTP 550"),
        ("RCPT", "450 4.2.1 you@a.example is busy", Verdict.REFUSED, "SMTP 450 4.2.1"),
        ("MAIL", "550 5.1.8 not you", Verdict.REFUSED, "SMTP 550 5.1.8"),
        ("DATA", "554 5.7.1 spam", Verdict.REFUSED, "SMTP 554 5.7.1"),
        ("EHLO", "500 what", Verdict.TAKEN, ""),
    ],
)
async def test_what_a_server_refuses(command, said, verdict, error):
    async with smtp_server() as server:
        server.refusals[command] = said
        reply = reply_to_mail(await SmtpMailer(account(server)).send("you@a.example", MAIL))
    assert (reply.verdict, reply.error) == (verdict, error)


@pytest.mark.network
async def test_without_encryption_no_password_and_no_mail_goes_out(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    async with smtp_server() as server:
        mailer = SmtpMailer(account(server, security="starttls", user="me", password_file=str(secret)))
        with pytest.raises(TransportError) as caught:
            await mailer.send("you@a.example", MAIL)
    assert "geheim" not in str(caught.value)
    assert server.taken == []
    assert not any(command.upper().startswith(("AUTH", "MAIL", "RCPT")) for command in server.commands)


@pytest.mark.network
@pytest.mark.parametrize(
    ("security", "said"), [("tls", ""), ("starttls", "220 go on"), ("starttls", "250 fine")]
)
async def test_a_server_that_does_not_encrypt_gets_nothing(security, said, monkeypatch):
    monkeypatch.setattr(smtp, "MAIL_ANSWER_S", 0.2)
    async with smtp_server() as server:
        server.offers = ("STARTTLS",)
        server.refusals["STARTTLS"] = said
        with pytest.raises(TransportError):
            await SmtpMailer(account(server, security=security)).send("you@a.example", MAIL)
    assert server.taken == []


@pytest.mark.network
async def test_a_missing_password_file_and_a_missing_server_are_errors_of_the_wire(tmp_path):
    async with smtp_server() as server:
        offering = account(server, user="me", password_file=str(tmp_path / "none"))
        with pytest.raises(TransportError, match="FileNotFoundError"):
            await SmtpMailer(offering).send("you@a.example", MAIL)
    with pytest.raises(TransportError, match="ConnectionRefusedError"):
        await SmtpMailer(replace(offering, port=1)).send("you@a.example", MAIL)


def test_an_answer_that_means_yes():
    assert reply_to_mail(MailAnswer(250)) is TAKEN


@pytest.mark.parametrize(
    "table",
    [
        7,
        {"nothing": 1},
        {"port": "25"},
        {"port": 0},
        {"host": 7},
        {"security": "some"},
        {"security": "none", "user": "me"},
        {"host": "mail.example"},
        {"host": "mail.example", "sender": "no address"},
        {"host": "mail.example", "sender": "a@b\r\nBcc: c@d"},
    ],
)
def test_what_is_no_account_is_refused(table):
    with pytest.raises(LocalError) as caught:
        read_account(table)
    assert caught.value.code == "input.unreadable"


def test_an_account_has_every_setting_with_its_comment():
    text = "\n".join(lines_of(SmtpAccount()))
    for name in ("host", "port", "security", "user", "password_file", "sender"):
        assert f"\n{name} = " in text


SERVER = """
import asyncio, sys
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.handlers import Mailbox

loop = asyncio.new_event_loop()
controller = UnthreadedController(Mailbox(sys.argv[1]), hostname="127.0.0.1", port=0, loop=loop)
controller.begin()
print(controller.server.sockets[0].getsockname()[1], flush=True)
loop.run_in_executor(None, sys.stdin.read).add_done_callback(lambda _: loop.stop())
loop.run_forever()
"""


@pytest.mark.network
@pytest.mark.slow
async def test_a_mail_server_of_other_people_takes_it_and_keeps_it_in_a_mailbox(tmp_path):
    folder = tmp_path / "mailbox"
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs here
        [sys.executable, "-c", SERVER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(process.stdout.readline())
        sender = SmtpAccount(host="127.0.0.1", port=port, sender="node@node.example", security="none")
        form = MailForm(sender=sender.sender, name="Node", links=MailLinks("https://node.example", b"key"))
        watch = Watch(
            id="w", target="sea ice", form=Form.EMAIL, created_ms=1, told=(0, -1), address="you@a.example"
        )
        message = form.of_consent(watch, 1_800_000_000_000)
        assert await SmtpMailer(sender).send(watch.address, message) == MailAnswer(250)
    finally:
        process.communicate("")
    (mail,) = mailbox.Maildir(folder)
    assert (mail["X-RcptTo"], mail["X-MailFrom"]) == ("you@a.example", "node@node.example")
    assert "sea ice" in mail.get_payload(decode=True).decode()
