"""The inbox of messages that matched no listing: whose they are, or that they are nobody's."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import inventory, listings, plans, reviews, unmatched, users
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.inventory import Wanted
from domain.unmatched.looking import sellers_of
from domain.users import Permission, User
from web import queue, render, unmatched_pages
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheMessage

AnyRequest = Request[Any, Any, Any]

FOUND = 10  # listings of a search


async def index(request: AnyRequest, me: Me, account: TheAccount, before: FromQuery[str] = "") -> Response[str]:
    return await _list(request, me, account, before, discarded=False)


async def discarded(request: AnyRequest, me: Me, account: TheAccount, before: FromQuery[str] = "") -> Response[str]:
    return await _list(request, me, account, before, discarded=True)


async def waiting(request: AnyRequest, account: TheAccount) -> Response[str]:
    """How many wait, beside the names of this page and of the reviews in the menu."""
    count = await unmatched.count(account.id) if await plans.includes(account, "messaging") else 0
    return render.fragment(request, "unmatched/_count.html", count=count, reviews=await reviews.count(account.id))


async def show(
    request: AnyRequest, me: Me, account: TheAccount, message_id: FromPath[str], q: FromQuery[str] = ""
) -> Response[Any]:
    return await _page_or_vehicle(request, me, account, _key(message_id), q, Form())


async def link(
    request: AnyRequest, me: Me, account: TheAccount, message_id: FromPath[str], form: TheForm
) -> Response[Any]:
    key = _key(message_id)
    try:
        listing = await listings.of(account.id, _key(form.value("listing_id")))
        moved = await unmatched.link(account, key, listing, me, keep=form.ticked("keep"))
    except NotFound:
        return await _linked_before(request, account, key)
    except Refused as refused:
        return await _page_or_vehicle(request, me, account, key, "", form.refuse(refused, ()))
    await queue.hint(request, [listing.id])
    there = render.url_for("listings.show", listing_id=listing.id)
    notice = "The message is in the history." if moved == 1 else f"{moved} messages are in the history."
    return render.go(request, there, notice=notice)


async def destroy(request: AnyRequest, me: Me, message: TheMessage) -> Response[Any]:
    done = await unmatched.discard(message, me)
    notice = "The message is discarded. You can put it back for 30 days."
    return _back(request, notice if done else "The message was settled already.")


async def restore(request: AnyRequest, me: Me, message: TheMessage) -> Response[Any]:
    done = await unmatched.restore(message, me)
    return _back(request, "The message waits again." if done else "The message can no longer be put back.")


async def block(request: AnyRequest, me: Me, account: TheAccount, message: TheMessage, form: TheForm) -> Response[Any]:
    try:
        await unmatched.block(message, me, form.value("reason"))
    except NotFound:
        return await _linked_before(request, account, message.id)
    except Refused as refused:
        return await _page_or_vehicle(request, me, account, message.id, "", form.refuse(refused, ("reason",)))
    return _back(request, "The sender is blocked. What comes from there disturbs nobody.")


async def _page_or_vehicle(
    request: AnyRequest, me: User, account: Account, key: UUID, q: str, form: Form
) -> Response[Any]:
    try:
        return await _page(request, me, account, key, q, form)
    except NotFound:
        return await _linked_before(request, account, key)


async def _linked_before(request: AnyRequest, account: Account, key: UUID) -> Response[Any]:
    """To the vehicle that somebody else linked it to, for whoever still has it open. Raises NotFound."""
    listing = await unmatched.linked_to(account.id, key)
    if listing is None:
        raise NotFound
    notice = "Somebody linked this message before you. It is in the history of this vehicle."
    return render.go(request, render.url_for("listings.show", listing_id=listing), notice=notice)


def _back(request: AnyRequest, notice: str) -> Response[Any]:
    return render.go(request, render.url_for("unmatched.index"), notice=notice)


async def _list(request: AnyRequest, me: User, account: Account, before: str, *, discarded: bool) -> Response[str]:
    rows, more = await unmatched.page(account.id, Cursor.read(before), discarded=discarded)
    older = Cursor(rows[-1]["at"], rows[-1]["id"]) if more else None
    here = render.url_for("unmatched.discarded" if discarded else "unmatched.index")
    return render.page(
        request,
        "unmatched/index.html",
        rows=[unmatched_pages.row(account, row) for row in rows],
        next_url=f"{here}?before={older}" if older else None,
        discarded=discarded,
        here=here,
        first_page=not before,
        can_edit=users.may(me, Permission.SETTLE_UNMATCHED),
        page_title="Discarded messages" if discarded else "Unmatched messages",
    )


async def _page(request: AnyRequest, me: User, account: Account, key: UUID, q: str, form: Form) -> Response[str]:
    message = await unmatched.of(account.id, key)
    found, names = [], {}
    if q.strip():
        found = (await inventory.page(account.id, Wanted(q=q), limit=FOUND)).rows
        names = await sellers_of([row["id"] for row in found])
    guesses = await unmatched.suggestions(account.id, message)
    colleague = await unmatched.colleague(account.id, message)
    return render.page(
        request,
        "unmatched/show.html",
        status=422 if form.errors else 200,
        form=form,
        message=unmatched_pages.row(account, message),
        others=message["others"],
        colleague=colleague.name if colleague else None,
        guesses=[unmatched_pages.guess(each) for each in guesses],
        q=q,
        found=unmatched_pages.results(account, found, names),
        can_keep=message["channel"] in ("text", "email") and not colleague,
        can_edit=users.may(me, Permission.SETTLE_UNMATCHED),
        page_title=f"Unmatched: {unmatched_pages.shown(message)}",
    )


def _key(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise NotFound from None
