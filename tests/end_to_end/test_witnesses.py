"""Two organisations vouch for a third: real nodes, named in a profile, and a reader with a policy."""

import json
import time

import httpx
import pytest

PATIENCE_S = 60

pytestmark = [pytest.mark.slow, pytest.mark.network]


def publish(node, tmp_path, *records):
    file = tmp_path / f"{node.home.name}.json"
    file.write_text(json.dumps(records))
    node.frost("publish", file)


def vouched(node):
    """The sizes that named witnesses have cosigned, by name, as the status of a host says them."""
    (hosted,) = node.json("status")["hosted"]
    return {one["name"]: one["size"] for one in hosted["witnesses"] if one["named"]}


def wait_for(what, found, wanted):
    deadline = time.monotonic() + PATIENCE_S
    while (seen := found()) != wanted:
        assert time.monotonic() < deadline, f"{what}: {seen}"
        time.sleep(0.2)


def test_two_organisations_vouch_for_a_third(make_node, tmp_path):
    host, lab, agency = make_node("host"), make_node("lab"), make_node("agency")
    host.init("Polar Data Centre")
    host.start()
    keys = {}
    for node in (lab, agency):
        node.init(node.home.name)
        node.frost("follow", host.url)
        node.start()
        keys[node] = httpx.get(f"{node.url}/frost/node").json()["witness"]
    named = [{"vkey": keys[node], "url": f"{node.url}/frost/witness"} for node in (lab, agency)]
    publish(
        host,
        tmp_path,
        {"type": "profile", "key": "self", "name": "Polar Data Centre", "witnesses": named},
        {"type": "dataset", "key": "ice", "title": "Sea ice extent"},
    )
    names = [key.split("+")[0] for key in keys.values()]
    wait_for("vouched for at the host", lambda: vouched(host), dict.fromkeys(names, 3))
    (hit,) = host.json("search", "ice")["hits"]

    # The lines travel with the head: the lab has that of the agency, and its proof says so.
    def carried():
        shown = lab.json("show", hit["url"])
        return {one["name"]: one["size"] for one in shown["witnesses"] if one["named"]}

    wait_for("vouched for at the lab", carried, dict.fromkeys(names, 3))
    policy = tmp_path / "friends.policy"
    policy.write_text(
        "".join(f"witness {node.home.name} {key}\n" for node, key in keys.items())
        + "group both all lab agency\nquorum both\n"
    )
    for node in (host, lab):
        file = tmp_path / f"{node.home.name}.frostproof"
        node.frost("proof", hit["url"], "-o", file)
        verdict = node.json("verify", file, "--policy", policy)["policy"]
        assert verdict["holds"]
        assert verdict["since"] > 1_700_000_000

    # A witness that was killed remembers what it said, and says it again to whoever asks for a proof.
    agency.kill()
    agency.start()
    file = tmp_path / "asked.frostproof"
    host.frost("proof", hit["url"], "-o", file, "--witness", f"{agency.url}/frost/witness")
    assert host.json("verify", file, "--policy", policy)["policy"]["holds"]
    for node in (host, lab, agency):
        assert node.json("fsck")["findings"] == []
        assert node.stop() == 0
