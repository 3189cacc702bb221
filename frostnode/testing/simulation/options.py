"""What a seed draws: the size and shape of a world, which faults there are, and how bad they are.

Of the faults some are left out altogether and others made severe: a little of everything hides what only
much of one thing shows.
"""

from dataclasses import dataclass, field

from frostnode.config import Config
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.faults import Faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Nemesis:
    """What befalls machines and links: how often each of it, relative to the others; 0 is never."""

    every_s: float = 5.0
    crash: float = 0.0
    crash_in_sync: float = 0.0
    stop: float = 0.0
    failing_sync: float = 0.0
    full_disk: float = 0.0
    old_image: float = 0.0
    one_way: float = 0.0
    split: float = 0.0
    clog: float = 0.0
    clock_step: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What people do: a publication every so often at each home, of so many records at most."""

    every_s: float = 4.0
    records_max: int = 8
    keys: int = 40
    """Records are changed and withdrawn among so many."""
    bulk: float = 0.0
    """How many publications are of several hundred records, so that bundles and frames fill up."""
    looks: float = 0.2
    """How many times somebody searches and reads instead."""
    rotate: float = 0.0
    """How many times the publisher takes a new log key instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A world."""

    nodes: int = 3
    owners: int = 2
    """So many of the nodes host a publisher."""
    shape: str = "ring"
    """Who follows whom: `ring`, `chain` (both ways), `star` (both ways), `line` (one way: what comes down is pushed), `mesh`."""
    liars: tuple[str, ...] = ()
    """Names of programs of `liars`; every honest node follows each of them."""
    faults: Faults = field(default_factory=Faults)
    nemesis: Nemesis = field(default_factory=Nemesis)
    work: Work = field(default_factory=Work)
    config: Config = field(default_factory=Config)
    """The settings of every node."""
    trouble_s: float = 60.0
    """So long people work and things go wrong."""
    healing_s: float = 600.0
    """So long after that everybody must have everything."""
    worker_s: float = 0.003
    """What a piece of blocking work takes on average, before and after."""
    fsck_every: int = 40
    """Everything is derived anew at every so-manieth commit."""
    stumbles: bool = False
    """Whether a machine loses power at every step of what owners have it do with their identity."""


def peers_of(options: Options, at: int) -> list[int]:
    """Whom a node follows."""
    count = options.nodes
    others = [other for other in range(count) if other != at]
    match options.shape:
        case "ring":
            return [(at + 1) % count] if count > 1 else []
        case "chain":
            return [other for other in others if abs(other - at) == 1]
        case "line":
            return [at + 1] if at + 1 < count else []
        case "star":
            return others if at == 0 else [0]
        case _:
            return others


def draw_options(seed: int | str, liars: tuple[str, ...] = ()) -> Options:
    """The world of a seed. `liars` are the programs that there are to choose from."""
    random = SeededRandom(seed, "options")

    def some(high: float) -> float:
        return random.between(0, high) if random.chance(0.5) else 0.0

    def often() -> float:
        return random.between(0.1, 1) if random.chance(0.5) else 0.0

    nodes = 2 + random.below(4)
    shape = random.pick(("ring", "chain", "star", "line", "mesh"))
    is_line = (
        shape == "line"
    )  # down which nothing comes but by pushes, and to a clock that is wrong none are signed
    return Options(
        nodes=nodes,
        owners=1 + random.below(nodes),
        shape=shape,
        config=Config(offers=is_line or random.chance(0.5)),
        liars=tuple(random.some(liars, random.below(3))),
        faults=Faults(
            delay_s=random.pick((0.002, 0.02, 0.2)),
            fail_to_connect=some(0.2),
            drop_request=some(0.2),
            drop_response=some(0.2),
            duplicate=some(0.2),
            cut=some(0.6),
            slow=some(0.5),
            die_silently=random.fraction(),
        ),
        nemesis=Nemesis(
            every_s=random.pick((2.0, 5.0, 10.0)),
            crash=often(),
            crash_in_sync=often(),
            stop=often(),
            failing_sync=often(),
            full_disk=often(),
            one_way=often(),
            split=often(),
            clog=often(),
            clock_step=0.0 if is_line else often(),
        ),
        work=Work(
            every_s=random.pick((1.0, 4.0, 10.0)),
            records_max=random.pick((1, 8, 40)),
            keys=random.pick((3, 40)),
            bulk=random.pick((0.0, 0.05)),
            rotate=random.pick((0.0, 0.1)),
        ),
        worker_s=random.pick((0.0003, 0.003, 0.03)),
    )
