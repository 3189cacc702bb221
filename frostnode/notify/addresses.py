"""Where notices may go: URLs and mail addresses, as whoever asks for them writes them."""

import re
from typing import Final
from urllib.parse import urlsplit

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CALLBACK_CHARS_MAX, MAIL_ADDRESS_CHARS_MAX

_URL: Final = re.compile(r"[!-~]+")
"""Printable ASCII without blanks."""

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAIL: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
"""A dot-atom at a domain (RFC 5321 section 4.1.2)."""


def callback_url(text: str) -> str:
    """A URL that notices are sent to. It may be a secret, so what is wrong with one is said without it.

    Raises:
        LocalError: usage
    """
    try:
        parts = urlsplit(text)
        is_fine = (
            len(text) <= CALLBACK_CHARS_MAX
            and _URL.fullmatch(text) is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and not (parts.fragment or "@" in parts.netloc)
        )
    except ValueError:
        is_fine = False
    if not is_fine:
        raise LocalError(
            "usage",
            f"address of a webhook: expected http(s)://HOST/PATH, at most {CALLBACK_CHARS_MAX} characters",
        )
    return text


def mail_address(text: str) -> str:
    """A mail address in ASCII, without quotes, comments and control characters: nothing of it can end a header.

    Raises:
        LocalError: usage
    """
    if len(text) > MAIL_ADDRESS_CHARS_MAX or not _MAIL.fullmatch(text):
        raise LocalError("usage", "mail address", found=text, expected="NAME@DOMAIN")
    return text
