"""Names over HTTP: DID documents, DID URLs with every status, identifiers, and what a domain says by this node."""

from types import SimpleNamespace

import pytest

from frostnode.edge.http.accept import preferred, wants_page
from frostnode.neighbours import Hosted
from frostnode.protocol.handles import read_well_known
from frostnode.protocol.keys import to_multibase
from frostnode.replicate.policy import CarryPolicy, parse_rule
from frostnode.resolve.domains import Domains
from frostnode.testing.domains import domain_world, publisher_with_profile
from frostnode.testing.equivocation import twin_of

PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"accept": "application/json"}
X25519 = b"\xec\x01" + bytes(range(32))
DOI = {"identifiers": [{"scheme": "doi", "value": "10.5067/ABC"}]}


async def verify(node, handle, publisher):
    async with domain_world(node.parts) as world:
        world.name(handle, publisher.did)
        await node.parts.handles.check(handle)


# -- who is a page for, who is a document for ------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        (PAGE["accept"], "text/html"),
        ("text/html;q=0.1, application/json;q=0.9", "application/json"),
        ("text/html;q=0.9, application/json;q=0.1", "text/html"),
        ("text/html;q=0, */*", "application/json"),
        ("TEXT/HTML", "text/html"),
        ("application/*", "application/json"),
        ("text/html;q=nonsense", "application/json"),
        (",;;=,q=,/" * 500, "application/json"),
    ],
)
def test_a_page_is_for_who_names_it(accept, kind):
    asking = SimpleNamespace(headers={"accept": accept})
    assert preferred(asking, ("application/json", "text/html")) == kind
    assert wants_page(asking) == (kind == "text/html")


# -- DID documents ------------------------------------------------------------------------------------------


@pytest.mark.network
async def test_a_did_document_says_who_a_publisher_is(node):
    noaa = publisher_with_profile("noaa", "noaa.example", keyAgreement=[X25519, b"no key", X25519])
    node.take(*noaa.stream())
    before = (await node.ask(f"/did/{noaa.did}")).json
    assert "alsoKnownAs" not in before, "a claim is no name"
    await verify(node, "noaa.example", noaa)
    answer = await node.ask(f"/did/{noaa.did}")
    assert answer.headers["content-type"] == "application/did+json"
    assert answer.headers["vary"].startswith("accept")
    document = answer.json
    assert document.keys() == {"id", "alsoKnownAs", "verificationMethod", "assertionMethod", "keyAgreement"}
    assert (document["id"], document["alsoKnownAs"]) == (noaa.did, ["https://noaa.example"])
    log, agreement = document["verificationMethod"]
    key = to_multibase(noaa.key.public)
    assert log == {
        "id": f"{noaa.did}#{key}",
        "type": "Multikey",
        "controller": noaa.did,
        "publicKeyMultibase": key,
    }
    assert agreement["publicKeyMultibase"].startswith("z6LS")
    assert document["assertionMethod"] == [log["id"]] and document["keyAgreement"] == [agreement["id"]]
    assert (await node.ask(f"/{noaa.did}")).json == document


async def test_a_did_document_follows_a_move_to_the_new_key(node):
    old = publisher_with_profile("noaa")
    new = old.move()
    node.take(*old.stream(), *new.stream())
    document = (await node.ask(f"/did/{new.did}")).json
    assert [method["publicKeyMultibase"] for method in document["verificationMethod"]] == [
        to_multibase(new.key.public)
    ]


async def test_a_did_document_is_json_ld_and_a_resolution_too(node):
    noaa = publisher_with_profile("noaa")
    node.take(*noaa.stream())
    plain = (await node.ask(f"/did/{noaa.did}", headers=JSON)).json
    answer = await node.ask(f"/did/{noaa.did}", headers={"accept": "application/did+ld+json"})
    context = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
    assert answer.headers["content-type"] == "application/did+ld+json"
    assert answer.json == {"@context": context, **plain}
    answer = await node.ask(f"/did/{noaa.did}", headers={"accept": "application/did-resolution"})
    assert answer.json["didDocument"] == {"@context": context, **plain}
    assert answer.json["didDocumentMetadata"] == {
        "created": "1970-01-01T00:00:01Z",
        "updated": "1970-01-01T00:00:01Z",
        "versionId": str(noaa.genesis.cid),
        "deactivated": False,
        "equivocation": {"forked": False, "disputed": False, "otherEvents": []},
    }
    page = await node.ask(f"/did/{noaa.did}", headers=PAGE)
    assert (page.status, page.headers["location"]) == (303, f"/publisher/{noaa.did}")


