"""House rules that no linter knows: sizes, names, docstrings, honest excepts, a pure protocol."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "frostnode").rglob("*.py"))
PROTOCOL = sorted((ROOT / "frostnode/protocol").rglob("*.py"))

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 60
VAGUE_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

CODECS_OF_PROTOCOL = {"cbor2", "cbrrr", "cryptography", "libipld", "multiformats", "nacl"}
WORLD = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "selectors", "signal", "threading"),
    *(
        "fcntl",
        "fileinput",
        "glob",
        "io",
        "mmap",
        "os",
        "pathlib",
        "shutil",
        "sqlite3",
        "subprocess",
        "tempfile",
    ),
    *("ftplib", "http", "smtplib", "socket", "socketserver", "ssl", "urllib"),
    *(
        "getpass",
        "importlib",
        "locale",
        "logging",
        "platform",
        "random",
        "secrets",
        "sys",
        "time",
        "uuid",
        "warnings",
    ),
}
"""Modules of the standard library through which chance, time or the machine comes in."""
MEMORY = {"BytesIO", "StringIO"}
"""All of `io` that stays in memory."""
PURE_PARTS = {"urllib.parse"}
"""Parts of such modules that only compute."""
DOORS = {"open", "input", "print", "__import__", "eval", "exec", "compile"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"line {node.lineno}: {node.name} has {lines} lines"


def bare_raises(source: str) -> Iterator[str]:
    """`raise Exception`: an error without a family and a code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id in {"Exception", "BaseException"}:
                yield f"line {node.lineno}: raise {raised.id}"


def unexplained_excepts(source: str) -> Iterator[str]:
    """An except that takes everything and has no comment on its line to say why."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = (
                {child.id for child in ast.walk(node.type) if isinstance(child, ast.Name)}
                if node.type
                else set()
            )
            if node.type is None or caught & {"Exception", "BaseException"}:
                _, _, reason = lines[node.lineno - 1].partition("#")
                if not reason.strip() or (reason.strip().startswith("noqa") and " - " not in reason):
                    yield f"line {node.lineno}: {lines[node.lineno - 1].strip()}"


def impurities(source: str) -> Iterator[str]:
    """Imports and calls that a module of the protocol may not make."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "io" and {alias.name for alias in node.names} <= MEMORY:
                continue
            if node.module in PURE_PARTS:
                continue
            modules = [node.module or "." * node.level]
        else:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DOORS:
                yield f"line {node.lineno}: calls {node.func.id}"
            continue
        yield from (
            f"line {node.lineno}: imports {module}" for module in modules if not may_be_in_protocol(module)
        )


def may_be_in_protocol(module: str) -> bool:
    """Whether the protocol may import this: itself, a codec, or the standard library without the world."""
    root = module.partition(".")[0]
    if root == "frostnode":
        return module == "frostnode.protocol" or module.startswith("frostnode.protocol.")
    return root in CODECS_OF_PROTOCOL or (root in sys.stdlib_module_names and root not in WORLD)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_source_file_keeps_the_house_rules(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= FILE_LINES_MAX
    assert list(long_functions(source)) == []
    assert list(bare_raises(source)) == []
    assert list(unexplained_excepts(source)) == []
    assert not VAGUE_NAMES & {path.stem, path.parent.name}, "a file is named after what it is about"
    if not path.stem.startswith("_") or path.stem == "__init__":
        assert ast.get_docstring(ast.parse(source)), "a module says first what it is for"


@pytest.mark.parametrize("path", PROTOCOL, ids=name)
def test_the_protocol_is_fed_and_never_fetches(path: Path) -> None:
    assert list(impurities(path.read_text())) == []


def mapped(docstring: str) -> set[str]:
    """The first words of the indented lines of a map."""
    return set(re.findall(r"^ {4}(\S+)", docstring, re.MULTILINE))


def test_the_map_of_the_protocol_names_every_module_of_it_and_nothing_else() -> None:
    text = ast.get_docstring(ast.parse((ROOT / "frostnode/protocol/__init__.py").read_text())) or ""
    assert mapped(text) == {path.stem for path in PROTOCOL if path.stem != "__init__"}


def test_the_map_of_the_package_names_every_part_of_it_and_nothing_else() -> None:
    text = ast.get_docstring(ast.parse((ROOT / "frostnode/__init__.py").read_text())) or ""
    parts = {path.parent.name for path in (ROOT / "frostnode").glob("*/__init__.py")}
    parts |= {
        path.name for path in (ROOT / "frostnode").glob("*.py") if path.stem not in {"__init__", "__main__"}
    }
    assert mapped(text) == parts


@pytest.mark.parametrize(
    "planted",
    [
        "import os",
        "from time import monotonic",
        "def f():\n    import httpx",
        "from frostnode.ports import Clock",
        "import frostnode",
        "from . import keys",
        "data = open('x')",
        "from io import FileIO",
    ],
)
def test_the_second_fence_notices_a_planted_impurity(planted: str) -> None:
    assert list(impurities(planted))


def test_the_second_fence_lets_the_pure_through() -> None:
    pure = "import hashlib, struct, json\nfrom io import BytesIO\nimport cbor2\nfrom collections.abc import Mapping\n"
    pure += "from frostnode.protocol.errors import CODES\nfrom nacl.bindings import crypto_sign\n"
    assert list(impurities(pure)) == []


def test_the_house_rules_notice_planted_violations() -> None:
    assert list(long_functions("def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX))
    assert not list(long_functions("def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1)))
    assert list(bare_raises("raise Exception('x')"))
    assert list(unexplained_excepts("try:\n    f()\nexcept Exception:\n    pass"))
    assert list(unexplained_excepts("try:\n    f()\nexcept (OSError, Exception):  # noqa: BLE001\n    pass"))
    assert not list(
        unexplained_excepts("try:\n    f()\nexcept Exception:  # a hook may raise anything\n    pass")
    )
