"""What the commands of `frost kit` do with kit files, identity histories and the notes of a home.

It takes long to import: the commands import it when they run.
"""

from base64 import b64decode
from pathlib import Path
from typing import Any

from frostnode.cli.shared import ask_node, passphrase, read_file
from frostnode.edge.clock import SystemClock
from frostnode.edge.home import Home, replace_secret, write_secret
from frostnode.edge.home_kits import Checked, is_on_this_disk, note_checked, note_place
from frostnode.edge.random import SystemRandom
from frostnode.identity.fit import check_fit, history_of, history_of_file
from frostnode.identity.kits import (
    NONCE_BYTES,
    SALT_BYTES,
    Kit,
    KitLabel,
    Purpose,
    open_kit,
    read_kit_label,
    seal_kit,
    utc,
)
from frostnode.identity.sheet import kit_sheet
from frostnode.identity.words import kit_from_words
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import SignedEvent, parse_signed_event
from frostnode.protocol.keys import SEED_BYTES
from frostnode.protocol.limits import KIT_FILE_BYTES_MAX, PROOF_FILE_BYTES_MAX
from frostnode.protocol.names import Did, parse_did

_OTHER_WAY = (
    "give --from FILE: a proof of any record of the publisher (`frost proof`), or its identity history"
)


def read_kit(
    file: Path, passphrase_file: Path | None, ask: str = "Passphrase of the kit"
) -> tuple[Kit, bytes]:
    """The kit in a file, and the bytes of the file.

    Raises:
        LocalError: input.unreadable, kit.malformed, kit.passphrase
    """
    data = read_file(file, KIT_FILE_BYTES_MAX)
    read_kit_label(data)  # what is no kit is said before anybody types a passphrase
    return open_kit(data, passphrase(passphrase_file, confirm=False, ask=ask)), data


def write_kit(file: Path, kit: Kit, secret: str, *, anew: bool) -> None:
    """Seal a kit into a file: a new one, or in place of the one that is there. What does not open is not written.

    Raises:
        LocalError: kit.passphrase, kit.malformed, home.exists; StorageError
    """
    random = SystemRandom()
    sealed = seal_kit(kit, secret, salt=random.bytes(SALT_BYTES), nonce=random.bytes(NONCE_BYTES))
    if open_kit(sealed, secret) != kit:
        raise LocalError("kit.malformed", f"what shall be written to {file} does not open to the same kit")
    (write_secret if anew else replace_secret)(file, sealed.decode())


def write_page(
    output: Path, file: Path, passphrase_file: Path | None, home: Path, name: str | None
) -> KitLabel:
    """Write the page of the kit in `file`, with the publisher's name as the home knows it if none is given.

    Raises:
        LocalError: input.unreadable, kit.malformed, kit.passphrase; StorageError
    """
    kit, data = read_kit(file, passphrase_file)
    called = _name_of(home, kit.label.did) if name is None else name
    replace_secret(output, kit_sheet(kit, data, name=called, printed=utc(SystemClock().now_ms())[:10]))
    return kit.label


def make_kit(file: Path, purpose: str, did: Did, passphrase_file: Path | None) -> Kit:
    """Make a new kit of a publisher, and write it.

    Raises:
        LocalError: kit.passphrase, home.exists; StorageError
    """
    label = KitLabel(purpose=Purpose(purpose), did=did, created=utc(SystemClock().now_ms()))
    kit = Kit(label=label, seed=SystemRandom().bytes(SEED_BYTES))
    write_kit(file, kit, passphrase(passphrase_file, confirm=True), anew=True)
    return kit


def restore(text: str, purpose: str, did: Did) -> Kit:
    """The kit whose words these are, labelled as of now.

    Raises:
        LocalError: kit.words
    """
    label = KitLabel(purpose=Purpose(purpose), did=did, created=utc(SystemClock().now_ms()))
    return kit_from_words(text, label)


def label_json(label: KitLabel) -> dict[str, Any]:
    """The plain form of what a kit says openly."""
    return {
        "purpose": str(label.purpose),
        "kit": label.purpose.kit_name,
        "did": label.did,
        "created": label.created,
    }


# -- histories ----------------------------------------------------------------------------------------


def history_for(home: Path, did: Did, source: Path | None) -> History:
    """The identity history of a publisher.

    Raises:
        LocalError: home.missing, publisher.unknown, input.unreadable; PeerError, when a file does not hold
    """
    if source is not None:
        return history_of_file(read_file(source, PROOF_FILE_BYTES_MAX))
    _require(home)
    try:
        answer = ask_node(home, "identity", {"did": did})
    except LocalError as error:
        if error.code != "publisher.unknown":
            raise
        raise LocalError(
            "publisher.unknown", f"the kit is of {did}, which this node does not carry", hint=_OTHER_WAY
        ) from error
    return history_of(did, _events(answer["path"]), _events(answer["beside"]))


def publisher_for(home: Path, source: Path | None) -> Did:
    """The publisher that is meant when none is named.

    Raises:
        LocalError: usage, home.missing, input.unreadable; PeerError
    """
    if source is not None:
        return history_of_file(read_file(source, PROOF_FILE_BYTES_MAX)).did
    _require(home)
    hosted = ask_node(home, "awaits", {})["hosted"]
    if len(hosted) != 1:
        raise LocalError("usage", "publishers hosted here", found=len(hosted), expected="one, or --did DID")
    return parse_did(hosted[0]["did"])


def _name_of(home: Path, did: Did) -> str:
    """What a publisher calls itself, as far as the home knows."""
    if not Home(home).exists:
        return ""
    try:
        return str(ask_node(home, "publisher", {"did": did, "limit": 0})["name"])
    except FrostError:
        return ""


# -- what fits ----------------------------------------------------------------------------------------


def note_fit(home: Path, kit: Kit, history: History, file: Path) -> dict[str, Any]:
    """Hold a kit against a history, and note in the home, if there is one, that it fits and where it lies.

    Raises:
        LocalError: kit.mismatch; IdentityError; StorageError
    """
    fit = check_fit(kit, history)
    place, lies = Home(home), False
    if place.exists:
        checked = Checked(
            time=utc(SystemClock().now_ms()), event=str(fit.awaited.event), event_n=fit.awaited.event_n
        )
        note_checked(place, kit, checked)
        if lies := is_on_this_disk(place, file):
            note_place(place, kit, file)
    return {
        "did": history.did,
        "purpose": str(kit.label.purpose),
        "kit": kit.label.purpose.kit_name,
        "n": fit.awaited.n,
        "event": str(fit.awaited.event),
        "event_n": fit.awaited.event_n,
        "threshold": fit.awaited.made.threshold,
        "kits": len(fit.awaited.made.hashes),
        "others": [each.hex() for each in fit.others],
        "disputed": fit.disputed,
        "noted": str(home) if place.exists else None,
        "lies": str(file) if lies else None,
    }


def _require(home: Path) -> None:
    if not Home(home).exists:
        raise LocalError("home.missing", f"no node in {home} that knows the publisher", hint=_OTHER_WAY)


def _events(texts: list[str]) -> list[SignedEvent]:
    return [parse_signed_event(b64decode(text)) for text in texts]
