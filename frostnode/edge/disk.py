"""What the system says of files, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frostnode.protocol.errors import StorageError


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Work on files; an error names the file, or else `path`.

    Raises:
        StorageError: storage.failed
    """
    try:
        yield
    except OSError as error:
        raise StorageError("storage.failed", f"{error.filename or path}: {error.strerror}") from error
