"""Ads that come in later: those of a reported seller are kept, but out of sight."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from domain.dealerships.hiding import hide, parts
from domain.dealerships.matching import Identity, by_kind, holes
from domain.dealerships.tables import ReportedListing

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


async def filter_ads(account: UUID, sellers: Mapping[UUID, Collection[Identity]]) -> None:
    """Hides and passes those of the listings, new or changed, by whose identities (names too) a report knows them.

    Each joins the reports that match, and comes back with the last of them. One query when nothing matches. Call it in
    a transaction that has the turn of `listings.wait_for_turn`.
    """
    known = await _known(account, {identity for each in sellers.values() for identity in each})
    if not known:
        return
    found = {listing: {report for one in each for report in known.get(one, ())} for listing, each in sellers.items()}
    await hide(account, {listing: reports for listing, reports in found.items() if reports})


async def reported(account: UUID, listings: Iterable[UUID]) -> set[UUID]:
    """Those of the listings that a standing report hides. One query."""
    found: set[UUID] = set()
    for part in parts(list(listings)):
        rows = await ReportedListing.raw(
            f"""SELECT DISTINCT h.listing FROM reported_listing h JOIN dealership_report r ON r.id = h.report
                WHERE r.account = {{}} AND r.undone_at IS NULL AND h.listing IN ({holes(part)})""",
            account,
            *part,
        )
        found |= {row["listing"] for row in rows}
    return found


async def _known(account: UUID, wanted: Collection[Identity]) -> dict[Identity, set[UUID]]:
    """identity -> the standing reports that know it."""
    if not wanted:
        return {}
    asked, arguments = [], []
    for kind, values in by_kind(wanted).items():
        asked.append(
            f"""SELECT i.kind, i.value, i.report FROM reported_identity i JOIN dealership_report r ON r.id = i.report
                WHERE i.account = {{}} AND i.kind = '{kind}' AND i.value IN ({holes(values)}) AND r.undone_at IS NULL"""
        )
        arguments += [account, *values]
    known: dict[Identity, set[UUID]] = {}
    for row in await ReportedListing.raw(" UNION ALL ".join(asked), *arguments):
        known.setdefault(Identity(row["kind"], row["value"]), set()).add(row["report"])
    return known
