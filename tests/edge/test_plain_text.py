"""Descriptions as paragraphs of text and links: readable where they are markup, harmless whatever they are."""

import html
import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.plain_text import one_line, prose, safe_href
from frostnode.protocol.limits import PAGE_TEXT_CHARS_MAX


def lines(text):
    """Paragraphs of lines, links as text{address}."""
    return [
        ["".join(f"{run.text}{{{run.href}}}" if run.href else run.text for run in line) for line in paragraph]
        for paragraph in prose(text).paragraphs
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("One.\n\nTwo.", [["One."], ["Two."]]),
        ("wrapped at\nsome column", [["wrapped at some column"]]),
        ("items:\n- one\n- two\n  more", [["items:", "• one", "• two more"]]),
        ("1. first\n2) second", [["1. first", "2) second"]]),
        ("## Heading\nwords\nmore\n# Next", [["Heading", "words more", "Next"]]),
        ("#1 of 2\n#\n-5 degrees", [["#1 of 2", "#", "-5 degrees"]]),
        ("**Note:** 2**3 and 4**5 ** x ** **two words**", [["Note: 2**3 and 4**5 ** x ** two words"]]),
        ("| a | b |\n|---|---|", [["| a | b |", "|---|---|"]]),
        ("", []),
        (" \n\r\n\t\r ", []),
        ("a<br/>b<BR >c", [["a", "b", "c"]]),
        ("<p>Hello <b>bold</b></p><p>next</p>", [["Hello bold"], ["next"]]),
        ("<ul><li>one<li>two</ul>", [["• one", "• two"]]),
        ("fish &amp; chips &lt;raw&gt; &copy; &nonsense; AT&T", [["fish & chips <raw> © &nonsense; AT&T"]]),
        ("2*10<sup>7</sup> CO<sub>2</sub> x<SUP>-1</SUP>", [["2*10⁷ CO₂ x⁻¹"]]),
        ("E<sub>full</sub> a<sup>th</sup> <sup> </sup>", [["E_full a^th ^"]]),
        ("p<0.05 and x>3, <https> or <filename>", [["p<0.05 and x>3, <https> or <filename>"]]),
        ("<script>alert(1)</script>", [["<script>alert(1)</script>"]]),
        ("a\x00b\x1b[31mc\x9dd", [["ab[31mcd"]]),
    ],
)
def test_text_and_markup_become_lines(written, shown):
    assert lines(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://a.example/x.", "see https://a.example/x{https://a.example/x}."),
        ("(https://a.example/x)", "(https://a.example/x{https://a.example/x})"),
        ("https://a.example/x_(y)", "https://a.example/x_(y){https://a.example/x_(y)}"),
        ("[words](https://a.example/) more", "words{https://a.example/} more"),
        ('[words](https://a.example/ "title")', "words{https://a.example/}"),
        ("[w](https://a.example/x_(y))", "w{https://a.example/x_(y)}"),
        ("[over\nlines](https://a.example/)", "over lines{https://a.example/}"),
        ('<a href="https://a.example/?b=1&amp;c=2">words</a>', "words{https://a.example/?b=1&c=2}"),
        ("https://a.example/?a=1&para=2", "https://a.example/?a=1&para=2{https://a.example/?a=1&para=2}"),
        ("<a href='javascript:alert(1)'>words</a>", "words"),
        ("[words](javascript:alert(1))", "[words](javascript:alert(1))"),
        (
            "[https://bank.example](https://other.example)",
            "https://bank.example (https://other.example){https://other.example}",
        ),
        ("[https://a.example](https://a.example/)", "https://a.example/{https://a.example/}"),
        (
            "[www.bank.example](https://other.example)",
            "www.bank.example (https://other.example){https://other.example}",
        ),
        ("https://user:word@a.example/", "https://user:word@a.example/"),
        ("ftp://a.example s3://bucket/key", "ftp://a.example s3://bucket/key"),
    ],
)
def test_links_are_http_and_say_where_they_lead(written, shown):
    assert lines(written) == [[shown]]


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.example/", True),
        (" HTTP://A.example ", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://x/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("/path", False),
        ("https://", False),
        ("https:///path", False),
        ("https://u@a.example", False),
        ("https://a.example\\@b.example", True),
        ("https://a.example/\nx", False),
        ("https://a.example/ x", False),
        ("https://a.example/\u202e", False),
        ("", False),
    ],
)
def test_what_a_page_may_link_to(address, safe):
    assert safe_href(address) == (address.strip() if safe else "")


@given(st.text(alphabet=st.sampled_from("<>/apbr[]()&;# \n\thttps:.=\"'-*\u202e\x00é")) | st.text())
def test_any_text_is_shown_and_only_safe_addresses_are_links(text):
    shown = prose(text)
    for paragraph in shown.paragraphs:
        assert paragraph
        for line in paragraph:
            for run in line:
                assert run.text
                assert run.href == safe_href(run.href)
    assert "\n" not in one_line(text, 100)
    assert len(one_line(text, 100)) <= 102


def test_a_text_beyond_all_measure_is_cut():
    shown = prose("word " * PAGE_TEXT_CHARS_MAX)
    assert shown.cut
    assert sum(len(run.text) for p in shown.paragraphs for line in p for run in line) <= PAGE_TEXT_CHARS_MAX
    assert not prose("word").cut


@pytest.mark.parametrize(
    "bait",
    [
        *(
            "<a ",
            "<a href=",
            "<a href='https://x'",
            "[",
            "[a](",
            "[a](https://x",
            "[a](https://x(",
            "&",
            "&#1",
            "<p",
        ),
        *("https://", "https://a(", "https://a)", "\n \n", "\n\t", "<br", " ", "((", "[[", "<", "]("),
    ],
)
def test_no_text_takes_long(bait):
    began = time.process_time()
    prose(bait * PAGE_TEXT_CHARS_MAX)
    assert time.process_time() - began < 1


def test_one_line_ends_between_words():
    assert one_line("<p>Sea ice,</p> <p>every day</p>", 100) == "Sea ice, every day"
    assert one_line("one two, three", 9) == "one two …"
    assert one_line("", 10) == ""
    assert (
        one_line("See [the next](NEXT_V2) *or* 2*3*4 [x](javascript:y)", 100)
        == "See the next or 2*3*4 [x](javascript:y)"
    )


@pytest.mark.corpora
@pytest.mark.slow
def test_real_descriptions_lose_no_words(corpora):
    if corpora is None:
        texts = ["Sea <b>ice</b>.<br />Every day."]
    else:
        rows = (corpora / "aws-open-data-registry/datasets.jsonl").read_text().splitlines()
        rows += (corpora / "earthengine/collections.jsonl").read_text().splitlines()
        records = map(json.loads, rows)
        texts = [record.get("Description") or record.get("description") or "" for record in records]
    for text in texts:
        shown = one_line(text, 10**9)
        assert "<br" not in shown and "</p>" not in shown
        assert set(words_by_hand(text)) <= set(re.findall(r"[A-Za-z]{3,}", shown)), text[:500]


def words_by_hand(text):
    """The words of a description, without tags, entities and addresses: crude, and obvious."""
    bare = html.unescape(text[:PAGE_TEXT_CHARS_MAX]).replace("\x00", "")
    bare = re.sub(r"</?(?:br|p|li|ul|sub|sup)\b[^>]*>", " ", bare)
    bare = re.sub(r"\]\([\w./#-]+\)", "] ", bare)
    bare = re.sub(r"https?://\S*", " ", re.sub(r"<[^>]*>", "", bare))
    return re.findall(r"[A-Za-z]{3,}", bare)[:-1]
