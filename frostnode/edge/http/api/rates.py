"""How often one client may ask: buckets that fill again with time, few enough to be counted.

Whoever asks from this machine is not counted by its address: a proxy, behind which are all others, counts better than we could.
Tokens are counted wherever they come from.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from typing import Final

from frostnode.edge.http.streams import network_of
from frostnode.ports import Clock
from frostnode.protocol.limits import RATE_CLIENTS_MAX, RATE_READS_MAX, RATE_WINDOW_S, RATE_WRITES_MAX


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands: `left` requests now, one more in `wait_s`."""

    name: str
    most: int
    left: int
    wait_s: int
    is_refused: bool

    def headers(self) -> dict[str, str]:
        """For the client (draft-ietf-httpapi-ratelimit-headers)."""
        told = {
            "ratelimit-policy": f'"{self.name}";q={self.most};w={RATE_WINDOW_S}',
            "ratelimit": f'"{self.name}";r={self.left};t={self.wait_s}',
        }
        return {**told, "retry-after": str(self.wait_s)} if self.is_refused else told


class Buckets:
    """One bucket for each client: `most` requests at once, and as many again in RATE_WINDOW_S."""

    def __init__(self, clock: Clock, name: str, most: int) -> None:
        self._clock = clock
        self._name = name
        self._most = most
        self._per_s = most / RATE_WINDOW_S
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, client: str) -> Standing:
        """Take one request out of the bucket of a client, if there is one."""
        now_s = self._clock.monotonic_s()
        left, at_s = self._clients.pop(client, (float(self._most), now_s))
        left = min(float(self._most), left + (now_s - at_s) * self._per_s)
        is_refused = left < 1
        left -= 0 if is_refused else 1
        self._clients[client] = left, now_s
        if len(self._clients) > RATE_CLIENTS_MAX:
            self._clients.popitem(last=False)
        wait_s = max(1, ceil((1 - left) / self._per_s)) if left < 1 else 0
        return Standing(self._name, self._most, int(left), wait_s, is_refused)


class Rates:
    """What is counted of the clients of one node."""

    def __init__(self, clock: Clock) -> None:
        self.reads: Final = Buckets(clock, "reads", RATE_READS_MAX)
        self.writes: Final = Buckets(clock, "writes", RATE_WRITES_MAX)


def counted_address(host: str) -> str | None:
    """Under which name the requests of an address are counted; None for this machine."""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = False
    return None if is_here else f"address {network_of(host)}"
