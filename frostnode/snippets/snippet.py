"""One snippet: what it is for, its language, and what must be installed first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Lines of code. `tool` is what loads; `language` is `python` or `sh`; `needs` is a line that installs, or ""."""

    tool: str
    language: str
    text: str
    needs: str = ""


def python(tool: str, packages: str, *lines: str) -> Snippet:
    """Lines of Python that need these packages."""
    return Snippet(tool=tool, language="python", text="\n".join(lines), needs=f"pip install {packages}")


def shell(tool: str, *lines: str, needs: str = "") -> Snippet:
    """Lines for a shell."""
    return Snippet(tool=tool, language="sh", text="\n".join(lines), needs=needs)
