"""How the inventory table is shown: rows, views and addresses of its pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, inventory, listings, sellers, stages
from domain.accounts import Account
from domain.inventory import SORTS, VIEWS, Choices, Page, Wanted
from domain.listings import Stage
from web import forms, render, ticks
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

NO_PAGE = Page([], None, None)
FIELDS = ("view", "q", "stage", "source", "main_user", "price_from", "price_to", "year_from", "year_to", "sort")
ENDS = {"price_from": "Price from", "price_to": "Price to", "year_from": "Year from", "year_to": "Year to"}


def asked_of(given: Mapping[str, Any]) -> dict[str, str]:
    """What a query or a form says of which listings are shown and in which order, as it was typed."""
    return {name: forms.clean(str(given[name])) for name in FIELDS if str(given.get(name, "")).strip()}


async def context(
    account: Account,
    typed: Mapping[str, str],
    after: str,
    before: str,
    tick: str | None = None,
    ticked: Sequence[UUID] = (),
    left: str = "",
) -> dict[str, Any]:
    """All that listings/index.html shows, in six queries, seven where there is something to tick.

    `tick` says which rows are ticked: those of the `page`, `all` that match, else the `ticked` ones; None where nobody
    may. `left` is how many were, as all that matched what was shown before.
    """
    asked, problems = inventory.wanted(typed)
    sort = typed.get("sort", "") if typed.get("sort") in SORTS else inventory.DEFAULT_SORT
    shown = {**typed, "view": asked.view, "sort": sort}
    page = NO_PAGE if problems else await inventory.page(account.id, asked, sort, after, before)
    counts = await inventory.counts(account.id)
    choices = await inventory.choices(account.id)
    bare = {name: value for name, value in shown.items() if name in ("view", "q", "sort")}
    return {
        "views": [
            {"slug": v, "label": VIEWS[v][0], "count": f"{counts[v]:,}", "current": v == asked.view}
            | {"url": address({**shown, "view": v})}
            for v in VIEWS
        ],
        "view": asked.view,
        "q": asked.q,
        "sort": sort,
        "typed": shown,
        "sorts": [(slug, by.label) for slug, by in SORTS.items()],
        "stages": list(listings.STAGE_LABELS.items()),
        "sources": choices.sources,
        "people": [(inventory.NOBODY, "Nobody yet"), *choices.people],
        "narrowed": None if bare == shown else {"by": _narrowed(account, asked, choices), "whole_url": address(bare)},
        "problems": {problem.field: f"{ENDS[problem.field]}: {problem.message}" for problem in problems},
        "everywhere_url": address({"view": inventory.DEFAULT_VIEW, "q": asked.q}),
        "rows": await rows(account, page),
        "next_url": _url(shown, tick, after=page.next),
        "previous_url": _url(shown, tick, before=page.previous),
        "total_label": _total(page, counts[asked.view], asked),
        "picking": await _picking(account, page, counts[asked.view], asked, shown, after, before, tick, ticked, left)
        if tick is not None
        else None,
    }


def address(shown: Mapping[str, str], **more: str) -> str:
    """Of the inventory that shows this."""
    return f"{render.url_for('listings.index')}?{urlencode({**shown, **more})}"


def _narrowed(account: Account, asked: Wanted, choices: Choices) -> list[str]:
    """What narrows a view down, in words: `$5,000 to $9,000`, `2015 and newer`."""
    people = {inventory.NOBODY: "Nobody’s", **dict(choices.people)}
    least, most = money(asked.price_from, account.currency), money(asked.price_to, account.currency)
    since, until = asked.year_from, asked.year_to
    years = f"{since} to {until}" if since and until else f"{since} and newer" if since else f"{until} and older"
    said = [
        stages.label(asked.stage) if asked.stage in listings.STAGE_LABELS else asked.stage,
        dict(choices.sources).get(asked.source, asked.source),
        people.get(asked.main_user, "Somebody who is not here"),
        f"{least} to {most}" if least and most else f"{least} and more" if least else f"up to {most}",
        years,
    ]
    there = (asked.stage, asked.source, asked.main_user, least or most, since or until)
    return [words for words, given in zip(said, there, strict=True) if given]


async def _picking(
    account: Account,
    page: Page,
    in_view: int,
    asked: Wanted,
    typed: Mapping[str, str],
    after: str,
    before: str,
    tick: str,
    ticked: Sequence[UUID],
    left: str,
) -> dict[str, Any]:
    """The bar under the rows: what is ticked, and what may be ticked at once."""
    here = {name: value for name, value in (("after", after), ("before", before)) if value}
    shown = {**typed, **here}
    beyond = page.next is not None or page.previous is not None
    matching = 0
    if beyond:
        matching = in_view if asked.whole_view else await inventory.count_matching(account.id, asked)
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
        "page": address(shown, tick="page"),
        "all": address(shown, tick="all"),
        "none": address(shown),
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


def _total(page: Page, in_view: int, asked: Wanted) -> str:
    if asked.whole_view:
        return "1 listing" if in_view == 1 else f"{in_view:,} listings"
    n = len(page.rows)
    more = page.next is not None or page.previous is not None
    return f"{'More than ' if more else ''}{n:,} found"


def _url(shown: Mapping[str, str], tick: str | None, **cursor: str | None) -> str | None:
    """The address of another page of the same list, of which all stay ticked that are; None without a cursor."""
    [(name, value)] = cursor.items()
    if value is None:
        return None
    return address({**shown, name: value}, **({"tick": tick} if tick == "all" else {}))
