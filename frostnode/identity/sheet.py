"""A kit on paper: one page that prints anywhere, with the encrypted kit file as QR code and as text.

The page stands alone: no script, no address, nothing that is loaded. Source of what it must say:
spec/02-identity.md#paper.
"""

import json
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

import segno

from frostnode.identity.kits import Kit, Purpose

_TEMPLATE: Final = "kit_sheet.html"
_QUIET_MODULES: Final = 4
"""The white border that readers need, by the standard of QR codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What a page says of the kits of one purpose."""

    title: str
    keep: str
    purpose: str
    lost: str
    stolen: str
    forgotten: str
    file: str


_WORDS: Final = {
    Purpose.AUTHORITY: _Words(
        title="Authority kit",
        keep="Keep it off the host, where you will find it.",
        purpose="It moves this publisher to another host, also away from a dead one, and names new keys. Its node works"
        " without it.",
        lost="The publisher goes on where it is, and can move only after its recovery sheet has named a new kit. If that"
        " is lost too, or there is none, the publisher ends with its host.",
        stolen="With the passphrase, a thief can move the publisher away. Use the recovery sheet at once: it voids what"
        " the thief did, and names a new kit.",
        forgotten="It is as if the kit were lost.",
        file="authority-kit.json",
    ),
    Purpose.RECOVERY: _Words(
        title="Recovery sheet",
        keep="Keep it in a safe, apart from the authority kit.",
        purpose="It overrules an authority kit that was stolen, and replaces one that was lost. It is used once; the use"
        " names the next sheet, and this one is destroyed.",
        lost="Nothing happens today. But from now on a thief of the authority kit cannot be stopped, and a lost kit"
        " cannot be replaced.",
        stolen="With the passphrase, a thief can take the publisher over, and no sheet is above this one. Use it"
        " first: that names the next sheet.",
        forgotten="It is as if the sheet were lost.",
        file="recovery-sheet.json",
    ),
}


def kit_sheet(kit: Kit, data: bytes, *, name: str, printed: str) -> str:
    """The page (HTML) for a kit that `data`, its file, opens to; one page of A4 or Letter.

    Args:
        kit: the opened kit: what was not opened may not be what it says.
        data: its encrypted file, which the page shows.
        name: the publisher's; "" leaves a line to write on.
        printed: the day, `YYYY-MM-DD`.
    """
    text = compact(data)
    label = kit.label
    said = _WORDS[label.purpose]
    return _template().substitute(
        title=said.title,
        short=escape(f"{label.did[:20]}…{label.did[-6:]}"),
        keep=said.keep,
        name=escape(name) or '<span class="blank">&nbsp;</span>',
        did=escape(label.did),
        created=escape(label.created.replace("T", " ").replace("Z", " UTC")),
        printed=escape(printed),
        purpose=said.purpose,
        lost=said.lost,
        stolen=said.stolen,
        forgotten=said.forgotten,
        file=said.file,
        qr=_qr(text),
        text=escape(text),
    )


def compact(data: bytes) -> str:
    """A kit file as one line: the same kit, in a QR code that is easier to read."""
    return json.dumps(json.loads(data), separators=(",", ":"))


def _qr(text: str) -> str:
    code = segno.make_qr(text, error="m", mode="byte", encoding="ascii")
    return code.svg_inline(
        border=_QUIET_MODULES,
        omitsize=True,
        light="#fff",
        svgclass=None,
        lineclass=None,
        title="QR code of the kit file",
    )


@cache
def _template() -> Template:
    return Template((files("frostnode.identity") / _TEMPLATE).read_text("utf-8"))
