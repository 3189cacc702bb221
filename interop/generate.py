"""Write interop/vectors anew, the same bytes each time.

    python interop/generate.py

Inputs come from interop/cases: keys are hashes of labels, nothing is drawn by chance, and what must be
refused states its error by hand. What a valid input must yield is frostnode's own answer: the verifiers
in interop/python and interop/javascript say whether it is right.
"""

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # so that it runs from a checkout, installed or not
    sys.path.insert(0, str(ROOT))

from frostnode.protocol.errors import CODES, PeerError  # noqa: E402 - behind the path
from interop.answers import ANSWERS  # noqa: E402
from interop.cases import (  # noqa: E402
    archives,
    attacks,
    encoding,
    evidence,
    frames,
    histories,
    identity,
    merkle,
    names,
    notes,
    policies,
    proofs,
    records,
    requests,
    signatures,
    streams,
    tiles,
    witnesses,
)
from interop.cases.vector import Vector  # noqa: E402

FOLDER = ROOT / "interop" / "vectors"
MODULES = (
    encoding,
    names,
    signatures,
    identity,
    histories,
    attacks,
    records,
    merkle,
    notes,
    witnesses,
    tiles,
    evidence,
    frames,
    streams,
    requests,
    proofs,
    policies,
    archives,
)


def text_of(vector: Vector) -> str:
    """The file of a vector."""
    content = {"about": vector.about, "spec": vector.spec, "input": vector.input}
    if vector.error is None:
        content["expect"] = ANSWERS[vector.area](vector.input)
    else:
        content["error"] = vector.error
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def build() -> Iterator[tuple[str, str]]:
    """Path below the folder and text of every vector."""
    for vector in chain.from_iterable(module.vectors() for module in MODULES):
        assert vector.error is None or vector.error in CODES, vector.error
        kind = "valid" if vector.error is None else "invalid"
        path = f"{vector.area}/{kind}/{vector.name}.json"
        try:
            yield path, text_of(vector)
        except PeerError as error:
            raise AssertionError(f"{path} is refused with {error.code}: {error}") from error


def write(folder: Path) -> int:
    """Write all vectors, and remove those that are no longer made."""
    made = dict(build())
    for old in folder.glob("*/*/*.json"):
        if str(old.relative_to(folder)) not in made:
            old.unlink()
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return len(made)


if __name__ == "__main__":
    print(f"{write(FOLDER)} vectors")
