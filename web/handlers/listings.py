"""The inventory and the page of one listing."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromQuery

from domain import ads, ids, listings, plans, reviews, sellers, sources, users
from domain import unmatched as inbox
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.listings import Listing
from domain.users import Permission
from web import ad_forms, inventory, render, returning, ticks, unmatched_pages, vdp
from web.forms import Form
from web.handlers.history import history_context
from web.lookups import Me, TheAccount, TheForm, TheKeptListing, TheListing

SETTLED = "Somebody settled the message before you. Save once more to add the vehicle without it."
HIDDEN = "It is hidden, because its seller was reported as a dealership."


async def index(
    request: Request,
    me: Me,
    account: TheAccount,
    after: FromQuery[str] = "",
    before: FromQuery[str] = "",
    tick: FromQuery[str] = "",
    kept: FromQuery[str] = "",
    left: FromQuery[str] = "",
) -> Response:
    may_batch = users.may(me, Permission.BATCH) and await plans.includes(account, "batch")
    ticked = ticks.read(kept, request.query_params.getall("listing_ids", [])) if may_batch else []
    typed = inventory.asked_of(request.query_params)
    context = await inventory.context(account, typed, after, before, tick if may_batch else None, ticked, left)
    context["review_count"] = await reviews.count(account.id)
    can_edit = users.may(me, Permission.EDIT_LISTING)
    return render.page(request, "listings/index.html", **context, can_edit=can_edit, page_title="Inventory")


async def show(request: Request, me: Me, account: TheAccount, kept_listing: TheKeptListing) -> Response:
    listing, messaging = kept_listing, await plans.includes(account, "messaging")
    around = await listings.surroundings(listing.id, me.id)
    context = await vdp.context(account, me, listing, around)
    if messaging:  # the history says less of listing and seller than the page itself
        seller, draft_at = sellers.of_row(around, listing.id), context["draft_at"]
        context = {**await history_context(listing, me, account, seller, draft_at, context["around"]), **context}
    title = context["listing"]["title"]
    return render.page(request, "listings/show.html", **context, messaging=messaging, page_title=title)


async def new(request: Request, account: TheAccount, unmatched: FromQuery[str] = "") -> Response:
    """An empty form, or of an unmatched message with what is known of its sender."""
    known = await _unmatched(account, unmatched)
    values = {**unmatched_pages.ad_values(known), "unmatched": known["id"]} if known else {}
    return _form_page(request, None, Form(values))


async def create(request: Request, me: Me, account: TheAccount, form: TheForm) -> Response:
    fields = ad_forms.fields(form)
    if not (fields["url"].strip() or fields["vin"].strip()):
        fields["external_id"] = f"by-hand-{ids.new()}"
    ad, problems = ads.check(fields, account.country)
    if ad is None:
        return _form_page(request, None, ad_forms.refuse(form, problems))
    asked = form.values.get("unmatched", "")
    message = await _unmatched(account, asked)
    if asked and message is None:
        form.values["unmatched"] = ""  # the second time there is no message to take along
        return _form_page(request, None, form.refuse(Refused(SETTLED)))
    outcome = await ads.put(account.id, ad_forms.BY_HAND, ad, me.id)
    place = render.url_for("listings.show", listing_id=outcome.listing_id)
    known = outcome.result != "created"
    notice = "This vehicle was here already." if known else "The vehicle is added."
    if not outcome.filtered and message:
        try:
            await inbox.link(account, message["id"], await listings.of(account.id, outcome.listing_id), me)
            notice = f"{notice} The message is in its history."
        except (NotFound, Refused):  # in this very moment
            notice = f"{notice} The message is not: somebody settled it in the same moment."
    return render.go(request, place, notice=f"{notice} {HIDDEN}" if outcome.filtered else notice)


async def edit(request: Request, listing: TheListing) -> Response:
    return _form_page(request, listing, await ad_forms.filled(listing))


async def update(request: Request, me: Me, account: TheAccount, listing: TheListing, form: TheForm) -> Response:
    ad, problems = ads.check({**ad_forms.fields(form), "external_id": listing.external_id}, account.country)
    if ad is None:
        return _form_page(request, listing, ad_forms.refuse(form, problems))
    outcome = await ads.put(account.id, await sources.slug(listing.source), ad, me.id)
    notice = f"The changes are saved. {HIDDEN}" if outcome.filtered else "The changes are saved."
    there = returning.place(request) or render.url_for("listings.show", listing_id=listing.id)
    return render.go(request, there, notice=notice)


async def _unmatched(account: Account, message: str) -> dict[str, Any] | None:
    """The message that the form was opened from, if it still belongs to nobody."""
    with suppress(ValueError, NotFound):
        found = await inbox.of(account.id, UUID(message))
        return {**found, "colleague": await inbox.colleague(account.id, found)}
    return None


def _form_page(request: Request, listing: Listing | None, form: Form) -> Response:
    title = listings.title(listing.year, listing.make, listing.model) if listing else ""
    stay = render.url_for("listings.show", listing_id=listing.id) if listing else render.url_for("listings.index")
    save = render.url_for("listings.update", listing_id=listing.id) if listing else render.url_for("listings.create")
    return render.page(
        request,
        "listings/edit.html",
        status=422 if form.errors else 200,
        form=form,
        listing={"id": listing.id, "title": title} if listing else None,
        save_url=returning.also(request, save),  # also when the form comes back with what is wrong
        stay_url=returning.place(request) or stay,
        page_title=f"Edit {title}" if listing else "Add a vehicle",
    )
