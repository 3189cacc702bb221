"""Which addresses notices may go to."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.notify.addresses import callback_url
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CALLBACK_CHARS_MAX


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "http://a.example:8080/x?y=%20",
        "https://[::1]/",
        "https://a/" + "x" * (CALLBACK_CHARS_MAX - 10),
    ],
)
def test_a_url_is_taken_as_it_is(url):
    assert callback_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret",
        "ftp://a.example/secret",
        "file:///secret",
        "https:///secret",
        "https://user:secret@a.example/",
        "https://a.example/#secret",
        "https://a.example:0/secret",
        "https://a.example:99999/secret",
        "https://a.example/secret\r\nx: y",
        "https://a.example/se cret",
        "https://[secret/",
        "https://a/" + "x" * CALLBACK_CHARS_MAX,
    ],
)
def test_all_else_is_refused_and_not_repeated(url):
    with pytest.raises(LocalError) as caught:
        callback_url(url)
    assert caught.value.code == "usage"
    assert "secret" not in str(caught.value)


@given(st.text())
def test_no_text_breaks_it(text):
    with suppress(LocalError):
        assert callback_url(text) == text
