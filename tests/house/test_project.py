"""The repository as a whole: what may be committed, scripts that run and are told, versions and locks that agree."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
SCRIPTS = sorted(
    path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.name.startswith(".")
)
TOP_LEVEL = {"LICENSE", "README.md", "frostnode", "interop", "pyproject.toml", "scripts", "spec", "tests"}

PRIVATE = {
    "machine path": re.compile(
        rb"(?<![\w.~-])/(?:work|root|farm|Users|home|tmp/\w+)/\w|bash_[j]obs|/opt/\w+/"
    ),
    "registry host": re.compile(
        rb"pypi\.(?:org|python)|pythonhosted\.org|registry\.(?:npmjs|yarnpkg)|deb\.debian\.org"
    ),
    "merge marker": re.compile(rb"^(?:<{7} |={7}$|>{7} )", re.MULTILINE),
}


def committed() -> list[str]:
    """All files that are in the repository, or would be with the next commit."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listing.stdout.decode().split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def pinned(lock: str) -> dict[str, str]:
    """Package and version of each pin that holds on the Python that runs here."""
    lines = [
        line.removesuffix(" \\") for line in (ROOT / ".lock" / lock).read_text().splitlines() if "==" in line
    ]
    pins = [Requirement(line) for line in lines]
    return {
        canonicalize_name(pin.name): str(pin.specifier)[2:]
        for pin in pins
        if not pin.marker or pin.marker.evaluate()
    }


def unmet(requirements: list[str], pins: dict[str, str]) -> list[str]:
    parsed = [Requirement(text) for text in requirements]
    return [
        str(each)
        for each in parsed
        if not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))
    ]


@pytest.mark.parametrize("what", PRIVATE)
def test_no_committed_file_holds_what_belongs_to_one_machine(what: str):
    found = [name for name in committed() if PRIVATE[what].search((ROOT / name).read_bytes())]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("machine path", b"cd /" + b"work/main"),
        ("machine path", b'"/' + b'home/anna/data"'),
        ("registry host", b"https://files.python" + b"hosted.org/packages"),
        ("merge marker", b"a\n" + b"<" * 7 + b" HEAD\n"),
        ("merge marker", b"a\n" + b"=" * 7 + b"\nb"),
    ],
)
def test_what_belongs_to_one_machine_is_recognised(what: str, text: bytes):
    assert PRIVATE[what].search(text)


@pytest.mark.parametrize(
    "text", [b"https://example.org/work/12", b"../root/a", b"A title\n========\n", b"/tmp/x"]
)
def test_links_and_headings_are_not_taken_for_it(text: bytes):
    assert not any(pattern.search(text) for pattern in PRIVATE.values())


def test_top_level_holds_only_what_a_reader_expects():
    top = {name.partition("/")[0] for name in committed()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_runs_and_is_told(script: Path):
    told = (ROOT / "README.md").read_text() + (ROOT / ".github/CONTRIBUTING.md").read_text()

    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env ")
    assert f"scripts/{script.name}" in told


def test_versions_agree():
    changes = (ROOT / ".github/CHANGELOG.md").read_text()
    in_code = re.search(
        r'^__version__\b.* = "(.+)"', (ROOT / "frostnode/__init__.py").read_text(), re.MULTILINE
    )

    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == PROJECT["version"]
    assert in_code is None or in_code[1] == PROJECT["version"]


def test_locks_pin_all_that_the_project_names():
    extras, groups = PROJECT["optional-dependencies"], PYPROJECT["dependency-groups"]
    build, node, dev = pinned("build.txt"), pinned("node.txt"), pinned("dev.txt")

    assert unmet(PYPROJECT["build-system"]["requires"] + groups["build"], build) == []
    assert unmet(PROJECT["dependencies"] + extras["node"], node) == []
    assert unmet(extras["dev"], dev) == []
    assert unmet(groups["pycsw"], pinned("pycsw.txt")) == []
    assert unmet(groups["snippets"], pinned("snippets.txt")) == []
    assert node.items() <= dev.items()
    assert {name: dev[name] for name in build.keys() & dev.keys()}.items() <= build.items()


def test_an_unmet_requirement_is_noticed():
    assert unmet(["trio>=1000", "no-such-package>=1", "click>=8"], {"trio": "0.35.0", "click": "8.5.1"}) == [
        "trio>=1000",
        "no-such-package>=1",
    ]
