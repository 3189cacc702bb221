"""The index in a folder, opened, or made as this node wants it."""

import json
import os
from pathlib import Path
from typing import Final

import tantivy

_SAID: Final = "meta.json"
"""The file in which the library says what an index is made of."""

_SETTINGS: Final = "index_settings"
_BLOCK: Final = "docstore_blocksize"

_BLOCK_BYTES: Final = 4 * 1024
"""Records that are kept together in one block: to read one, all of its block is unpacked. The library takes four times as much, with which
the first 32 hits, each in another block, take half as long again to read; so small, what is kept takes a fifth more on disk.
"""


def open_index(folder: Path, schema: tantivy.Schema) -> tantivy.Index:
    """Open the index of this schema in a folder that is there; what is empty becomes one.

    Raises:
        ValueError: of the library, when what is there is no such index; OSError
    """
    said = folder / _SAID
    if not said.exists():
        tantivy.Index(schema, path=str(folder))
        _settle(said)
    return tantivy.Index(schema, path=str(folder))


def _settle(said: Path) -> None:
    """Say what the library has a setting for, but its Python side no parameter: at once or not at all, for it cannot be read without."""
    made = json.loads(said.read_text())
    if _BLOCK in made.get(_SETTINGS, {}):
        made[_SETTINGS][_BLOCK] = _BLOCK_BYTES
        part = said.with_name(f".{said.name}.part")
        with part.open("w") as file:
            file.write(json.dumps(made))
            file.flush()
            os.fsync(file.fileno())
        part.replace(said)
