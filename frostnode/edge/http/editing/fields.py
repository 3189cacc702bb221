"""What the forms of datasets and versions ask for. A field's name says where it stands in the record: `extent.bbox`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from frostnode.protocol.names import DATASET, VERSION


class Kind(StrEnum):
    """How what was typed becomes a value."""

    LINE = "line"
    TEXT = "text"
    """Several lines."""
    WORDS = "words"
    """Texts with commas between."""
    NUMBER = "number"
    COUNT = "count"
    """An integer from 0."""
    COUNTS = "counts"
    """Integers with commas between; ? for one that is not known."""
    FLAG = "flag"
    LINES = "lines"
    """A text a line."""
    JSON = "json"
    """A map, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A field of one input."""

    name: str
    label: str
    kind: Kind = Kind.LINE
    hint: str = ""
    is_required: bool = False
    choices: tuple[str, ...] = ()
    """Offered, while anything may be typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One input of each row."""

    name: str
    label: str
    kind: Kind = Kind.LINE
    hint: str = ""
    is_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A list of maps, an input for each of their fields; or of lists, whose items the columns are."""

    name: str
    label: str
    row: str
    """What one of them is called."""
    columns: tuple[Column, ...]
    hint: str = ""
    are_lists: bool = False
    is_table: bool = False
    """Whether the rows are the columns of one table: the value is a list of that table alone."""


Field: TypeAlias = One | Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]


OTHER: Final = "other"
"""The input with all that the form has no field for."""

_LICENSES: Final = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODbL-1.0", "OGL-UK-3.0")
_LOCATIONS: Final = Rows(
    name="locations",
    label="Where the data is",
    row="location",
    hint="The data stays there; the network carries the address.",
    columns=(
        Column(name="href", label="Address", hint="s3://bucket/data.zarr", is_wide=True),
        Column(name="title", label="Title"),
        Column(name="type", label="Media type or format", hint="application/vnd.zarr"),
        Column(name="role", label="Role", hint="data"),
        Column(name="storage", label="Storage", hint="s3"),
        Column(name="region", label="Region", hint="eu-central-1"),
        Column(name="cost", label="Cost", hint="requester pays"),
    ),
)
_ARRAYS: Final = Rows(
    name="schema.arrays",
    label="Variables",
    row="variable",
    columns=(
        Column(name="name", label="Name", hint="extent"),
        Column(name="dims", label="Dimensions", kind=Kind.WORDS, hint="time, lat, lon"),
        Column(name="shape", label="Shape", kind=Kind.COUNTS, hint="?, 180, 360"),
        Column(name="chunks", label="Chunks", kind=Kind.COUNTS, hint="365, 90, 90"),
        Column(name="dtype", label="Type", hint="float32"),
        Column(name="units", label="Units", hint="km2"),
    ),
)
_TABLE: Final = Rows(
    name="schema.tables",
    label="Columns",
    row="column",
    is_table=True,
    columns=(
        Column(name="name", label="Name", hint="station"),
        Column(name="type", label="Type", hint="string"),
        Column(name="units", label="Units"),
        Column(name="description", label="What it says", is_wide=True),
    ),
)

