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
    index = tantivy.Index(schema, path=str(folder))
    return tantivy.Index(schema, path=str(folder)) if _settled(folder / _SAID) else index


def _settled(said: Path) -> bool:
    """Say, in an index that has nothing yet, what the library has a setting for, but its Python side no parameter.

    At once or not at all: without that file there is no index.
    """
    made = json.loads(said.read_text())
    is_new = not made["segments"] and made.get(_SETTINGS, {}).get(_BLOCK, _BLOCK_BYTES) != _BLOCK_BYTES
    if is_new:
        made[_SETTINGS][_BLOCK] = _BLOCK_BYTES
        part = said.with_name(f".{said.name}.part")
        with part.open("w") as file:
            file.write(json.dumps(made))
            file.flush()
            os.fsync(file.fileno())
        part.replace(said)
    return is_new
