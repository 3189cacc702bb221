"""The index in a folder: made with small blocks, and opened as it is."""

import json

import pytest
import tantivy

from frostnode.edge.tantivy.analysis import ANALYSIS, ANALYZER
from frostnode.edge.tantivy.opening import open_index
from frostnode.edge.tantivy.schema import build_schema


def said(folder):
    return json.loads((folder / "meta.json").read_text())


def made_by_the_library(folder, schema, ids):
    index = tantivy.Index(schema, path=str(folder))
    index.register_tokenizer(ANALYSIS, ANALYZER)
    writer = index.writer(15_000_000, num_threads=1)
    for id_ in ids:
        writer.add_document(tantivy.Document.from_dict({"id": id_}, schema))
    writer.commit()
    writer.wait_merging_threads()


def test_a_new_index_keeps_records_in_small_blocks_and_one_that_is_there_is_left_alone(tmp_path):
    schema = build_schema()
    open_index(tmp_path, schema)
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 4096
    assert not list(tmp_path.glob(".*.part"))
    other = tmp_path / "other"
    other.mkdir()
    made_by_the_library(other, schema, ["x"])
    before = (other / "meta.json").read_bytes()
    open_index(other, schema)
    assert (other / "meta.json").read_bytes() == before


def test_one_that_was_made_and_then_cut_off_is_settled_by_whoever_opens_it(tmp_path):
    made_by_the_library(tmp_path, build_schema(), [])
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 16384
    assert open_index(tmp_path, build_schema()).searcher().num_docs == 0
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 4096


def test_an_index_that_says_nothing_of_blocks_stays_as_the_library_made_it(tmp_path, monkeypatch):
    monkeypatch.setattr("frostnode.edge.tantivy.opening._BLOCK", "unheard_of")
    open_index(tmp_path, build_schema())
    assert said(tmp_path)["index_settings"]["docstore_blocksize"] == 16384


def test_what_is_no_index_is_the_librarys_error(tmp_path):
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(ValueError, match=r"EOF|parsing|serializ"):
        open_index(tmp_path, build_schema())
