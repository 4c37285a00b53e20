"""When the messages of a batch leave: now, all at one moment, or each by its seller's own clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain import accounts, clock, departures, plans, wall_times, zones
from domain.accounts import Account
from domain.batches.tables import Batch
from domain.departures import Departure, Plan
from domain.errors import Refused
from domain.quiet_hours import Rules
from domain.seller_hours import rules_of


class Timing:
    """Asked for one seller after another. Without a plan everything leaves now. What was over where a seller is when
    the batch was let go, or is by now, means the day after."""

    def __init__(self, account: Account, plan: Plan | None, rules: Rules, since: datetime) -> None:
        self._account, self._plan, self._rules, self._since = account, plan, rules, since
        self._known: dict[frozenset[str] | None, Departure] = {}

    def of(self, row: Mapping[str, Any]) -> Departure | None:
        """The moment for the seller of a row with `postal_code`, `mobile` and `phone`; None: now."""
        if self._plan is None:
            return None
        numbers = [each for each in (row["mobile"], row["phone"]) if each]
        there = zones.of(self._account.country, row["postal_code"] or "", numbers)
        where = there.names | {there.region} if self._plan.rule == "seller" else None
        found = self._known.get(where)
        if found is None:
            found = self._known[where] = departures.of_each(self._plan, there, self._rules, self._since)
        return found


async def timing(account: Account, plan: Plan | None, since: datetime | None = None) -> Timing:
    """Who knows the moments of a plan; `since` is when it was let go."""
    return Timing(account, plan, await rules_of(account.id), since or clock.now())


def plan_of(batch: Batch) -> Plan | None:
    """What a batch keeps of its plan; None: it leaves now."""
    if not batch.schedule_rule:
        return None
    wall = datetime.fromisoformat(batch.schedule_wall)
    exact: datetime | None = batch.scheduled_at if batch.schedule_rule == "moment" else None
    return Plan(batch.schedule_rule, wall, batch.schedule_zone, exact)


async def checked(account: Account, plan: Plan) -> Departure:
    """The moment a plan means by its own clock, by the dealership's where each seller's counts. Raises Refused at
    `date`, `time` or `zone`, and where the dealership schedules nothing."""
    if not account.scheduled_messages:
        raise Refused(departures.OFF, field="date", code="scheduling_off")
    await plans.require(account, "scheduled")
    if plan.rule == "zone" and not accounts.is_timezone(plan.zone):
        raise Refused(wall_times.NO_ZONE, field="zone")
    by = Plan("zone", plan.wall, account.timezone) if plan.rule == "seller" else plan
    there = zones.of(account.country, "", ())
    departure = departures.moment_for(by, there, await rules_of(account.id))
    departures.check(departure.at, clock.now())
    return departure