async def test_equivocation_stands_in_the_metadata(node):
    noaa = publisher_with_profile("noaa")
    node.take(*noaa.stream())
    node.take(*twin_of(noaa, 0).stream())
    answer = await node.ask(f"/did/{noaa.did}", headers={"accept": "application/did-resolution"})
    assert answer.json["didDocumentMetadata"]["equivocation"]["disputed"] is True


@pytest.mark.parametrize("path", ["/did/{}", "/{}"])
async def test_who_is_not_carried_has_no_document(node, path):
    answer = await node.ask(path.format(publisher_with_profile("nobody").did))
    assert (answer.status, answer.code) == (404, "publisher.unknown")
    answer = await node.ask(path.format("did:frost:nonsense"))
    assert (answer.status, answer.code) == (400, "name.did")


# -- DID URLs -------------------------------------------------------------------------------------------------


async def test_a_did_url_is_a_page_for_people_and_the_record_for_programs(node):
    ice = node.publish(
        ("dataset", "ice/extent", {"title": "Ice"}), ("version", "ice/extent@1.0", {"title": "One"})
    )
    url = f"{ice.did}/ice/extent"
    page, record = await node.ask(f"/{url}", headers=PAGE), await node.ask(f"/{url}")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html") and "Ice" in page.text
    assert (record.json["title"], record.json["badge"]["state"]) == ("Ice", "unverified")
    assert (await node.ask(f"/{url}@1.0")).json["title"] == "One"
    exact = f"{url}?cid={record.json['header']}"
    links = record.headers["link"].split(", ")
    assert f'</{url}>; rel="canonical"' in links and f'</{exact}>; rel="cite-as"' in links
    assert f'</did/{ice.did}>; rel="author"; type="application/did+json"' in links
    assert not any("latest-version" in link for link in links)
    answer = await node.ask(f"/{exact}")
    assert answer.json["title"] == "Ice"
    assert f'</{url}>; rel="latest-version"' in answer.headers["link"].split(", ")
    for link in [*links, *answer.headers["link"].split(", ")]:
        target = link.partition(">")[0].lstrip("<")
        assert (await node.ask(target)).status == 200, target


async def test_names_of_other_types_and_with_dots_resolve(node):
    ice = node.publish(("org.example.buoy", "a/../b", {"n": 1}), ("profile", "self", {"name": "Ice"}))
    url = f"{ice.did}/~org.example.buoy/a/../b"
    answer = await node.ask(f"/{url}")
    assert answer.json["content"]["fields"] == {"n": 1}
    assert "/record?url=" in answer.headers["link"], "browsers would resolve the dots"
    assert (await node.ask(f"/{ice.did}/~profile/self")).json["title"] == "Ice"


@pytest.mark.parametrize("headers", [JSON, PAGE], ids=["json", "page"])
async def test_what_is_withdrawn_is_gone_and_its_entries_stay(node, headers):
    ice = node.publish(("dataset", "ice", {"title": "Ice"}), ("dataset", "ice", None))
    answer = await node.ask(f"/{ice.did}/ice", headers=headers)
    assert answer.status == 410
    if headers is JSON:
        assert answer.code == "record.withdrawn"
        first = answer.json["record"]["history"][1]["header"]
        assert (await node.ask(f"/{ice.did}/ice?cid={first}")).json["title"] == "Ice"
        last = answer.json["record"]["history"][0]["header"]
        assert (await node.ask(f"/{ice.did}/ice?cid={last}")).status == 200
    else:
        assert "Withdrawn" in answer.text


@pytest.mark.parametrize("headers", [JSON, PAGE], ids=["json", "page"])
async def test_what_is_not_here_says_why(node, headers):
    ice = publisher_with_profile("ice")
    ice.put("sea", {"title": "Sea"})
    ice.bodies[-1] = None
    node.take(*ice.stream())
    answer = await node.ask(f"/{ice.did}/sea", headers=headers)
    assert answer.status == 502
    if headers is JSON:
        assert answer.code == "record.unreached" and answer.json["record"]["key"] == "sea"
    node.parts.carrying.refresh(CarryPolicy(deny=frozenset({parse_rule("type:dataset")})))
    assert (await node.ask(f"/{ice.did}/sea", headers=headers)).status == 403


