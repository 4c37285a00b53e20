"""When a dealership's messages may reach a seller: the shipped hours, its own in their place, on the seller's clock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any
from uuid import UUID

from piccolo.columns import JSON, Text, Varchar
from piccolo.table import Table

from domain import audit, clock, db, quiet_hours, regions, wall_times, zones
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.errors import NotFound, Refused
from domain.quiet_hours import Hours, Row, Rules
from domain.text import one_line
from domain.users import Permission, User, require
from domain.zones import Zones


class QuietHoursRow(Table, db=DB, tablename="quiet_hours_row"):
    id = key()
    account = parent(Account)
    region = Varchar(6)  # US-AZ, CA-NL; US or CA; empty: the default; unique per account
    windows = JSON(default="{}")  # weekday 0 to 6 -> [from, to] in minutes of the day, or null for a day without
    reason = Text(default="")
    changed_by = parent(User, null=True, index=False)
    changed_at = made()


EVERYWHERE = ("", *regions.COUNTRIES, *regions.NAMES)  # what can have hours of its own
LONGEST_REASON = 500  # characters
KEPT_SECONDS = 30.0
EARLY_SECONDS = 2.0  # before the end, so that nothing runs out of it midway
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
    local, until = _clocks(there.names, there.region, rules, now)
    return Hour(local, there.evidence, until)


@lru_cache(maxsize=1_000)  # thousands of sellers of a moment live by a few clocks
def _clocks(names: frozenset[str], region: str, rules: Rules, now: datetime) -> tuple[str, datetime | None]:
    """What the clocks of somewhere show, and until when nobody there is written to."""
    there = Zones(names, region, "")
    local = " ".join(each.isoformat(timespec="minutes") for each in quiet_hours.local(now, there))
    if quiet_hours.allowed(now, there, rules):
        return local, None
    return local, quiet_hours.next_allowed(now, there, rules) or now + NEVER


async def rules_of(account_id: UUID) -> Rules:
    """The hours that count for an account. A change made elsewhere is seen within 30 seconds."""
    if not _left(account_id):
        return _keep(account_id, await QuietHoursRow.select().where(QuietHoursRow.account == account_id))
    return _kept[account_id][2]


def along(account_id: UUID) -> str:
    """What brings an account's hours along with another query: the column that `came` reads, with one placeholder, for
    the account; empty while they are kept."""
    if _left(account_id) > EARLY_SECONDS:
        return ""
    names = "'region', q.region, 'windows', CAST(q.windows AS text), 'reason', q.reason, 'changed_at', q.changed_at"
    made, many = ("json_build_object", "json_agg") if db.on_postgres() else ("json_object", "json_group_array")
    return f"(SELECT {many}({made}({names})) FROM quiet_hours_row q WHERE q.account = {{}})"  # noqa: S608 - fixed words


def came(account_id: UUID, column: str | None) -> None:
    """They came along."""
    rows = json.loads(column or "[]")
    _keep(
        account_id, [{**row, "changed_at": datetime.fromisoformat(row["changed_at"]).astimezone(UTC)} for row in rows]
    )


def _left(account_id: UUID) -> float:
    """How many seconds more what is kept will do."""
    kept = _kept.get(account_id)
    return max(kept[1] - monotonic(), 0.0) if kept is not None and kept[0] is db.DB else 0.0


def _keep(account_id: UUID, rows: Sequence[Mapping[str, Any]]) -> Rules:
    rules = quiet_hours.rules(dict(map(_own, rows)))
    _kept[account_id] = (db.DB, monotonic() + KEPT_SECONDS, rules)
    return rules


@dataclass(frozen=True)
class Own:
    """A dealership's own hours of a region; `row.source` says why, `by` is the name of who wrote them."""

    row: Row
    by: str
    at: datetime


async def own(account_id: UUID) -> dict[str, Own]:
    """region -> the hours that the dealership put in place of the shipped ones."""
    rows = await QuietHoursRow.raw(
        """SELECT q.region, q.windows, q.reason, q.changed_at, u.name AS by
           FROM quiet_hours_row q LEFT JOIN app_user u ON u.id = q.changed_by WHERE q.account = {}""",
        account_id,
    )
    return {region: Own(kept, row["by"] or "", row["changed_at"]) for row in rows for region, kept in [_own(row)]}


def row_of(region: str, own: Mapping[str, Row]) -> Row:
    """The row of a region: the dealership's, else the shipped one; one that has none begins with the default's hours.
    Raises NotFound for a region there is not."""
    if region not in EVERYWHERE:
        raise NotFound
    default = own.get("") or quiet_hours.DEFAULT
    return own.get(region) or (quiet_hours.ROWS.get(region, default) if region else default)


