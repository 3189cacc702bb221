"""The obvious way to say whom a change concerns: look at every target."""

from frostnode.protocol.notice import Change, ChangeKind
from frostnode.protocol.saved_search import Words
from frostnode.protocol.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch, Target


def is_told(target: Target, change: Change, words: Words | None) -> bool:
    """Whether a change concerns a target; `words` are those of the record, None where its content is gone."""
    match target:
        case OfEverything():
            return True
        case OfPublisher():
            return target.did == change.did
        case OfDataset():
            if target.did != change.did:
                return False
            if change.kind is ChangeKind.MOVED:
                return True
            return change.type in ("dataset", "version") and change.key.split("@")[0] == target.key
        case OfSearch(search=search):
            if change.kind is ChangeKind.MOVED:
                return False
            if words is None:
                return (
                    change.kind is ChangeKind.RETRACTED
                    and search.type in (None, change.type)
                    and search.publisher in (None, change.did)
                )
            return search.matches(change.did, change.type, words)
