"""`frost proof` and `verify`: the portable proof of one record."""

from base64 import b64decode
from pathlib import Path

import click

from frostnode.cli.shared import ask_node, home_option, json_option, show_json
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
    try:
        path.write_bytes(b64decode(answer["bytes"]))
    except OSError as error:
        raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error
    if as_json:
        show_json({"url": url, "file": str(path)})
    else:
        click.echo(f"{path}   (check it anywhere: frost verify {path})")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Verify a proof FILE offline, and say as of when it holds. Needs no node and no network.

    \b
    Example:
      frost verify sea-ice.frostproof
    """
    try:
        with file.open("rb") as source:
            data = source.read(PROOF_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise LocalError("input.unreadable", f"{file}: {error.strerror}") from error
    from frostnode.protocol.dagjson import to_json
    from frostnode.protocol.proofs import verify_proof

    verified = verify_proof(data)
    if as_json:
        show_json(
            {
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
        )
    else:
        click.echo(verified.statement)
