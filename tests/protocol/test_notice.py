"""Notices: their ids, and their CloudEvents form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.notice import (
    Change,
    ChangeKind,
    Notice,
    NoticeId,
    NoticeKind,
    cloud_event,
    event_type,
    notice_links,
    parse_notice_id,
    rfc3339,
)
from frostnode.testing.memory_publisher import MemoryPublisher

ID = NoticeId(number=7, position=2, database=bytes(16), tag=bytes(8))


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
)
def test_ids_are_read_as_they_are_written(number, position, database, tag):
    id_ = NoticeId(number=number, position=position, database=database, tag=tag)
    assert parse_notice_id(str(id_)) == id_


@given(st.text(max_size=100))
def test_anything_else_is_refused(text):
    with pytest.raises(LocalError) as caught:
        parse_notice_id(text)
    assert caught.value.code == "cursor.malformed"


@pytest.mark.parametrize(
    "text", ["", "1.2.3", str(ID).replace("7", "07", 1), str(ID).upper() + "a", f"-{ID}", f" {ID}"]
)
def test_one_spelling(text):
    with pytest.raises(LocalError):
        parse_notice_id(text)


def test_a_cloud_event():
    publisher = MemoryPublisher()
    cid = Cid.of(b"header")
    change = Change(
        id=ID,
        kind=ChangeKind.PUT,
        did=publisher.did,
        at_ms=1_767_225_600_123,
        type="version",
        key="ice@2",
        origin=publisher.origin,
        index=4,
        header=cid,
    )
    notice = Notice(change=change, kind=NoticeKind.PUBLISHED, title="Sea ice", note="more of it")
    event = cloud_event(notice, node="https://a.example", previous=None)
    entry = f"{publisher.did}/ice@2?cid={cid}"
    assert json.loads(json.dumps(event)) == {
        "specversion": "1.0",
        "id": str(ID),
        "source": publisher.did,
        "type": "org.frostnode.version.published",
        "subject": f"{publisher.did}/ice@2",
        "time": "2026-01-01T00:00:00.123Z",
        "datacontenttype": "application/json",
        "data": {
            "kind": "published",
            "publisher": publisher.did,
            "title": "Sea ice",
            "note": "more of it",
            "previous": None,
            "node": "https://a.example",
            "links": {
                "page": f"https://a.example/record/{entry}",
                "proof": f"https://a.example/api/proof/{entry}",
            },
            "record": f"{publisher.did}/ice@2",
            "type": "version",
            "key": "ice@2",
            "entry": entry,
            "header": str(cid),
            "position": {"event": str(publisher.genesis.cid), "index": 4},
            "current": True,
        },
    }


def test_types_name_what_it_is_about():
    assert event_type("org.example.buoy", NoticeKind.CHANGED) == "org.frostnode.record.changed"
    assert event_type("", NoticeKind.MOVED) == "org.frostnode.publisher.moved"


@given(st.integers(-(2**70), 2**70))
def test_any_time_can_be_written(time_ms):
    assert rfc3339(time_ms).endswith("Z")


def test_names_that_a_browser_would_resolve_go_as_a_parameter():
    change = Change(
        id=ID,
        kind=ChangeKind.PUT,
        did="did:frost:x",
        at_ms=0,
        type="dataset",
        key="a/../b",
        header=Cid.of(b"x"),
    )
    assert set(notice_links(change, "https://a.example/")) == {"page", "proof"}
    assert all("/../" not in link for link in notice_links(change, "https://a.example/").values())
    assert notice_links(change, "") == {}
    moved = Change(id=ID, kind=ChangeKind.MOVED, did="did:frost:x", at_ms=0)
    assert notice_links(moved, "https://a.example")["page"] == "https://a.example/publisher/did:frost:x"
