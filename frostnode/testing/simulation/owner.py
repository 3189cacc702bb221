"""A publisher with its kits, and what its owner does with them: asks a node, signs once, keeps, hands over.

As `frost move`, `frost rotate` and `frost recover` do, with the very operations of the node. What was signed is kept
until it is known to be taken, whatever happens to the nodes meanwhile, and a retry sends the same bytes.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from frostnode.hosting import LOG_KEY_LABEL, SeedKeys, label_after
from frostnode.identity.acts import next_event, recovery_event
from frostnode.identity.commitments import commit_kits
from frostnode.identity.create import create_genesis
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.operations.parts import Json
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import End, Epoch, SignedEvent, parse_signed_event
from frostnode.protocol.keys import SigningKey, derive_seed, from_multibase
from frostnode.protocol.names import Did, Origin, did_of, format_origin
from frostnode.testing.clock import START_MS
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.oracle import Oracle

Ask: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[Json]]
"""Have a node run an operation."""
Step: TypeAlias = Callable[[str], None]
"""Is told how far an act is: `asked`, `signed`, `taken`."""
_MADE = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Host:
    """Where a publisher may live: the seed of a machine's warm keys, and its URL."""

    seed: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What a node has found out of the carriers, as the command line reads it."""

    history: History
    end: End
    epoch: Epoch


class Owner:
    """One identity. `history` are the events that count for its owner.

    What is signed here is told to the oracle, except by one who acts without the owner's leave.
    """

    def __init__(self, name: str, random: SeededRandom, host: Host, oracle: Oracle) -> None:
        self.name = name
        self._random = random
        self._oracle = oracle
        self._is_rightful = True
        authority, recovery = random.bytes(32), random.bytes(32)
        self.label = f"{LOG_KEY_LABEL}/{name}"
        """Of the log key that genesis names."""
        keys = SeedKeys(host.seed)
        epoch = Epoch(key=keys.log_key(self.label), node=keys.node, url=host.url)
        self.history = [create_genesis(authority, recovery, epoch=epoch, time_ms=START_MS)]
        self.did: Did = did_of(self.history[0].cid)
        self._kit = self._made(Purpose.AUTHORITY, authority)
        self._sheet = self._made(Purpose.RECOVERY, recovery)
        self._kept: SignedEvent | None = None
        self._signed = 0

    @property
    def origin(self) -> Origin:
        """The log of the open epoch."""
        last = self.history[-1]
        return format_origin(self.did, last.event.n, last.cid)

    def log_key(self, host: Host, n: int) -> SigningKey:
        """The log key of epoch n at a host: only that host has it."""
        label = self.label if n == 0 else label_after(self.history[n - 1].cid)
        return SigningKey(derive_seed(host.seed, label))

    def twin(self, *, is_rightful: bool) -> "Owner":
        """Somebody else with the same authority kit, who knows nothing of what is signed here from now on."""
        twin = object.__new__(Owner)
        twin.__dict__.update(self.__dict__)
        twin.history = list(self.history)
        twin._is_rightful, twin._signed = is_rightful, self._signed + 1000
        return twin

    # -- acts -----------------------------------------------------------------------------------------

    async def succeed(
        self, ask: Ask, *, urls: Sequence[str] = (), end: int | None = None, step: Step = lambda _: None
    ) -> SignedEvent:
        """Move to the node that is asked, or rotate the log key there.

        Raises:
            FrostError: what the node says, or why nothing is signed
        """

        def sign(found: _Found) -> SignedEvent:
            return next_event(
                found.history,
                [self._kit],
                following=None,
                end=found.end,
                epoch=found.epoch,
                time_ms=START_MS + self._signed,
            )

        return await self._act(ask, {"urls": list(urls), "end": end}, sign, step)

    async def recover(
        self, ask: Ask, *, after: Cid, urls: Sequence[str] = (), step: Step = lambda _: None
    ) -> SignedEvent:
        """Overrule all that was signed after the last good event, and go on at the node that is asked with a new kit.

        Raises:
            FrostError: what the node says
        """
        new = self._made(Purpose.AUTHORITY, self._random.bytes(32))

        def sign(found: _Found) -> SignedEvent:
            last = found.history.event(after)
            assert last is not None, "the node was asked about it"
            self._kit = new  # written before anything commits to it
            return recovery_event(
                found.history,
                [self._sheet],
                after=after,
                following=commit_kits([new], last.event.n + 2, 1),
                end=found.end,
                epoch=found.epoch,
                time_ms=START_MS + self._signed,
            )

        asked = {"urls": list(urls), "end": None, "after": str(after)}
        return await self._act(ask, asked, sign, step)

    async def _act(
        self, ask: Ask, params: dict[str, Any], sign: Callable[[_Found], SignedEvent], step: Step
    ) -> SignedEvent:
        if self._kept is None or not await self._is_taken(ask, self._kept, params):
            answer = await ask("survey", {"did": self.did, "fetch": True, **params})
            step("asked")
            if "after" not in params:
                _check_one_tree(answer, params["end"])
            if self._kept is None:
                self._keep(sign(_read(self.did, answer)))
        signed = self._kept
        assert signed is not None, "it was kept"
        step("signed")
        event = b64encode(signed.raw).decode()
        await ask("take-event", {"did": self.did, "event": event, "urls": params["urls"]})
        step("taken")
        self._kept = None
        self.history = [*self.history[: signed.event.n], signed]
        return signed

    async def _is_taken(self, ask: Ask, kept: SignedEvent, params: dict[str, Any]) -> bool:
        """Whether the node has taken what was signed, and never said so."""
        try:
            answer = await ask(
                "survey", {"did": self.did, "urls": params["urls"], "after": str(kept.event.prev)}
            )
        except LocalError:
            return False
        return _read(self.did, answer).history.tip == kept.cid

    def _keep(self, signed: SignedEvent) -> None:
        """Put it beside the kit before anybody is sent it."""
        self._signed += 1
        if self._is_rightful:
            self._oracle.owner_signed(self.did, signed)
            self._oracle.given_up(self.origin)
        self._kept = signed

    def _made(self, purpose: Purpose, seed: bytes) -> Kit:
        return Kit(label=KitLabel(purpose=purpose, did=self.did, created=_MADE), seed=seed)


def _read(did: Did, answer: Json) -> _Found:
    events = [parse_signed_event(b64decode(raw)) for raw in answer["events"]]
    history = History.empty(did)
    history.take(events[: answer["path"]])  # what counts for the node, before what stands beside it
    history.take(events[answer["path"] :])
    key, node = (from_multibase(answer["epoch"][name]) for name in ("key", "node"))
    return _Found(
        history,
        End(size=answer["end"]["size"], root=bytes.fromhex(answer["end"]["root"])),
        Epoch(key=key, node=node, url=answer["here"]),
    )


def _check_one_tree(answer: Json, end: int | None) -> None:
    """Sign nothing while it is not clear what is to count: the owner has to say so.

    Raises:
        LocalError: usage
    """
    if answer["forked"]:
        raise LocalError("usage", "two histories")
    if end is None and any(line["tree"] == "other" for line in answer["carriers"]):
        raise LocalError("usage", "two trees")
