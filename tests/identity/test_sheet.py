"""The page: what a scanner reads from it is the kit, it says what it must, and it asks nobody for anything."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import zxingcpp

from frostnode.identity.kits import CHEAPEST, MODERATE, Kit, KitLabel, Purpose, open_kit, seal_kit
from frostnode.identity.sheet import compact, kit_sheet
from frostnode.identity.words import kit_words
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import did_of

DID = did_of(Cid.of(b"one"))
KIT = Kit(
    label=KitLabel(purpose=Purpose.RECOVERY, did=DID, created="2026-11-21T06:42:57Z"), seed=bytes(range(32))
)


def seal(kit: Kit) -> bytes:
    return seal_kit(kit, "open sesame", salt=b"s" * 16, nonce=b"n" * 24, cost=CHEAPEST)


DATA = seal(KIT)
PAGE = kit_sheet(KIT, DATA, name="Polar Data Centre", printed="2026-11-27")


class Text(HTMLParser):
    """The text of a page, its tags checked for being closed."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.text, self.tags = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def pixels(page: str) -> memoryview:
    """The QR code of a page, painted 4 pixels a module: 0 is black."""
    [side] = re.findall(r'viewBox="0 0 (\d+) \1"', page)
    [path] = re.findall(r'stroke="#000"[^>]* d="([^"]+)"', page)
    size, scale, x, y = int(side), 4, 0.0, 0.0
    image = bytearray(b"\xff" * (size * scale) ** 2)
    for command, numbers in re.findall(r"([Mmh])([^Mmh]+)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for row in range(int(y) * scale, (int(y) + 1) * scale):
                start = row * size * scale + int(x) * scale
                image[start : start + int(values[0]) * scale] = bytes(int(values[0]) * scale)
            x += values[0]
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            x, y = values
    return memoryview(image).cast("B", (size * scale, size * scale))


@pytest.mark.parametrize("purpose", list(Purpose))
def test_what_a_scanner_reads_is_the_kit(purpose: Purpose) -> None:
    kit = replace(KIT, label=replace(KIT.label, purpose=purpose))
    data = seal(kit)
    [code] = zxingcpp.read_barcodes(pixels(kit_sheet(kit, data, name="", printed="2026-11-27")))
    assert code.valid
    assert open_kit(code.text.encode(), "open sesame") == kit
    assert json.loads(code.text) == json.loads(data)


def test_the_code_of_a_kit_at_full_cost_is_coarse_enough_for_a_phone() -> None:
    fields = json.loads(DATA)
    fields["kdf"] |= {"ops": MODERATE.ops, "mem": MODERATE.mem}
    page = kit_sheet(KIT, json.dumps(fields).encode(), name="", printed="2026-11-27")
    [side] = re.findall(r'viewBox="0 0 (\d+) ', page)
    assert int(side) <= 105, "modules of 0.75 mm and more at 80 mm"


def test_the_text_beside_it_is_the_kit_too() -> None:
    read = "".join(Text(PAGE).text)
    assert compact(DATA) in read
    assert open_kit(compact(DATA).encode(), "open sesame") == KIT


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_page_says_what_it_is_whose_and_what_losing_it_means(purpose: Purpose) -> None:
    kit = replace(KIT, label=replace(KIT.label, purpose=purpose))
    page = Text(kit_sheet(kit, seal(kit), name="Polar Data Centre", printed="2026-11-27"))
    assert page.open == []
    read = " ".join("".join(page.text).split())
    for words in (
        purpose.kit_name.capitalize(),
        "Polar Data Centre",
        DID,
        "2026-11-21 06:42:57 UTC",
        "2026-11-27",
        "What it is for",
        "If it is lost",
        "If it is stolen",
        "If the passphrase is lost",
        "How to use it",
        "frost kit check",
    ):
        assert words in read


def test_the_page_stands_alone() -> None:
    for tag, attributes in Text(PAGE).tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "a", "form"}
        assert not {"src", "href", "onload"} & attributes.keys()
    assert "http" not in PAGE.replace("http-equiv", "")
    assert "url(" not in PAGE
    assert "@import" not in PAGE


def test_neither_seed_nor_words_are_on_it() -> None:
    read = "".join(Text(PAGE).text)
    assert KIT.seed.hex() not in read
    assert " ".join(kit_words(KIT)) not in " ".join(read.split())


def test_a_name_is_text_and_no_name_is_a_line_to_write_on() -> None:
    hostile = kit_sheet(KIT, DATA, name="<script>alert(1)</script> $did", printed="2026-11-27")
    assert "<script" not in hostile
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $did" in hostile
    assert 'class="blank"' in kit_sheet(KIT, DATA, name="", printed="2026-11-27")
