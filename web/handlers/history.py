"""The Communication History of a listing: with its page, older pages, the live part, and the stream that says when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from domain import history, renderings, sellers, users
from domain.accounts import Account
from domain.appointments import Next
from domain.history import Cursor, Page
from domain.listings import Listing, title
from domain.sellers import Seller
from domain.users import Permission, User
from web import filters, render
from web.entries import entries
from web.live import Live
from web.lookups import Me, TheAccount, TheKeptListing

AnyRequest = Request[Any, Any, Any]
Around = tuple[str, Next | None]  # the name of the source, and the next appointment

HEARTBEAT = 15.0  # seconds; also how soon a lost hint is made good
LOOK = 2.0  # seconds between looks at the database while there are no hints
LONGEST_STREAM = 900.0  # seconds; the page connects again, which also asks again who is signed in


async def history_context(
    listing: Listing, me: User, account: Account, seller: Seller, draft_at: datetime | None, around: Around
) -> dict[str, Any]:
    """What history/_latest.html shows. One query, a second where files went along."""
    return await _context(await history.page(listing.id), listing, me, account, seller, draft_at, around)


async def index(
    request: AnyRequest, account: TheAccount, me: Me, kept_listing: TheKeptListing, before: FromQuery[str] = ""
) -> Response[str]:
    """A page of older entries."""
    seller = await sellers.of_listing(kept_listing.id)
    found = await history.page(kept_listing.id, Cursor.read(before))
    context = await _context(found, kept_listing, me, account, seller)
    return render.page(request, "history/index.html", **context, newer_url=None)


async def latest(
    request: AnyRequest,
    account: TheAccount,
    me: Me,
    kept_listing: TheKeptListing,
    first: Annotated[str, QueryParameter(name="from")] = "",
) -> Response[str]:
    """Everything from the oldest entry an open page shows."""
    seller = await sellers.of_listing(kept_listing.id)
    cursor = Cursor.read(first)
    found = await history.since(kept_listing.id, cursor) if cursor else await history.page(kept_listing.id)
    context = await _context(found, kept_listing, me, account, seller)
    return render.fragment(request, "history/_latest.html", **context)


async def stream(request: AnyRequest, kept_listing: TheKeptListing) -> ServerSentEvent:
    """`history-changed` whenever there is something new; once at the start, so that nothing is missed in between."""
    return ServerSentEvent(_changes(request.app.state.live, kept_listing))


async def _changes(live: Live, listing: Listing) -> AsyncIterator[ServerSentEventMessage]:
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST_STREAM
    async with live.pages(listing.id) as changed:
        stamp = await history.stamp(listing.id)
        yield ServerSentEventMessage(event="history-changed", data=stamp, retry=1000)
        while loop.time() < until and not live.closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT if live.connected else LOOK):
                    await changed.wait()
            hinted = changed.is_set()
            changed.clear()
            if live.closing.is_set():
                return
            newer = await history.stamp(listing.id)
            if newer != stamp:
                stamp = newer
                yield ServerSentEventMessage(event="history-changed", data=stamp)
            elif not hinted:
                yield ServerSentEventMessage(comment="still here")


async def _context(
    found: Page,
    listing: Listing,
    me: User,
    account: Account,
    seller: Seller,
    draft_at: datetime | None = None,
    around: Around | None = None,
) -> dict[str, Any]:
    name = sellers.full_name(seller.first_name, seller.last_name)
    for row in found.rows:
        # It has not left: as it would read now.
        if row["what"] == "message" and not row["body"] and renderings.is_open(row):
            around = around or await renderings.around(listing.id)
            letter = renderings.on_page(row, account, listing, seller, *around)
            row |= {"body": letter.body, "subject": letter.subject}
    made = entries(found.rows, account, name, me)
    # What a provider tells late may be older than the oldest entry here; only where earlier ones are left out it waits.
    oldest = found.first if found.older else history.BEGINNING
    earlier_url = None
    if found.older:
        earlier_url = f"{render.url_for('history.index', listing_id=listing.id)}?before={found.older}"
    return {
        "listing": {"id": listing.id, "title": title(listing.year, listing.make, listing.model)},
        "seller": {"first_name": seller.first_name, "name": name, "initials": filters.initials(name)},
        "entries": made,
        "latest_url": f"{render.url_for('history.latest', listing_id=listing.id)}?from={oldest}",
        "earlier_url": earlier_url,
        "unresponded": sum(1 for entry in made if entry.get("unresponded")),
        "can_edit": users.may(me, Permission.SEND),
        "dock": {
            "label": f"Message {seller.first_name or 'the seller'}",
            "draft": filters.clock_time(draft_at, account.timezone) or None,
        },
    }
