"""Takes that were refused: of each sender the rule that its last take broke, for people to see.

Strangers have room of their own: however many keys they make, what is shown of known nodes stays.
"""

from frostnode.protocol.limits import TAKES_REFUSED_MAX


class RefusedTakes:
    """See the module. At most TAKES_REFUSED_MAX senders of either kind, as long as this node runs."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._strangers: dict[str, str] = {}

    def note(self, sender: str, why: str, *, is_known: bool) -> None:
        """A take was refused; `why` begins with the code of the rule."""
        self.forget(sender)
        shown = self._known if is_known else self._strangers
        shown[sender] = why
        if len(shown) > TAKES_REFUSED_MAX:
            del shown[next(iter(shown))]

    def forget(self, sender: str) -> None:
        """A take of that sender went well."""
        self._known.pop(sender, None)
        self._strangers.pop(sender, None)

    def by_sender(self) -> dict[str, str]:
        """Why, by sender: known nodes first, each kind in the order of their refusals."""
        return self._known | self._strangers
