"""Versions as people publish, list, compare, withdraw and end them: the commands, on a home that rests."""

import json

import pytest
import trio

from frostnode.edge.home import Home
from frostnode.node import operate_resting

pytestmark = pytest.mark.slow


def test_a_version_names_the_one_before_and_is_published_once(frost, ice):
    (frost.folder / "schema.yaml").write_text("arrays:\n- {name: sic, dims: [time, y, x], dtype: f4}\n")
    (frost.folder / "summary.json").write_text('{"added": 30}')
    options = [
        *(
            "--location",
            "s3://ice/1.zarr",
            "--location",
            "https://example.org/1.nc",
            "--size",
            12,
            "--note",
            "First",
        ),
        *("--snapshot", "icechunk:1CEC", "--digest", "sha2-256:00ff", "--schema", "schema.yaml"),
        *("--summary", "summary.json"),
    ]
    rehearsed = frost("version", "ice", "--label", "1", *options, "--dry-run")
    assert rehearsed["records"][0]["status"] == "would publish"
    first = frost("version", "ice", "--label", "1", *options)
    assert (first["records"][0]["status"], first["previous"]) == ("published", None)
    assert frost("show", f"{ice}@1")["content"]["fields"] == {
        "label": "1",
        "locations": [{"href": "s3://ice/1.zarr"}, {"href": "https://example.org/1.nc"}],
        "snapshot": {"system": "icechunk", "id": "1CEC"},
        "digests": [{"algorithm": "sha2-256", "value": "00ff"}],
        "size": 12,
        "schema": {"arrays": [{"name": "sic", "dims": ["time", "y", "x"], "dtype": "f4"}]},
        "changes": {"note": "First", "summary": {"added": 30}},
    }
    second = frost("version", ice, "--label", "2", "--note", "Second")
    assert second["previous"] == f"{ice}@1?cid={first['records'][0]['header']}"
    assert frost("version", "ice", "--label", "2", "--note", "Second")["records"][0]["status"] == "unchanged"
    code, out, _ = frost("versions", "ice", as_json=False)
    assert (code, out.splitlines()[0]) == (0, f"latest  {ice}@2")
    assert out.index("Second") < out.index("First")


def test_latest_follows_withdrawals_and_cannot_be_taken(frost, ice):
    for label in "123":
        frost("version", "ice", "--label", label)
    assert frost("show", f"{ice}@latest")["url"] == f"{ice}@3"
    frost("withdraw", f"{ice}@3")
    assert frost("show", f"{ice}@latest")["url"] == f"{ice}@2"
    listed = frost("versions", f"{ice}@1")
    assert listed["latest"] == f"{ice}@2"
    assert [(item["label"], item["withdrawn"]) for item in listed["versions"]] == [
        ("3", True),
        ("2", False),
        ("1", False),
    ]
    assert frost("version", "ice", "--label", "4")["previous"].startswith(f"{ice}@2?cid=")
    code, _, err = frost("version", "ice", "--label", "latest", as_json=False)
    assert code == 2
    assert "name.key" in err


def test_a_difference_is_told_between_any_two(frost, ice):
    for label, dtype in (("1", "f4"), ("2", "f8")):
        (frost.folder / "schema.json").write_text(json.dumps({"arrays": [{"name": "sic", "dtype": dtype}]}))
        frost("version", "ice", "--label", label, "--schema", "schema.json")
    told = frost("diff", f"{ice}@1", f"{ice}@latest")
    assert {"op": "changed", "path": "/schema/arrays/sic/dtype", "before": "f4", "after": "f8"} in told[
        "changes"
    ]
    code, out, _ = frost("diff", f"{ice}@1", f"{ice}@2", as_json=False)
    assert code == 0
    assert "~ /schema/arrays/sic/dtype" in out
    assert frost("diff", ice, ice, as_json=False) == (0, "", "no difference\n")
    assert frost("diff", ice, f"{ice}@9", as_json=False)[0] == 3


