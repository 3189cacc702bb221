"""The vectors hold for frostnode and for the two verifiers that share no code with it (interop/README.md)."""

import functools
import http.server
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from frostnode.protocol.errors import PeerError
from frostnode.protocol.evidence import verify_evidence
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.proofs import verify_proof
from frostnode.protocol.tiles import TilePath, bundles_for, encode_bundle, tiles_for

ROOT = Path(__file__).parents[2]
INTEROP = ROOT / "interop"
VECTORS = INTEROP / "vectors"
PATHS = sorted(VECTORS.glob("*/*/*.json"))
VERIFIERS = {
    "python": (sys.executable, "-X", "utf8", str(INTEROP / "python/frost_verify.py")),
    "javascript": ("node", str(INTEROP / "javascript/frost-verify.mjs")),
}


def by_each_verifier(test: Callable[..., None]) -> Any:
    """A process of its own takes a while."""
    return pytest.mark.slow(pytest.mark.parametrize("verifier", VERIFIERS)(test))


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("interop_generate", INTEROP / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = load_generator()

from interop.cases import evidence as evidence_cases  # noqa: E402
from interop.cases import proofs as proof_cases  # noqa: E402 - the generator says where interop is
from interop.cases import publisher  # noqa: E402
from interop.cases.log import Log, body, put, withdraw  # noqa: E402
from interop.cases.notes import NAME, WITNESS, vkey, witness_line  # noqa: E402


def name(path: Path) -> str:
    return str(path.relative_to(VECTORS))


def run(verifier: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*VERIFIERS[verifier], *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def answer(verifier: str, *arguments: object) -> Any:
    done = run(verifier, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(verifier: str, *arguments: object) -> str:
    done = run(verifier, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("refused: ")
    return done.stderr


# -- the vectors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in PATHS if path.parent.name == "valid"], ids=name)
def test_frostnode_takes_what_is_valid(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    assert generator.ANSWERS[path.parts[-3]](vector["input"]) == vector["expect"]


@pytest.mark.parametrize("path", [path for path in PATHS if path.parent.name == "invalid"], ids=name)
def test_frostnode_refuses_what_is_invalid(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    with pytest.raises(PeerError) as caught:
        generator.ANSWERS[path.parts[-3]](vector["input"])
    assert caught.value.code == vector["error"]


@pytest.mark.slow
def test_the_vectors_on_disk_are_those_that_the_generator_makes() -> None:
    made = dict(generator.build())
    assert sorted(made) == [name(path) for path in PATHS]
    assert [path for path in PATHS if path.read_text("utf-8") != made[name(path)]] == []


@by_each_verifier
def test_a_verifier_passes_all_vectors(verifier: str) -> None:
    assert answer(verifier, "vectors", VECTORS) == {"vectors": len(PATHS)}


@by_each_verifier
def test_a_verifier_notices_a_vector_that_it_does_not_pass(verifier: str, tmp_path: Path) -> None:
    wrong = json.loads((VECTORS / "names/valid/did.json").read_text("utf-8"))
    for place, change in (("valid", {"expect": {"genesis": "x"}}), ("invalid", {"error": "name.did"})):
        (tmp_path / "names" / place).mkdir(parents=True)
        (tmp_path / "names" / place / "wrong.json").write_text(json.dumps(wrong | change))
    told = refusal(verifier, "vectors", tmp_path)
    assert "names/valid/wrong.json" in told
    assert "names/invalid/wrong.json" in told


def test_a_vector_cites_a_heading_of_the_specification() -> None:
    cited = {json.loads(path.read_text("utf-8"))["spec"] for path in PATHS}
    there = set()
    for spec in (ROOT / "spec").glob("*.md"):
        for heading in re.findall(r"^#+ (.+)$", spec.read_text("utf-8"), re.MULTILINE):
            anchor = re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
            there.add(f"{spec.name}#{anchor}")
    assert cited - there == set()


def test_each_area_has_vectors_of_both_kinds() -> None:
    kinds = {(path.parts[-3], path.parts[-2]) for path in PATHS}
    assert kinds == {(area, kind) for area in generator.ANSWERS for kind in ("valid", "invalid")}


def test_the_readme_tells_what_each_vector_asks() -> None:
    table = (INTEROP / "README.md").read_text("utf-8")
    asked = {(path.parts[-3], json.loads(path.read_text("utf-8"))["input"].get("what")) for path in PATHS}
    for area, what in asked:
        rows = re.search(rf"^\| {area} \|.*(?:\n\| \|.*)*", table, re.MULTILINE)
        assert rows, area
        assert what is None or f"`{what}`" in rows[0], (area, what)


def test_the_verifiers_have_nothing_of_frostnode() -> None:
    sources = [INTEROP / "python/frost_verify.py", *(INTEROP / "javascript").glob("*.mjs")]
    sources += (INTEROP / "javascript/lib").glob("*.mjs")
    assert len(sources) > 10
    for source in sources:
        assert re.findall(r"^\s*(?:import|from)\s.*frostnode", source.read_text("utf-8"), re.MULTILINE) == []


def test_the_lock_of_the_javascript_verifier_names_no_registry() -> None:
    lock = json.loads((INTEROP / "javascript/package-lock.json").read_text())
    wanted = json.loads((INTEROP / "javascript/package.json").read_text())["dependencies"]
    pinned = {path.removeprefix("node_modules/"): package for path, package in lock["packages"].items()}
    assert {package: pinned[package]["version"] for package in wanted} == wanted
    assert all("integrity" in package for path, package in pinned.items() if path)
    assert "://" not in json.dumps(lock)


# -- proof files --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cosigned_proof() -> bytes:
    note = proof_cases.LOG.note(6).decode()
    text = note.split("\n\n")[0] + "\n"
    return proof_cases.proof(checkpoint=note + witness_line(text, 1_767_225_600))


@by_each_verifier
def test_a_verifier_says_of_a_proof_file_what_frostnode_says(
    verifier: str, cosigned_proof: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "sea-ice.frostproof"
    file.write_bytes(cosigned_proof)
    ours = verify_proof(cosigned_proof, {NAME: WITNESS.public})
    theirs = answer(verifier, "proof", file, vkey(NAME, WITNESS.public, 4))
    assert theirs == {
        "did": ours.did,
        "url": str(ours.url),
        "op": "put",
        "time": ours.header.time,
        "body": True,
        "origin": ours.origin,
        "index": 0,
        "size": 6,
        "root": ours.root.hex(),
        "ended": False,
        "event": {"n": 0, "cid": str(ours.tip)},
        "cosigned": {NAME: 1_767_225_600},
        "forks": [],
    }
    assert answer(verifier, "proof", file)["cosigned"] == {}, "a witness that nobody named says nothing"


@pytest.fixture(scope="module")
def damaged_proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, bytes]:
    """One bit flipped, in every fifth byte; no line of the note is a stranger's, which nobody could judge."""
    good = proof_cases.proof(history=[publisher.GENESIS, proof_cases.ENDED], index=1, size=4)
    verify_proof(good)
    flips = {at: 1 << at % 8 for at in range(0, len(good), 5)}
    return {at: good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :] for at, flip in flips.items()}


@pytest.mark.slow
def test_frostnode_refuses_a_proof_file_with_any_byte_changed(damaged_proofs: dict[int, bytes]) -> None:
    for damaged in damaged_proofs.values():
        with pytest.raises(PeerError):
            verify_proof(damaged)


@by_each_verifier
def test_a_verifier_refuses_a_proof_file_with_any_byte_changed(
    verifier: str, damaged_proofs: dict[int, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "proofs/invalid"
    folder.mkdir(parents=True)
    for at, damaged in damaged_proofs.items():
        vector = {"input": {"file": damaged.hex(), "witnesses": {}}, "error": "any"}
        (folder / f"{at}.json").write_text(json.dumps(vector))
    assert answer(verifier, "vectors", tmp_path) == {"vectors": len(damaged_proofs)}


# -- evidence files -----------------------------------------------------------------------------------


@by_each_verifier
def test_a_verifier_says_of_an_evidence_file_what_frostnode_says(verifier: str, tmp_path: Path) -> None:
    file = tmp_path / "fork.frostevidence"
    file.write_bytes(evidence_cases.file())
    ours = verify_evidence(evidence_cases.file())
    smaller, larger = ours.found.smaller, ours.found.larger
    assert answer(verifier, "evidence", file) == {
        "did": ours.did,
        "origin": ours.origin,
        "epoch": 0,
        "key": ours.key.hex(),
        "smaller": {"size": 3, "root": smaller.root.hex()},
        "larger": {"size": 6, "root": larger.root.hex()},
        "shown": ours.found.shown.hex(),
    }
    file.write_bytes(evidence_cases.file(proof=[]))
    refusal(verifier, "evidence", file)
    file.write_bytes(proof_cases.proof())
    refusal(verifier, "evidence", file)


@by_each_verifier
def test_a_verifier_refuses_an_evidence_file_with_any_byte_changed(verifier: str, tmp_path: Path) -> None:
    good = evidence_cases.file()
    folder = tmp_path / "evidence/invalid"
    folder.mkdir(parents=True)
    places = range(0, len(good), 5)
    for at in places:
        damaged = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        with pytest.raises(PeerError):
            verify_evidence(damaged)
        vector = {"input": {"file": damaged.hex()}, "error": "any"}
        (folder / f"{at}.json").write_text(json.dumps(vector))
    assert answer(verifier, "vectors", tmp_path) == {"vectors": len(places)}


# -- archives -----------------------------------------------------------------------------------------


@by_each_verifier
def test_a_verifier_says_of_an_archive_what_frostnode_says(verifier: str, tmp_path: Path) -> None:
    vector = json.loads((VECTORS / "archives/valid/cosigned.json").read_text("utf-8"))
    file = tmp_path / "polar.frostarchive"
    file.write_bytes(bytes.fromhex(vector["input"]["file"]))
    assert answer(verifier, "archive", file, vkey(NAME, WITNESS.public, 4)) == vector["expect"]
    assert answer(verifier, "archive", file)["logs"][0]["cosigned"] == {}
    file.write_bytes(file.read_bytes()[:-1])
    assert "cut off" in refusal(verifier, "archive", file)
    file.write_bytes(proof_cases.proof())
    refusal(verifier, "archive", file)


@by_each_verifier
def test_a_verifier_refuses_an_archive_with_any_byte_changed(verifier: str, tmp_path: Path) -> None:
    vector = json.loads((VECTORS / "archives/valid/whole-publisher.json").read_text("utf-8"))
    good = bytes.fromhex(vector["input"]["file"])
    folder = tmp_path / "archives/invalid"
    folder.mkdir(parents=True)
    places = range(0, len(good), 5)
    for at in places:
        damaged = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        given = {"file": damaged.hex(), "witnesses": {}}
        with pytest.raises(PeerError):
            generator.ANSWERS["archives"](given)
        (folder / f"{at}.json").write_text(json.dumps({"input": given, "error": "any"}))
    assert answer(verifier, "vectors", tmp_path) == {"vectors": len(places)}


# -- whole logs ---------------------------------------------------------------------------------------


ENDED_AT = 260
WITHHELD = 3


def leaves_and_bodies() -> tuple[list[bytes], list[bytes | None]]:
    """300 leaves: records, a withdrawal, one that is no header, an empty one."""
    bodies: list[bytes | None] = [body(f"Record {number}") for number in range(300)]
    leaves = [put(f"record/{number}", content or b"") for number, content in enumerate(bodies)]
    leaves[1], leaves[2], leaves[4] = withdraw("record/0"), b"\xa0", b""
    bodies[1] = bodies[2] = bodies[4] = None
    return leaves, bodies


def content_of(log: Log, path: TilePath) -> bytes:
    run = range(path.n * 256, path.n * 256 + path.width)
    if path.level is None:
        return encode_bundle(b"" if index == WITHHELD else log.leaves[index] for index in run)
    return b"".join(log.node(8 * path.level, index) for index in run)


def write_export(folder: Path) -> str:
    """A static export with one log whose epoch ended at 260 of its 300 leaves; one is withheld."""
    leaves, bodies = leaves_and_bodies()
    log = Log(
        publisher.origin_of(publisher.DID, 0, publisher.GENESIS), publisher.key("log 0"), leaves, bodies
    )
    end = {"size": ENDED_AT, "root": log.root(ENDED_AT)}
    moved = publisher.sign(publisher.ordinary_fields(publisher.GENESIS, 1) | {"end": end}, "authority 1")
    frost = folder / "frost"
    files = {f"{publisher.DID}/identity": b"".join(map(encode_byte_string, (publisher.GENESIS, moved)))}
    files[f"{log.origin}/checkpoint"] = log.note(len(leaves))
    for size in (ENDED_AT, len(leaves)):
        for path in (*tiles_for(size), *bundles_for(size)):
            files[f"{log.origin}/{path}"] = content_of(log, path)
    for content in bodies[:-5]:
        if content is not None:
            files[f"body/{publisher.Cid.of(content)}"] = content
    for path, data in files.items():
        (frost / path).parent.mkdir(parents=True, exist_ok=True)
        (frost / path).write_bytes(data)
    return log.origin


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("export")
    return folder, write_export(folder)


def expected_log(origin: str, root: bytes) -> dict[str, Any]:
    return {
        "did": publisher.DID,
        "origin": origin,
        "size": 300,
        "root": root.hex(),
        "event": {"n": 1},
        "forked": False,
        "ended_at": ENDED_AT,
        "counted": ENDED_AT,
        "entries": 297,
        "withheld_leaves": 1,
        "opaque_leaves": 2,
        "bodies": 291,
        "absent_bodies": 5,
    }


@by_each_verifier
def test_a_verifier_verifies_a_static_export(verifier: str, export: tuple[Path, str]) -> None:
    folder, origin = export
    found = answer(verifier, "log", folder, origin)
    assert found["event"].pop("cid")
    leaves, bodies = leaves_and_bodies()
    root = Log(origin, publisher.key("log 0"), leaves, bodies).root(300)
    assert found == expected_log(origin, root)


@pytest.mark.network
@by_each_verifier
def test_a_verifier_verifies_a_log_behind_a_url(verifier: str, export: tuple[Path, str], served: str) -> None:
    folder, origin = export
    assert answer(verifier, "log", served, origin) == answer(verifier, "log", folder, origin)


@pytest.fixture
def served(export: tuple[Path, str]) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(export[0]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@by_each_verifier
def test_a_verifier_reads_no_more_than_it_may_have(verifier: str, copied: tuple[Path, str]) -> None:
    assert "8617985" in refusal(verifier, "proof", "/dev/zero")
    folder, origin = copied
    with (folder / "frost" / origin / "checkpoint").open("ab") as file:
        file.truncate(1 << 40)
    assert "more than 16384" in refusal(verifier, "log", folder, origin)


@by_each_verifier
def test_a_verifier_refuses_what_is_no_node(verifier: str) -> None:
    origin = publisher.origin_of(publisher.DID, 0, publisher.GENESIS)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for base in (nobody, "http://a b", "http://[", "http://", "/nowhere"):
        refusal(verifier, "log", base, origin)


@pytest.fixture
def copied(export: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    shutil.copytree(export[0], tmp_path / "export")
    return tmp_path / "export", export[1]


@by_each_verifier
def test_a_verifier_refuses_an_export_with_any_file_damaged(verifier: str, copied: tuple[Path, str]) -> None:
    folder, origin = copied
    log = folder / "frost" / origin
    files = [log / "checkpoint", folder / "frost" / publisher.DID / "identity"]
    files += [log / "tile/0/000", log / "tile/0/001.p/44", log / "tile/1/000.p/1"]
    files += [
        log / "tile/entries/000",
        log / "tile/entries/001.p/44",
        next((folder / "frost/body").iterdir()),
    ]
    for file in files:
        good = file.read_bytes()
        middle = len(good) // 2
        file.write_bytes(good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1 :])
        refusal(verifier, "log", folder, origin)
        file.write_bytes(good)
    answer(verifier, "log", folder, origin)


@by_each_verifier
def test_an_ended_epoch_needs_no_checkpoint(verifier: str, copied: tuple[Path, str]) -> None:
    folder, origin = copied
    (folder / "frost" / origin / "checkpoint").unlink()
    found = answer(verifier, "log", folder, origin)
    assert (found["size"], found["counted"], found["ended_at"]) == (ENDED_AT, ENDED_AT, ENDED_AT)


@by_each_verifier
def test_where_a_partial_tile_is_gone_the_full_one_serves(verifier: str, copied: tuple[Path, str]) -> None:
    folder, origin = copied
    leaves, bodies = leaves_and_bodies()
    note = Log(origin, publisher.key("log 0"), leaves, bodies).note(200)
    (folder / "frost" / origin / "checkpoint").write_bytes(note)
    found = answer(verifier, "log", folder, origin)
    assert (found["size"], found["counted"], found["entries"]) == (200, 200, 197)


@by_each_verifier
def test_a_log_of_an_epoch_that_does_not_count_is_refused(verifier: str, copied: tuple[Path, str]) -> None:
    folder, _ = copied
    told = refusal(verifier, "log", folder, publisher.origin_of(publisher.DID, 1, publisher.THIEF))
    assert "no identity event that counts" in told


@by_each_verifier
def test_a_question_that_is_not_understood_has_its_own_exit_status(verifier: str) -> None:
    assert run(verifier, "prove", "it").returncode == 2
