"""Who looks after a listing."""

from litestar import Request, Response

from domain import stages
from web import queue, render
from web.lookups import Me, TheForm, TheListing


async def create(request: Request, me: Me, listing: TheListing, form: TheForm) -> Response:
    await stages.assign(listing, form.value("main_user_id"), form.value("secondary_user_id"), me)
    await queue.hint(request, [listing.id])
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.wrote(request, place, notice="The assignment is saved.", event="history-changed")