def test_a_dataset_is_ended_in_favour_of_another(frost, ice):
    frost.publish({"type": "dataset", "key": "ice2", "title": "Better sea ice"})
    frost("deprecate", "ice", "--successor", f"{frost.did}/ice2", "--note", "A better sensor")
    fields = frost("show", ice)["content"]["fields"]
    assert fields["title"] == "Sea ice"
    assert (fields["deprecated"], fields["deprecation_note"]) == (True, "A better sensor")
    assert fields["successor"] == f"{frost.did}/ice2"
    assert frost("deprecate", "ice", "--successor", "did:frost:x", as_json=False)[0] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["version", "snow", "--label", "1"], 3, "is not published"),
        (["version", "ice", "--label", "a b"], 2, "name.key"),
        (["version", "ice", "--label", "1", "--digest", "sha256"], 2, "ALG:VALUE"),
        (["version", "ice", "--label", "1", "--schema", "nowhere.yaml"], 2, "input.unreadable"),
        (["version", "did:frost:x/ice", "--label", "1"], 2, "name.did-url"),
        (
            ["versions", "did:frost:bafyreibnxgybcmq552m67dfwvh3lcbevep6ik3qsqeokvclsmro5lt2pzi/ice"],
            3,
            "not carried",
        ),
        (["deprecate", "snow"], 3, "record.not-found"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(frost, ice, arguments, code, words):
    left, out, err = frost(*arguments, as_json=False)
    assert (left, out) == (code, "")
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_dataset_without_versions_has_no_latest(frost, ice):
    code, _, err = frost("show", f"{ice}@latest", as_json=False)
    assert code == 3
    assert "no version" in err
    assert frost("versions", "ice")["latest"] == ""


def test_a_source_is_pinned_and_what_is_newer_is_seen(frost, ice):
    frost.publish({"type": "dataset", "key": "mean", "title": "Mean ice"})
    frost("version", "ice", "--label", "1")
    frost("version", "mean", "--label", "1")
    done = frost(
        *("derive", "mean@1", "--from", ice, "--from", "https://doi.org/10.5067/X", "--activity", "mean"),
        *("--code", "https://github.com/polar/mean", "--container", "docker:mean"),
    )
    assert done["records"][0]["url"] == f"{frost.did}/~lineage/mean/1"
    header = frost("show", f"{ice}@1")["header"]
    assert done["used"] == [f"{ice}@1?cid={header}", "https://doi.org/10.5067/X"]
    told = frost("lineage", f"{frost.did}/mean")
    assert [node["name"] for node in told["nodes"] if node["distance"] < 0] == [f"{ice}@1", "doi:10.5067/x"]
    assert not any(node["outdated"] for node in told["nodes"])
    assert told["activities"][0]["code"] == "https://github.com/polar/mean"
    frost("version", "ice", "--label", "2")
    told = frost("lineage", f"{frost.did}/mean", "--up")
    assert {node["name"] for node in told["nodes"] if node["outdated"]} == {
        f"{frost.did}/mean",
        f"{frost.did}/mean@1",
    }
    assert told["edges"][0]["newer"].startswith(f"{ice}@2?cid=")
    code, out, _ = frost("lineage", ice, "--down", as_json=False)
    assert code == 0
    assert f"→ {frost.did}/mean@1" in out
    assert "(out of date)" in out
    frost("withdraw", f"{ice}@1")
    told = frost("lineage", f"{frost.did}/mean@latest", "--up")
    assert [edge["withdrawn"] for edge in told["edges"]] == [True, False]
    assert frost("citations", ice)["counts"] == {"datasets": 1, "papers": 0, "code": 0, "other": 0}
    assert (
        frost("citations", "doi:10.5067/X", as_json=False)[1].splitlines()[0]
        == "1 dataset, 0 papers, 0 code, 0 other"
    )


def test_versions_never_come_from_each_other(frost, ice):
    frost.publish({"type": "dataset", "key": "mean", "title": "Mean ice"})
    for key in ("ice", "mean"):
        for label in "12":
            frost("version", key, "--label", label)
    frost("derive", "mean@1", "--from", f"{ice}@1")
    frost("derive", "ice@2", "--from", f"{frost.did}/mean@1")
    frost("derive", "mean@2", "--from", f"{ice}@2")
    code, _, err = frost("derive", "ice@1", "--from", f"{frost.did}/mean@2", as_json=False)
    assert code == 4
    path = " → ".join(f"{frost.did}/{name}" for name in ("ice@1", "mean@1", "ice@2", "mean@2", "ice@1"))
    assert path in err
    assert frost("derive", "ice@1", "--from", f"{ice}@1", as_json=False)[0] == 4
    frost("derive", "ice", "--from", f"{frost.did}/mean@1")
    frost("derive", "mean", "--from", f"{ice}@1")  # datasets may go round


def test_a_batch_of_records_closes_no_loop_either(frost, ice):
    records = [
        {
            "type": "lineage",
            "key": key,
            "generated": f"{ice}@{made}",
            "used": [{"uri": f"{ice}@{used}?cid={CID}"}],
        }
        for key, made, used in (("x", "1", "2"), ("y", "2", "1"))
    ]
    (frost.folder / "records.json").write_text(json.dumps(records))
    code, _, err = frost("publish", "records.json", as_json=False)
    assert code == 4
    assert "lineage.cycle" in err
    assert frost("publish", "records.json", "--dry-run", as_json=False)[0] == 4
    frost.publish(records[0])
    assert frost.publish({**records[0], "used": []})[0]["status"] == "published"
    assert frost.publish(records[1])[0]["status"] == "published"


CID = "bafyreibnxgybcmq552m67dfwvh3lcbevep6ik3qsqeokvclsmro5lt2pzi"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["derive", "ice@1", "--from", "x:y"], 3, "record.not-found"),
        (["derive", "ice", "--from", "did:frost:{cid}/x"], 3, "not carried"),
        (["derive", "ice", "--from", "did:frost:x"], 2, "name.did-url"),
        (["derive", "did:frost:{cid}/~profile/self", "--from", "x:y"], 2, "a dataset or a version"),
        (["lineage", " "], 3, "a DID URL"),
        (["derive", "ice", "--from", "{did}/~profile/self"], 0, "published"),
    ],
)
def test_what_cannot_be_derived_is_said(frost, ice, arguments, code, words):
    left, out, err = frost(*(item.format(cid=CID, did=frost.did) for item in arguments), as_json=False)
    assert left == code
    assert words in out + err


def test_the_lineage_of_something_else_is_not_written_over(frost, ice):
    frost.publish({"type": "dataset", "key": "ice/1", "title": "Another"})
    frost("version", "ice", "--label", "1")
    frost("derive", "ice@1", "--from", "x:y")
    code, _, err = frost("derive", "ice/1", "--from", "x:z", as_json=False)
    assert code == 2
    assert "give another --key" in err
    assert frost("derive", "ice/1", "--from", "x:z", "--key", "other")["records"][0]["status"] == "published"


def test_lineage_of_the_records_of_others_is_not_published(frost):
    record = {"type": "lineage", "key": "x", "generated": f"did:frost:{CID}/x", "used": []}
    home = Home(frost.folder / "home")

    async def quiet(what, done, total):
        pass

    with pytest.raises(Exception, match="/generated"):
        trio.run(operate_resting, home, "publish", {"records": [record]}, quiet)
