"""How bad the network is: probabilities and times, for every link alike."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What may happen to one exchange. All zero is a good network."""

    delay_s: float = 0.02
    """What a message takes on average; at least a tenth of it."""
    fail_to_connect: float = 0.0
    drop_request: float = 0.0
    """Nobody hears it, and the caller waits in vain."""
    drop_response: float = 0.0
    """The request is processed, and the caller cannot know."""
    duplicate: float = 0.0
    """The request is processed twice."""
    cut: float = 0.0
    """The answer ends in the middle of what it says."""
    slow: float = 0.0
    """The answer is read slowly, so that the sender has to wait."""
    die_silently: float = 0.5
    """Of a peer that dies nothing is heard at all, rather than that the connection is gone."""


GOOD = Faults()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to one exchange: all of it is drawn before it begins, so that no fault moves another."""

    there_s: float
    back_s: float
    fails_to_connect: bool
    request_is_lost: bool
    response_is_lost: bool
    is_duplicated: bool
    cut_after: int | None
    """So many bytes of the answer come."""
    chunk_s: float
    """What each further piece of the answer takes."""
    dies_silently: bool
