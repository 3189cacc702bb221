"""`frost kit`: see that the kits of a publisher are good, put them on paper and into words, and back."""

from pathlib import Path
from typing import Any

import click

from frostnode.cli.shared import F, home_option, json_option, passphrase, show_json
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import KIT_WORDS_CHARS_MAX

_FILE = click.Path(path_type=Path, dir_okay=False)
_WORDS_A_LINE = 4
_UNENCRYPTED = (
    "These words are not encrypted: whoever reads them has the kit, without any passphrase. Write them down\n"
    "by hand, with purpose and DID beside them, and leave no copy on a machine."
)


def _passphrase_option(command: F) -> F:
    return click.option("--passphrase-file", type=_FILE, help="File with the passphrase.")(command)


def _from_option(command: F) -> F:
    return click.option(
        "--from",
        "source",
        type=_FILE,
        help="Proof file or identity history of the publisher to hold the kit against, in place of the home.",
    )(command)


@click.group("kit")
def kit_group() -> None:
    """Check the kits of a publisher, print them, turn them into words and back.

    \b
    Example:
      frost kit check authority-kit.json
    """


@kit_group.command()
@click.argument("file", type=_FILE)
@home_option
@_passphrase_option
@_from_option
@json_option
def check(file: Path, home: Path, passphrase_file: Path | None, source: Path | None, as_json: bool) -> None:
    """Prove that the kit in FILE fits its publisher, without using it: it could sign the next identity event.

    The home knows the publisher's history; with --from no node and no network is needed. The home notes that
    the kit was checked, and when.

    \b
    Example:
      frost kit check authority-kit.json
      frost kit check recovery-sheet.json --from sea-ice.frostproof
    """
    from frostnode.cli.kit_work import history_for, note_fit, read_kit

    kit, _ = read_kit(file, passphrase_file)
    answer = note_fit(home, kit, history_for(home, kit.label.did, source), file)
    if as_json:
        show_json(answer)
    else:
        _say_fit(answer)


def _say_fit(answer: dict[str, Any]) -> None:
    number = "event" if answer["purpose"] == "authority" else "recovery event"
    click.secho(f"The {answer['kit']} fits {answer['did']}", bold=True)
    click.echo(
        f"  it makes the key of {number} {answer['n']}, to which event {answer['event_n']} has committed"
    )
    click.echo(f"  ({answer['event']})")
    click.echo(f"  {_signers(answer)}")
    if answer["disputed"]:
        click.echo("  after that event the history goes on in two ways, and none is followed")
    if answer["noted"]:
        click.echo(f"  noted in {answer['noted']}")
    if answer["lies"]:
        click.echo(f"{answer['lies']} lies on the disk of the node: move it to another place", err=True)


def _signers(answer: dict[str, Any]) -> str:
    """Who else is needed."""
    if answer["kits"] == 1:
        return "no other kit is needed"
    needed, others = answer["threshold"] - 1, ", ".join(each[:8] for each in answer["others"])
    wanted = f"{needed} more must sign with it, out of" if needed else "it can sign alone; the others are"
    return f"one of {answer['kits']} kits: {wanted} {others} (beginnings of the hashes of their keys)"


@kit_group.command()
@click.argument("file", type=_FILE)
@click.option("--did", required=True, help="The publisher that the kit is for.")
@click.option(
    "--purpose", type=click.Choice(["authority", "recovery"]), default="authority", help="Of the kit."
)
@_passphrase_option
@json_option
def new(file: Path, did: str, purpose: str, passphrase_file: Path | None, as_json: bool) -> None:
    """Make a kit of your own in FILE, to be one of a publisher's, and print the hash by which it is named.

    It signs nothing before a rotation or recovery has put it in force: give the hash, and nothing else, to whoever
    begins that with --new-hash, by a way on which nobody can change it.

    \b
    Example:
      frost kit new my-kit.json --did did:frost:bafy…
    """
    from frostnode.cli.kit_work import label_json, make_kit
    from frostnode.identity.commitments import kit_hash
    from frostnode.protocol.names import parse_did

    kit = make_kit(file, purpose, parse_did(did), passphrase_file)
    answer = {**label_json(kit.label), "file": str(file), "hash": kit_hash(kit, 0).hex()}
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{file} written. Its hash, for `frost rotate --new-hash HASH`:\n{answer['hash']}")


