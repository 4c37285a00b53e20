"""Of a batch that leaves by each seller's own clock: when its first and its last one leave, and whether their hours
move it."""

from dataclasses import dataclass
from datetime import datetime

from domain import clock, departures, quiet_hours, wall_times, zones
from domain.accounts import Account
from domain.batches.tables import Batch, BatchListing
from domain.departures import Plan
from domain.seller_hours import rules_of


@dataclass(frozen=True)
class Span:
    """`opens`: the earliest time on a seller's clock (naive) that the hours moved one to, None where they move nobody;
    `as_asked`: somebody gets it at the time that was asked for; `over`: it is over where somebody is, who gets it the
    day after."""

    first: datetime
    last: datetime
    as_asked: bool
    opens: datetime | None
    over: bool = False


async def of(batch: Batch, account: Account, plan: Plan) -> Span | None:
    """None where nobody gets it. One query: a look at 10,000 sellers takes 50 ms."""
    rules = await rules_of(account.id)
    moments: dict[datetime, datetime | None] = {}  # -> what it was moved to on their clock
    over, since = False, batch.started_at or clock.now()
    for there in await _places(batch, account):
        departure = departures.of_each(plan, there, rules, since)
        at, wall = departure.at, datetime.fromisoformat(departure.wall)
        over = over or wall > plan.wall
        asked = max(wall_times.moment(wall.date(), wall.time(), name) for name in there.names)
        shown = None if at == asked else quiet_hours.local(at, there)[0].replace(tzinfo=None)
        moments[at] = min(filter(None, (shown, moments.get(at))), default=None)
    if not moments:
        return None
    opens = min(filter(None, moments.values()), default=None)
    return Span(min(moments), max(moments), None in moments.values(), opens, over)


async def _places(batch: Batch, account: Account) -> set[zones.Zones]:
    rows = await BatchListing.raw(
        """SELECT DISTINCT p.postal_code, SUBSTR(p.mobile, 1, 5) AS mobile, SUBSTR(p.phone, 1, 5) AS phone
           FROM batch_listing b LEFT JOIN seller p ON p.listing = b.listing
           WHERE b.batch = {} AND (b.channel <> '' OR b.code = '')""",  # of a number its area code says where it is
        batch.id,
    )
    return {
        zones.of(account.country, row["postal_code"] or "", [each for each in (row["mobile"], row["phone"]) if each])
        for row in rows
    }
