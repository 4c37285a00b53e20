"""One more attempt of a message that failed or may have been lost."""

from typing import Any

from litestar import Request, Response

from domain import messages
from web import queue, render
from web.lookups import Me, TheForm, TheMessage

MOST_ATTEMPTS = 1_000_000


async def create(request: Request[Any, Any, Any], me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """`attempts` in the form is how many there were on the page: a second click asks for nothing more."""
    seen = form.number("attempts", MOST_ATTEMPTS)
    asked = await messages.retry(message, me, -1 if seen is None else seen)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    said = "It is on its way again." if asked else "This text is on its way already."
    return render.wrote(request, vehicle, notice=said, event="history-changed")