async def test_what_is_withheld_says_so_and_what_never_was_is_not_found(node):
    ice = node.publish(("dataset", "ice", {"title": "Ice"}))
    unknown = await node.ask(f"/{ice.did}/fog")
    assert (unknown.status, unknown.code) == (404, "record.not-found")
    await node.parts_operate("block", target=f"{ice.did}/ice", reason="by order")
    answer = await node.ask(f"/{ice.did}/ice")
    assert (answer.status, answer.code) == (451, "record.withheld") and "by order" in answer.json["detail"]
    page = await node.ask(f"/{ice.did}/ice", headers=PAGE)
    assert page.status == 451 and page.headers["content-type"].startswith("text/html")
    for bad in ("~", "~profile", "KEY@a@b", "ice?cid=nonsense", "ice?x=1", "%00"):
        answer = await node.ask(f"/{ice.did}/{bad}")
        assert answer.status in (400, 404), bad


# -- identifiers ------------------------------------------------------------------------------------------------


async def test_an_identifier_leads_to_the_one_record_that_claims_it(node):
    ice = node.publish(("dataset", "ice", {"title": "Ice", **DOI}))
    for name in (
        "10.5067/ABC",
        "doi:10.5067/abc",
        "https://doi.org/10.5067/ABC",
        "https:/doi.org/10.5067/ABC",
        "https%3A%2F%2Fdoi.org%2F10.5067%2FABC",
    ):
        page, record = await node.ask(f"/id/{name}", headers=PAGE), await node.ask(f"/id/{name}")
        assert (page.status, page.headers["location"]) == (303, f"/record/{ice.did}/ice"), name
        assert (record.status, record.headers["location"]) == (303, f"/api/record/{ice.did}/ice"), name
    asked = await node.ask("/id?name=doi%3A10.5067%2Fabc")
    assert asked.headers["location"] == f"/api/record/{ice.did}/ice"
    found = (await node.ask("/api/resolve?name=10.5067/ABC")).json
    assert (found["identifier"], [claim["title"] for claim in found["claims"]]) == (
        "doi:10.5067/abc",
        ["Ice"],
    )


async def test_an_address_is_found_with_its_query(node):
    ice = node.publish(("dataset", "ice", {"title": "Ice", "homepage": "http://example.org/a?b=c d"}))
    answer = await node.ask("/id/https://example.org/a?b=c%20d")
    assert answer.headers["location"] == f"/api/record/{ice.did}/ice"


async def test_a_did_url_behind_id_leads_to_itself(node):
    ice = node.publish(("dataset", "ice", {"title": "Ice"}))
    answer = await node.ask(f"/id/{ice.did}/ice")
    assert (answer.status, answer.headers["location"]) == (303, f"/{ice.did}/ice")


@pytest.mark.network
async def test_several_claims_are_listed_and_the_verified_come_first(node):
    noaa = publisher_with_profile("noaa", "noaa.example")
    noaa.put("ice", {"title": "The ice", **DOI})
    node.take(*noaa.stream())
    node.publish(("dataset", "ice", {"title": "Their ice", **DOI}), name="thief")
    copied = {"title": "Copied ice", "harvested_from": {"name": "NOAA"}, **DOI}
    node.publish(("dataset", "ice", copied), name="harvester")
    await verify(node, "noaa.example", noaa)
    claims = (await node.ask("/id/10.5067/ABC")).json["claims"]
    assert claims[0]["title"] == "The ice" and len(claims) == 3
    badges = {claim["title"]: claim["badge"] for claim in claims}
    assert [badges[title]["state"] for title in ("The ice", "Their ice", "Copied ice")] == [
        "verified",
        "unverified",
        "harvested",
    ]
    page = (await node.ask("/id/10.5067/ABC", headers=PAGE)).text
    for words in ("✓ noaa.example", "unverified", "harvested from <bdi>NOAA</bdi>", "3 records say"):
        assert words in page
    found = (await node.ask("/id/noaa.example")).headers["location"]
    assert found == f"/api/record/{noaa.did}/~profile/self", "a domain is an identifier of profiles"


