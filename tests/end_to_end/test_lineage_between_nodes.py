"""Lineage across institutions, by real nodes: what one derives, the other sees on its pages; what the other changes marks it."""

import json
import time
import urllib.error
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 60


def wait_until(what, condition):
    """A bound, not a measure."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def get(node, path):
    with urllib.request.urlopen(f"{node.url}{path}", timeout=30) as answer:
        return answer.headers["content-type"], answer.read().decode()


def dataset(node, key):
    record = {"type": "dataset", "key": key, "title": f"Dataset {key}"}
    return node.json("publish", "-", stdin=json.dumps(record).encode())["records"][0]["url"]


def lineage(node, name):
    """The ends around a record as a node serves them, by name; none while it does not carry it."""
    try:
        return {item["name"]: item for item in json.loads(get(node, f"/api/lineage/{name}")[1])["nodes"]}
    except urllib.error.HTTPError:
        return {}


def marks(node, name):
    return lineage(node, name)[name]["marks"]


def test_what_b_derives_from_a_is_seen_at_a_and_what_a_changes_at_b(make_node):
    a, b = map(make_node, "ab")
    a.init("A")
    ice = dataset(a, "ice")
    a.json("version", "ice", "--label", "1", "--location", "s3://a/1")
    a.start()
    b.init("B", "--peer", a.url)
    b.start()
    a.json("follow", b.url)
    wait_until("B carries the version", lambda: lineage(b, f"{ice}@1"))
    melt = dataset(b, "melt")
    b.json("version", "melt", "--label", "1", "--location", "s3://b/1")
    outside = ["doi:10.5067/x", "url:https://github.com/b/melt", "swh:1:rev:" + 40 * "0"]
    asked = [option for uri in outside for option in ("--from", uri)]
    b.json("derive", "melt@1", "--from", f"{ice}@1", "--activity", "melting", *asked)
    flood = dataset(b, "flood")
    b.json("derive", "flood", "--from", f"{melt}@1")

    # A sees who builds on it
    wait_until("A hears of it", lambda: f"{melt}@1" in lineage(a, ice))
    shown = a.frost("lineage", ice, "--down").stdout.decode()
    assert f"→ {melt}@1  Dataset melt, version 1" in shown
    cited = a.json("citations", ice)
    assert (cited["counts"]["datasets"], cited["datasets"][0]["name"]) == (1, melt)
    _, page = get(a, f"/record/{ice}")
    assert "Dataset melt" in page
    assert {name for name, end in lineage(b, f"{melt}@1").items() if end["distance"] < 0} == {
        f"{ice}@1",
        *outside,
    }

    # as a drawing and as PROV, over HTTP
    type_, drawing = get(a, f"/api/lineage/{ice}?form=svg")
    assert type_.startswith("image/svg+xml")
    assert "Dataset melt" in drawing
    type_, prov = get(a, f"/api/lineage/{ice}?form=prov")
    assert "json" in type_
    assert f"frost:{melt.removeprefix('did:frost:')}@1" in json.loads(prov)["entity"]
    assert "melting" in prov

    # B sees what A does
    assert marks(b, f"{melt}@1") == []
    a.json("version", "ice", "--label", "2", "--location", "s3://a/2")
    wait_until("it is out of date", lambda: marks(b, f"{melt}@1") == ["out of date"])
    a.json("withdraw", f"{ice}@1")
    wait_until("its source is withdrawn", lambda: "source withdrawn" in marks(b, f"{melt}@1"))
    assert marks(b, flood) == ["upstream out of date", "upstream withdrawn"]
    _, page = get(b, f"/record/{melt}@1")
    assert "source withdrawn" in page
