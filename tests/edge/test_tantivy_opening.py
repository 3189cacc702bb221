"""The index in a folder: made with small blocks, and opened as it is."""

import json

import pytest

from frostnode.edge.tantivy.opening import open_index
from frostnode.edge.tantivy.schema import build_schema


def said(folder):
    return json.loads((folder / "meta.json").read_text())


def test_a_new_index_keeps_records_in_small_blocks_and_one_that_is_there_is_left_alone(tmp_path):
    open_index(tmp_path, build_schema())
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 4096
    assert not list(tmp_path.glob(".*.part"))
    other = said(tmp_path) | {"index_settings": {"docstore_compression": "lz4", "docstore_blocksize": 16384}}
    (tmp_path / "meta.json").write_text(json.dumps(other))
    open_index(tmp_path, build_schema())
    assert said(tmp_path) == other


def test_an_index_that_says_nothing_of_blocks_stays_as_the_library_made_it(tmp_path, monkeypatch):
    monkeypatch.setattr("frostnode.edge.tantivy.opening._BLOCK", "unheard_of")
    open_index(tmp_path, build_schema())
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 16384


def test_what_is_no_index_is_the_librarys_error(tmp_path):
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(ValueError, match=r"EOF|parsing|serializ"):
        open_index(tmp_path, build_schema())
