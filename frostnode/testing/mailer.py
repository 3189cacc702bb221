"""A mail server without a network: it takes what comes, as a mail program would read it."""

from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import trio

from frostnode.wire import MailAnswer


@dataclass(slots=True)
class MemoryMailer:
    """A `frostnode.wire.Mailer` that says `answer`; `sent` are mails with their receivers and the second of the run."""

    answer: MailAnswer = field(default_factory=lambda: MailAnswer(250))
    sent: list[tuple[str, EmailMessage, float]] = field(default_factory=list)

    async def send(self, to: str, message: bytes) -> MailAnswer:
        """Take a mail, if the answer says so."""
        await trio.lowlevel.checkpoint()
        mail = message_from_bytes(message, policy=default)
        assert isinstance(mail, EmailMessage)
        if self.answer.code < 300:
            self.sent.append((to, mail, trio.current_time()))
        return self.answer
