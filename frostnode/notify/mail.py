"""Notices by e-mail: at once, or gathered; to nobody who has not said yes.

Rules: spec/14-notices.md#e-mail.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from frostnode.notify.mail_links import Wish
from frostnode.notify.mail_text import MailForm
from frostnode.notify.sender import Letter
from frostnode.notify.tries import TAKEN, Reply, Verdict
from frostnode.notify.watches import Watches
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.ports import Clock, Worker
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    MAIL_CONFIRM_S,
    MAIL_NOTICES_MAX,
    MAIL_OPT_INS_MAX,
    MAIL_OPT_INS_PER_ADDRESS_MAX,
    MAIL_OPT_INS_S,
    MAILS_AT_ONCE_MAX,
)
from frostnode.wire import MailAnswer, Mailer


def reply_to_mail(answer: MailAnswer) -> Reply:
    """What the answer of a mail server means. Gone is an address alone, never the server's other troubles."""
    if 200 <= answer.code < 300:
        return TAKEN
    error = f"SMTP {answer.code} {answer.enhanced}".rstrip()
    is_gone = answer.is_of_receiver and answer.code >= 500 and answer.enhanced.startswith("5.1.")
    return Reply(Verdict.GONE if is_gone else Verdict.REFUSED, error)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSender:
    """A `frostnode.notify.sender.Sender`."""

    mailer: Mailer
    form: MailForm
    clock: Clock
    together_max: int = MAIL_NOTICES_MAX
    at_once_max: int = MAILS_AT_ONCE_MAX
    slow_at_once_max: int = MAILS_AT_ONCE_MAX

    async def send(self, watch: Watch, letters: Sequence[Letter]) -> Reply:
        """One mail.

        Raises:
            TransportError
        """
        notices = [letter.notice for letter in letters if letter.notice is not None]
        message = self.form.of_notices(watch, notices, self.clock.now_ms())
        return reply_to_mail(await self.mailer.send(watch.address, message))


@dataclass(slots=True, kw_only=True)
class Consent:
    """Asks receivers whether they want to be told, and hears what they say."""

    mailer: Mailer
    form: MailForm
    watches: Watches
    worker: Worker
    clock: Clock
    _asked: deque[tuple[int, str]] = field(default_factory=deque)
    """When, and which address, oldest first."""

    async def ask(self, id_: str) -> None:
        """Send the question to a watch that is not confirmed; it is forgotten MAIL_CONFIRM_S later if nobody says yes.

        Raises:
            LocalError: record.not-found, queue.full; usage, for one that is confirmed, or no mails
            TransportError, also when the server does not take it; StorageError
        """
        watch = await self.worker.run(partial(self._unconfirmed, id_))
        now_ms = self.clock.now_ms()
        self._count(watch.address, now_ms)
        waiting = replace(watch, expires_ms=now_ms + 1000 * MAIL_CONFIRM_S)
        await self.worker.run(partial(self.watches.put, waiting))
        reply = reply_to_mail(await self.mailer.send(watch.address, self.form.of_consent(watch, now_ms)))
        if reply.verdict is not Verdict.TAKEN:
            raise TransportError("transport.status", "mail server", found=reply.error, expected="SMTP 250")

    def confirm(self, id_: str, tag: str) -> Watch:
        """Its receiver says yes; again changes nothing. Blocks: run it in a worker.

        Raises:
            LocalError: record.not-found, for a link that is none, or none any more; StorageError
        """
        watch = self.named(Wish.CONFIRM, id_, tag)
        if watch.state is WatchState.UNCONFIRMED:
            watch = replace(watch, state=WatchState.BEHIND, expires_ms=None)
            self.watches.put(watch)
        return watch

    def leave(self, id_: str, tag: str) -> None:
        """Its receiver says no: the address is forgotten; a public subscription goes on in the inbox of this home.

        Again changes nothing. Blocks: run it in a worker.

        Raises:
            LocalError: record.not-found, for a link that is none; StorageError
        """
        with self.watches.store.read() as reader:
            if reader.watch(id_) is None:
                return  # it was said before, and nothing is left that could tell a right link from a wrong one
        watch = self.named(Wish.UNSUBSCRIBE, id_, tag)
        if not watch.record:
            self.watches.remove(watch.id)
            return
        with self.watches.matching, self.watches.store.write() as writer:  # the subscription is public still
            self.watches.stop(watch.id, WatchState.LAPSED, writer)
            lapsed = writer.watch(watch.id) or watch
        self.watches.put(replace(lapsed, form=Form.INBOX, address="", digest_s=0, state=WatchState.BEHIND))

    def named(self, wish: Wish, id_: str, tag: str) -> Watch:
        """The watch that a link is of. Blocks: run it in a worker.

        Raises:
            LocalError: record.not-found; StorageError
        """
        with self.watches.store.read() as reader:
            watch = reader.watch(id_)
        if watch is None or watch.form is not Form.EMAIL or not self.form.links.is_of(wish, watch, tag):
            raise LocalError("record.not-found", "this link leads to nothing, or nothing any more")
        return watch

    def _unconfirmed(self, id_: str) -> Watch:
        with self.watches.store.read() as reader:
            watch = reader.watch(id_)
        if watch is None:
            raise LocalError("record.not-found", f"watch {id_}")
        if watch.form is not Form.EMAIL or watch.state is not WatchState.UNCONFIRMED:
            raise LocalError("usage", f"watch {id_}: there is nothing to confirm")
        return watch

    def _count(self, address: str, now_ms: int) -> None:
        """Note that an address is asked, unless too many were."""
        while self._asked and not 0 <= now_ms - self._asked[0][0] < 1000 * MAIL_OPT_INS_S:
            self._asked.popleft()
        of_address = sum(asked.lower() == address.lower() for _, asked in self._asked)
        if of_address >= MAIL_OPT_INS_PER_ADDRESS_MAX or len(self._asked) >= MAIL_OPT_INS_MAX:
            raise LocalError(
                "queue.full", "mails that ask for consent", found=len(self._asked), hint="come again tomorrow"
            )
        self._asked.append((now_ms, address))
