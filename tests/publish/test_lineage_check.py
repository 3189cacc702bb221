"""Lineage that is about to be published: no version comes from itself, by what is carried and by what is published with it."""

import pytest

from frostnode.ports import CatalogEntry, Content
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import RecordError
from frostnode.protocol.names import did_of, format_origin
from frostnode.protocol.records import LINEAGE
from frostnode.protocol.references import references_of
from frostnode.publish.lineage_check import LineageCheck
from frostnode.testing.memory_catalog import MemoryCatalog

OWN, OTHER = Cid.of(b"own"), Cid.of(b"other")
DID, STRANGER = did_of(OWN), did_of(OTHER)


def says(made, *sources, by=DID):
    """What a lineage record says; names without a DID are of the publisher."""
    return {"generated": full(made, by), "used": [{"uri": full(source, by)} for source in sources]}


def full(name, by):
    return name if name.startswith(("did:", "doi:")) else f"{by}/{name}"


@pytest.fixture
def catalog():
    return MemoryCatalog()


@pytest.fixture
def carry(catalog):
    """Let a lineage record be carried already."""
    places = iter(range(100))

    def put(key, made, *sources, by=OWN):
        did = did_of(by)
        content = Content(references=references_of(did, LINEAGE, says(made, *sources, by=did)))
        at = next(places)
        entry = CatalogEntry(
            did=did,
            type=LINEAGE,
            key=key,
            origin=format_origin(did, 0, by),
            epoch=0,
            index=at,
            header=Cid.of(b"header %d" % at),
            op="put",
            time_ms=0,
            seen_ms=0,
            body=None,
            size=0,
            title="",
        )
        with catalog.write() as writer:
            writer.put_entry(entry, content)

    return put


@pytest.fixture
def check(catalog):
    """The code of what is wrong with a record, "" when nothing is; it is of one publication."""
    one = LineageCheck()

    def run(key, fields, did=DID):
        with catalog.read() as reader:
            try:
                one.check(reader, did, key, fields)
            except RecordError as error:
                return error.code
        return ""

    return run


def test_what_comes_from_elsewhere_is_no_loop(carry, check):
    carry("l", "b@1", "a@1")
    assert check("m", says("c@1", "b@1", "a@1")) == ""
    assert check("n", says("d@1", "doi:10.1/x")) == ""


def test_what_is_carried_already_closes_a_loop(carry, check):
    carry("l", "b@1", "a@1")
    carry("m", "c@1", "b@1")
    assert check("n", says("a@1", "c@1")) == "lineage.cycle"
    assert check("n", says("a@1", "a@1")) == "lineage.cycle"


def test_a_loop_may_go_through_what_others_made(carry, check):
    carry("theirs", f"{STRANGER}/x@1", f"{DID}/a@1", by=OTHER)
    assert check("n", says("a@1", f"{STRANGER}/x@1")) == "lineage.cycle"


def test_what_is_published_with_it_closes_a_loop(check):
    assert check("l", says("b@1", "a@1")) == ""
    assert check("m", says("a@1", "b@1")) == "lineage.cycle"
    assert check("n", says("c@1", "b@1")) == "", "what was refused is not remembered"
    assert check("o", says("a@1", "d@1")) == ""


def test_a_record_that_is_written_anew_says_no_more_what_it_said(carry, check):
    carry("l", "b@1", "a@1")
    assert check("l", says("a@1", "b@1")) == "", "it is this very record that drew the other edge"
    assert check("l", says("b@1", "a@1")) == ""
    assert check("m", says("a@1", "b@1")) == "lineage.cycle"


def test_nobody_says_what_others_made(check):
    assert check("l", says(f"{STRANGER}/a@1", "b@1")) == "record.field"
    assert check("l", says("doi:10.1/made", "b@1")) == "", "outside of this network nobody else can"


def test_a_long_loop_is_shown_in_part(carry, catalog):
    for number in range(20):
        carry(f"l-{number}", f"v-{number + 1}@1", f"v-{number}@1")
    with catalog.read() as reader, pytest.raises(RecordError) as caught:
        LineageCheck().check(reader, DID, "last", says("v-0@1", "v-20@1"))
    assert str(caught.value).endswith("→ …")
    assert str(caught.value).count("→") == 8
