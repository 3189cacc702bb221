"""A folder as data is served: by plain HTTP with ranges, and as a bucket of an object store (S3, read by anybody)."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

S3_HOST: Final = "s3.example"
"""Who asks for `http://BUCKET.s3.example/…` with this server as its proxy is answered as by that host."""

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_TIME: Final = "2026-01-01T00:00:00.000Z"


def _tag(data: bytes) -> str:
    """As stores say it: who copies holds what came against it."""
    return f'"{md5(data, usedforsecurity=False).hexdigest()}"'


class DataServer(ThreadingHTTPServer):
    """Serves what is in a folder, and remembers what was asked for."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(folder: Path) -> Iterator[DataServer]:
    """Serve on a free port of this machine while the context lasts."""
    server = DataServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """A path with a file is the file; one with `list-type` or `prefix` is a bucket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A file, a part of it, or what a bucket holds."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        assert isinstance(self.server, DataServer)
        served = self.server
        served.asked.append(self.path)
        address = urlsplit(self.path)
        asked = parse_qs(address.query, keep_blank_values=True)
        bucket = address.netloc.removesuffix(f".{S3_HOST}") + "/" if address.netloc else ""
        name = bucket + unquote(address.path).lstrip("/")
        path = (served.folder / name).resolve()
        if "list-type" in asked or "prefix" in asked:
            self._send(
                200, _listing(served.folder, name.rstrip("/"), asked), "application/xml", with_body=with_body
            )
        elif path.is_file() and path.is_relative_to(served.folder.resolve()):
            self._send_file(path.read_bytes(), with_body=with_body)
        else:
            error = b"<Error><Code>NoSuchKey</Code><Message>there is no such key</Message></Error>"
            self._send(404, error, "application/xml", with_body=with_body)

    def _send_file(self, data: bytes, *, with_body: bool) -> None:
        found = _RANGE.fullmatch(self.headers.get("range") or "")
        if found is None or found[0] == "bytes=-":
            self._send(200, data, "application/octet-stream", with_body=with_body, etag=_tag(data))
            return
        start = int(found[1]) if found[1] else max(0, len(data) - int(found[2]))
        stop = min(int(found[2]) + 1, len(data)) if found[1] and found[2] else len(data)
        if start >= len(data):
            self._send(416, b"", "text/plain", with_body=with_body)
            return
        where = {"content-range": f"bytes {start}-{stop - 1}/{len(data)}", "etag": _tag(data)}
        self._send(206, data[start:stop], "application/octet-stream", with_body=with_body, **where)

    def _send(self, status: int, body: bytes, kind: str, *, with_body: bool, **headers: str) -> None:
        self.send_response(status)
        sent = {"content-type": kind, "content-length": str(len(body)), "accept-ranges": "bytes"}
        for name, value in {**sent, "last-modified": self.date_time_string(0), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _listing(folder: Path, bucket: str, asked: dict[str, list[str]]) -> bytes:
    """ListObjectsV2, all at once."""
    prefix, delimiter = asked.get("prefix", [""])[0], asked.get("delimiter", [""])[0]
    root = folder / bucket
    sizes = {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    found = {key: size for key, size in sizes.items() if key.startswith(prefix)}
    groups = {
        prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter
        for key in found
        if delimiter and delimiter in key[len(prefix) :]
    }
    keys = [key for key in found if not any(key.startswith(group) for group in groups)]
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified><ETag>{escape(_tag((root / key).read_bytes()))}</ETag>"
        f"<Size>{found[key]}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in keys
    )
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{escape(group)}</Prefix></CommonPrefixes>" for group in sorted(groups)
    )
    count = len(keys) + len(groups)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{count}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{contents}{prefixes}</ListBucketResult>"
    ).encode()
