"""`frost proof` and `verify`: the portable proof of one record, and whatever else proves itself as one file."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import ask_node, home_option, json_option, show_json, write_file
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import PROOF_FILE_BYTES_MAX


@click.command()
@click.argument("url")
@home_option
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option("--bare", is_flag=True, help="Prove the entry without its content, which may be withheld.")
@json_option
def proof(url: str, home: Path, output: Path | None, bare: bool, as_json: bool) -> None:
    """Write the file that proves the record at DID-URL to anyone, offline.

    \b
    Example:
      frost proof did:frost:bafy…/sea-ice -o sea-ice.frostproof
    """
    answer = ask_node(home, "proof", {"url": url, "bare": bare})
    path = output or Path(answer["name"])
    write_file(path, b64decode(answer["bytes"]))
    if as_json:
        show_json({"url": url, "file": str(path)})
    else:
        click.echo(f"{path}   (check it anywhere: frost verify {path})")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Verify a proof or evidence FILE offline, and say what it proves. Needs no node and no network.

    \b
    Example:
      frost verify sea-ice.frostproof
    """
    try:
        with file.open("rb") as source:
            data = source.read(PROOF_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise LocalError("input.unreadable", f"{file}: {error.strerror}") from error
    from frostnode.protocol.evidence import is_evidence

    result = _evidence(data) if is_evidence(data) else _proof(data)
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


def _proof(data: bytes) -> dict[str, Any]:
    from frostnode.protocol.dagjson import to_json
    from frostnode.protocol.proofs import verify_proof

    verified = verify_proof(data)
    return {
        "url": str(verified.url),
        "did": verified.did,
        "origin": verified.origin,
        "index": verified.index,
        "size": verified.size,
        "event": {"n": verified.tip_n, "cid": str(verified.tip)},
        "cosigned": verified.cosigned,
        "statement": verified.statement,
        "fields": to_json(verified.fields) if verified.fields is not None else None,
    }