@kit_group.command()
@click.argument("file", type=_FILE)
@_passphrase_option
@json_option
def words(file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the 24 words of the kit in FILE. They are not encrypted: whoever reads them has the kit.

    \b
    Example:
      frost kit words recovery-sheet.json
    """
    from frostnode.cli.kit_work import label_json, read_kit
    from frostnode.identity.words import kit_words

    kit, _ = read_kit(file, passphrase_file)
    made = kit_words(kit)
    if as_json:
        show_json({**label_json(kit.label), "words": list(made)})
        return
    click.echo(f"{kit.label.purpose.kit_name} of {kit.label.did}\n")
    for start in range(0, len(made), _WORDS_A_LINE):
        numbered = enumerate(made[start : start + _WORDS_A_LINE], start=start + 1)
        click.echo("".join(f"{number:>4} {word:<10}" for number, word in numbered).rstrip())
    click.echo(f"\n{_UNENCRYPTED}", err=True)


@kit_group.command("from-words")
@click.option("--purpose", type=click.Choice(["authority", "recovery"]), required=True, help="Of the kit.")
@click.option("--did", help="The publisher; by default that of --from, or the one hosted here.")
@click.option("--output", "-o", type=_FILE, required=True, help="Kit file to write.")
@click.option(
    "--words-file", type=click.File("r", encoding="utf-8"), help="The words; - takes them from a pipe."
)
@click.option("--unchecked", is_flag=True, help="Write it though nothing says whether it fits; needs --did.")
@home_option
@_passphrase_option
@_from_option
@json_option
def from_words(
    purpose: str, output: Path, words_file: Any, passphrase_file: Path | None, as_json: bool, **whose: Any
) -> None:
    """Make a kit file of its 24 words, under a new passphrase. It is written only if it fits the publisher.

    The words are asked for. Capital letters do not matter, numbers between the words do no harm.

    \b
    Example:
      frost kit from-words --purpose recovery -o recovery-sheet.json
    """
    from frostnode.cli.kit_work import note_fit, restore, write_kit
    from frostnode.identity.fit import check_fit

    did, history = _publisher(**whose)
    kit = restore(_read_words(words_file), purpose, did)
    if history is not None:
        check_fit(kit, history)
    write_kit(output, kit, passphrase(passphrase_file, confirm=True), anew=True)
    answer = {"file": str(output), "did": did, "purpose": purpose}
    if history is not None:
        answer |= note_fit(whose["home"], kit, history, output)
    if as_json:
        show_json(answer)
    elif history is None:
        click.echo(f"{output} written; whether it fits, `frost kit check` will say")
    else:
        _say_fit(answer)
        click.echo(f"{output} written")


def _publisher(home: Path, did: str | None, source: Path | None, unchecked: bool) -> tuple[Any, Any]:
    """Whose kit it is, and the history to hold it against."""
    from frostnode.cli.kit_work import history_for, publisher_for
    from frostnode.protocol.names import parse_did

    if unchecked and did is None:
        raise LocalError("usage", "--unchecked", found="no DID", expected="--did DID")
    whose = parse_did(did) if did else publisher_for(home, source)
    return whose, None if unchecked else history_for(home, whose, source)


def _read_words(words_file: Any) -> str:
    if words_file is None:
        return str(click.prompt("The 24 words, in order"))
    try:
        return str(words_file.read(KIT_WORDS_CHARS_MAX))
    except ValueError as error:
        raise LocalError("input.unreadable", f"{words_file.name}: {error}") from error


@kit_group.command()
@click.argument("file", type=_FILE)
@click.option("--output", "-o", type=_FILE, required=True, help="Page to write, HTML.")
@click.option("--name", help="Name of the publisher on the page; by default as the home knows it.")
@home_option
@_passphrase_option
@json_option
def sheet(
    file: Path, output: Path, name: str | None, home: Path, passphrase_file: Path | None, as_json: bool
) -> None:
    """Write a page to print: the encrypted kit in FILE as QR code and text, what it is for, how to use it.

    \b
    Example:
      frost kit sheet recovery-sheet.json -o recovery-sheet.html
    """
    from frostnode.cli.kit_work import label_json, write_page

    label = write_page(output, file, passphrase_file, home, name)
    if as_json:
        show_json({**label_json(label), "file": str(output)})
    else:
        click.echo(f"{output}   (open it in a browser, print it, then delete it)")


@kit_group.command("passphrase")
@click.argument("file", type=_FILE)
@_passphrase_option
@click.option("--new-passphrase-file", type=_FILE, help="File with the new passphrase.")
@json_option
def change_passphrase(
    file: Path, passphrase_file: Path | None, new_passphrase_file: Path | None, as_json: bool
) -> None:
    """Encrypt the kit in FILE with another passphrase. Other copies, printed ones too, keep the old one.

    \b
    Example:
      frost kit passphrase authority-kit.json
    """
    from frostnode.cli.kit_work import label_json, read_kit, write_kit

    kit, _ = read_kit(file, passphrase_file, ask="Old passphrase")
    write_kit(file, kit, passphrase(new_passphrase_file, confirm=True, ask="New passphrase"), anew=False)
    if as_json:
        show_json({**label_json(kit.label), "file": str(file)})
    else:
        click.echo(
            f"{file} opens with the new passphrase. Destroy its other copies: they open with the old one."
        )
