"""Hand over what proves that the key of an epoch has signed two trees (spec/04-log.md#evidence)."""

from base64 import b64encode

from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Origin, parse_did, parse_origin
from frostnode.replicate.dispute import evidence_file


async def evidence(parts: Parts, params: Params, progress: Progress) -> Json:
    """The evidence file of a log, by its origin or its publisher's DID: {origin, name, bytes (base64)}."""
    target = str(params["target"])

    def work(reader: LogReader) -> Json:
        origin = _origin(reader, target)
        data = evidence_file(reader, origin)
        name = f"epoch-{parse_origin(origin).epoch}.frostevidence"
        return {"origin": origin, "name": name, "bytes": b64encode(data).decode()}

    return await parts.read(work)


def _origin(reader: LogReader, target: str) -> Origin:
    """The log that was named, or the last one of a publisher against which there is evidence."""
    if "/log/" in target:
        parse_origin(target)
        return Origin(target)
    did = parse_did(target)
    if reader.history(did) is None:
        raise LocalError("publisher.unknown", f"{did} is not carried here")
    disputed = [state.origin for state in reader.logs(did) if state.disputed]
    if not disputed:
        raise LocalError("record.not-found", f"there is no evidence against the log of {did} here")
    return disputed[-1]
