"""The stage of a listing, changed from the menu on its page."""

from litestar import Request, Response

from domain import stages
from web import queue, render
from web.lookups import Me, TheForm, TheListing


async def create(request: Request, me: Me, listing: TheListing, form: TheForm) -> Response:
    changed = await stages.change(listing, form.value("stage"), me, form.value("reason"))
    if changed:
        await queue.hint(request, [listing.id])
    label = stages.label(form.value("stage"))
    notice = f"The stage is “{label}” now." if changed else f"The stage was “{label}” already."
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.wrote(request, place, notice=notice, event="history-changed")
