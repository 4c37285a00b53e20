"""Contacts made elsewhere: logged, put right, taken away."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import external, listings, reviews
from domain.errors import NotFound, Refused
from domain.listings import Listing
from web import external_pages, queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheListing

AnyRequest = Request[Any, Any, Any]


async def new(request: AnyRequest, account: TheAccount, listing: TheListing, way: FromQuery[str] = "") -> Response[str]:
    return _page(request, listing, external_pages.fresh(account, way))


async def create(request: AnyRequest, me: Me, account: TheAccount, listing: TheListing, form: TheForm) -> Response[Any]:
    try:
        said = external_pages.contact(form, account)
        logged = await external.log(account, listing, me, said, nonce=form.value("nonce"))
    except Refused as refused:
        if refused.code == external.LOGGED_OTHERWISE:
            form.values.pop("nonce", None)  # pressed again, it is another contact
        return _page(request, listing, form.refuse(refused, external_pages.FIELDS))
    return await _done(request, listing.id, await _noted("It is logged.", logged))


async def edit(request: AnyRequest, me: Me, account: TheAccount, message_id: FromPath[str]) -> Response[str]:
    key = _key(message_id)
    listing, contact = await external.of(account.id, key, me)
    form = external_pages.filled(contact, account)
    return _page(request, await listings.of(account.id, listing), form, message=key)


async def update(
    request: AnyRequest, me: Me, account: TheAccount, message_id: FromPath[str], form: TheForm
) -> Response[Any]:
    key = _key(message_id)
    listing, _ = await external.of(account.id, key, me)
    try:
        await external.change(account, key, me, external_pages.contact(form, account))
    except Refused as refused:
        if refused.code == external.CHANGED:
            _, now = await external.of(account.id, key, me)
            form.values["revision"] = str(now.revision)
        form.refuse(refused, external_pages.FIELDS)
        return _page(request, await listings.of(account.id, listing), form, message=key)
    return await _done(request, listing, await _noted("The change is saved.", key))


async def destroy(request: AnyRequest, me: Me, account: TheAccount, message_id: FromPath[str]) -> Response[Any]:
    listing = await external.delete(account, _key(message_id), me)
    return await _done(request, listing, "It is taken out of the history.")


async def _noted(done: str, message: UUID) -> str:
    asks = "It may mean that they want no more messages: say so under Reviews."
    return f"{done} {asks}" if await reviews.waits(message) else done


async def _done(request: AnyRequest, listing: UUID, notice: str) -> Response[Any]:
    await queue.hint(request, [listing])
    return render.go(request, render.url_for("listings.show", listing_id=listing), notice=notice)


def _key(message_id: str) -> UUID:
    try:
        return UUID(message_id)
    except ValueError:
        raise NotFound from None


def _page(request: AnyRequest, listing: Listing, form: Form, *, message: UUID | None = None) -> Response[str]:
    return render.page(
        request,
        "external_contacts/edit.html",
        status=422 if form.errors else 200,
        **external_pages.context(listing, form, message=message),
        page_title="Change what you logged" if message else "Log communication",
    )
