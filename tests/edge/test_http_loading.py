"""What a page shows to load data with is, to the letter, what the tests of those lines run."""

import html
import re

from frostnode.snippets.choose import loadings

LOCATIONS = [
    {"href": "http://127.0.0.1:8080/ice.zarr"},
    {"href": "http://127.0.0.1:8080/<b>'ice'&x=\"1\".csv"},
    {"href": "http://127.0.0.1:8080/ice.tif"},
    {"href": "s3://bucket/lake/metadata/00002.metadata.json", "region": "us-east-1"},
    {"href": "s3://bucket/ice.parquet", "region": "us-east-1"},
]


async def test_the_page_of_a_record_shows_each_line_as_it_is_run(node):
    publisher = node.publish(("dataset", "ice", {"title": "Ice", "locations": LOCATIONS}))
    page = await node.ask(f"/record/{publisher.did}/ice")
    shown = [
        html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code>", page.text, re.DOTALL)
    ]
    lines = [snippet.text for found in loadings({"locations": LOCATIONS}) for snippet in found.snippets]
    assert len(lines) > 8
    assert [text for text in shown if text in lines] == lines
