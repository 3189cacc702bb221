"""Who is told of what, and what came in: the operations of the command line."""

from hashlib import sha256
from typing import Final

from frostnode.edge.http.api.attempts import key_of
from frostnode.edge.http.api.declared import Call, Result
from frostnode.edge.http.asked import quiet
from frostnode.operations import subscriptions
from frostnode.operations.table import operate

_ID_CHARS: Final = 12


async def subscribe(call: Call) -> Result:
    """Be told of something. Asked again by the same key it is the same subscription, whatever happened in between."""
    return Result(content=await operate(call.parts, "subscribe", {**call.body, "id": _own_id(call)}, quiet))


def _own_id(call: Call) -> str | None:
    """What a watch is called that nobody else knows of, the same at every try of the request; None lets chance name it."""
    key = key_of(call.request)
    if key is None or call.token is None:
        return None
    return sha256(f"{call.token.id} {call.begun_ms} {key}".encode()).hexdigest()[:_ID_CHARS]


async def inbox(call: Call) -> Result:
    """What came in."""
    return Result(content=await subscriptions.inbox(call.parts, call.values, quiet))


async def read_inbox(call: Call) -> Result:
    """Mark items as read."""
    return Result(content=await subscriptions.read_inbox(call.parts, call.body, quiet))


async def listed(call: Call) -> Result:
    """All subscriptions."""
    return Result(content=await subscriptions.subscriptions(call.parts, {}, quiet))


async def unsubscribe(call: Call) -> Result:
    """Be told no more."""
    return Result(content=await subscriptions.unsubscribe(call.parts, call.values, quiet))


async def pause(call: Call) -> Result:
    """Tell nothing for now."""
    return Result(content=await subscriptions.pause(call.parts, call.body, quiet))


async def resume(call: Call) -> Result:
    """Go on."""
    return Result(content=await subscriptions.resume(call.parts, call.body, quiet))


async def test(call: Call) -> Result:
    """Send a test notice."""
    return Result(content=await subscriptions.test(call.parts, call.body, quiet))
