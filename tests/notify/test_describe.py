"""What a notice says of a change."""

from frostnode.notify.changes import changes_of
from frostnode.notify.describe import describe
from frostnode.protocol.limits import NOTICE_TEXT_CHARS_MAX


def told(node):
    """(kind, title, note, current, successor) of every change, as it is described in the end."""
    node.fold()
    with node.disk.read() as log, node.catalog.read() as catalog:
        changes = [c for arrival in log.arrivals(0, 1000) for c in changes_of(log, catalog, arrival)]
        notices = [describe(log, catalog, change) for change in changes]
    return [(str(n.kind), n.title, n.note, n.is_current, n.successor) for n in notices]


def test_kinds_titles_and_notes(node, publisher):
    publisher.put("ice", {"title": "Sea ice"})
    publisher.put("ice", {"title": "Sea ice extent"})
    publisher.put("ice@1", {"changes": {"note": "n" * 1_000_000}}, "version")
    publisher.put("ice@2", {"title": "Its own"}, "version")
    publisher.withdraw("ice@2", "version")
    publisher.put("ice@2", {}, "version")
    publisher.put(
        "ice", {"title": "Old", "deprecated": True, "deprecation_note": "use the new", "successor": "doi:x"}
    )
    publisher.put("ice", {"title": "Old", "deprecated": True})
    node.take(*publisher.stream())
    assert told(node) == [
        ("published", "Sea ice", "", False, ""),
        ("changed", "Sea ice extent", "", False, ""),
        ("published", "Old, version 1", "n" * NOTICE_TEXT_CHARS_MAX, True, ""),
        ("published", "Its own", "", False, ""),
        ("withdrawn", "Its own", "", False, ""),
        ("published", "Old, version 2", "", True, ""),
        ("deprecated", "Old", "use the new", False, "doi:x"),
        ("changed", "Old", "", True, ""),
    ]


def test_a_move_names_the_new_host(node, publisher):
    publisher.put("self", {"name": "Institute"}, "profile")
    node.take(*publisher.stream())
    node.take(publisher.move(url="https://new.example", node_seed=bytes(range(32))).events())
    node.fold()
    with node.disk.read() as log, node.catalog.read() as catalog:
        (moved,) = [c for a in log.arrivals(2, 9) for c in changes_of(log, catalog, a) if c.kind == "moved"]
        notice = describe(log, catalog, moved)
    assert (str(notice.kind), notice.title, notice.host) == ("moved", "Institute", "https://new.example")
    assert notice.change.subject == publisher.did


def test_shapes_that_nobody_checked(node, publisher):
    for fields in ({"changes": 1, "successor": [], "deprecated": "yes"}, {"changes": {"note": 7}}, {}):
        publisher.put("odd", fields)
    node.take(*publisher.stream())
    assert [notice[0] for notice in told(node)] == ["published", "changed", "changed"]
