"""The lists as people read them: who is on one, since when and why, a page at a time or as a file."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, csv_files
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.suppressions.addresses import channel_of, clean, key
from domain.suppressions.putting import Kind
from domain.suppressions.tables import OptOut

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

PAGE = 50
EXPORTED = 2_500  # rows read at once
EXPORT_HEADER = ("Address", "Channel", "Reason", "Source", "Since", "Added by")


@dataclass(frozen=True)
class Listed:
    """An address on a list, or once on it.

    channel    text or email; of an opt-out the one it holds for
    source     how we know: of opt-outs seller, provider, agent, import, email; of do not contact stage, manual, import,
               report; empty for blocks
    listing    where it was decided or said, if anywhere
    added_by   the name of who put it there; empty when nobody did
    """

    id: UUID
    kind: Kind
    address: str
    channel: str
    reason: str
    source: str
    listing: UUID | None
    at: datetime
    added_by: str
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.at, self.id)


async def page(
    kind: Kind,
    account_id: UUID,
    country: str,
    q: str = "",
    *,
    lifted: bool = False,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> tuple[list[Listed], Cursor | None]:
    """The newest that stand on the list, or those that were lifted, and the cursor of the next page.

    `q` is an address however typed (then that one alone), or a part of one. One query.
    """
    where = f"s.lifted_at IS {'NOT NULL' if lifted else 'NULL'}"
    values: list[Any] = []
    if q.strip():
        condition, value = _searched(q, country)
        where, values = f"{where} AND {condition}", [value]
    if before is not None:
        where += " AND s.at <= {} AND (s.at < {} OR s.id < {})"
        values += [before.at, before.at, before.id]
    rows = await _rows(kind, account_id, where, values, "DESC", limit + 1)
    return rows[:limit], rows[limit - 1].cursor if len(rows) > limit else None


async def counts(account_id: UUID) -> dict[Kind, int]:
    """How many stand on each list."""
    [row] = await OptOut.raw(
        "SELECT "
        + ", ".join(
            f"(SELECT count(*) FROM {_TABLES[kind]} WHERE account = {{}} AND lifted_at IS NULL) AS {kind}"
            for kind in Kind
        ),
        *[account_id] * len(Kind),
    )
    return {kind: row[kind] for kind in Kind}


async def entry(kind: Kind, account_id: UUID, entry_id: UUID) -> Listed:
    """One of the account's, standing or lifted. Raises NotFound."""
    rows = await _rows(kind, account_id, "s.id = {}", [entry_id], "DESC", 1)
    if not rows:
        raise NotFound
    return rows[0]


async def of_address(account_id: UUID, address: str, *kinds: Kind) -> list[Listed]:
    """What stands on these lists for an address (E.164 or email), in their order; of opt-outs on any channel."""
    where = "s.lifted_at IS NULL AND s.address = {}"
    return [row for kind in kinds for row in await _rows(kind, account_id, where, [key(address)], "DESC", PAGE)]


async def export(kind: Kind, account_id: UUID) -> AsyncIterator[str]:
    """The whole list as CSV, the oldest first, a few thousand rows at a time. Importing it gives the same addresses."""
    yield "\ufeff" + _csv([EXPORT_HEADER])  # without the mark Excel takes it for Windows-1252
    where, values = "s.lifted_at IS NULL AND s.at <= {}", [clock.now()]  # or it might never end
    after: list[Any] = []
    while True:
        more = " AND s.at >= {} AND (s.at > {} OR s.id > {})" if after else ""
        rows = await _rows(kind, account_id, where + more, [*values, *after], "ASC", EXPORTED)
        if not rows:
            return
        yield _csv([_exported(row) for row in rows])
        after = [rows[-1].at, rows[-1].at, rows[-1].id]


def _searched(q: str, country: str) -> tuple[str, str]:
    try:
        return "s.address = {}", clean(q, country)
    except Refused:
        words = "".join(q.casefold().split())
        digits = "".join(char for char in words if char.isdigit())
        part = words if any(char.isalpha() for char in words) or "@" in words or not digits else digits
        escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return "s.address LIKE {} ESCAPE '\\'", f"%{escaped}%"


async def _rows(kind: Kind, account_id: UUID, where: str, values: list[Any], order: str, limit: int) -> list[Listed]:
    rows = await OptOut.raw(
        f"""SELECT s.id, s.address, s.at, s.lifted_at, a.name AS added_by, {_COLUMNS[kind]}
            FROM {_TABLES[kind]} s LEFT JOIN app_user a ON a.id = s.added_by {_JOINS[kind]}
            WHERE s.account = {{}} AND {where} ORDER BY s.at {order}, s.id {order} LIMIT {{}}""",
        *(account_id, *values, limit),
    )
    return [_listed(kind, row) for row in rows]


def _listed(kind: Kind, row: dict[str, Any]) -> Listed:
    texts = {name: row[name] or "" for name in ("added_by", "lifted_by")}
    return Listed(**{**row, **texts, "kind": kind, "channel": row["channel"] or channel_of(row["address"])})


_TABLES = {Kind.DNC: "do_not_contact", Kind.OPT_OUT: "opt_out", Kind.BLOCK: "block"}
_LIFTED = "l.name AS lifted_by, s.lift_reason"
_COLUMNS = {
    Kind.DNC: f"s.reason, s.source, s.listing, NULL AS channel, {_LIFTED}",
    Kind.BLOCK: f"s.reason, '' AS source, NULL AS listing, NULL AS channel, {_LIFTED}",
    Kind.OPT_OUT: "CASE WHEN s.note <> '' THEN s.note ELSE s.word END AS reason, s.source, m.listing, s.channel, "
    "s.lifted_by, '' AS lift_reason",
}
_JOINS = {
    Kind.DNC: "LEFT JOIN app_user l ON l.id = s.lifted_by",
    Kind.BLOCK: "LEFT JOIN app_user l ON l.id = s.lifted_by",
    Kind.OPT_OUT: "LEFT JOIN message m ON m.id = s.message",
}


def _exported(row: Listed) -> list[str]:
    cells = (row.address, row.channel, row.reason, row.source, f"{row.at:%Y-%m-%d %H:%M}Z", row.added_by)
    return [csv_files.safe(cell) for cell in cells]


def _csv(rows: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
