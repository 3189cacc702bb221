"""The example of spec/08-errors.md is what a node answers."""

import json
import re
from pathlib import Path

from frostnode.edge.outcomes import problem
from frostnode.protocol.errors import LocalError

DOCUMENT = Path(__file__).parents[2] / "spec/08-errors.md"


def test_the_problem_document_of_the_specification_is_what_the_error_map_makes() -> None:
    [example] = re.findall(r"^```json example\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    document = json.loads(example)
    assert problem(LocalError(document["code"], document["detail"])) == document
