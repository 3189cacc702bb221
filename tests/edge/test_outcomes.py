"""One table from error to HTTP status and exit code (frostnode.edge.outcomes, spec/08-errors.md)."""

import json
from pathlib import Path

import pytest

from frostnode.edge.outcomes import OUTCOMES, Exit, exit_code, http_status, problem
from frostnode.protocol import errors
from frostnode.protocol.errors import (
    CODES,
    EncodingError,
    FrostError,
    LocalError,
    LogError,
    NameError_,
    PeerError,
    RecordError,
    StorageError,
    TransportError,
    TreeError,
)
from frostnode.protocol.keys import check_public_key
from frostnode.protocol.proofs import verify_proof

VECTORS = Path(__file__).parents[2] / "interop/vectors"
FAMILIES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, FrostError)
]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LocalError("usage", "no such command"), 400, 2),
        (LocalError("record.not-found", "no such dataset"), 404, 3),
        (LocalError("record.withheld", "body"), 451, 3),
        (RecordError("record.field", "title"), 422, 4),
        (TreeError("tree.proof", "inclusion proof"), 422, 4),
        (LogError("checkpoint.fork", "two trees"), 422, 4),
        (EncodingError("encoding.float", "header"), 400, 4),
        (EncodingError("encoding.too-large", "bundle"), 413, 4),
        (NameError_("name.did", "DID"), 400, 2),
        (TransportError("transport.unreachable", "peer"), 502, 5),
        (TransportError("transport.timeout", "peer"), 504, 5),
        (StorageError("storage.failed", "commit"), 500, 6),
        (StorageError("storage.conflict", "head"), 409, 7),
        (LocalError("signer.conflict", "head"), 409, 7),
        (LocalError("queue.full", "submissions"), 503, 7),
        (FrostError("usage", "an error of no family"), 500, 1),
    ],
    ids=lambda value: f"{type(value).__name__}:{value.code}" if isinstance(value, FrostError) else str(value),
)
def test_status_and_exit_code_of_an_error(error: FrostError, status: int, code: int) -> None:
    assert (http_status(error), exit_code(error)) == (status, code)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_error_of_every_family_has_an_outcome(family: type[FrostError]) -> None:
    for code in CODES:
        error = family(code, "anything")
        assert 400 <= http_status(error) <= 599
        assert exit_code(error) in set(Exit)


def test_a_proof_that_does_not_hold_is_invalid_whatever_is_wrong_with_it() -> None:
    for vector in sorted((VECTORS / "proofs/invalid").glob("*.json")):
        given = json.loads(vector.read_text())["input"]
        keys = given.get("witnesses", {}).items()
        witnesses = {name: check_public_key(bytes.fromhex(key)) for name, key in keys}
        with pytest.raises(FrostError) as refused:
            verify_proof(bytes.fromhex(given["file"]), witnesses)
        assert exit_code(refused.value) == Exit.INVALID, vector.name


def test_the_code_goes_before_the_area_and_the_area_before_the_family() -> None:
    assert http_status(PeerError("record.withheld", "x")) == 451
    assert http_status(PeerError("publisher.unknown", "x")) == 404
    assert http_status(PeerError("record.field", "x")) == 422


def test_a_subclass_takes_the_outcome_of_its_nearest_family() -> None:
    class Narrower(EncodingError):
        """An encoding error of one format."""

    assert http_status(Narrower("encoding.float", "x")) == 400


def test_no_row_of_the_table_is_dead() -> None:
    areas = {code.partition(".")[0] for code in CODES}
    for row in OUTCOMES:
        if isinstance(row, str):
            assert row in CODES or row in areas, f"{row} is neither a code nor an area of one"
        else:
            assert row in FAMILIES


def test_problem_document() -> None:
    error = RecordError(
        "record.field", "dataset title", found="nothing", expected="text", hint="give --title"
    )
    document = problem(error)
    assert document == {
        "type": "urn:frost:error:record.field",
        "title": CODES["record.field"],
        "status": 422,
        "detail": "dataset title: found nothing, expected text (give --title)",
        "code": "record.field",
    }
    assert json.loads(json.dumps(document)) == document


def test_problem_document_says_nothing_of_the_operators_files() -> None:
    document = problem(StorageError("storage.failed", "cannot write /var/lib/frost/home.db"))
    assert "/var/lib" not in json.dumps(document)
    assert document["detail"] == CODES["storage.failed"]
