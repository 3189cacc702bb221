"""A notice of nothing: like those that somebody watches for, and of no arrival."""

import pytest

from frostnode.neighbours import Hosted
from frostnode.notify.trial import trial_due, trial_letter, trial_notice
from frostnode.notify_port import Form, Watch
from frostnode.protocol.notice import ChangeKind, NoticeId, NoticeKind, parse_notice_id

TAG = b"12345678"


def trial(node, target, **more):
    watch = Watch(id="w", target=target, form=Form.WEBHOOK, created_ms=0, told=(0, -1), **more)
    with node.store.read() as log:
        return trial_due(log, watch, now_ms=77, tag=TAG)


def test_its_id_is_that_of_no_arrival(node):
    with node.store.read() as log:
        database = log.database
    due = trial(node, "*", last="the one before")
    assert due.change.id == NoticeId(number=0, position=77, database=database, tag=TAG)
    assert parse_notice_id(str(due.change.id)) == due.change.id
    assert (due.watch, due.previous, due.change.at_ms) == ("w", "the one before", 77)
    assert trial(node, "*").previous is None


@pytest.mark.parametrize("target", ["{did}", "{did}/ice/extent"])
def test_it_is_about_whom_is_watched(node, publisher, target):
    assert trial(node, target.format(did=publisher.did)).change.did == publisher.did


def test_else_it_is_about_whoever_is_hosted_here(node, publisher):
    assert trial(node, '"sea ice"').change.did == "urn:frost:nobody"
    node.take(*publisher.stream())
    with node.store.write() as writer:
        writer.host(Hosted(did=publisher.did, origin=publisher.origin, key_label="l"))
    assert trial(node, '"sea ice"').change.did == publisher.did


def test_it_says_that_nothing_has_changed(node):
    due = trial(node, "*")
    notice = trial_notice(due.change)
    assert (due.change.kind, notice.kind, notice.change) == (ChangeKind.TEST, NoticeKind.TEST, due.change)
    assert "Nothing has changed" in notice.note
    letter = trial_letter(due)
    assert (letter.due, letter.notice) == (due, notice)
