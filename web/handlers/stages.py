"""The stage of a listing, changed from the menu on its page."""

from typing import Any

from litestar import Request, Response

from domain import listings, stages
from domain.errors import Refused
from domain.listings import Listing
from web import queue, render
from web.forms import Form
from web.lookups import Me, TheForm, TheListing

AnyRequest = Request[Any, Any, Any]


async def create(request: AnyRequest, me: Me, listing: TheListing, form: TheForm) -> Response[Any]:
    try:
        changed = await stages.change(listing, form.value("stage"), me, form.value("reason"))
    except Refused as refused:
        if refused.field != "reason":
            raise
        return _ask_why(request, listing, form, refused)
    if changed:
        await queue.hint(request, [listing.id])
    label = stages.label(form.value("stage"))
    notice = f"The stage is “{label}” now." if changed else f"The stage was “{label}” already."
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.wrote(request, place, notice=notice, event="history-changed")


def _ask_why(request: AnyRequest, listing: Listing, form: Form, refused: Refused) -> Response[str]:
    """A page that asks: the menu has no room for a reason. An empty one that was sent from there is refused."""
    if "reason" in form.values:
        form.refuse(refused, ("reason",))
    title = listings.title(listing.year, listing.make, listing.model)
    return render.page(
        request,
        "stages/lift.html",
        status=422 if form.errors else 200,
        listing={"id": listing.id, "title": title},
        label=stages.label(form.value("stage")),
        form=form,
        page_title="Lift Do not contact",
    )
