"""Taking a message back while it waits."""

from typing import Any

from litestar import Request, Response

from domain import messages
from web import queue, render
from web.lookups import TheMessage


async def create(request: Request[Any, Any, Any], message: TheMessage) -> Response[Any]:
    """Cancelled, with a way back to its words; or too late, and said so."""
    notice: dict[str, Any] = {"text": "Too late to undo: the text has left.", "tone": "warn"}
    if await messages.undo(message):
        again = f"{render.url_for('sends.new', listing_id=message.listing)}?again={message.id}"
        notice = {"text": "Not sent.", "tone": "good", "link": {"url": again, "label": "Open the text again"}}
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    return render.wrote(request, vehicle, notice=notice, event="history-changed")
