"""How the inventory table is shown: rows, views and addresses of its pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, listings, sellers, stages
from domain.accounts import Account
from domain.listings import SORTS, VIEWS, Page, Stage
from web import render, ticks
from web.filters import ago, miles, money

STAGE_TONES: dict[str, str] = {
    Stage.NOT_CONTACTED: "muted",
    Stage.CONTACTED: "accent",
    Stage.APPOINTED: "accent",
    Stage.SHOWN: "good",
    Stage.NO_SHOW: "warn",
    Stage.APPRAISED: "accent",
    Stage.ACQUIRED: "good",
    Stage.PASS: "muted",
    Stage.DNC: "bad",
}


async def context(
    account: Account,
    view: str,
    q: str,
    sort: str,
    after: str,
    before: str,
    tick: str | None = None,
    ticked: Sequence[UUID] = (),
    left: str = "",
) -> dict[str, Any]:
    """All that listings/index.html shows, in five queries, six where there is something to tick.

    `tick` says which rows are ticked: those of the `page`, `all` that match, else the `ticked` ones; None where nobody
    may. `left` is how many were, as all that matched what was shown before.
    """
    view = view if view in VIEWS else listings.DEFAULT_VIEW
    sort = sort if sort in SORTS else listings.DEFAULT_SORT
    page = await listings.inventory(account.id, view, q, sort, after, before)
    counts = await listings.counts(account.id)
    return {
        "views": [{"slug": v, "label": VIEWS[v][0], "count": f"{counts[v]:,}", "current": v == view} for v in VIEWS],
        "view": view,
        "q": q,
        "sort": sort,
        "sorts": [(slug, by.label) for slug, by in SORTS.items()],
        "rows": await rows(account, page),
        "next_url": _url(view, q, sort, tick, after=page.next),
        "previous_url": _url(view, q, sort, tick, before=page.previous),
        "total_label": _total(page, counts[view], q),
        "picking": await _picking(account, page, counts[view], view, q, sort, after, before, tick, ticked, left)
        if tick is not None
        else None,
    }


async def _picking(
    account: Account,
    page: Page,
    in_view: int,
    view: str,
    q: str,
    sort: str,
    after: str,
    before: str,
    tick: str,
    ticked: Sequence[UUID],
    left: str,
) -> dict[str, Any]:
    """The bar under the rows: what is ticked, and what may be ticked at once."""
    here = {name: value for name, value in (("after", after), ("before", before)) if value}
    shown = {"view": view, **({"q": q} if q else {}), "sort": sort, **here}
    beyond = page.next is not None or page.previous is not None
    matching = (await listings.count_matching(account.id, view, q) if q.strip() else in_view) if beyond else 0
    tick = tick if tick in ("page", "all") else ""
    here_ids = {row["id"] for row in page.rows}
    elsewhere = [each for each in ticked if each not in here_ids] if tick != "all" else []
    return {
        "ticked": {each for each in ticked if each in here_ids},
        "kept": ticks.packed(elsewhere[: ticks.MOST]),
        "elsewhere": min(len(elsewhere), ticks.MOST),
        "left": left if left.isdecimal() and len(left) < 9 and tick != "all" else "",
        "most": ticks.MOST if len(elsewhere) >= ticks.MOST else None,
        "tick": "page" if tick == "all" and not matching else tick,
        "on_page": len(page.rows),
        "matching": matching,
        **{
            name: f"{render.url_for('listings.index')}?{urlencode({**shown, 'tick': name})}" for name in ("page", "all")
        },
        "none": f"{render.url_for('listings.index')}?{urlencode(shown)}",
    }


async def rows(account: Account, page: Page) -> list[dict[str, Any]]:
    ids: list[UUID] = [row["id"] for row in page.rows]
    people = await sellers.of_listings(ids)
    pictures = await listings.first_pictures(ids)
    return [_row(account, row, people.get(row["id"], NOBODY), pictures.get(row["id"])) for row in page.rows]


NOBODY = {"first_name": "", "last_name": "", "city": "", "state": ""}


def _row(account: Account, row: dict[str, Any], seller: dict[str, Any], picture: UUID | None) -> dict[str, Any]:
    return {
        "id": row["id"],
        "url": render.url_for("listings.show", listing_id=row["id"]),
        "picture_url": f"{render.url_for('pictures.show', picture_id=picture)}?size=thumb" if picture else None,
        "title": listings.title(row["year"], row["make"], row["model"]),
        "trim": row["trim"],
        "odometer": miles(row["odometer"], account.country),
        "price": money(row["price"], account.currency),
        "price_change": price_change(row["price"], row["previous_price"], account.currency),
        "source": row["source_name"],
        "seller_name": sellers.full_name(seller["first_name"], seller["last_name"]),
        "city_state": ", ".join(part for part in (seller["city"], seller["state"]) if part),
        "stage_label": stages.label(row["stage"]),
        "stage_tone": STAGE_TONES.get(row["stage"], "muted"),
        "days_online": days_online(row["posted_on"], row["created_at"], account.timezone),
        "unread": row["waiting_since"] is not None,
        "last_contact": ago(row["last_contact_at"], account.timezone) or None,
    }


def price_change(price: int | None, previous: int | None, currency: str) -> dict[str, str] | None:
    """`↓ $500`, good for us; `↑ $500`, bad."""
    if price is None or previous is None or price == previous:
        return None
    fell = price < previous
    return {
        "label": f"{'↓' if fell else '↑'} {money(abs(price - previous), currency)}",
        "tone": "good" if fell else "bad",
    }


def days_online(posted_on: Any, created_at: datetime, zone: str) -> str:
    """`1 day`, counted on the account's calendar from the day it was posted, or the day we first saw it."""
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    days = max(0, (today - (posted_on or created_at.astimezone(ZoneInfo(zone)).date())).days)
    return "today" if days == 0 else "1 day" if days == 1 else f"{days:,} days"


def _total(page: Page, in_view: int, q: str) -> str:
    if not q.strip():
        return "1 listing" if in_view == 1 else f"{in_view:,} listings"
    n = len(page.rows)
    more = page.next is not None or page.previous is not None
    return f"{'More than ' if more else ''}{n:,} found"


def _url(view: str, q: str, sort: str, tick: str | None, **cursor: str | None) -> str | None:
    """The address of another page of the same view, of which all stay ticked that are; None without a cursor."""
    [(name, value)] = cursor.items()
    if value is None:
        return None
    shown = {"view": view, **({"q": q} if q else {}), "sort": sort, name: value}
    shown |= {"tick": tick} if tick == "all" else {}
    return f"{render.url_for('listings.index')}?{urlencode(shown)}"
