"""The resources of the node's witness: what C2SP tlog-witness says, below /frost/witness."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http.signed import RequestChunks
from frostnode.edge.outcomes import http_status, problem
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import ADD_CHECKPOINT_BYTES_MAX, COSIGN_INTERVAL_S, REQUEST_BODY_TIMEOUT_S
from frostnode.protocol.note import parse_note
from frostnode.protocol.witness import SIZE_MEDIA_TYPE
from frostnode.replicate.body_chunks import BodyChunks
from frostnode.replicate.witness import Witnessing
from frostnode.witness_port import Cosigned

_TEXT: Final = "text/plain; charset=utf-8"
_DIGEST_CHARS: Final = 64
_LATER: Final = frozenset({"witness.ahead", "witness.early"})


class WitnessResources:
    """The handlers, over one witness."""

    def __init__(self, witnessing: Witnessing) -> None:
        self._witnessing = witnessing

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/frost/witness/add-checkpoint", self.add_checkpoint, methods=["POST"]),
            Route("/frost/witness/{digest}/checkpoint", self.checkpoint),
        ]

    async def checkpoint(self, request: Request) -> Response:
        """The checkpoint of a log that was cosigned last, by the SHA-256 of the origin."""
        text = request.path_params["digest"]
        if len(text) != _DIGEST_CHARS or not set(text) <= set("0123456789abcdef"):
            raise LocalError("record.not-found", "digest of an origin", found=text, expected="64 hex digits")
        digest = bytes.fromhex(text)
        last = await self._witnessing.last(digest)
        if last is None:
            raise LocalError("record.not-found", f"nothing was cosigned here of the log {text}")
        return Response(last.note, media_type=_TEXT, headers={"cache-control": "public, max-age=5"})

    async def add_checkpoint(self, request: Request) -> Response:
        """Cosign a checkpoint, or say why not by the status."""
        body = BodyChunks(
            RequestChunks(request),
            bytes_max=ADD_CHECKPOINT_BYTES_MAX,
            silence_s=REQUEST_BODY_TIMEOUT_S,
            seconds_max=REQUEST_BODY_TIMEOUT_S,
        )
        data = await body.whole()
        try:
            cosigned = await self._witnessing.add_checkpoint(data)
        except FrostError as error:
            return _refusal(error)
        return Response(self._line(cosigned), media_type=_TEXT, headers={"cache-control": "no-store"})

    def _line(self, cosigned: Cosigned) -> str:
        own = self._witnessing.witness.cosigner.line_key
        return "".join(map(str, parse_note(cosigned.note).signed_by(*own)))


def _refusal(error: FrostError) -> Response:
    """The size that was cosigned, for who asked from another one; a problem document for all else."""
    if error.code == "witness.conflict":
        return Response(f"{error.expected}\n", http_status(error), media_type=SIZE_MEDIA_TYPE)
    return JSONResponse(
        problem(error),
        status_code=http_status(error),
        media_type="application/problem+json",
        headers={"retry-after": str(COSIGN_INTERVAL_S)} if error.code in _LATER else None,
    )
