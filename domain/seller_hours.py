"""When a dealership's messages may reach a seller: the shipped hours, its own in their place, on the seller's clock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from piccolo.columns import JSON, Text, Varchar
from piccolo.table import Table

from domain import audit, clock, db, quiet_hours, zones
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.quiet_hours import Row, Rules
from domain.users import Permission, User, require


class QuietHoursRow(Table, db=DB, tablename="quiet_hours_row"):
    id = key()
    account = parent(Account)
    region = Varchar(6)  # US-AZ, CA-NL; unique per account
    windows = JSON(default="{}")  # weekday 0 to 6 -> [from, to] in minutes of the day, or null for a day without
    reason = Text(default="")
    changed_by = parent(User, null=True, index=False)
    changed_at = made()


KEPT_SECONDS = 30.0
NEVER = timedelta(days=14)  # how long a message waits at most for places that no hour suits


@dataclass(frozen=True)
class Hour:
    """A seller's clock at a moment: `until` is None while they may be written to, else when that begins again."""

    local: str  # as their clocks show it, ISO 8601; several where they may be in several zones
    evidence: str
    until: datetime | None


async def at(
    account_id: UUID, country: str, postal_code: str, numbers: Sequence[str], now: datetime | None = None
) -> Hour:
    """What the hour is for a seller, by their postal code and their numbers (E.164)."""
    return hour(await rules_of(account_id), country, postal_code, numbers, now or clock.now())


def hour(rules: Rules, country: str, postal_code: str, numbers: Sequence[str], now: datetime) -> Hour:
    """The same with the rules at hand. Pure."""
    there = zones.of(country, postal_code, [number for number in numbers if number])
    local = " ".join(each.isoformat(timespec="minutes") for each in quiet_hours.local(now, there))
    if quiet_hours.allowed(now, there, rules):
        return Hour(local, there.evidence, None)
    return Hour(local, there.evidence, quiet_hours.next_allowed(now, there, rules) or now + NEVER)


async def rules_of(account_id: UUID) -> Rules:
    """The hours that count for an account. A change made elsewhere is seen within 30 seconds."""
    kept = _kept.get(account_id)
    if kept is None or kept[0] is not db.DB or monotonic() >= kept[1]:
        rows = await QuietHoursRow.select().where(QuietHoursRow.account == account_id)
        kept = _kept[account_id] = (db.DB, monotonic() + KEPT_SECONDS, quiet_hours.rules(dict(map(_own, rows))))
    return kept[2]


async def change(account: Account, user: User, region: str, row: Row) -> None:
    """Puts a dealership's own hours in place of the shipped ones of a region. Raises Refused without the right."""
    require(user, Permission.EDIT_ACCOUNT, account)
    windows = json.dumps({str(day): hours for day, hours in enumerate(row.hours)} | {"holidays": row.holidays})
    kept = QuietHoursRow(
        account=account.id,
        region=region,
        windows=windows,
        reason=row.source,
        changed_by=user.id,
        changed_at=clock.now(),
    )
    columns = [QuietHoursRow.windows, QuietHoursRow.reason, QuietHoursRow.changed_by, QuietHoursRow.changed_at]
    async with db.writing():
        await QuietHoursRow.insert(kept).on_conflict(
            target=(QuietHoursRow.account, QuietHoursRow.region), action="DO UPDATE", values=columns
        )
        await audit.record(account.id, user.id, "quiet_hours.changed", None, region=region, windows=windows)
    forget()


async def restore(account: Account, user: User, region: str) -> None:
    """Back to the shipped hours of a region. Raises Refused without the right."""
    require(user, Permission.EDIT_ACCOUNT, account)
    async with db.writing():
        await QuietHoursRow.delete().where((QuietHoursRow.account == account.id) & (QuietHoursRow.region == region))
        await audit.record(account.id, user.id, "quiet_hours.restored", None, region=region)
    forget()


def forget() -> None:
    """Drops what this process remembers, so that the next question reads the table."""
    _kept.clear()


_kept: dict[UUID, tuple[object, float, Rules]] = {}


def _own(row: Mapping[str, Any]) -> tuple[str, Row]:
    windows = json.loads(row["windows"])
    hours = tuple(tuple(windows[str(day)]) if windows.get(str(day)) else None for day in range(7))
    return row["region"], Row(hours, bool(windows.get("holidays")), row["reason"], row["changed_at"].date())
