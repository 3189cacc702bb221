"""The table `[carry]` of frost.toml: values in, policy out, and back again.

Every setting is a field of CarryPolicy; the settings of a quota stand in a table of their own. What is
not said keeps its default; what is not known, or is no value of its kind, refuses the whole table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from typing import Any, Final

from frostnode.protocol.errors import LocalError
from frostnode.replicate.policy import CarryPolicy, Mode, Quota, parse_rule

UNLIMITED: Final = "unlimited"

_UNITS: Final = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_BYTES: Final = re.compile(r"(\d{1,12}) (KiB|MiB|GiB|TiB)")
_LIMIT_MAX: Final = 2**53

ABOUT: Final[dict[str, str]] = {
    "mode": "`everything` that followed nodes have, or only who is `followed` or allowed. With `everything`, peers choose what fills the disk, within the quotas.",
    "allow": "DIDs, `handle:NAME`, `host:NAME`, `type:NAME`; `*.` for all names below. Carried whatever the mode, and vouched for. Hosts are what publishers say of themselves: an allowed one lets in whoever claims it.",
    "deny": "The same; comes before all else. A denied host keeps out only those who say where they are.",
    "show_unknown": "Whether searches find, unasked, whom nobody vouches for and strangers alone have brought. Anyone can fill pages of hits then.",
    "followed": "At most, of each publisher that is followed. Whoever holds its log key can fill the disk up to here.",
    "vouched": "At most, of each publisher that is vouched for: allowed, with a verified handle, hosted by a followed node, or followed by one whom you follow.",
    "unknown": "At most, of each other publisher. Anyone can make many of them.",
    "unknown_total": "At most, of all unknown publishers together, in equal parts for each followed node and one for all others. A peer can fill its part with rubbish, no other's.",
    "peer_day": "At most, by one peer in one day (UTC), of publishers that are not followed. A peer that uses it up is passed over until the next.",
}
"""What each setting does, and who may harm by it."""

BOUNDS: Final[dict[str, tuple[str, ...]]] = {
    "followed": ("entries", "bytes", "subscriptions"),
    "vouched": ("entries", "bytes", "subscriptions"),
    "unknown": ("entries", "bytes", "subscriptions"),
    "unknown_total": ("publishers", "entries", "bytes"),
    "peer_day": ("publishers", "entries", "bytes", "subscriptions"),
}
"""What each quota bounds."""


def read_policy(table: object) -> CarryPolicy:
    """The policy that a table says; a bare mode is a table with nothing else.

    Raises:
        LocalError: input.unreadable, naming the setting
    """
    if isinstance(table, str):
        table = {"mode": table}
    if not isinstance(table, Mapping):
        raise _wrong("carry", table, "a table")
    for name in table:
        if name not in ABOUT:
            raise _wrong(f"carry: unknown setting {name!r}", None, ", ".join(ABOUT))
    return CarryPolicy(**{name: _value(name, value) for name, value in table.items()})


def _value(name: str, value: Any) -> Any:
    where = f"carry.{name}"
    if name in BOUNDS:
        return _quota(name, where, value)
    if name == "mode":
        if value not in list(Mode):
            raise _wrong(where, value, "everything or followed")
        return Mode(value)
    if name == "show_unknown":
        if not isinstance(value, bool):
            raise _wrong(where, value, "true or false")
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(where, value, "a list of rules")
    return frozenset(map(parse_rule, value))


def _quota(name: str, where: str, value: Any) -> Quota:
    if not isinstance(value, Mapping):
        raise _wrong(where, value, "a table")
    quota: Quota = getattr(CarryPolicy(), name)
    bounds = {bound: getattr(quota, bound) for bound in BOUNDS[name]}
    for bound, limit in value.items():
        if bound not in bounds:
            raise _wrong(f"{where}: unknown setting {bound!r}", None, ", ".join(bounds))
        bounds[bound] = _limit(f"{where}.{bound}", bound, limit)
    return Quota(**bounds)


def _limit(where: str, bound: str, value: Any) -> int | None:
    if value == UNLIMITED:
        return None
    if bound == "bytes" and isinstance(value, str) and (found := _BYTES.fullmatch(value)):
        value = int(found[1]) * _UNITS[found[2]]
    if type(value) is not int or not 0 <= value <= _LIMIT_MAX:
        size = ', or as "4 GiB"' if bound == "bytes" else ""
        raise _wrong(where, value, f'0 to 2⁵³{size}, or "{UNLIMITED}"')
    return value


def _wrong(where: str, found: object, expected: str) -> LocalError:
    return LocalError(
        "input.unreadable", where, found=None if found is None else repr(found), expected=expected
    )


def settings_of(policy: CarryPolicy) -> dict[str, Any]:
    """The whole table that says this policy."""
    return {setting.name: _setting(policy, setting) for setting in fields(policy)}


def _setting(policy: CarryPolicy, setting: "Field[Any]") -> Any:
    value = getattr(policy, setting.name)
    if isinstance(value, Quota):
        return {bound: _written(bound, getattr(value, bound)) for bound in BOUNDS[setting.name]}
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    return value if isinstance(value, bool) else str(value)


def _written(bound: str, limit: int | None) -> int | str:
    if limit is None:
        return UNLIMITED
    if bound == "bytes":
        for unit in reversed(_UNITS):
            if limit and limit % _UNITS[unit] == 0:
                return f"{limit // _UNITS[unit]} {unit}"
    return limit


def lines_of(policy: CarryPolicy) -> Iterator[str]:
    """The table as text, every setting with its comment."""
    table = settings_of(policy)
    yield "[carry]"
    for name, value in table.items():
        if name not in BOUNDS:
            yield f"# {ABOUT[name]}"
            yield f"{name} = {_toml(value)}"
    for name in BOUNDS:
        yield ""
        yield f"# {ABOUT[name]}"
        yield f"[carry.{name}]"
        yield from (f"{bound} = {_toml(limit)}" for bound, limit in table[name].items())


def _toml(value: object) -> str:
    """Rules and limits have no character that TOML would want escaped."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
