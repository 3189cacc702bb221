"""What a request brings along: read within bounds, parsed strictly, and checked against its declaration.

A body must say that it is JSON: what a form of some web page can send by itself is refused before it is read.
"""

from typing import Any, Final

from starlette.requests import Request

from frostnode.edge.http.api.declared import Body
from frostnode.edge.http.signed import RequestChunks
from frostnode.protocol.dagjson import loads, to_json
from frostnode.protocol.errors import EncodingError, LocalError, TransportError
from frostnode.protocol.limits import API_BODY_BYTES_MAX, FETCH_TIMEOUT_S
from frostnode.replicate.body_chunks import BodyChunks

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"


def media_type(request: Request, body: Body) -> str:
    """Of what type the body says to be.

    Raises:
        LocalError: request.media-type
    """
    said, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    is_plain = not request.headers.get("content-encoding") and charsets in ([], ["utf-8"])
    if said not in body.media_types or not is_plain:
        found = request.headers.get("content-type") or "none"
        raise LocalError("request.media-type", "body", found=found, expected=" or ".join(body.media_types))
    return said


async def take(request: Request) -> bytes:
    """The bytes of a body.

    Raises:
        TransportError: request.too-large, request.too-slow, transport.closed
    """
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and (len(said) > 16 or int(said) > API_BODY_BYTES_MAX):
        raise TransportError("request.too-large", "body", found=said, expected=API_BODY_BYTES_MAX)
    chunks = RequestChunks(request)
    return await BodyChunks(chunks, bytes_max=API_BODY_BYTES_MAX, silence_s=FETCH_TIMEOUT_S).whole()


def parse(data: bytes, kind: str, body: Body) -> Any:
    """The values of a body, in their lossless JSON form. Blocks: to be run in a worker.

    Raises:
        EncodingError: encoding.text, encoding.json, encoding.too-deep; LocalError: usage
    """
    if kind == LINES:
        lines = [line for line in data.split(b"\n") if line.strip()]
        return body.kind.check("body", [_value(line) for line in lines])
    return body.kind.check("body", _value(data))


def _value(data: bytes) -> Any:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise EncodingError("encoding.text", f"JSON is not UTF-8: {error.reason} at {error.start}") from error
    return to_json(loads(text))
