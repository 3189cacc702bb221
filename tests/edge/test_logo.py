"""Logos: a picture that can do nothing but be seen, or none."""

import struct
import zlib

import pytest

from frostnode.edge.logo import read_logo
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import VIEW_LOGO_BYTES_MAX


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def svg(inner="", head='viewBox="0 0 120 40"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {head}>{inner}</svg>'.encode()


def read(folder, content):
    path = folder / "logo"
    path.write_bytes(content)
    return read_logo(path)


@pytest.mark.parametrize(
    ("content", "kind", "shape"),
    [
        (png(30, 10), "png", (30, 10)),
        (svg(), "svg", (120, 40)),
        (svg(head='viewBox="-5,-5,12.5,3"'), "svg", (12.5, 3)),
        (svg(head='width="64px" height="32"'), "svg", (64, 32)),
        (svg("<style>.a{fill:url(#g)}</style><path class='a' d='M0 0'/><use href='#a'/>"), "svg", (120, 40)),
        (svg("<image xlink:href='data:image/png;base64,AA=='/>"), "svg", (120, 40)),
    ],
)
def test_png_and_svg_have_a_kind_and_a_shape(tmp_path, content, kind, shape):
    logo = read(tmp_path, content)
    assert (logo.kind, (logo.width, logo.height), logo.content) == (kind, shape, content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<html></html>",
        b"\x89PNG\r\n\x1a\n",
        png(0, 0),
        b"\xff\xfe<\x00",
        svg(head=""),
        svg(head='viewBox="0 0 0 0"'),
        svg(head='viewBox="0 0 1e9 1"'),
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(),
        b'<?xml-stylesheet href="https://a.example/x.css"?>' + svg(),
        svg("<script>alert(1)</script>"),
        svg("<g onload='alert(1)'/>"),
        svg("<foreignObject/>"),
        svg("<a href='javascript:alert(1)'/>"),
        svg("<image xlink:href='https://a.example/pixel.png'/>"),
        svg("<image href='data:image/svg+xml;base64,AA=='/>"),
        svg("<style>@import 'https://a.example/x.css'</style>"),
        svg("<path fill='url(https://a.example/x)'/>"),
        svg("<path style=\"fill:url('//a.example/x')\"/>"),
        png(1, 1) + b"x" * VIEW_LOGO_BYTES_MAX,
    ],
)
def test_whatever_else_is_refused_by_its_name(tmp_path, content):
    with pytest.raises(LocalError) as caught:
        read(tmp_path, content)
    assert caught.value.code == "input.unreadable" and "logo" in caught.value.message


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(LocalError, match="No such file"):
        read_logo(tmp_path / "none.svg")
