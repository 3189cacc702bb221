"""How a route is declared: what it takes, what it answers, whom it lets in. The table is made of these.

A kind of value says itself as JSON Schema and checks what came, so that what is documented is what is checked.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final, Protocol, TypeAlias

from starlette.requests import Request

from frostnode.access_port import Scope, Token
from frostnode.operations.parts import Json, Parts
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import API_TARGETS_MAX

_DIGITS_MAX: Final = 16
_TEXT_CHARS_MAX: Final = 4096


class Kind(Protocol):
    """A kind of value, in an address as text or in a body as JSON."""

    def schema(self) -> Json:
        """As JSON Schema."""

    def read(self, name: str, text: str) -> Any:
        """The value that a text of an address stands for.

        Raises:
            LocalError: usage
        """

    def check(self, name: str, value: Any) -> Any:
        """A value of a body.

        Raises:
            LocalError: usage
        """


def wrong(name: str, found: object, expected: object) -> LocalError:
    """What a request says is not what it may say."""
    return LocalError("usage", name, found=found, expected=expected)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    maximum: int
    minimum: int = 0

    def schema(self) -> Json:
        """An integer between bounds."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def read(self, name: str, text: str) -> int:
        """Digits, and nothing else."""
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
            raise wrong(name, text, f"{self.minimum} to {self.maximum}")
        return self.check(name, int(text))

    def check(self, name: str, value: Any) -> int:
        """An integer that is no boolean."""
        if type(value) is not int or not self.minimum <= value <= self.maximum:
            raise wrong(name, value, f"{self.minimum} to {self.maximum}")
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """A text; what it must be beyond its length and letters, whoever reads it says."""

    chars_max: int = _TEXT_CHARS_MAX
    chars_min: int = 0
    pattern: str = ""

    def schema(self) -> Json:
        """A string between bounds."""
        least = {"minLength": self.chars_min} if self.chars_min else {}
        pattern = {"pattern": f"^{self.pattern}$"} if self.pattern else {}
        return {"type": "string", **least, "maxLength": self.chars_max, **pattern}

    def read(self, name: str, text: str) -> str:
        """The text itself."""
        return self.check(name, text)

    def check(self, name: str, value: Any) -> str:
        """A text of such a length."""
        if not isinstance(value, str):
            raise wrong(name, type(value).__name__, "text")
        if not self.chars_min <= len(value) <= self.chars_max:
            raise wrong(name, f"{len(value)} characters", f"{self.chars_min} to {self.chars_max}")
        if self.pattern and re.fullmatch(self.pattern, value) is None:
            raise wrong(name, value, self.pattern)
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def schema(self) -> Json:
        """An enumeration."""
        return {"type": "string", "enum": list(self.words)}

    def read(self, name: str, text: str) -> str:
        """One of them."""
        return self.check(name, text)

    def check(self, name: str, value: Any) -> str:
        """One of them."""
        if value not in self.words:
            raise wrong(name, value, " or ".join(self.words))
        return str(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    is_in_body: bool = False

    def schema(self) -> Json:
        """In an address 0 or 1."""
        return {"type": "boolean"} if self.is_in_body else {"type": "integer", "enum": [0, 1]}

    def read(self, name: str, text: str) -> bool:
        """0 or 1."""
        if text not in ("0", "1"):
            raise wrong(name, text, "0 or 1")
        return text == "1"

    def check(self, name: str, value: Any) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            raise wrong(name, value, "true or false")
        return value


class _InBody:
    """What no address says."""

    def read(self, name: str, text: str) -> Any:
        """Never declared of a parameter."""
        raise wrong(name, text, "nothing in an address")


@dataclass(frozen=True, slots=True)
class Each(_InBody):
    """A list of values of one kind."""

    kind: Kind
    items_min: int = 0
    items_max: int = API_TARGETS_MAX

    def schema(self) -> Json:
        """An array between bounds."""
        least = {"minItems": self.items_min} if self.items_min else {}
        return {"type": "array", "items": self.kind.schema(), **least, "maxItems": self.items_max}

    def check(self, name: str, value: Any) -> list[Any]:
        """All of them are of that kind."""
        if not isinstance(value, list):
            raise wrong(name, type(value).__name__, "a list")
        if not self.items_min <= len(value) <= self.items_max:
            raise wrong(name, f"{len(value)} items", f"{self.items_min} to {self.items_max}")
        return [self.kind.check(f"{name}/{at}", item) for at, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class Fields(_InBody):
    """A map with these items; with `is_open` any others too, which somebody else checks."""

    items: tuple["Item", ...] = ()
    is_open: bool = False

    def schema(self) -> Json:
        """An object."""
        needed = [item.name for item in self.items if item.is_required]
        return {
            "type": "object",
            "properties": {
                item.name: {**item.kind.schema(), "description": item.about} for item in self.items
            },
            **({"required": needed} if needed else {}),
            **({} if self.is_open else {"additionalProperties": False}),
        }

    def check(self, name: str, value: Any) -> Json:
        """Those that must be there are, and each is of its kind."""
        if not isinstance(value, dict):
            raise wrong(name, type(value).__name__, "a map")
        known = {item.name: item for item in self.items}
        unknown = sorted(value.keys() - known.keys())
        if unknown and not self.is_open:
            raise wrong(name, f"the field {unknown[0]}", f"some of {', '.join(known) or 'none'}")
        for item in self.items:
            if item.is_required and item.name not in value:
                raise wrong(f"{name}/{item.name}", "nothing", item.about)
        return {
            key: known[key].kind.check(f"{name}/{key}", one) if key in known else one
            for key, one in value.items()
        }


@dataclass(frozen=True, slots=True)
class Either(_InBody):
    """One value of a kind, or a list of them."""

    one: Kind
    many: Each

    def schema(self) -> Json:
        """Either of two."""
        return {"oneOf": [self.one.schema(), self.many.schema()]}

    def check(self, name: str, value: Any) -> Any:
        """A list is a list of them."""
        return self.many.check(name, value) if isinstance(value, list) else self.one.check(name, value)


class Place(StrEnum):
    """Where a parameter stands."""

    QUERY = "query"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Item:
    """A parameter, or a field of a body."""

    name: str
    kind: Kind
    about: str
    is_required: bool = False
    default: Any = None
    place: Place = Place.QUERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request brings along."""

    kind: Kind
    about: str
    media_types: tuple[str, ...] = ("application/json",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that was let in: its values are checked, its body too. `begun_ms` is when its first try began."""

    parts: Parts
    request: Request
    values: Mapping[str, Any]
    body: Any = None
    token: Token | None = None
    begun_ms: int
    is_again: bool = False
    """Whether an earlier try of it was never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is answered; `is_pinned` when it is about exact entries alone, `version` is the entry that it is of."""

    content: Json | bytes
    media_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_pinned: bool = False
    version: str = ""


class Cost(Enum):
    """What is counted of a client."""

    LIGHT = "light"
    COSTLY = "costly"
    WRITE = "write"


Run: TypeAlias = Callable[[Call], Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table. With `named` the record may stand in the path too: `/api/record/DID/KEY`."""

    method: str
    path: str
    id: str
    group: str
    about: str
    run: Run
    answer: Json
    items: tuple[Item, ...] = ()
    named: Item | None = None
    body: Body | None = None
    errors: Sequence[str] = ()
    scope: Scope | None = None
    cost: Cost = Cost.LIGHT
    media_types: tuple[str, ...] = ("application/json",)
    conditional: bool = False
    """Whether If-Match and If-None-Match say which entry is replaced."""

    def paths(self) -> tuple[tuple[str, tuple[Item, ...]], ...]:
        """Each path with its parameters: where a record is named, it stands in the query or in the path."""
        if self.named is None:
            return ((self.path, self.items),)
        name, about = self.named.name, self.named.about
        inside = Item(name, self.named.kind, about, is_required=True, place=Place.PATH)
        in_path = f"{self.path}/{{{name}}}"
        return ((self.path, (self.named, *self.items)), (in_path, (inside, *self.items)))
