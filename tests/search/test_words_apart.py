"""Where words begin and end."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.tantivy.analysis import words
from frostnode.search.words import BETWEEN, joined, spaced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sea-ice sst_daily MODIS09", "sea ice sst daily modis09"),
        ("Températures océaniques", "temperatures oceaniques"),
        ("Straße ﬁne Ⅻ", "strasse fine xii"),
        ("a\u0301bc soft\u00adhyphen İstanbul", "abc softhyphen istanbul"),
        ("海面水温データ", "海 面 水 温 デ ー タ"),
        ("ABCテスト123", "abc テ ス ト 123"),
        ("हिन्दी", "हिनदी"),
        ("한국어 데이터", "한국어 데이터"),
        ("\ue000 \u0378 \ud800", ""),
    ],
)
def test_words_of_many_scripts(text, expected):
    assert words(text.encode("utf-8", "replace").decode()) == expected.split()


@given(st.text("abcéàÜñçŠ ẁ\u00ad"))
def test_accents_are_the_same_however_they_are_written(text):
    assert words(unicodedata.normalize("NFD", text)) == words(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_put_in_order_has_the_same_words(text):
    assert words(spaced(text)) == words(text)


@given(st.text("abc XY-9_.é"))
def test_what_is_ascii_is_left_as_it_is(text):
    assert spaced(text) == text or not text.isascii()


@given(st.lists(st.text("ab é海\u00aa")))
def test_many_texts_are_put_in_order_as_each_is(texts):
    assert joined(texts) == f" {BETWEEN} ".join(map(spaced, texts))


@given(st.text())
def test_what_stands_between_texts_is_in_none_of_them(text):
    text = text.encode("utf-8", "replace").decode()
    assert BETWEEN not in spaced(f"{BETWEEN}{text}{BETWEEN}")
