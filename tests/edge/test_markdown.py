"""Descriptions as markup: what people meant is shown, and whatever they wrote does no harm."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.edge.http.markdown import rich
from frostnode.protocol.limits import PAGE_TEXT_CHARS_MAX

ALLOWED = {
    **{tag: set() for tag in ("em", "strong", "s", "ul", "thead", "tbody", "tr", "br", "hr", "code")},
    **{tag: {"dir"} for tag in ("p", "li", "blockquote", "th", "td", "h3", "h4", "h5")},
    "ol": {"start"},
    "a": {"href", "rel", "title"},
    "div": {"class", "tabindex"},
    "pre": {"tabindex"},
    "table": {"class"},
}


class Strict(HTMLParser):
    """Holds markup to what is allowed; `text` is its words."""

    def __init__(self, html):
        super().__init__()
        self.open, self.texts, self.hrefs = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert set(values) <= ALLOWED[tag], (tag, values)
        if tag == "a":
            assert (
                values["href"].startswith(("http://", "https://")) and "@" not in values["href"].split("/")[2]
            )
            assert values["rel"] == "nofollow noopener noreferrer"
            self.hrefs.append(values["href"])
        assert values.get("start", "0").isdigit() and values.get("dir", "auto") == "auto"
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def shown(text):
    return Strict(rich(text).html)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One **two** *three*", '<p dir="auto">One <strong>two</strong> <em>three</em></p>'),
        ("# A\n\nB", '<h3 dir="auto">A</h3><p dir="auto">B</p>'),
        ("- a\n- b", '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'),
        ("3. a\n4. b", '<ol start="3"><li dir="auto">a</li><li dir="auto">b</li></ol>'),
        ("> q", '<blockquote dir="auto"><p dir="auto">q</p></blockquote>'),
        ("```py\nx < 1\n```", '<pre tabindex="0"><code>x &lt; 1\n</code></pre>'),
        ("a<br/>b", '<p dir="auto">a<br>b</p>'),
        ("<p>a</p><p>b</p>", '<p dir="auto">a</p><p dir="auto">b</p>'),
        ("<ul><li>a</li><li>b</li></ul>", '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'),
        ("    indented by HTML", '<p dir="auto">indented by HTML</p>'),
        ("10<sup>7</sup> m", '<p dir="auto">10⁷ m</p>'),
        ("~~old~~", '<p dir="auto"><s>old</s></p>'),
    ],
)
def test_what_people_meant(text, html):
    assert rich(text).html == html


def test_a_table_scrolls_by_itself():
    html = rich("|a|b|\n|---|:-:|\n|1|2|").html
    assert (
        html.startswith('<div class="scroll" tabindex="0"><table class="list"><thead>')
        and "style" not in html
    )


@pytest.mark.parametrize(
    ("text", "hrefs", "words"),
    [
        ("[a](https://x.example/)", ["https://x.example/"], "a"),
        ('<a href="https://x.example/" onclick="x()">a</a>', ["https://x.example/"], "a"),
        ("see https://x.example/a_b.", ["https://x.example/a_b"], "see https://x.example/a_b."),
        ("<https://x.example/>", ["https://x.example/"], "https://x.example/"),
        ("[a](NEXT_PAGE)", [], "a"),
        ("[a](javascript:alert(1))", [], "a"),
        ("[a](JaVaScRiPt:alert(1))", [], "a"),
        ("[a](&#106;avascript:alert(1))", [], "a"),
        ("[a](data:text/html,x)", [], "a"),
        ("[a](//x.example)", [], "a"),
        ("[a](https://user@x.example/)", [], "a"),
        ("<javascript:alert(1)>", [], "javascript:alert(1)"),
        ("[a]: javascript:x\n\n[a]", [], "a"),
        ("![map](https://x.example/a.png)", ["https://x.example/a.png"], "map"),
        ("![map](data:image/png;base64,AA)", [], "map"),
        ("[![map](https://x.example/a.png)](https://y.example)", ["https://y.example"], "map"),
        (
            "[https://good.example](https://bad.example)",
            ["https://bad.example"],
            "https://good.example (https://bad.example)",
        ),
    ],
)
def test_links_lead_where_they_say_and_nowhere_else(text, hrefs, words):
    found = shown(text)
    assert (found.hrefs, found.text) == (hrefs, words)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        '[a](https://x.example/"onmouseover="alert(1))',
        "`<b>` ``<script>``",
        '```"><script>\n</code></pre><script>\n```',
        "|<script>|\"|\n|-|-|\n|<iframe>|'|",
        "<a href='https://x.example' style='x'><script>y</script></a>",
        "<!-- x --><style>*{}</style>",
    ],
)
def test_hostile_text_is_text(text):
    shown(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["> ", "- ", "[", "![", "*a ", "**a", "`", "|a", "<a ", "&amp;", "\\", "_a__", "~~", "1. ", "[a]("],
)
def test_what_is_nested_deep_or_repeated_is_read_in_little_time_and_stays_small(piece):
    found = rich(piece * (PAGE_TEXT_CHARS_MAX // len(piece)))
    Strict(found.html)
    assert len(found.html) < 20 * PAGE_TEXT_CHARS_MAX
    assert max(map(len, re.findall(r"(?:<blockquote[^>]*>)+", found.html)), default=0) < 1000


def test_a_long_text_is_cut_and_says_so():
    assert not rich("x" * PAGE_TEXT_CHARS_MAX).cut
    assert rich("x" * (PAGE_TEXT_CHARS_MAX + 1)).cut


_pieces = st.sampled_from(
    [
        *(
            "*",
            "**",
            "_",
            "`",
            "```",
            "~~",
            "[",
            "](",
            ")",
            "![",
            "<",
            ">",
            "&",
            '"',
            "'",
            "\n",
            "\n\n",
            "# ",
            "- ",
            "1. ",
            "|",
        ),
        *(
            "|-|-|\n",
            "https://x.example/",
            "javascript:a",
            "<script>",
            "</p>",
            "<li>",
            "&lt;",
            "&#60;",
            "\\",
            "    ",
            "a",
            "é",
        ),
        *("\u202e", "\x00", "\x0b", "<a href='https://x.example'>", "</a>", "[a]: ", "data:x"),
    ]
)


@given(st.lists(_pieces, max_size=30).map("".join) | st.text(max_size=60))
@example('<a href="https://x">"><script>')
def test_any_text_becomes_markup_that_keeps_the_rules(text):
    shown(text)


@pytest.mark.corpora
def test_real_descriptions_are_harmless(corpora):
    if corpora is None:
        descriptions = [
            "Where the ice is.<br />Every <b>day</b> since 1979.\n\nSee [the guide](https://guide.example/)."
        ]
    else:
        lines = (corpora / "earthengine/collections.jsonl").read_text("utf-8").splitlines()[:150]
        descriptions = [json.loads(line)["description"] for line in lines]
    for description in descriptions:
        assert shown(description).text.strip()
