"""A report is taken back: what it hid stands as before."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain import audit, clock, listings, users
from domain.db import writing
from domain.dealerships.hiding import lock, set_aside, tell
from domain.dealerships.tables import DealershipReport
from domain.listings import Listing, Stage
from domain.users import Permission, User


@dataclass(frozen=True)
class Undone:
    """How many listings came back; of those, how many kept a stage that somebody gave them meanwhile; and how many stay
    hidden, because another report still stands."""

    restored: int = 0
    kept_stage: int = 0
    still_hidden: int = 0


async def undo(account: UUID, user: User, report: UUID) -> Undone | None:
    """Gives each listing its stage back and shows it, where nobody changed that since; its identities filter no more.

    Whole or not at all. None when it was taken back before. What was cancelled stays cancelled. Raises Refused for whom
    a manager has to do it.
    """
    users.require(user, Permission.UNDO_DEALERSHIP)
    async with writing():
        await listings.wait_for_turn(account)
        this = (DealershipReport.id == report) & (DealershipReport.account == account)
        values: dict[Any, Any] = {DealershipReport.undone_at: clock.now(), DealershipReport.undone_by: user.id}
        taken = DealershipReport.update(values).where(this & DealershipReport.undone_at.is_null())
        if not await taken.returning(DealershipReport.id):
            return None
        done = await _restore(account, user, report)
        await audit.record(
            account, user.id, "dealership.undone", report, restored=done.restored, still_hidden=done.still_hidden
        )
    return done


async def _restore(account: UUID, user: User, report: UUID) -> Undone:
    rows = await Listing.raw(
        """SELECT h.listing, h.stage, h.hidden, EXISTS (
                    SELECT 1 FROM reported_listing o JOIN dealership_report r ON r.id = o.report
                    WHERE o.listing = h.listing AND r.undone_at IS NULL) AS standing
           FROM reported_listing h WHERE h.report = {}""",
        report,
    )
    back = [row for row in rows if not row["standing"]]
    now = await lock([row["listing"] for row in back])
    groups: dict[tuple[str | None, bool | None], list[UUID]] = {}
    told: dict[UUID, dict[str, Any]] = {}
    kept = 0
    for row in back:
        stage, hidden = now[row["listing"]]
        untouched = stage == Stage.PASS
        kept += not untouched
        to = (row["stage"] if untouched else None, bool(row["hidden"]) if hidden else None)
        groups.setdefault(to, []).append(row["listing"])
        told[row["listing"]] = {"old": stage, "new": row["stage"] if untouched else stage}
    for (to_stage, to_hidden), group in groups.items():
        await set_aside(group, to_stage, hidden=to_hidden)
    await tell(account, "dealership_undone", told, user.id)
    return Undone(restored=len(back), kept_stage=kept, still_hidden=len(rows) - len(back))
