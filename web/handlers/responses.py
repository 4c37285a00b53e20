"""Marking a conversation as responded."""

from typing import Any

from litestar import Request, Response

from domain import messages
from web import queue, render
from web.lookups import TheListing


async def create(request: Request[Any, Any, Any], listing: TheListing) -> Response[Any]:
    marked = await messages.mark_responded(listing.id)
    await queue.hint(request, [listing.id])
    vehicle = render.url_for("listings.show", listing_id=listing.id)
    said = "Marked as responded." if marked else "Everything was answered already."
    return render.wrote(request, vehicle, notice=said, event="history-changed")
