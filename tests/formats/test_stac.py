"""STAC collections as records: keys that never collide, catalogs that are walked and not left."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.formats import stac
from frostnode.formats.stac import from_catalog, from_files, from_json_lines, key_of, record_of
from frostnode.protocol.dagjson import from_json
from frostnode.protocol.entry import decode_body, encode_body
from frostnode.protocol.errors import PeerError, RecordError
from frostnode.protocol.limits import BODY_BYTES_MAX, KEY_CHARS_MAX
from frostnode.protocol.names import check_type_and_key
from frostnode.protocol.records import check_record

SAMPLES = Path(__file__).parent / "samples/stac"
WAVES = SAMPLES / "ocean/waves.json"


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def published(record: dict[str, Any]) -> dict[str, Any]:
    """What a reader finds in the body after publication."""
    fields = from_json({name: value for name, value in record.items() if name not in ("type", "key")})
    body = encode_body(check_record(record["type"], record["key"], fields), bytes(16))
    assert len(body) <= BODY_BYTES_MAX
    return decode_body(body)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def collection(**fields: Any) -> dict[str, Any]:
    return {"type": "Collection", "id": "x", **fields}


# -- records ----------------------------------------------------------------------------------------


def test_a_collection_becomes_a_dataset() -> None:
    [record] = from_files([str(WAVES)], read)
    assert {name: value for name, value in record.items() if name != "metadata"} == {
        "type": "dataset",
        "key": "Wellenh~C3~B6he~200-360~C2~B0",
        "title": "Significant wave height",
        "description": "Longitudes from 0 to 359.75.\n\n*Markdown* and <i>HTML</i>.",
        "keywords": ["waves", "ocean"],
        "languages": ["en"],
        "creators": [
            {"name": "Marine Institute", "url": "https://marine.example", "roles": ["producer", "licensor"]},
            {"name": "Bucket Host", "roles": ["host"]},
        ],
        "license": "proprietary",
        "identifiers": [{"scheme": "doi", "value": "10.5555/waves"}],
        "links": [
            {"href": "https://marine.example/terms", "rel": "license", "title": "Terms", "type": "text/html"},
            {"href": "https://marine.example/stac/ocean/waves-2.json", "rel": "successor-version"},
        ],
        "extent": {
            "bbox": [[0, -78, 359.75, 90], [170.5, -10, -100, -190.0, 20, 0]],
            "interval": [["1979-01-01T00:00:00Z", None]],
        },
        "data_model": "array",
        "deprecated": True,
        "successor": "https://marine.example/stac/ocean/waves-2.json",
        "import_notes": [
            {"path": "/metadata/stac/summaries/offset/0", "note": "-0.0 → 0.0"},
            {"path": "/metadata/stac/summaries/offset/3", "note": "integer beyond 64 bits → text"},
        ],
    }


def test_the_source_comes_back_whole() -> None:
    [record] = from_files([str(WAVES)], read)
    source = json.loads(WAVES.read_text())
    source["summaries"]["offset"] = [0.0, 1000.0, 1.0, "18446744073709551616"]
    assert canonical(published(record)["metadata"]) == canonical({"stac": source})


def test_little_is_enough() -> None:
    [record] = from_files([str(SAMPLES / "sea-ice.json")], read)
    assert record["title"] == record["key"] == "sea-ice/v4"
    assert record["extent"] == {"bbox": [[-180, 30, 180, 90]], "interval": [[None, "2020-12-31T23:59:59Z"]]}
    assert record_of(collection(title=None))["title"] == "x"
    assert "extent" not in record_of(collection())


@pytest.mark.parametrize(
    "fields",
    [
        {"extent": None},
        {"extent": {"spatial": [1], "temporal": {"interval": "now"}}},
        {
            "extent": {
                "spatial": {"bbox": [[1, 2, 3], "x", [1, 2, 3, None]]},
                "temporal": {"interval": [[1, 2], ["a"]]},
            }
        },
        {"keywords": [None, 7], "license": {}, "providers": ["NASA", {"name": 7}], "links": {"href": "x"}},
        {
            "links": [
                {"rel": "successor-version"},
                {"rel": 7, "href": "https://x.example"},
                {"href": "http://[bad"},
            ]
        },
        {"sci:doi": 10.5, "deprecated": "yes", "language": "en", "title": ""},
        {"id": "\ud800"},
    ],
    ids=str,
)
def test_no_odd_collection_is_turned_away(fields: dict[str, Any]) -> None:
    record = record_of(collection(**fields))
    assert published(record)["title"]
    if "id" not in fields:
        assert published(record)["metadata"]["stac"] == collection(**fields)


@pytest.mark.parametrize("document", [{}, {"id": ""}, {"id": 7}, [], None, "x"])
def test_a_collection_needs_an_id(document: Any) -> None:
    with pytest.raises(RecordError, match=r"^id of a STAC collection"):
        record_of(document)


def test_relative_links_need_a_base() -> None:
    source = collection(links=[{"rel": "preview", "href": "../a.png"}, {"rel": "item", "href": "i.json"}])
    assert "links" not in record_of(source)
    assert record_of(source, "https://x.example/stac/c/c.json")["links"] == [
        {"href": "https://x.example/stac/a.png", "rel": "preview"}
    ]


# -- keys -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "key"),
    [
        ("COPERNICUS/S2_SR", "COPERNICUS/S2_SR"),
        ("a.b:c-d_e", "a.b:c-d_e"),
        ("a b", "a~20b"),
        ("a~b", "a~7Eb"),
        ("a@b", "a~40b"),
        ("é", "_~~~C3~A9"),
        ("_é", "_~C3~A9"),
        ("/a", "_~~/a"),
        ("~", "_~~~7E"),
        ("", "_~~"),
        ("k" * 200, "k" * 200),
    ],
)
def test_an_id_becomes_a_key(id_: str, key: str) -> None:
    assert key_of(id_) == key


def test_a_long_id_keeps_its_beginning() -> None:
    key = key_of("k" * 201)
    assert key.startswith("k" * 134 + "~~")
    assert len(key) == KEY_CHARS_MAX
    assert key_of("k" * 202) != key


ids = st.text(alphabet="aZ0._~:/-@ é\0", max_size=6) | st.sampled_from(["_", "~~", "_~~", "_~~é", "é" * 40])
long_ids = st.tuples(st.integers(195, 205), ids).map(lambda case: "k" * case[0] + case[1])


@given(ids | long_ids, ids | long_ids)
@example("é", "_~~~C3~A9")
@example("k" * 201, key_of("k" * 201))
def test_different_ids_have_different_keys(one: str, other: str) -> None:
    for id_ in (one, other):
        check_type_and_key("dataset", key_of(id_))
    assert (key_of(one) == key_of(other)) == (one == other)


def test_two_collections_of_one_id_are_refused() -> None:
    lines = [json.dumps(collection(n=n)).encode() for n in (1, 1, 2)]
    assert len(list(from_json_lines(lines[:2]))) == 1
    with pytest.raises(RecordError, match=r"^line 3: name of a document: found x"):
        list(from_json_lines(lines))


# -- reading ----------------------------------------------------------------------------------------


def test_files_that_are_no_collections_are_passed_over() -> None:
    names = [str(path) for path in sorted(SAMPLES.rglob("*.json"))]
    assert [record["title"] for record in from_files(names, read)] == [
        "Significant wave height",
        "sea-ice/v4",
    ]
    assert list(from_files(["a"], lambda _: b"[]")) == []
    answer = json.dumps({"collections": [collection(), collection(id="y")]}).encode()
    assert [record["key"] for record in from_files(["a"], lambda _: answer)] == ["x", "y"]


def test_errors_say_where_they_are() -> None:
    with pytest.raises(PeerError, match=r"^a\.json: not JSON"):
        list(from_files(["a.json"], lambda _: b"{"))
    with pytest.raises(PeerError, match=r"^line 2: id of a STAC collection"):
        list(from_json_lines([b'{"id": "x"}', b"{}"]))
    with pytest.raises(PeerError, match=r"^https://x\.example/c\.json: not JSON"):
        list(from_catalog("https://x.example/c.json", lambda _: b"", no_skip))


def no_skip(href: str, reason: str) -> None:
    raise AssertionError(f"skipped {href}: {reason}")


def test_a_static_catalog_is_walked_and_not_left() -> None:
    asked: list[str] = []
    skipped: list[tuple[str, str]] = []

    def read_and_tell(name: str) -> bytes:
        asked.append(str(Path(name).relative_to(SAMPLES)))
        return read(name)

    records = list(
        from_catalog(str(SAMPLES / "catalog.json"), read_and_tell, lambda *skip: skipped.append(skip))
    )
    assert [record["title"] for record in records] == ["sea-ice/v4", "Significant wave height"]
    assert asked == ["catalog.json", "ocean/catalog.json", "sea-ice.json", "ocean/waves.json"]
    assert skipped == [
        ("https://elsewhere.example/catalog.json", "is elsewhere"),
        ("../../../etc/passwd", "is elsewhere"),
    ]


def site(pages: dict[str, Any]) -> Any:
    return lambda name: json.dumps(pages[name]).encode()


def page(*children: str, **fields: Any) -> dict[str, Any]:
    return {"links": [{"rel": "child", "href": href} for href in children], **fields}


def test_addresses_are_joined_and_stay_at_their_origin() -> None:
    pages = {
        "https://x.example/a/c.json": page("b/d.json", "/e.json", "//x.example/f.json#top", "?q=1"),
        "https://x.example/a/b/d.json": page(**collection(id="d")),
        "https://x.example/e.json": page("https://x.example/a/c.json", **collection(id="e")),
        "https://x.example/f.json": page(),
        "https://x.example/a/c.json?q=1": page(
            "http://x.example/g.json", "https://x.example:444/g.json", "https://y.example", "file:///etc/passwd", "http://["
        ),
    }  # fmt: skip
    skipped: list[str] = []
    records = from_catalog("https://x.example/a/c.json", site(pages), lambda href, _: skipped.append(href))
    assert [record["key"] for record in records] == ["d", "e"]
    assert skipped == [
        "http://x.example/g.json",
        "https://x.example:444/g.json",
        "https://y.example",
        "file:///etc/passwd",
        "http://[",
    ]


@pytest.mark.parametrize(
    ("start", "child", "followed"),
    [
        ("c.json", "a/b.json", True),
        ("c.json", "./b.json", True),
        ("c.json", "../b.json", False),
        ("c.json", "/etc/passwd", False),
        ("./cat/c.json", "b.json", True),
        ("./cat/c.json", "../b.json", False),
        ("../cat/c.json", "sub/../b.json", True),
        ("../cat/c.json", "../b.json", False),
        ("/srv/cat/c.json", "/srv/cat/b.json", True),
        ("/srv/cat/c.json", "/srv/cat-2/b.json", False),
        ("/c.json", "b.json", True),
        ("c.json", "https://x.example/b.json", False),
        ("c.json", "file:///b.json", False),
    ],
)
def test_paths_stay_in_the_folder_of_the_catalog(start: str, child: str, followed: bool) -> None:
    asked: list[str] = []
    skipped: list[str] = []

    def tell(name: str) -> bytes:
        asked.append(name)
        return json.dumps(page(child) if name == start else page()).encode()

    assert list(from_catalog(start, tell, lambda href, _: skipped.append(href))) == []
    assert (len(asked) == 2, skipped == []) == (followed, followed)


def test_a_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(name: str) -> bytes:
        return json.dumps(page(f"{name}/1", f"{name}/2")).encode()

    skipped: list[str] = []
    monkeypatch.setattr(stac, "IMPORT_DEPTH_MAX", 3)
    list(from_catalog("x:", endless, lambda href, _: skipped.append(href)))
    assert len(skipped) == 2**4
    monkeypatch.setattr(stac, "IMPORT_DOCUMENTS_MAX", 5)
    skipped.clear()
    list(from_catalog("x:", endless, lambda href, _: skipped.append(href)))
    assert len(skipped) == 6


# -- real catalogs ----------------------------------------------------------------------------------


def lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from lines


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.parametrize(("name", "count"), [("earthengine", 1132), ("planetary-computer", 139)])
def test_whole_catalogs_come_through(corpora: Path | None, name: str, count: int) -> None:
    if corpora is None:
        return
    path = corpora / name / "collections.jsonl"
    seen = 0
    for line, record in zip(lines_of(path), from_json_lines(lines_of(path)), strict=True):
        source = json.loads(line)
        assert (record["key"], record["title"]) == (source["id"], source["title"])
        assert canonical(published(record)["metadata"]["stac"]) == canonical(source)
        assert "import_notes" not in record
        seen += 1
    assert seen == count
