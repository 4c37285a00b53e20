"""A person knows that a message of unknown fate was sent."""

from typing import Any

from litestar import Request, Response

from domain import messages
from web import queue, render
from web.lookups import Me, TheMessage


async def create(request: Request[Any, Any, Any], me: Me, message: TheMessage) -> Response[Any]:
    marked = await messages.mark_sent(message, me)
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    said = "Marked as sent." if marked else "Its state is known already."
    return render.wrote(request, vehicle, notice=said, event="history-changed")
