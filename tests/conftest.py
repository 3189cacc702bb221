"""What all tests share: how Hypothesis searches, and where outside data is when there is any."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from frostnode.testing.browser import find_chromium
from frostnode.testing.namespaces import refused

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Real catalogs and foreign test vectors may lie beside the repository; everything works without them."""

# The slow-input check measures the machine, not the test.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("FROST_HYPOTHESIS", "ci"))


def beside(name: str) -> Path | None:
    """The folder of that name beside the repository, if it is there."""
    folder = SHARED / name
    return folder if folder.is_dir() else None


def pytest_report_header() -> list[str]:
    """Says what the corpus tests read, and in what networks nodes run, and whether pages are looked at in a browser: where there is less, a run shows less."""
    read = "real corpora at ../shared/corpora" if beside("corpora") else "records written for the project"
    why_not = refused()
    nodes = f"loopback alone: {why_not}" if why_not else "loopback, and network namespaces of their own"
    pages = "in Chromium" if find_chromium() else "not in a browser: no Chromium here"
    tools = [name for name in ("gdalinfo", "rclone") if shutil.which(name)]
    lines = "of Python, " + ", ".join(["curl", *tools]) if (ROOT / ".snippets").exists() else "curl alone"
    return [
        f"corpus tests: {read}",
        f"networks of nodes: {nodes}",
        f"pages: {pages}",
        f"lines of code that load data: {lines}",
    ]


@pytest.fixture(scope="session")
def corpora() -> Path | None:
    """Real catalogs, one folder each; None where there are none: then use records written for the project."""
    return beside("corpora")


@pytest.fixture(scope="session")
def vectors_dir() -> Path | None:
    """Test vectors of the standards (dag-cbor, ed25519, rfc6962); None where there are none."""
    return beside("vectors")
