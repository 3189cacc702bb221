"""What a peer shows of its tree when it is asked about one size: a signed head and a run of leaves around it."""

from functools import partial

from frostnode.ports import Worker
from frostnode.protocol.frames import CheckpointFrame, EndFrame, EntriesFrame, EvidenceFrame, FrameDecoder
from frostnode.replicate.intake import Heard


class Shown:
    """Reads an answer only as far as it says something of the tree; a peer that has evidence says that first."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._decoder = FrameDecoder()
        self.note: bytes | None = None
        self.entries: EntriesFrame | None = None
        self.evidence: EvidenceFrame | None = None

    async def judge(self, batch: bytes) -> Heard:
        """An intake's judge.

        Raises:
            FrameError: frame.*
        """
        return await self._worker.run(partial(self._read, batch))

    def _read(self, batch: bytes) -> Heard:
        frames = self._decoder.feed(batch)
        for frame in frames:
            match frame:
                case CheckpointFrame():
                    self.note = frame.note
                case EvidenceFrame():
                    self.evidence = frame
                    return Heard.END
                case EntriesFrame():
                    self.entries = frame
                    return Heard.END
                case EndFrame():
                    return Heard.END
                case _:
                    """The identity is known; what else there is says nothing of the tree."""
        return Heard.FRAMES if frames else Heard.NOTHING_YET
