"""Mails in plain text: what has changed, and how to hear no more of it.

Titles and notes are text from strangers: of it stays what can be printed, in one line each, and no line of it begins where
ours do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from frostnode.notify.mail_links import MailLinks, Wish
from frostnode.notify_port import Watch
from frostnode.protocol.notice import Notice, NoticeKind, notice_links, rfc3339

_TITLE_CHARS: Final = 150
_POLICY: Final = SMTP.clone(max_line_length=900)
"""A link that is folded or encoded is none."""
_WHAT: Final = {
    NoticeKind.PUBLISHED: "is new",
    NoticeKind.CHANGED: "has changed",
    NoticeKind.DEPRECATED: "is deprecated",
    NoticeKind.WITHDRAWN: "was withdrawn",
    NoticeKind.CONTENT: "has come, after it was announced",
    NoticeKind.RETRACTED: "does not count any more",
    NoticeKind.RESTORED: "counts again",
    NoticeKind.MOVED: "has moved to another host",
    NoticeKind.TEST: "is a test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailForm:
    """What all mails of a node have in common."""

    sender: str
    name: str
    """What the node is called."""
    links: MailLinks

    def of_notices(self, watch: Watch, notices: Sequence[Notice], now_ms: int) -> bytes:
        """What a watch is told, in order."""
        first = notices[0]
        about = f"{_line(first.title or first.change.subject)} {_WHAT[first.kind]}"
        subject = about if len(notices) == 1 else f"{len(notices)} changes: {about}, …"
        leave = self.links.link(Wish.UNSUBSCRIBE, watch)
        parts = ["\n".join(_told(notice, self.links.url)) for notice in notices]
        parts.append(
            f"-- \nYou are told of {_line(watch.target)} because you asked {_line(self.name)} for it.\n"
            f"To hear no more of it: {leave}\n"
        )
        mail = self._mail(watch, subject, "\n\n".join(parts), now_ms)
        ids = "".join(str(notice.change.id) for notice in notices)
        mail["Message-ID"] = f"<{sha256(f'{watch.id} {ids}'.encode()).hexdigest()[:40]}@{self._domain}>"
        mail["List-Unsubscribe"] = f"<{leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return mail.as_bytes()

    def of_consent(self, watch: Watch, now_ms: int) -> bytes:
        """The question whether somebody wants to be told. It says nothing that whoever asked for it could have written."""
        text = (
            f"Somebody asked {_line(self.name)} to tell this address of changes of\n\n"
            f"  {_line(watch.target)}\n\n"
            f"If that was you, say yes at\n\n  {self.links.link(Wish.CONFIRM, watch)}\n\n"
            "If not, there is nothing to do: nothing more is sent.\n"
        )
        mail = self._mail(watch, f"{_line(self.name)}: do you want to be told?", text, now_ms)
        mail["Message-ID"] = f"<{sha256(f'{watch.id} {now_ms}'.encode()).hexdigest()[:40]}@{self._domain}>"
        return mail.as_bytes()

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def _mail(self, watch: Watch, subject: str, text: str, now_ms: int) -> EmailMessage:
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = Address(display_name=_line(self.name), addr_spec=self.sender)
        mail["To"] = Address(addr_spec=watch.address)
        mail["Subject"] = subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms // 1000, UTC))
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text, cte="quoted-printable")
        return mail


def _told(notice: Notice, node: str) -> list[str]:
    change = notice.change
    lines = [f"{_line(notice.title or change.subject)} {_WHAT[notice.kind]}"]
    if notice.note:
        lines.append(f"  {_line(notice.note, None)}")
    if notice.successor:
        lines.append(f"  In its place: {_line(notice.successor)}")
    if notice.host:
        lines.append(f"  Now at: {_line(notice.host)}")
    lines += [f"  {change.subject}", f"  {rfc3339(change.at_ms)}"]
    lines += [f"  {name.capitalize()}: {link}" for name, link in notice_links(change, node).items()]
    return lines


def _line(text: str, chars_max: int | None = _TITLE_CHARS) -> str:
    """Text from outside, in one line, without anything that moves a cursor or turns the direction of writing."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if chars_max is None or len(line) <= chars_max else f"{line[: chars_max - 1]}…"