def read(begins: str, ends: str, weekday: int) -> Hours:
    """The hours of a day as typed; midnight ends a day. Raises Refused at `from_<weekday>` or `to_<weekday>`."""
    first, last = (wall_times.read_time(typed, f"{name}_{weekday}") for name, typed in (("from", begins), ("to", ends)))
    minutes = first.hour * 60 + first.minute, last.hour * 60 + last.minute or 24 * 60
    if minutes[0] >= minutes[1]:
        raise Refused("Hours end after they begin, on the same day.", field=f"to_{weekday}")
    return minutes


async def change(account: Account, user: User, region: str, row: Row, *, knowing: bool = False) -> None:
    """Puts a dealership's own hours in place of the shipped ones of a region.

    `row.source` says why; `knowing`: whoever does it has confirmed hours beyond the law's. Raises Refused without the
    right, without a reason (`reason`), for hours that leave no time (`hours`) and for wider ones that nobody confirmed
    (`knowing`); NotFound for a region there is not.
    """
    require(user, Permission.EDIT_ACCOUNT, account)
    kept = {name: each.row for name, each in (await own(account.id)).items()}
    before = row_of(region, kept)
    reason = _said(row.source)
    _leave_some_time(kept | {region: row})
    if quiet_hours.wider(row, quiet_hours.law(region)) and not knowing:
        raise Refused("These hours go beyond the shipped ones. Tick that you may text then.", "knowing", "wider")
    written = QuietHoursRow(
        account=account.id,
        region=region,
        windows=_windows(row),
        reason=reason,
        changed_by=user.id,
        changed_at=clock.now(),
    )
    columns = [QuietHoursRow.windows, QuietHoursRow.reason, QuietHoursRow.changed_by, QuietHoursRow.changed_at]
    async with db.writing():
        await QuietHoursRow.insert(written).on_conflict(
            target=(QuietHoursRow.account, QuietHoursRow.region), action="DO UPDATE", values=columns
        )
        facts = {"region": region, "windows": _windows(row), "before": _windows(before)}
        await audit.record(account.id, user.id, "quiet_hours.changed", None, reason, **facts)
    forget()


async def restore(account: Account, user: User, region: str) -> bool:
    """Back to the shipped hours of a region; False when they are there already. Raises Refused without the right, and
    where the others would leave no time; NotFound for a region there is not."""
    require(user, Permission.EDIT_ACCOUNT, account)
    if region not in EVERYWHERE:
        raise NotFound
    kept = {name: each.row for name, each in (await own(account.id)).items()}
    before = kept.pop(region, None)
    if before is None:
        return False
    _leave_some_time(kept)
    async with db.writing():
        await QuietHoursRow.delete().where((QuietHoursRow.account == account.id) & (QuietHoursRow.region == region))
        facts = {"region": region, "before": _windows(before)}
        await audit.record(account.id, user.id, "quiet_hours.restored", None, **facts)
    forget()
    return True


def forget() -> None:
    """Drops what this process remembers, so that the next question reads the table."""
    _kept.clear()


_kept: dict[UUID, tuple[object, float, Rules]] = {}


def _own(row: Mapping[str, Any]) -> tuple[str, Row]:
    windows = json.loads(row["windows"])
    hours = tuple(tuple(windows[str(day)]) if windows.get(str(day)) else None for day in range(7))
    return row["region"], Row(hours, bool(windows.get("holidays")), row["reason"], row["changed_at"].date())


def _said(reason: str) -> str:
    said = one_line(reason)
    if not said:
        raise Refused("Say why, in a few words.", field="reason")
    if len(said) > LONGEST_REASON:
        raise Refused(f"This is too long: {LONGEST_REASON} characters at most.", field="reason")
    return said


def _leave_some_time(own: Mapping[str, Row]) -> None:
    """What waits for hours that never come waits for nothing. Raises Refused."""
    rules = quiet_hours.rules(own)
    closed = [regions.name(region) for region in regions.NAMES if rules.week(region).never]
    if closed:
        where = closed[0] if len(closed) == 1 else f"{closed[0]} and {len(closed) - 1} more"
        raise Refused(f"With the other hours that hold there, no time is left at all in {where}.", field="hours")


def _windows(row: Row) -> str:
    return json.dumps({str(day): hours for day, hours in enumerate(row.hours)} | {"holidays": row.holidays})
