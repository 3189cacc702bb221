"""Where imported catalogs come from: files, folders, JSON Lines, static catalogs by path and by address."""

import functools
import http.server
import json
import threading

import pytest

from frostnode.edge.sources import aws_open_data_records, stac_records
from frostnode.protocol.errors import FrostError, LocalError, TransportError


def collection(name, **more):
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": name,
        "title": f"Title of {name}",
        "description": "A collection.",
        "license": "CC-BY-4.0",
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        "links": [],
        **more,
    }


def child(href):
    return {"rel": "child", "href": href}


@pytest.fixture
def catalog(tmp_path):
    """A static catalog of three collections, one of them below another catalog, and a link that leads away."""
    folder = tmp_path / "catalog"
    (folder / "sub").mkdir(parents=True)
    links = [child("./one.json"), child("sub/catalog.json"), child("https://elsewhere.example/x.json")]
    documents = {
        "catalog.json": {"type": "Catalog", "id": "root", "links": links},
        "one.json": collection("one"),
        "sub/catalog.json": {
            "type": "Catalog",
            "id": "sub",
            "links": [child("two.json"), child("three.json")],
        },
        "sub/two.json": collection("two", links=[child("../catalog.json")]),
        "sub/three.json": collection("three"),
    }
    documents["sub/catalog.json"]["links"].append(child("gone.json"))
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document))
    return folder


@pytest.fixture
def address(catalog):
    """The same catalog on a web server."""
    handler = functools.partial(QuietHandler, directory=str(catalog))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing."""


def keys(records):
    return sorted(record["key"] for record in records)


def stac(source):
    skipped = []
    found = keys(stac_records(str(source), lambda what, why: skipped.append(what.rsplit("/", 1)[-1])))
    return found, sorted(skipped)


def test_a_static_catalog_by_path(catalog):
    assert stac(catalog / "catalog.json") == (["one", "three", "two"], ["gone.json", "x.json"])


@pytest.mark.network
def test_a_static_catalog_by_address(address):
    assert stac(f"{address}/catalog.json") == (["one", "three", "two"], ["gone.json", "x.json"])


def test_a_folder_of_collections(catalog):
    assert stac(catalog) == (["one", "three", "two"], [])


def test_one_collection(catalog):
    assert stac(catalog / "one.json") == (["one"], [])


def test_json_lines(tmp_path):
    path = tmp_path / "collections.jsonl"
    path.write_text("\n".join(json.dumps(collection(name)) for name in "ab") + "\n\n")
    assert stac(path) == (["a", "b"], [])


def test_the_registry_as_folder_file_and_json_lines(tmp_path):
    folder = tmp_path / "datasets"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(f"Name: Dataset {name}\nDescription: Words\nLicense: free\n")
    (folder / "README.md").write_text("no dataset")
    assert keys(aws_open_data_records(folder)) == ["one", "two"]
    assert keys(aws_open_data_records(folder / "one.yaml")) == ["one"]
    lines = tmp_path / "datasets.jsonl"
    lines.write_text('{"_slug": "three", "Name": "Dataset three"}\n')
    assert keys(aws_open_data_records(lines)) == ["three"]


@pytest.mark.parametrize("name", ["nothing.json", "nothing.jsonl", ""])
def test_what_is_not_there_is_said(tmp_path, name):
    with pytest.raises(LocalError) as caught:
        stac(tmp_path / name)
    assert caught.value.code == "input.unreadable"
    with pytest.raises(LocalError):
        list(aws_open_data_records(tmp_path / name))


@pytest.mark.parametrize("source", ["", "http://[", "http://[/catalog.json"])
def test_what_is_neither_a_path_nor_an_address_is_said(source):
    with pytest.raises(LocalError) as caught:
        list(stac_records(source, lambda what, why: None))
    assert caught.value.code == "input.unreadable"


@pytest.mark.network
def test_an_address_that_does_not_answer_is_said(address):
    with pytest.raises(TransportError) as caught:
        stac(f"{address}/nothing.json")
    assert caught.value.code == "transport.status"
    with pytest.raises(TransportError) as caught:
        stac("http://127.0.0.1:9/catalog.json")
    assert caught.value.code == "transport.unreachable"


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2", '{"type": "Collection"}', "\0", '{"type": "Collection", "id": 1}']
)
def test_garbage_is_refused_by_a_typed_error(tmp_path, text):
    path = tmp_path / "collection.json"
    path.write_text(text)
    with pytest.raises(FrostError):
        stac(path)
