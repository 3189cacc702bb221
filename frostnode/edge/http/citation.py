"""How to cite a record: a sentence in the manner of APA, and BibTeX, out of fields that nobody has checked.

Names stay as they were written: what is a family name, and what an institution, is not for a program to guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from frostnode.edge.http.plain_text import one_line
from frostnode.edge.http.times import year_text

_AUTHORS_MAX: Final = 20
_CHARS_MAX: Final = 500
_ASKED_CHARS_MAX: Final = 2000
_DOI: Final = re.compile(
    r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.[0-9]{4,9}/[^\s{}\\]{1,300})", re.IGNORECASE
)
_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "^": r"\^{}",
    "~": r"\~{}",
}
_KEY_WORD: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """`asked` is what the publisher asks to be cited, "" if nothing."""

    text: str
    bibtex: str
    asked: str = ""


def cite(
    record: Mapping[str, Any], fields: object, dataset: Mapping[str, Any] | None = None
) -> Citation | None:
    """The citation of a dataset or version as `operations.read.show` answers it; None for other records.

    `dataset` is that of a version, {title, fields}: a version is cited by its name, and by its makers where it names none.
    """
    if record["type"] not in ("dataset", "version") or not isinstance(fields, Mapping):
        return None
    title = _line(dataset["title"] if dataset else "") or _line(record["title"]) or record["key"]
    publisher = _line(record["publisher"])
    authors = (
        _authors(fields)
        or (_authors(dataset["fields"]) if dataset else [])
        or ([publisher] if publisher else [])
    )
    label = _line(fields.get("label")) if record["type"] == "version" else ""
    doi = _doi(fields)  # of a version its own alone: that of a dataset is of all its versions
    exact = f"{record['url']}?cid={record['header']}"
    year = year_text(record["time_ms"])
    where = f"https://doi.org/{doi}" if doi else exact
    named = f"{title} (Version {label})" if label else title
    parts = [
        f"{_joined(authors)} ({year})." if authors else f"({year}).",
        f"{named} [Data set].",
        f"{publisher}." if publisher and publisher not in authors else "",
        where,
    ]
    return Citation(
        text=" ".join(filter(None, parts)),
        bibtex=_bibtex(
            {
                "author": " and ".join(f"{{{_escaped(name)}}}" for name in authors),
                "title": f"{{{_escaped(title)}}}",
                "year": year,
                "publisher": _escaped(publisher),
                "version": _escaped(label),
                "doi": doi,
                "url": where if not doi else "",
                "note": f"FROST record {exact}",
            },
            _key(authors, year, record["key"]),
        ),
        asked=_asked(fields),
    )


def _authors(fields: Mapping[str, Any]) -> list[str]:
    """Who made it: the creators, without those that only host it, where others are named."""
    creators = fields.get("creators")
    items = (
        [item for item in creators[:_AUTHORS_MAX] if isinstance(item, Mapping)]
        if isinstance(creators, list)
        else []
    )
    makers = [item for item in items if item.get("roles") not in (["host"], ["processor", "host"])]
    return [name for item in makers or items if (name := _line(item.get("name")))]


def _joined(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _doi(fields: Mapping[str, Any]) -> str:
    identifiers = fields.get("identifiers")
    for item in identifiers[:_AUTHORS_MAX] if isinstance(identifiers, list) else ():
        if isinstance(item, Mapping) and str(item.get("scheme")).lower() == "doi":
            found = _DOI.fullmatch(_line(item.get("value")))
            if found:
                return found[1]
    return ""


def _asked(fields: Mapping[str, Any]) -> str:
    """What the source's own metadata asks for."""
    metadata = fields.get("metadata")
    if not isinstance(metadata, Mapping):
        return ""
    stac, aws = metadata.get("stac"), metadata.get("aws-open-data")
    for source, name in ((stac, "sci:citation"), (aws, "Citation")):
        if isinstance(source, Mapping) and isinstance(source.get(name), str):
            return one_line(str(source[name])[:_ASKED_CHARS_MAX], _ASKED_CHARS_MAX)
    return ""


def _line(value: object) -> str:
    """A text on one line, without what cannot be seen."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in " ".join(value.split()) if char.isprintable())[:_CHARS_MAX]


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in text)


def _key(authors: list[str], year: str, key: str) -> str:
    first = _KEY_WORD.sub("", authors[0].lower())[:20] if authors else ""
    return f"{first}{year}{_KEY_WORD.sub('', key.lower())[:30]}" or "frost"


def _bibtex(fields: Mapping[str, str], key: str) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])
