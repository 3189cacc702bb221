"""Where imported catalogs come from: files, folders and addresses, opened for the readers of `formats`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from frostnode.formats import aws_open_data, stac
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import CONNECT_TIMEOUT_S, FETCH_TIMEOUT_S, IMPORT_DOCUMENT_BYTES_MAX

_LINES = (".jsonl", ".ndjson")
_YAML = (".yaml", ".yml")
_JSON = (".json", ".geojson")


def aws_open_data_records(path: Path) -> Iterator[dict[str, Any]]:
    """Records of the registry: a folder of YAML files, one such file, or JSON Lines.

    Raises:
        LocalError: input.unreadable
    """
    if path.suffix in _LINES:
        yield from aws_open_data.from_json_lines(_lines(path))
    else:
        yield from aws_open_data.from_yaml(_names(path, _YAML), read_file)


def stac_records(source: str, skip: Callable[[str, str], None]) -> Iterator[dict[str, Any]]:
    """Records of STAC collections: JSON Lines, a folder, a file, or a static catalog by path or address.

    Raises:
        LocalError: input.unreadable; TransportError
    """
    if not source:
        raise LocalError("input.unreadable", "source", found="nothing", expected="a path or an address")
    try:
        urlsplit(source)
    except ValueError as error:
        raise LocalError("input.unreadable", f"{source}: {error}") from error
    path = Path(source)
    if source.startswith(("http://", "https://")):
        timeout = httpx.Timeout(FETCH_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        with httpx.Client(timeout=timeout, follow_redirects=False) as client:
            yield from stac.from_catalog(
                source, _forgiving(source, lambda url: _fetch(client, url), skip), skip
            )
    elif path.suffix in _LINES:
        yield from stac.from_json_lines(_lines(path))
    elif path.is_dir():
        yield from stac.from_files(_names(path, _JSON), read_file)
    else:
        yield from stac.from_catalog(source, _forgiving(source, read_file, skip), skip)


def _forgiving(
    start: str, read: Callable[[str], bytes], skip: Callable[[str, str], None]
) -> Callable[[str], bytes]:
    """Read the documents of a catalog: one dead link is told of, and does not lose the others."""

    def read_or_skip(name: str) -> bytes:
        try:
            return read(name)
        except (LocalError, TransportError) as error:
            if name == start:
                raise
            skip(name, f"cannot be read ({error})")
            return b"{}"

    return read_or_skip


def read_file(name: str) -> bytes:
    """The bytes of a file.

    Raises:
        LocalError: input.unreadable
    """
    try:
        with Path(name).open("rb") as file:
            data = file.read(IMPORT_DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise LocalError("input.unreadable", f"{name}: {error.strerror}") from error
    return _bounded(name, data)


def _bounded(name: str, data: bytes) -> bytes:
    if len(data) > IMPORT_DOCUMENT_BYTES_MAX:
        raise LocalError(
            "input.unreadable",
            f"bytes of {name}",
            found=f"> {len(data) - 1}",
            expected=IMPORT_DOCUMENT_BYTES_MAX,
        )
    return data


def _names(path: Path, suffixes: tuple[str, ...]) -> list[str]:
    if not path.is_dir():
        return [str(path)]
    found = sorted(
        str(item) for item in path.rglob("*") if item.suffix.lower() in suffixes and item.is_file()
    )
    if not found:
        raise LocalError("input.unreadable", f"{path}", found="no files", expected=" or ".join(suffixes))
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(IMPORT_DOCUMENT_BYTES_MAX + 1):
                yield _bounded(str(path), line)
    except OSError as error:
        raise LocalError("input.unreadable", f"{path}: {error.strerror}") from error


def _fetch(client: httpx.Client, url: str) -> bytes:
    data = bytearray()
    try:
        with client.stream("GET", url) as response:
            if response.status_code != 200:
                raise TransportError("transport.status", url, found=response.status_code, expected=200)
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > IMPORT_DOCUMENT_BYTES_MAX:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(
            "transport.unreachable", f"{url}: {str(error) or type(error).__name__}"
        ) from error
    return _bounded(url, bytes(data))
