"""Ads go out of sight with what is about to be sent to their seller, and how they stood before is kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain import clock, db, messages, suppressions
from domain.dealerships.matching import MOST_VALUES, holes
from domain.dealerships.tables import DealershipReport, ReportedListing
from domain.history import Event
from domain.listings import Listing, Stage
from domain.messages import WAITING

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

CODE = "dealership_reported"
REASON = "The seller was reported as a dealership."
ROWS = 200  # in one INSERT; more at once would keep the process busy


async def hide(account: UUID, found: Mapping[UUID, Collection[UUID]], user: UUID | None = None) -> set[UUID]:
    """Hides and passes ads: `found` has the reports that match each. Returns those that a report did not have yet.

    One that another standing report hid keeps what that one remembers, so that the last report taken back restores it.
    Call it in a transaction that has the turn of `listings.wait_for_turn`.
    """
    stood = await lock(list(found))
    kept = await _kept(list(found))
    rows, counts = [], dict.fromkeys((report for reports in found.values() for report in reports), 0)
    for listing, reports in found.items():
        others = kept.get(listing, {})
        before = next(iter(others.values()), stood[listing])
        for report in set(reports) - others.keys():
            rows.append(ReportedListing(report=report, listing=listing, stage=before[0], hidden=before[1]))
            counts[report] += 1
    for start in range(0, len(rows), ROWS):
        await ReportedListing.insert(*rows[start : start + ROWS])
    for report, n in counts.items():
        if n:
            more: dict[Any, Any] = {DealershipReport.listings: DealershipReport.listings + n}
            await DealershipReport.update(more).where(DealershipReport.id == report)
    news = sorted({row.listing for row in rows})
    await set_aside(news, str(Stage.PASS), hidden=True)
    await tell(account, CODE, {each: {"old": stood[each][0], "new": str(Stage.PASS)} for each in news}, user)
    await _cancel(account, news)
    return set(news)


async def lock(listings: Sequence[UUID]) -> dict[UUID, tuple[str, bool]]:
    """listing -> its stage and whether it is hidden, held until the transaction ends. In the order of their ids, as
    `history.contacted` locks them, or two could wait for each other."""
    held: dict[UUID, tuple[str, bool]] = {}
    mode = "FOR NO KEY UPDATE" if db.on_postgres() else ""
    for part in parts(sorted(listings)):
        rows = await Listing.raw(
            f"SELECT id, stage, hidden FROM listing WHERE id IN ({holes(part)}) ORDER BY id {mode}", *part
        )
        held |= {row["id"]: (row["stage"], bool(row["hidden"])) for row in rows}
    return held


async def set_aside(listings: Sequence[UUID], stage: str | None, *, hidden: bool | None) -> None:
    """Gives them a stage and hides or shows them; None leaves as it is."""
    values: dict[Any, Any] = {Listing.updated_at: clock.now()}
    if stage is not None:
        values[Listing.stage] = stage
    if hidden is not None:
        values[Listing.hidden] = hidden
    for part in parts(listings):
        await Listing.update(values).where(Listing.id.is_in(list(part)))


async def tell(account: UUID, kind: str, details: Mapping[UUID, Mapping[str, Any]], user: UUID | None) -> None:
    """A line in the history of each of these listings."""
    events = [
        Event(account=account, listing=listing, user=user, kind=kind, detail=dict(detail))
        for listing, detail in details.items()
    ]
    for start in range(0, len(events), ROWS):
        await Event.insert(*events[start : start + ROWS])


def parts(values: Sequence[UUID]) -> list[Sequence[UUID]]:
    """As many as go into one statement."""
    return [values[start : start + MOST_VALUES] for start in range(0, len(values), MOST_VALUES)]


async def _kept(listings: Sequence[UUID]) -> dict[UUID, dict[UUID, tuple[str, bool]]]:
    """listing -> report that stands -> stage and whether it was hidden before."""
    kept: dict[UUID, dict[UUID, tuple[str, bool]]] = {}
    for part in parts(listings):
        rows = await ReportedListing.raw(
            f"""SELECT h.listing, h.report, h.stage, h.hidden FROM reported_listing h
                JOIN dealership_report r ON r.id = h.report
                WHERE r.undone_at IS NULL AND h.listing IN ({holes(part)}) ORDER BY h.id""",
            *part,
        )
        for row in rows:
            kept.setdefault(row["listing"], {})[row["report"]] = (row["stage"], bool(row["hidden"]))
    return kept


async def _cancel(account: UUID, listings: Sequence[UUID]) -> None:
    """Nothing leaves for these any more: the starts under way commit first, later ones find nothing."""
    if not listings:
        return
    await suppressions.wait_for_starts(account)
    for part in parts(listings):
        rows = await Listing.raw(
            f"""SELECT DISTINCT listing FROM message WHERE listing IN ({holes(part)}) AND direction = 'out'
                AND state IN ({holes(WAITING)})""",
            *part,
            *WAITING,
        )
        for row in rows:
            await messages.cancel_for_listing(row["listing"], REASON, CODE)
