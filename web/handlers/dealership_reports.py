"""Sellers who are dealerships: reported after a look at what that hides, listed, and taken back."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import dealerships, listings, users
from domain.accounts import Account
from domain.dealerships import Report, Undone
from domain.errors import NotFound
from domain.history import Cursor
from domain.users import Permission
from web import dealership_pages, queue, render
from web.lookups import Me, TheAccount, TheForm, TheKeptListing

AnyRequest = Request[Any, Any, Any]


async def index(request: AnyRequest, account: TheAccount, before: FromQuery[str] = "") -> Response[str]:
    page = await dealerships.page(account.id, Cursor.read(before))
    return render.page(
        request,
        "dealership_reports/index.html",
        reports=[dealership_pages.report(account, report) for report in page.reports],
        older_url=f"{render.url_for('dealership_reports.index')}?before={page.older}" if page.older else None,
        page_title="Dealership reports",
    )


async def show(
    request: AnyRequest, me: Me, account: TheAccount, report_id: FromPath[str], after: FromQuery[str] = ""
) -> Response[str]:
    report = await _found(account, report_id)
    rows, further = await dealerships.listings_of(report.id, _id(after))
    url = render.url_for("dealership_reports.show", report_id=report.id)
    return render.page(
        request,
        "dealership_reports/show.html",
        report=dealership_pages.report(account, report),
        known_by=[dealership_pages.known_by(identity) for identity in await dealerships.identities_of(report.id)],
        rows=[dealership_pages.row(account, row) for row in rows],
        first_url=url if after else None,
        next_url=f"{url}?after={further}" if further else None,
        may_undo=report.stands and users.may(me, Permission.UNDO_DEALERSHIP),
        page_title="Dealership report",
    )


async def new(
    request: AnyRequest, account: TheAccount, kept_listing: TheKeptListing, by_name: FromQuery[str] = ""
) -> Response[Any]:
    standing = await dealerships.hidden_by(account.id, kept_listing.id) if kept_listing.hidden else None
    if standing:
        return render.go(request, render.url_for("dealership_reports.show", report_id=standing.id))
    preview = await dealerships.preview(account.id, kept_listing, bool(by_name))
    return render.page(
        request,
        "dealership_reports/new.html",
        listing={"id": kept_listing.id, "title": _title(kept_listing)},
        preview=preview,
        known_by=[dealership_pages.known_by(identity) for identity in preview.identities],
        rows=[dealership_pages.row(account, row) for row in preview.listings],
        page_title="Report as dealership",
    )


async def create(
    request: AnyRequest, me: Me, account: TheAccount, kept_listing: TheKeptListing, form: TheForm
) -> Response[Any]:
    report = await dealerships.report(account.id, kept_listing, me, form.ticked("by_name"))
    await queue.hint(request, [kept_listing.id])
    told = "1 listing is" if report.listings == 1 else f"{report.listings:,} listings are"
    place = render.url_for("dealership_reports.show", report_id=report.id)
    return render.go(request, place, notice=f"Reported as a dealership: {told} hidden and passed.")


async def undo(request: AnyRequest, me: Me, account: TheAccount, report_id: FromPath[str]) -> Response[Any]:
    report = await _found(account, report_id)
    undone = await dealerships.undo(account.id, me, report.id)
    return render.go(
        request, render.url_for("dealership_reports.show", report_id=report.id), notice=_undone_words(undone)
    )


async def _found(account: Account, report_id: str) -> Report:
    key = _id(report_id)
    if key is None:
        raise NotFound
    return await dealerships.of(account.id, key)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _title(listing: listings.Listing) -> str:
    return listings.title(listing.year, listing.make, listing.model)


def _undone_words(undone: Undone | None) -> str:
    if undone is None:
        return "This report was taken back already."
    back = "1 listing is" if undone.restored == 1 else f"{undone.restored:,} listings are"
    words = [f"The report is taken back: {back} in the inventory again."]
    if undone.kept_stage:
        words.append(f"{undone.kept_stage:,} kept the stage that somebody set meanwhile.")
    if undone.still_hidden:
        words.append(f"{undone.still_hidden:,} stay hidden, because another report stands.")
    return " ".join(words)
