"""What is on record about a seller that the gate goes by: since when, by whom and why, all of it in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock
from domain.listings import Listing
from domain.suppressions.first_contacts import APART, stands

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


@dataclass(frozen=True)
class Known:
    """One thing on record.

    code      the gate's, for which it is the reason: opted_out, phone_dnc, phone_blocked, review_open, phone_landline,
              phone_untextable, dealership_reported, recent_contact
    address   which it is about; empty for a dealership report, which is about the person
    channel   of an opt-out and a review, else empty
    why       in somebody's words: what was said, a reason, the carrier's; of a first contact the vehicle
    source    of the lists: how we know, as they say it
    by        the name of who did it; empty when nobody did
    listing   where it was said or decided; of a first contact the other one
    """

    code: str
    id: UUID
    address: str
    channel: str
    why: str
    source: str
    by: str
    at: datetime
    listing: UUID | None


async def of(listing: Listing, addresses: Sequence[str]) -> list[Known]:
    """What is on record about the seller of a listing, who has these addresses: the newest first."""
    wanted = sorted({address for address in addresses if address})
    among = f"IN ({', '.join(['{}'] * len(wanted)) or 'null'})"
    branches, values = [], []
    for sql, arguments in _branches(listing, among, wanted):
        branches.append(sql)
        values += arguments
    rows: list[dict[str, Any]] = await Listing.raw(" UNION ALL ".join(branches), *values)
    found = [_known(row) for row in rows]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _branches(listing: Listing, among: str, wanted: list[str]) -> list[tuple[str, list[Any]]]:
    account = listing.account
    here: list[Any] = [account, *wanted]
    standing = f"s.account = {{}} AND s.address {among} AND s.lifted_at IS NULL"
    return [
        (
            f"""SELECT 'phone_dnc' AS code, s.id, s.address, '' AS channel, s.reason AS why, s.source,
                       a.name AS by_name, s.at, s.listing
                FROM do_not_contact s LEFT JOIN app_user a ON a.id = s.added_by WHERE {standing}""",
            here,
        ),
        (
            f"""SELECT 'opted_out', s.id, s.address, s.channel, CASE WHEN s.note <> '' THEN s.note ELSE s.word END,
                       s.source, a.name, s.at, m.listing
                FROM opt_out s LEFT JOIN app_user a ON a.id = s.added_by LEFT JOIN message m ON m.id = s.message
                WHERE {standing} AND s.channel IN ('text', 'email', 'form', 'facebook', 'kijiji')""",
            here,
        ),
        (
            f"""SELECT 'phone_blocked', s.id, s.address, '', s.reason, '', a.name, s.at, {_NOWHERE}
                FROM block s LEFT JOIN app_user a ON a.id = s.added_by WHERE {standing}""",
            here,
        ),
        (
            f"""SELECT 'review_open', s.id, s.address, s.channel, s.evidence, '', '', s.at, s.listing
                FROM review s WHERE s.account = {{}} AND s.address {among}
                  AND s.settled_at IS NULL AND s.outcome = 'review'""",
            here,
        ),
        *(
            (
                f"""SELECT 'phone_{fact}', s.id, s.address, '', s.reason, '', '', s.at, {_NOWHERE}
                    FROM number_fact s WHERE s.account = {{}} AND s.address {among} AND s.{fact}""",
                here,
            )
            for fact in ("landline", "untextable")
        ),
        (
            """SELECT 'dealership_reported', s.id, '', '', s.name, '', a.name, s.at, s.listing
               FROM reported_listing r JOIN dealership_report s ON s.id = r.report
               LEFT JOIN app_user a ON a.id = s.reported_by
               WHERE r.listing = {} AND s.account = {} AND s.undone_at IS NULL""",
            [listing.id, account],
        ),
        (
            f"""SELECT 'recent_contact', s.id, s.address, '', TRIM(l.make || ' ' || l.model), '', a.name, s.at,
                       s.listing
                FROM first_contact s JOIN listing l ON l.id = s.listing LEFT JOIN app_user a ON a.id = s."user"
                WHERE s.account = {{}} AND s.address {among} AND s.listing <> {{}} AND s.at > {{}} AND {stands("s")}""",
            [*here, listing.id, clock.now() - APART],
        ),
    ]


_NOWHERE = "CAST(NULL AS uuid)"


def _known(row: dict[str, Any]) -> Known:
    return Known(
        code=row["code"],
        id=UUID(str(row["id"])),  # SQLite hands the ids of a union back as texts
        address=row["address"],
        channel=row["channel"],
        why=row["why"] or "",
        source=row["source"],
        by=row["by_name"] or "",
        at=row["at"],
        listing=UUID(str(row["listing"])) if row["listing"] else None,
    )
