"""Where data lies, by its addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.hosts import host_of


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Data.Example.org:8443/a?b#c", "data.example.org"),
        ("https://user:secret@example.org/a", "example.org"),
        ("ftp://example.org", "example.org"),
        ("s3://bucket/a.zarr", "s3:bucket"),
        ("s3a://bucket", "s3:bucket"),
        ("https://bucket.s3.amazonaws.com/a", "s3:bucket"),
        ("https://my.bucket.s3.us-west-2.amazonaws.com/a", "s3:my.bucket"),
        ("https://bucket.s3-us-west-2.amazonaws.com/a", "s3:bucket"),
        ("https://s3.us-west-2.amazonaws.com/bucket/a", "s3:bucket"),
        ("https://s3.amazonaws.com/", "s3.amazonaws.com"),
        ("gs://bucket/a", "gs:bucket"),
        ("https://storage.googleapis.com/bucket/a", "gs:bucket"),
        ("https://bucket.storage.googleapis.com/a", "gs:bucket"),
        ("abfs://container@account.dfs.core.windows.net/a", "az:container"),
        ("az://container/a", "az:container"),
        ("https://account.blob.core.windows.net/container/a", "account.blob.core.windows.net"),
        ("file:///a", ""),
        ("mailto:a@example.org", ""),
        ("data/a.nc", ""),
        ("https://exa mple.org/", ""),
        ("s3://", ""),
        ("://example.org", ""),
        ("", ""),
    ],
)
def test_spellings_of_one_place_are_one(address: str, host: str) -> None:
    assert host_of(address) == host


@given(st.text())
def test_any_text_leads_somewhere_or_nowhere(text: str) -> None:
    for address in (text, f"https://{text}", f"s3://{text}"):
        found = host_of(address)
        assert found == "".join(found.split())
