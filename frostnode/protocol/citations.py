"""What was built on somebody's data, counted apart as datasets, papers and code.

Rules (spec/13-versions-and-lineage.md#citations):
- counted is what current lineage records say was made from a dataset, an exact entry of it, or a version of it;
- each dataset counts once, whichever of its versions it is, and none counts for itself;
- a function of what is carried alone: two nodes that carry the same count the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from frostnode.protocol.identifiers import scheme_of
from frostnode.protocol.names import DATASET, VERSION
from frostnode.protocol.references import dataset_of, named_record, record_name


class Kind(StrEnum):
    """What something is that was built on data, as far as its name tells."""

    DATASET = "dataset"
    PAPER = "paper"
    CODE = "code"
    OTHER = "other"


_PAPERS: Final = frozenset({"doi", "arxiv", "pmid", "pmcid", "isbn"})
_CODE: Final = frozenset({"swh", "git", "git+https", "git+ssh", "ascl"})
_PAPER_HOSTS: Final = frozenset({"arxiv.org", "www.arxiv.org"})
_CODE_HOSTS: Final = frozenset({"github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "git.sr.ht"})
_CODE_HOSTS_BEGIN: Final = ("git.", "gitlab.")


def kind_of(name: str) -> Kind:
    """Tell by a name in its one spelling what it names. A DOI is taken for a paper, for most are."""
    record = named_record(name)
    if record is not None:
        return Kind.DATASET if record.type in (DATASET, VERSION) else Kind.OTHER
    scheme, _, rest = name.partition(":")
    if scheme_of(name) in _PAPERS:
        return Kind.PAPER
    if scheme in _CODE:
        return Kind.CODE
    if scheme != "url":
        return Kind.OTHER
    try:
        parts = urlsplit(rest)
        host = parts.hostname or ""
    except ValueError:
        return Kind.OTHER
    if host in _PAPER_HOSTS:
        return Kind.PAPER
    is_code = host in _CODE_HOSTS or host.startswith(_CODE_HOSTS_BEGIN) or parts.path.endswith(".git")
    return Kind.CODE if is_code else Kind.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """The names of what was built on something, by kind, each in order."""

    datasets: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


def citations(name: str, products: Iterable[str]) -> Citations:
    """Sort what was made from `name` or a version of it; versions count as the dataset that they are of."""
    cited = named_record(name)
    itself = record_name(dataset_of(cited)) if cited is not None else name
    found: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for product in products:
        record = named_record(product)
        one = record_name(dataset_of(record)) if record is not None else product
        if one != itself:
            found[kind_of(one)].add(one)
    return Citations(
        datasets=tuple(sorted(found[Kind.DATASET])),
        papers=tuple(sorted(found[Kind.PAPER])),
        code=tuple(sorted(found[Kind.CODE])),
        other=tuple(sorted(found[Kind.OTHER])),
    )
