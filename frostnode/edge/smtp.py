"""The way out for mails: `frostnode.wire.Mailer` over SMTP, one connection a mail, in threads of its own.

The server is the operator's: it is trusted with all that is sent. Nothing of what it says but codes is repeated, for its
texts may hold addresses.
"""

import re
import smtplib
import ssl
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import trio

from frostnode.edge.smtp_account import SmtpAccount
from frostnode.protocol.errors import TransportError
from frostnode.protocol.limits import MAIL_ANSWER_S, MAILS_AT_ONCE_MAX
from frostnode.wire import MailAnswer

_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class SmtpMailer:
    """A `frostnode.wire.Mailer` with one account."""

    def __init__(self, account: SmtpAccount) -> None:
        self._account = account
        self._threads = trio.CapacityLimiter(
            2 * MAILS_AT_ONCE_MAX
        )  # apart from those of the store: a server may be slow

    async def send(self, to: str, message: bytes) -> MailAnswer:
        """What the server answers to a mail.

        Raises:
            TransportError
        """
        work = partial(_send, self._account, to, message)
        return await trio.to_thread.run_sync(work, limiter=self._threads, abandon_on_cancel=True)


def _send(account: SmtpAccount, to: str, message: bytes) -> MailAnswer:
    try:
        server = _connected(account)
        try:
            server.sendmail(account.sender, [to], message)
        finally:
            with suppress(OSError, smtplib.SMTPException):  # what is said of the mail is said by now
                server.quit()
            server.close()
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[to]
        return MailAnswer(code, _enhanced(text), is_of_receiver=True)
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 400:  # a yes to something else than the mail
            raise TransportError("transport.status", "mail server", found=error.smtp_code) from error
        return MailAnswer(error.smtp_code, _enhanced(error.smtp_error))
    except smtplib.SMTPServerDisconnected as error:
        raise TransportError("transport.closed", "mail server") from error
    except TimeoutError as error:
        raise TransportError("transport.timeout", "mail server", found=f"{MAIL_ANSWER_S} s") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise TransportError("transport.unreachable", f"mail server: {type(error).__name__}") from error
    return MailAnswer(250)


def _connected(account: SmtpAccount) -> smtplib.SMTP:
    """A session in which mails can be sent."""
    own = account.sender.rpartition("@")[2]
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if account.security == "tls":
        server = smtplib.SMTP_SSL(account.host, account.port, own, timeout=MAIL_ANSWER_S, context=context)
    else:
        server = smtplib.SMTP(account.host, account.port, own, timeout=MAIL_ANSWER_S)
    try:
        if account.security == "starttls":
            server.starttls(context=context)
        if account.user:
            password = Path(account.password_file).read_text("utf-8").rstrip("\r\n")
            server.login(account.user, password)
    except BaseException:  # whatever it was, the connection is not needed any more
        server.close()
        raise
    return server


def _enhanced(text: object) -> str:
    """The enhanced status code (RFC 3463) that an answer begins with, "" where it has none."""
    found = _ENHANCED.match(text.decode("ascii", "replace") if isinstance(text, bytes) else str(text))
    return found[0] if found else ""
