"""What a vehicle is worth to the dealership."""

from typing import Any

from litestar import Request, Response

from domain import appraisals, listings
from domain.errors import Refused
from domain.listings import Listing
from web import queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheListing

AnyRequest = Request[Any, Any, Any]


async def new(request: AnyRequest, listing: TheListing) -> Response[str]:
    return _page(request, listing, Form())


async def create(request: AnyRequest, me: Me, account: TheAccount, listing: TheListing, form: TheForm) -> Response[Any]:
    try:
        await appraisals.create(account, listing, me, form.value("amount"), form.value("note"))
    except Refused as refused:
        return _page(request, listing, form.refuse(refused, ("amount", "note")))
    await queue.hint(request, [listing.id])
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.go(request, place, notice="The appraisal is kept.")


def _page(request: AnyRequest, listing: Listing, form: Form) -> Response[str]:
    title = listings.title(listing.year, listing.make, listing.model)
    return render.page(
        request,
        "appraisals/new.html",
        status=422 if form.errors else 200,
        listing={"id": listing.id, "title": title},
        form=form,
        page_title=f"Appraise {title}",
    )
