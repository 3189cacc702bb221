"""What is shown of takes that were refused: the last of each sender, bounded, and strangers push nobody out."""

from frostnode.protocol.limits import TAKES_REFUSED_MAX
from frostnode.replicate.refused_takes import RefusedTakes


def test_of_each_sender_the_last_is_shown_until_one_goes_well():
    refused = RefusedTakes()
    refused.note("a", "frame.order: one", is_known=False)
    refused.note("b", "frame.malformed: two", is_known=True)
    refused.note("a", "frame.too-large: three", is_known=True)
    assert refused.by_sender() == {"b": "frame.malformed: two", "a": "frame.too-large: three"}
    refused.forget("b")
    refused.forget("nobody")
    assert refused.by_sender() == {"a": "frame.too-large: three"}


def test_so_many_are_remembered_and_strangers_push_out_strangers_alone():
    refused = RefusedTakes()
    refused.note("peer", "frame.order: x", is_known=True)
    for number in range(TAKES_REFUSED_MAX + 1):
        refused.note(f"stranger {number}", "frame.order: x", is_known=False)
    assert list(refused.by_sender()) == ["peer", *(f"stranger {n + 1}" for n in range(TAKES_REFUSED_MAX))]
    for number in range(TAKES_REFUSED_MAX):
        refused.note(f"peer {number}", "frame.order: x", is_known=True)
    assert "peer" not in refused.by_sender()