async def test_what_is_withdrawn_blocked_or_replaced_claims_nothing(node):
    ice = publisher_with_profile("ice")
    ice.put("a", {"title": "A", **DOI})
    ice.put("b", {"title": "B", **DOI})
    node.take(*ice.stream())
    assert len((await node.ask("/id/10.5067/ABC")).json["claims"]) == 2
    ice.withdraw("a")
    ice.put("b", {"title": "B"})
    ice.put("c", {"title": "C", **DOI})
    node.take(*ice.stream())
    assert (await node.ask("/id/10.5067/ABC")).headers["location"].endswith("/c")
    await node.parts_operate("block", target=ice.did, reason="by order")
    answer = await node.ask("/id/10.5067/ABC")
    assert (answer.status, answer.code) == (404, "record.not-found")
    answer = await node.ask("/id/only words", headers=PAGE)
    assert (answer.status, answer.code) == (400, "name.identifier")


# -- by which domain this node is asked -----------------------------------------------------------------------


async def test_a_node_names_its_hosted_publishers_to_their_domains_alone(node):
    noaa = publisher_with_profile("noaa", "noaa.example")
    guest = publisher_with_profile("guest", "noaa.example")
    node.take(*noaa.stream(), *guest.stream())
    with node.store.write() as writer:
        writer.host(Hosted(did=noaa.did, origin=noaa.origin, key_label="test"))
    path = "/.well-known/frost.json"
    answer = await node.ask(path, headers={"host": "NOAA.example:8417"})
    assert read_well_known(answer.body) == {noaa.did}, "who is carried and not hosted is not named"
    assert answer.headers["content-type"] == "application/json"
    for host in ("node.example", "127.0.0.1", "[::1", "", "noaa.example.evil", "x" * 300):
        answer = await node.ask(path, headers={"host": host})
        assert (answer.status, answer.code) == (404, "record.not-found"), host
    moved = noaa.move()
    node.take(*moved.stream())
    assert (await node.ask(path, headers={"host": "noaa.example"})).status == 404, "its new host names it"


async def test_one_node_verifies_a_handle_that_another_serves(node, make_node):
    noaa = publisher_with_profile("noaa", "noaa.example")
    host = make_node("host")
    for one in (node, host):
        one.take(*noaa.stream())
    with host.store.write() as writer:
        writer.host(Hosted(did=noaa.did, origin=noaa.origin, key_label="test"))

    class Web:
        async def fetch(self, url, *, bytes_max):
            assert url == "https://noaa.example/.well-known/frost.json"
            return (await host.ask("/.well-known/frost.json", headers={"host": "noaa.example"})).body

    node.parts.handles.domains = Domains(Web(), None)
    await node.parts.handles.look()
    assert (await node.ask(f"/did/{noaa.did}")).json["alsoKnownAs"] == ["https://noaa.example"]


# -- badges --------------------------------------------------------------------------------------------------------


@pytest.mark.network
async def test_the_badge_stands_wherever_a_publisher_is_named(node):
    noaa = publisher_with_profile("noaa", "noaa.example")
    noaa.put("ice", {"title": "Ice sheets"})
    node.take(*noaa.stream())
    paths = {
        "/": None,
        "/search?q=sheets": "/api/search?q=sheets",
        f"/record/{noaa.did}/ice": f"/api/record/{noaa.did}/ice",
        "/publishers": "/api/publishers",
        f"/publisher/{noaa.did}": f"/api/publishers/{noaa.did}",
    }
    for page in paths:
        shown = (await node.ask(page)).text
        assert "unverified" in shown and "✓" not in shown, page
    claimed = (await node.ask(f"/publisher/{noaa.did}")).text
    assert "Claims the domain" in claimed and "has not been asked yet" in claimed
    await verify(node, "noaa.example", noaa)
    for page, api in paths.items():
        shown = (await node.ask(page)).text
        assert "✓ noaa.example" in shown and "unverified" not in shown, page
        if api is not None:
            assert '"state":"verified"' in (await node.ask(api)).text, api


async def test_a_profile_says_for_all_records_that_they_are_harvested(node):
    mirror = publisher_with_profile("mirror", harvested_from={"name": "NASA"})
    mirror.put("ice", {"title": "Ice"})
    mirror.put("own", {"title": "Own", "harvested_from": "nonsense"})
    node.take(*mirror.stream())
    for key in ("ice", "own"):
        badge = (await node.ask(f"/{mirror.did}/{key}")).json["badge"]
        assert (badge["state"], badge["harvested_from"]) == ("harvested", "NASA")
