"""One more attempt of a message that failed or may have been lost."""

from typing import Any

from litestar import Request, Response

from domain import listings, messages
from domain.errors import Refused
from web import previews, queue, render
from web.filters import begun
from web.lookups import Me, TheAccount, TheForm, TheMessage

AnyRequest = Request[Any, Any, Any]

MOST_ATTEMPTS = 1_000_000
LONGEST = 600  # characters of it that the question shows


async def new(request: AnyRequest, account: TheAccount, message: TheMessage) -> Response[Any]:
    """Asks whether it shall leave at this hour; once nothing is to be asked any more, back to the vehicle."""
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    hour = await messages.closed_now(message)
    if hour is None:
        return render.go(request, vehicle)
    listing = await listings.of(account.id, message.listing)
    return render.page(
        request,
        "attempts/new.html",
        message=message,
        hour=previews.by_their_clock(hour.local),
        words=begun(message.body, LONGEST),
        title=listings.title(listing.year, listing.make, listing.model),
        back=vehicle,
        page_title="Send it at this hour?",
    )


async def create(request: AnyRequest, me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """`attempts` in the form is how many there were on the page: a second click asks for nothing more. Outside the
    hours for texts it leaves only after somebody was asked."""
    seen = form.number("attempts", MOST_ATTEMPTS)
    try:
        asked = await messages.retry(message, me, -1 if seen is None else seen, knowing=form.ticked("knowing"))
    except Refused as refused:
        if refused.code != "quiet_hours":
            raise
        return render.go(request, render.url_for("attempts.new", message_id=message.id))
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    said = "It is on its way again." if asked else "This text is on its way already."
    return render.wrote(request, vehicle, notice=said, event="history-changed")
