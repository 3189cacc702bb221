"""Peers that break the rules: small programs over the protocol, with real keys of their own or stolen ones.

    liar           what all have in common: a name, an application, and no conscience
    relay          passes on what an honest node says, altered frame by frame
    malformer      one byte is wrong, now and then
    replayer       says again what was said before, anywhere
    rewinder       shows an older head than before
    withholder     shows the head, and nothing of what is under it
    slanderer      says that honest logs are forked, and signs in their name with keys of its own
    oversizer      more than any limit: frames, pages, streams without an end
    staller        one byte a second, or silence
    equivocator    a publisher of two histories, to each follower one
    thief          an old log key of an honest publisher, put to use
    burglar        the log key of an open epoch, put to use while its host goes on

What none of them may achieve is said by the checks of the world; there is nothing to be checked here.
"""

from typing import Final

from frostnode.testing.simulation.liars.burglar import Burglar
from frostnode.testing.simulation.liars.equivocator import Equivocator
from frostnode.testing.simulation.liars.liar import Liar
from frostnode.testing.simulation.liars.malformer import Malformer
from frostnode.testing.simulation.liars.oversizer import Oversizer
from frostnode.testing.simulation.liars.replayer import Replayer
from frostnode.testing.simulation.liars.rewinder import Rewinder
from frostnode.testing.simulation.liars.slanderer import Slanderer
from frostnode.testing.simulation.liars.staller import Staller
from frostnode.testing.simulation.liars.thief import Thief
from frostnode.testing.simulation.liars.withholder import Withholder

LIARS: Final[dict[str, type[Liar]]] = {
    "equivocator": Equivocator,
    "malformer": Malformer,
    "oversizer": Oversizer,
    "replayer": Replayer,
    "rewinder": Rewinder,
    "slanderer": Slanderer,
    "staller": Staller,
    "thief": Thief,
    "withholder": Withholder,
}
"""By the name that options use; a liar answers at that name."""

ACCOMPLICES: Final[dict[str, type[Liar]]] = {"burglar": Burglar}
"""Those who are of use in a scenario of their own alone: what they do only an owner can end."""
