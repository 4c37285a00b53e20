"""The reports of an account, for the people who look at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns.combination import WhereRaw

from domain.db import found
from domain.dealerships.matching import Identity
from domain.dealerships.tables import DealershipReport, ReportedIdentity
from domain.errors import NotFound
from domain.history import Cursor
from domain.listings import Listing

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

PAGE = 50


@dataclass(frozen=True)
class Report:
    """A report as people see it: `listings` is how many it hid, `by` and `undone_by` are names (empty: nobody)."""

    id: UUID
    name: str
    by_name: bool
    listings: int
    at: datetime
    by: str
    undone_at: datetime | None
    undone_by: str

    @property
    def stands(self) -> bool:
        return self.undone_at is None


@dataclass(frozen=True)
class Page:
    """The newest reports first; `older` leads to those before these."""

    reports: list[Report]
    older: Cursor | None


async def page(account: UUID, before: Cursor | None = None) -> Page:
    """Fifty reports, the newest or those before a place."""
    earlier = "AND (d.at, d.id) < ({}, {})" if before else ""
    arguments: list[Any] = [account, before.at, before.id] if before else [account]
    rows = await _rows(f"d.account = {{}} {earlier} ORDER BY d.at DESC, d.id DESC LIMIT {PAGE + 1}", *arguments)
    reports = [_report(row) for row in rows[:PAGE]]
    return Page(reports, Cursor(reports[-1].at, reports[-1].id) if len(rows) > PAGE else None)


async def of(account: UUID, report: UUID) -> Report:
    """The account's report of that id. Raises NotFound."""
    rows = await _rows("d.account = {} AND d.id = {}", account, report)
    if not rows:
        raise NotFound
    return _report(rows[0])


async def hidden_by(account: UUID, listing: UUID) -> Report | None:
    """The newest standing report that hides this listing."""
    rows = await _rows(
        """d.account = {} AND d.undone_at IS NULL
           AND d.id IN (SELECT h.report FROM reported_listing h WHERE h.listing = {}) ORDER BY d.at DESC LIMIT 1""",
        account,
        listing,
    )
    return _report(rows[0]) if rows else None


async def listing(account: UUID, listing: UUID) -> Listing:
    """The account's listing, also one that a standing report hides. Raises NotFound."""
    seen = WhereRaw(
        """(listing.hidden = {} OR EXISTS (
              SELECT 1 FROM reported_listing h JOIN dealership_report r ON r.id = h.report
              WHERE h.listing = listing.id AND r.account = listing.account AND r.undone_at IS NULL))""",
        False,
    )
    row: Listing = await found(Listing.objects().get((Listing.id == listing) & (Listing.account == account) & seen))
    return row


async def identities_of(report: UUID) -> list[Identity]:
    """By what a report knows its seller: numbers, email, address, name."""
    columns = (ReportedIdentity.kind, ReportedIdentity.value)
    rows = await ReportedIdentity.select(*columns).where(ReportedIdentity.report == report)
    order = {kind: place for place, kind in enumerate(("phone", "email", "address", "name"))}
    return sorted(
        (Identity(row["kind"], row["value"]) for row in rows), key=lambda each: (order[each.kind], each.value)
    )


async def listings_of(report: UUID, after: UUID | None = None) -> tuple[list[dict[str, Any]], UUID | None]:
    """Fifty of the listings a report hid, and what to give as `after` for the next ones (None: there are no more).

    Rows are {id, year, make, model, price, stage, hidden, was, source_name, first_name, last_name}, `was` the stage
    before.
    """
    later, arguments = ("AND h.id > {}", [report, after]) if after else ("", [report])
    rows = await DealershipReport.raw(
        f"""SELECT l.id, l.year, l.make, l.model, l.price, l.stage, l.hidden, h.stage AS was, h.id AS place,
                   s.name AS source_name, p.first_name, p.last_name
            FROM reported_listing h JOIN listing l ON l.id = h.listing JOIN source s ON s.id = l.source
            LEFT JOIN seller p ON p.listing = l.id
            WHERE h.report = {{}} {later} ORDER BY h.id LIMIT {PAGE + 1}""",
        *arguments,
    )
    return rows[:PAGE], rows[PAGE - 1]["place"] if len(rows) > PAGE else None


async def _rows(where: str, *arguments: Any) -> list[dict[str, Any]]:
    return await DealershipReport.raw(
        f"""SELECT d.id, d.name, d.by_name, d.listings, d.at, d.undone_at, u.name AS by_whom, v.name AS undone_by
            FROM dealership_report d LEFT JOIN app_user u ON u.id = d.reported_by
            LEFT JOIN app_user v ON v.id = d.undone_by WHERE {where}""",
        *arguments,
    )


def _report(row: Mapping[str, Any]) -> Report:
    return Report(
        id=row["id"],
        name=row["name"],
        by_name=bool(row["by_name"]),
        listings=row["listings"],
        at=row["at"],
        by=row["by_whom"] or "",
        undone_at=row["undone_at"],
        undone_by=row["undone_by"] or "",
    )
