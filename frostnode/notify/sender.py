"""What the stage of deliveries asks of each form: to say some notices to one receiver, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from frostnode.notify.tries import Reply
from frostnode.notify_port import Due, Watch
from frostnode.protocol.notice import Notice


@dataclass(frozen=True, slots=True)
class Letter:
    """What is due to one, with what there is to say of it; None where nothing may be told any more."""

    due: Due
    notice: Notice | None


class Sender(Protocol):
    """One form. It keeps nothing: what it is given twice, it says twice."""

    @property
    def together_max(self) -> int:
        """How many notices one message can hold."""

    @property
    def at_once_max(self) -> int:
        """How many messages may be under way to those who answer soon."""

    @property
    def slow_at_once_max(self) -> int:
        """How many to the others."""

    async def send(self, watch: Watch, letters: Sequence[Letter]) -> Reply:
        """Say what is in some letters, all with a notice, to whoever watches, in one message.

        Raises:
            TransportError; LocalError, for an address that is not gone to; StorageError
        """
