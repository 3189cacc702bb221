"""Every document is in its index, every link and citation leads somewhere, every example is tested."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "spec").glob("*.md"))
DECISIONS = sorted((ROOT / "spec/decisions").glob("*.md"))
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "spec").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
SOURCES = [path for folder in ("frostnode", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]

FENCE = re.compile(r"^(`{3,}|~{3,})(.*?)^\1`*~*[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CITATION = re.compile(r"\bspec/[\w./-]*?\.md(?:#[\w-]+)?")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """The text of a document without its fenced blocks."""
    return FENCE.sub("", path.read_text())


def links(text: str) -> list[str]:
    """The targets of all inline links, code spans left out."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", text))


def slug(heading: str) -> str:
    """The anchor that a Markdown renderer gives to a heading: lower case, punctuation gone, spaces to hyphens."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Every anchor of a document: its headings (repeated ones numbered) and explicit ids."""
    found: set[str] = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", prose(path)))
    for heading in re.findall(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", prose(path), re.MULTILINE):
        base = slug(heading)
        number, anchor = 0, base
        while anchor in found:
            number += 1
            anchor = f"{base}-{number}"
        found.add(anchor)
    return found


def leads_nowhere(base: Path, target: str) -> bool:
    """Whether a relative target, with or without anchor, names nothing that exists."""
    path_text, _, anchor = target.partition("#")
    path = base.parent / unquote(path_text) if path_text else base
    if not path.exists():
        return True
    return bool(anchor) and path.suffix == ".md" and anchor not in anchors(path)


@pytest.mark.parametrize("folder", ["spec", "spec/decisions"])
def test_every_document_is_in_the_index_of_its_folder(folder: str) -> None:
    index = ROOT / folder / "README.md"
    linked = {target.partition("#")[0] for target in links(prose(index))}
    missing = [
        path.name
        for path in sorted((ROOT / folder).glob("*.md"))
        if path != index and path.name not in linked
    ]
    assert missing == []


def test_no_two_documents_of_a_folder_have_the_same_number() -> None:
    for folder in (SPECS, DECISIONS):
        numbers = [match[0] for path in folder if (match := re.match(r"\d+", path.name))]
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    relative = [target for target in links(prose(document)) if not re.match(r"[a-z][a-z0-9+.-]*:", target)]
    assert [target for target in relative if leads_nowhere(document, target)] == []


def test_every_citation_of_the_specification_in_code_leads_somewhere() -> None:
    wrong = [
        f"{name(path)}: {citation}"
        for path in SOURCES
        if path != Path(__file__)
        for citation in CITATION.findall(path.read_text())
        if leads_nowhere(ROOT / "README.md", citation)
    ]
    assert wrong == []


@pytest.mark.parametrize("document", SPECS, ids=name)
def test_every_example_of_a_specification_is_verified_by_a_test(document: Path) -> None:
    examples = re.findall(r"^`{3,}json example\b", document.read_text(), re.MULTILINE)
    verifying = [
        path for path in (ROOT / "tests/spec").glob("test_spec_*.py") if document.name in path.read_text()
    ]
    assert verifying or not examples, f"no tests/spec/test_spec_*.py reads the {len(examples)} examples"


def test_attacks_name_only_tests_that_exist() -> None:
    named = re.findall(r"`([\w/-]+\.py)::(test_\w+)`", (ROOT / "spec/attacks.md").read_text())
    assert named
    wrong = [
        f"{file}::{test}"
        for file, test in named
        if not (path := ROOT / "tests" / file).exists() or f"def {test}(" not in path.read_text()
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Life of a record", "life-of-a-record"),
        ("`end`, and what it cuts", "end-and-what-it-cuts"),
        ("Who is trusted — with what?", "who-is-trusted--with-what"),
        ("See [the log](04-log.md)", "see-the-log"),
    ],
)
def test_anchor_of_a_heading(heading: str, expected: str) -> None:
    assert slug(heading) == expected


def test_a_link_to_nothing_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# One\n\n```\n# Not a heading\n```\n\n# One\n")
    assert anchors(document) == {"one", "one-1"}
    assert not leads_nowhere(document, "#one-1")
    assert leads_nowhere(document, "#two")
    assert leads_nowhere(document, "b.md")
    assert leads_nowhere(document, "a.md#not-a-heading")
