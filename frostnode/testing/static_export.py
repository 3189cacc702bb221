"""The static paths of a store as files, at once: frostnode.replicate.static_export without a node around it."""

from collections import deque
from pathlib import Path

from frostnode.edge.files import DiskFolder
from frostnode.ports import LogStore
from frostnode.replicate.static_export import StaticExport


def export_static(store: LogStore, folder: Path) -> StaticExport:
    """All static paths below `folder`; of files that are there only those that changed. Answers what was done."""
    place = DiskFolder(folder)
    try:
        export = StaticExport(store=store, folder=place, about={"software": "frostnode"})
        deque(export.steps(), maxlen=0)
        return export
    finally:
        place.close()
