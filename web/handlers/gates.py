"""Why can't I text? What the gate says of a seller now, by every channel and number, with every reason there is."""

from typing import Any

from litestar import Request, Response

from domain import known, scenes, seller_hours, users, verdicts
from domain.accounts import Account
from domain.listings import Listing
from domain.users import Permission, User
from web import gate_pages, render
from web.lookups import Me, TheAccount, TheKeptListing


async def show(
    request: Request[Any, Any, Any], me: Me, account: TheAccount, kept_listing: TheKeptListing
) -> Response[str]:
    scene = await scenes.of(account, await _sender(me, account, kept_listing), kept_listing)
    seller = scene.seller
    addresses = (seller.mobile, seller.phone, *(offer.datum for offer in scene.offers().values()))
    on_record = await known.of(kept_listing, addresses)
    context = gate_pages.context(
        scene, me, await verdicts.of(scene), on_record, await seller_hours.rules_of(account.id)
    )
    return render.page(request, "gates/show.html", **context, page_title=gate_pages.TITLE)


async def _sender(me: User, account: Account, listing: Listing) -> User:
    """Whom it is judged for: who looks; for somebody who only reads, whoever looks after the listing."""
    if users.may(me, Permission.SEND) or listing.main_user is None:
        return me
    main = await users.of(account.id, listing.main_user)
    return main if users.may(main, Permission.SEND) else me
