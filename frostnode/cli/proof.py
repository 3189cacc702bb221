"""`frost proof` and `verify`: the portable proof of one record, and whatever else proves itself as one file."""

from base64 import b64decode
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from frostnode.cli.shared import ask_node, home_option, json_option, read_file, show_json, write_file
from frostnode.protocol.errors import LocalError, LogError
from frostnode.protocol.limits import ARCHIVE_CHUNK_BYTES, POLICY_BYTES_MAX, PROOF_FILE_BYTES_MAX

if TYPE_CHECKING:
    from frostnode.protocol.tlog_policy import Verdict

_BEGIN_BYTES: Final = 64
"""Enough to tell an archive, which may be as large as a disk, from the others."""


@click.command()
@click.argument("url")
@home_option
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option(
    "--witness", "witnesses", multiple=True, help="URL of a witness to ask for its cosignature; repeatable."
)
@click.option("--bare", is_flag=True, help="Prove the entry without its content, which may be withheld.")
@json_option
def proof(
    url: str, home: Path, output: Path | None, witnesses: tuple[str, ...], bare: bool, as_json: bool
) -> None:
    """Write the file that proves the record at DID-URL to anyone, offline.

    \b
    Example:
      frost proof did:frost:bafy…/sea-ice -o sea-ice.frostproof
    """
    answer = ask_node(home, "proof", {"url": url, "witnesses": list(witnesses), "bare": bare})
    path = output or Path(answer["name"])
    write_file(path, b64decode(answer["bytes"]))
    if as_json:
        show_json({"url": url, "file": str(path)})
    else:
        click.echo(f"{path}   (check it anywhere: frost verify {path})")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that says whose word is enough (C2SP tlog-policy).",
)
@json_option
def verify(file: Path, policy: Path | None, as_json: bool) -> None:
    """Verify a proof, evidence or archive FILE offline, and say what it proves. Needs no node and no network.

    With a policy it also says whether enough witnesses vouch, and since when; if not, it fails.

    \b
    Example:
      frost verify sea-ice.frostproof
      frost verify polar.frostarchive
      frost verify sea-ice.frostproof --policy friends.policy
    """
    from frostnode.protocol.car import is_car
    from frostnode.protocol.evidence import is_evidence

    if is_car(read_file(file, _BEGIN_BYTES)):
        _verify_archive(file, policy, as_json)
        return
    data = read_file(file, PROOF_FILE_BYTES_MAX)
    if not is_evidence(data):
        _verify_proof(data, policy, as_json)
    elif policy is None:
        _show(_evidence(data), as_json)
    else:
        raise LocalError("usage", f"{file} is evidence, which no policy has a say in")


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(result)
    else:
        click.echo(result["statement"])


def _evidence(data: bytes) -> dict[str, Any]:
    from frostnode.protocol.evidence import verify_evidence
    from frostnode.protocol.note import vkey

    verified = verify_evidence(data)
    found = verified.found
    return {
        "did": verified.did,
        "origin": verified.origin,
        "epoch": verified.epoch,
        "vkey": vkey(verified.origin, verified.key),
        "smaller": {"size": found.smaller.size, "root": found.smaller.root.hex()},
        "larger": {"size": found.larger.size, "root": found.larger.root.hex()},
        "shown": found.shown.hex(),
        "statement": verified.statement,
    }


def _verify_proof(data: bytes, policy: Path | None, as_json: bool) -> None:
    from frostnode.protocol.dagjson import to_json
    from frostnode.protocol.duplicity import branching_json
    from frostnode.protocol.proofs import verify_proof
    from frostnode.protocol.tlog_policy import parse_policy

    rules = parse_policy(read_file(policy, POLICY_BYTES_MAX)) if policy is not None else None
    verified = verify_proof(data, policy=rules)
    verdict = verified.verdict
    result = {
        "url": str(verified.url),
        "did": verified.did,
        "origin": verified.origin,
        "index": verified.index,
        "size": verified.size,
        "event": {"n": verified.tip_n, "cid": str(verified.tip)},
        "cosigned": verified.cosigned,
        "policy": _verdict_json(verdict),
        "forks": [branching_json(branching) for branching in verified.branchings],
        "statement": verified.statement,
        "fields": to_json(verified.fields) if verified.fields is not None else None,
    }
    _show(result, as_json)
    _require(verdict, policy)


def _verify_archive(file: Path, policy: Path | None, as_json: bool) -> None:
    from frostnode.protocol.archive_check import ArchiveCheck
    from frostnode.protocol.duplicity import branching_json
    from frostnode.protocol.tlog_policy import parse_policy

    rules = parse_policy(read_file(policy, POLICY_BYTES_MAX)) if policy is not None else None
    check = ArchiveCheck(policy=rules)
    try:
        with file.open("rb") as source:
            while chunk := source.read(ARCHIVE_CHUNK_BYTES):
                check.feed(chunk)
    except OSError as error:
        raise LocalError("input.unreadable", f"{file}: {error.strerror}") from error
    checked = check.close()
    verdict = checked.verdict
    result = {
        "did": checked.did,
        "event": {"n": checked.tip_n, "cid": str(checked.tip)},
        "forked": checked.forked,
        "logs": [{**asdict(log), "root": log.root.hex()} for log in checked.logs],
        "forks": [branching_json(branching) for branching in checked.branchings],
        "policy": _verdict_json(verdict),
        "statement": checked.statement,
    }
    _show(result, as_json)
    _require(verdict, policy)


def _verdict_json(verdict: "Verdict | None") -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {"holds": verdict.holds, "since": verdict.since, "reason": verdict.reason}


def _require(verdict: "Verdict | None", policy: Path | None) -> None:
    """Fail when a policy does not hold."""
    if verdict is not None and not verdict.holds:
        raise LogError("quorum.unmet", f"{policy}: {verdict.reason}")
