"""The obvious way to say whom a change concerns: look at every target."""

from functools import cache

from frostnode.protocol.notice import Change, ChangeKind
from frostnode.search.matching import DocumentWords, Question, Verdict, Words
from frostnode.search.saved_search import SavedSearch
from frostnode.search.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch, Target


def is_told(target: Target, change: Change, document: DocumentWords | None, words: Words) -> bool:
    """Whether a change concerns a target; `document` is the record, None where its content is gone."""
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
            question = _question(search, words)
            if document is None:
                return change.kind is ChangeKind.RETRACTED and question.may_be_of(change.did, change.type)
            return question.judge(document) is Verdict.HIT


@cache
def _question(search: SavedSearch, words: Words) -> Question:
    return Question(search.query, words)
