"""A seller who asks to be erased: what that takes away, and doing it."""

from typing import Any

from litestar import Request, Response

from domain import erasures, listings
from domain.accounts import Account
from domain.erasures import Erased
from domain.errors import Refused
from domain.listings import Listing
from web import dealership_pages, queue, render, seller_pages
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheKeptListing

AnyRequest = Request[Any, Any, Any]

FIELDS = ("reason", "confirm")


async def new(request: AnyRequest, account: TheAccount, kept_listing: TheKeptListing) -> Response[str]:
    return await _page(request, account, kept_listing, Form())


async def create(
    request: AnyRequest, me: Me, account: TheAccount, kept_listing: TheKeptListing, form: TheForm
) -> Response[Any]:
    try:
        erased = await erasures.erase(account.id, kept_listing, me, form.value("confirm"), form.value("reason"))
    except Refused as refused:
        if refused.field not in FIELDS:
            raise
        return await _page(request, account, kept_listing, form.refuse(refused, FIELDS))
    await queue.hint(request, erased.histories)
    place = render.url_for("listings.show", listing_id=kept_listing.id)
    return render.go(request, place, notice=_told(erased))


async def _page(request: AnyRequest, account: Account, listing: Listing, form: Form) -> Response[str]:
    preview = await erasures.preview(account.id, listing.id)
    return render.page(
        request,
        "erasures/new.html",
        status=422 if form.errors else 200,
        listing={"id": listing.id, "title": listings.title(listing.year, listing.make, listing.model)},
        name=seller_pages.name(preview.listings),
        preview=preview,
        count=len(preview.person.listings),
        known_by=seller_pages.known_by(preview.person),
        shared=seller_pages.shared(preview.person),
        rows=[dealership_pages.row(account, row) for row in preview.listings],
        confirm=erasures.CONFIRM,
        form=form,
        page_title="Erase this seller",
    )


def _told(erased: Erased) -> str:
    if erased.before:
        return "Everything known of this seller was erased already."
    messages = "1 message" if erased.messages == 1 else f"{erased.messages:,} messages"
    where = "1 listing" if erased.listings == 1 else f"{erased.listings:,} listings"
    return f"The seller is erased from {where}, with the words of {messages}. Nobody writes to them again."
