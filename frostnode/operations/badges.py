"""The badge of whoever is named: verified by a domain, not, or made by someone else than who publishes it."""

from typing import Final

from frostnode.operations.parts import Json, Parts
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.entry import Op
from frostnode.protocol.handles import Handle
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY

VERIFIED: Final = "verified"
UNVERIFIED: Final = "unverified"
HARVESTED: Final = "harvested"


class Badges:
    """The names and badges of publishers, each looked up once, over one state of catalog and store."""

    def __init__(self, parts: Parts, catalog: CatalogReader, log: LogReader) -> None:
        self._now_ms = parts.clock.now_ms()
        self._catalog = catalog
        self._log = log
        self._known: dict[Did, tuple[str, Json]] = {}

    def of(self, entry: CatalogEntry) -> Json:
        """{publisher, badge} of a record: harvested when it says so, or the profile of its publisher does for all."""
        name, badge = self._look_up(entry.did)
        if entry.harvested_from and entry.harvested_from != badge["harvested_from"]:
            badge = {**badge, "state": HARVESTED, "harvested_from": entry.harvested_from}
        return {"publisher": name, "badge": badge}

    def name(self, did: Did) -> str:
        """What the profile of a publisher calls it; "" where it has none."""
        return self._look_up(did)[0]

    def badge(self, did: Did) -> Json:
        """{state: verified | unverified | harvested, handle, verified, harvested_from, checked_ms, reason} of a publisher."""
        return self._look_up(did)[1]

    def _look_up(self, did: Did) -> tuple[str, Json]:
        if did not in self._known:
            profile = self._catalog.current(did, PROFILE, PROFILE_KEY)
            if profile is None or profile.op != Op.PUT:
                self._known[did] = "", self._judge(did, None, "")
            else:
                handle = self._catalog.handles(did).get(did)
                self._known[did] = profile.title, self._judge(did, handle, profile.harvested_from)
        return self._known[did]

    def _judge(self, did: Did, handle: Handle | None, harvested_from: str) -> Json:
        check = self._log.handle_check(did) if handle is not None else None
        known = check if check is not None and check.handle == handle else None
        is_verified = known is not None and known.holds(known.handle, self._now_ms)
        state = HARVESTED if harvested_from else VERIFIED if is_verified else UNVERIFIED
        return {
            "state": state,
            "handle": handle or "",
            "verified": is_verified,
            "harvested_from": harvested_from,
            "checked_ms": known.checked_ms if known is not None else None,
            "reason": _reason(handle, known is not None, known.reason if known is not None else ""),
        }


def _reason(handle: Handle | None, is_checked: bool, reason: str) -> str:
    """Why a publisher is not verified, or what went wrong the last time; "" when nothing did."""
    if handle is None:
        return "its profile names no domain"
    return reason if is_checked else f"{handle} has not been asked yet"
