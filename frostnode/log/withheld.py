"""Say no to whoever asks for what this node withholds, with the reason: never as if it did not exist."""

from typing import Any, Final

from frostnode.ports import LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.protocol.withheld import Block, Withheld


def check_shown(log: LogReader, did: Did, type_: str = "", key: str = "") -> None:
    """Check that a publisher, or one of its records, is not blocked here.

    Raises:
        LocalError: record.withheld
    """
    block = log.block(did, type_, key)
    if block is not None:
        raise blocked_error(block)


def blocked_error(block: Block) -> LocalError:
    """The refusal of what is blocked."""
    return LocalError("record.withheld", f"{block.name} is blocked here: {block.reason}")


def withheld_error(found: Withheld) -> LocalError:
    """The refusal of what is gone."""
    what = "header with the leaf hash" if found.kind == "header" else found.kind
    return LocalError("record.withheld", f"{what} {found.name} is {found.state} here: {found.reason}")


_NAMED_BY: Final = {"body": "cid", "header": "leaf_hash", "publisher": "did", "record": "url"}


def withheld_line(item: Withheld) -> dict[str, Any]:
    """One line of the public list, in JSON; what is blocked stands at no place in a log."""
    place = {"origin": item.origin, "index": item.index} if item.origin else {}
    name = {_NAMED_BY[item.kind]: item.name}
    return {"kind": item.kind, **name, **place, "state": item.state, "reason": item.reason}
