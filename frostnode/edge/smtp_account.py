"""The table `[mail]` of frost.toml: the server that sends the mails of this node, and under which name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from frostnode.notify.addresses import mail_address
from frostnode.protocol.errors import LocalError

SECURITIES: Final = ("tls", "starttls", "none")

ABOUT: Final = {
    "host": "Server that sends the mails of this node; none are sent without. It reads all of them.",
    "port": "Its port: 465 is usual for tls, 587 for starttls.",
    "security": "tls, starttls, or none: for a server on this machine.",
    "user": "Name to log in with, if the server wants one.",
    "password_file": "File with its password, which only you should be able to read.",
    "sender": "Address that mails come from. Answers and complaints go there.",
}
"""What each setting does, and who may harm by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """A server and how to log in there; "" as the host: none."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password_file: str = ""
    sender: str = ""


def read_account(table: object) -> SmtpAccount:
    """The account that a table says.

    Raises:
        LocalError: input.unreadable, naming the setting
    """
    if not isinstance(table, Mapping):
        raise _wrong("mail", table, "a table")
    for name, value in table.items():
        if name not in ABOUT:
            raise _wrong(f"mail: unknown setting {name!r}", None, ", ".join(ABOUT))
        kind = int if name == "port" else str
        if type(value) is not kind:
            raise _wrong(f"mail.{name}", value, kind.__name__)
    account = SmtpAccount(**table)
    if account.security not in SECURITIES:
        raise _wrong("mail.security", account.security, ", ".join(SECURITIES))
    if not 1 <= account.port <= 65535:
        raise _wrong("mail.port", account.port, "1 to 65535")
    if account.security == "none" and account.user:
        raise _wrong("mail.user", account.user, "none: a password is not sent in the clear")
    if account.host:
        _check_address(account.sender)
    return account


def _check_address(sender: str) -> None:
    try:
        mail_address(sender)
    except LocalError as error:
        raise _wrong("mail.sender", sender, "NAME@DOMAIN") from error


def lines_of(account: SmtpAccount) -> Iterator[str]:
    """The table, every setting with its comment."""
    yield "[mail]"
    for field in fields(account):
        value = getattr(account, field.name)
        yield f"# {ABOUT[field.name]}"
        yield f"{field.name} = {_toml(value)}"


def _toml(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _wrong(what: str, found: Any, expected: str) -> LocalError:
    return LocalError("input.unreadable", what, found=found, expected=expected)