_DATASET: Final = (
    Part(
        title="What it is",
        fields=(
            One(name="title", label="Title", is_required=True, hint="Sea ice extent, daily"),
            One(
                name="description",
                label="Description",
                kind=Kind.TEXT,
                hint="Markdown: blank lines between paragraphs, **bold**, - lists, [words](https://…).",
            ),
            One(name="keywords", label="Keywords", kind=Kind.LINES, hint="One a line."),
            One(name="languages", label="Languages", kind=Kind.WORDS, hint="en, de"),
            One(
                name="data_model",
                label="Data model",
                choices=("gridded", "tabular", "vector", "point cloud", "images", "text"),
            ),
        ),
    ),
    Part(
        title="Who made it, and on what terms",
        fields=(
            Rows(
                name="creators",
                label="Creators",
                row="creator",
                columns=(
                    Column(name="name", label="Name"),
                    Column(name="orcid", label="ORCID", hint="0000-0002-1825-0097"),
                    Column(name="ror", label="ROR", hint="https://ror.org/…"),
                    Column(name="url", label="Web page"),
                    Column(name="roles", label="Roles", kind=Kind.WORDS, hint="author, contact"),
                ),
            ),
            One(name="contact", label="Contact", hint="data@example.org"),
            One(name="homepage", label="Homepage"),
            One(name="license", label="License", hint="An SPDX name, or an address.", choices=_LICENSES),
            One(name="access", label="Access", hint="open, or what one has to do"),
            One(name="price", label="Price", hint="free"),
            Rows(
                name="identifiers",
                label="Identifiers",
                row="identifier",
                columns=(
                    Column(name="scheme", label="Scheme", hint="doi"),
                    Column(name="value", label="Value", hint="10.5281/zenodo.1234567", is_wide=True),
                ),
            ),
        ),
    ),
    Part(
        title="Where and when",
        fields=(
            Rows(
                name="extent.bbox",
                label="Boxes",
                row="box",
                are_lists=True,
                hint="Degrees. West may be more than east: then it goes across the antimeridian.",
                columns=tuple(
                    Column(name=side, label=side.title(), kind=Kind.NUMBER, hint=hint)
                    for side, hint in (("west", "-180"), ("south", "30"), ("east", "180"), ("north", "90"))
                ),
            ),
            Rows(
                name="extent.interval",
                label="Time spans",
                row="time span",
                are_lists=True,
                hint="Leave a side empty where it is open.",
                columns=(
                    Column(name="start", label="From", hint="1978-10-26"),
                    Column(name="end", label="To", hint="2026-12-31"),
                ),
            ),
            One(name="update_frequency", label="Updated", hint="daily"),
        ),
    ),
    Part(
        title="The data",
        fields=(
            _LOCATIONS,
            _ARRAYS,
            _TABLE,
            Rows(
                name="links",
                label="Links",
                row="link",
                columns=(
                    Column(name="href", label="Address", hint="https://…", is_wide=True),
                    Column(name="rel", label="Relation", hint="about"),
                    Column(name="title", label="Title"),
                    Column(name="type", label="Media type", hint="text/html"),
                ),
            ),
        ),
    ),
    Part(
        title="More",
        fields=(
            One(
                name="metadata",
                label="Metadata of other conventions",
                kind=Kind.JSON,
                hint='A JSON map, one entry for each convention: {"stac": {…}}.',
            ),
            One(
                name=OTHER,
                label="Further fields",
                kind=Kind.JSON,
                hint="A JSON map: what this form has no field for stays here as it is.",
            ),
        ),
    ),
)
_VERSION: Final = (
    Part(
        title="What is new",
        fields=(
            One(name="title", label="Title", hint="Only if it has another one than the dataset."),
            One(name="changes.note", label="Note", kind=Kind.TEXT, hint="What changed since the last one."),
        ),
    ),
    Part(
        title="The data",
        fields=(
            _LOCATIONS,
            One(name="snapshot.system", label="Snapshot: system", hint="icechunk, iceberg, git"),
            One(name="snapshot.id", label="Snapshot: id"),
            Rows(
                name="digests",
                label="Digests",
                row="digest",
                columns=(
                    Column(name="algorithm", label="Algorithm", hint="sha256"),
                    Column(name="value", label="Value", is_wide=True),
                ),
            ),
            One(name="size", label="Size in bytes", kind=Kind.COUNT),
            _ARRAYS,
            _TABLE,
        ),
    ),
)

FORMS: Final[dict[str, tuple[Part, ...]]] = {DATASET: _DATASET, VERSION: _VERSION}
"""By type of record."""


def fields_of(type_: str) -> tuple[Field, ...]:
    """The fields of a form."""
    return tuple(field for part in FORMS[type_] for field in part.fields)


def field_json(field: Field) -> dict[str, Any]:
    """What is asked for, as a program is told it."""
    if isinstance(field, One):
        said = {"kind": field.kind, "required": field.is_required, "hint": field.hint}
        return {"name": field.name, "label": field.label, **said}
    columns = [{"name": column.name, "label": column.label, "kind": column.kind} for column in field.columns]
    return {"name": field.name, "label": field.label, "kind": "rows", "columns": columns}
