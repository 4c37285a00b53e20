"""When a planned message leaves: a time on somebody's clock, the moment it means, and what that moment allows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain import clock, gate, quiet_hours, seller_hours, wall_times, zones
from domain.accounts import Account
from domain.errors import Refused
from domain.gate import MOST_UNANSWERED, WAITS, Decision, Refusal
from domain.quiet_hours import Rules
from domain.scenes import Scene
from domain.sellers import Seller
from domain.zones import Zones

SOONEST = timedelta(minutes=1)
FARTHEST = timedelta(days=90)
FROZEN = timedelta(seconds=10)  # before it leaves nobody changes it any more
YEARS = range(1970, 9999)  # in which every clock on earth can tell a moment; no plan is for any other
LATEST = timedelta(minutes=60)  # later than that nothing leaves by itself

OFF = "Scheduled messages are switched off for your dealership. A manager can switch them on under Dealership."
TOO_SOON = "Choose a time at least a minute from now."
TOO_FAR = "Choose a day within the next 90 days."


@dataclass(frozen=True)
class Plan:
    """When somebody wants a message to leave.

    rule   zone: when clocks in `zone` show `wall` | seller: when the seller's own clock does | moment: at `exact`
    wall   naive, to the minute
    zone   an IANA name; of rule moment the clock it is told by
    """

    rule: str
    wall: datetime
    zone: str = ""
    exact: datetime | None = None

    @classmethod
    def at(cls, moment: datetime, zone: str) -> "Plan":
        """A moment that is known to the second, told by the clocks of a zone. Raises Refused beyond the calendar."""
        try:
            exact = moment.astimezone(UTC)
            return cls("moment", exact.astimezone(zones.clock(zone)).replace(tzinfo=None), zone, exact)
        except OverflowError:
            raise Refused(TOO_FAR, field="date", code="too_far") from None


@dataclass(frozen=True)
class Departure:
    """A plan made final: the moment (UTC), and what the clock it was planned by shows then."""

    at: datetime
    zone: str
    wall: str  # 2026-11-30T09:00


def moment_for(plan: Plan, there: Zones, rules: Rules) -> Departure:
    """The moment a plan means for a seller who is `there`. Pure.

    By the seller's own clock: once it is that time wherever they may be, and inside the hours for texts. A time that a
    clock change leaves out moves to the next minute there is; of an hour that comes twice the first counts. Raises
    Refused at `zone` or `date`, there also for a day that no plan is for.
    """
    if plan.wall.year not in YEARS:
        raise Refused(TOO_FAR, field="date", code="too_far")
    wall = f"{plan.wall:%Y-%m-%dT%H:%M}"
    if plan.rule == "moment" and plan.exact is not None:
        return Departure(plan.exact, plan.zone, wall)
    day, time = plan.wall.date(), plan.wall.time()
    if plan.rule != "seller":
        return Departure(wall_times.moment(day, time, plan.zone), plan.zone, wall)
    at, zone = max((wall_times.moment(day, time, name), name) for name in there.names)
    return Departure(quiet_hours.next_allowed(at, there, rules) or at, zone, wall)


def of_each(plan: Plan, there: Zones, rules: Rules, since: datetime) -> Departure:
    """The same for one of many: by the seller's own clock a time that was over there by `since` means the day after."""
    departure = moment_for(plan, there, rules)
    if plan.rule == "seller" and departure.at <= since:
        return moment_for(replace(plan, wall=plan.wall + timedelta(days=1)), there, rules)
    return departure


async def of_seller(account: Account, seller: Seller, plan: Plan) -> Departure:
    """The moment for one seller. Raises Refused as `moment_for`, and out of bounds as `check`."""
    departure = moment_for(plan, where(account, seller), await seller_hours.rules_of(account.id))
    check(departure.at, clock.now())
    return departure


async def of(scene: Scene, plan: Plan) -> Departure:
    """The same for the seller of a scene. Raises Refused, too, where the dealership schedules nothing."""
    require(scene)
    return await of_seller(scene.account, scene.seller, plan)


def require(scene: Scene) -> None:
    """Raises Refused (`scheduling_off` or `tier`, at `date`) where the dealership schedules nothing."""
    if not scene.account.scheduled_messages:
        raise Refused(OFF, field="date", code="scheduling_off")
    if "scheduled" not in scene.features:
        raise Refused(
            "Scheduled messages are not part of your plan. Compare plans to see which one has them.", "date", "tier"
        )


def offered(scene: Scene) -> bool:
    """Whether the window asks for a date."""
    return scene.account.scheduled_messages and {"scheduled", "messaging"} <= scene.features


def check(at: datetime, now: datetime) -> None:
    """Raises Refused (`too_soon` at `time`, `too_far` at `date`) for what is not 1 minute to 90 days ahead."""
    if at < now + SOONEST:
        raise Refused(TOO_SOON, field="time", code="too_soon")
    if at > now + FARTHEST:
        raise Refused(TOO_FAR, field="date", code="too_far")


def read(day: str, time: str, zone: str, account: Account) -> Plan | None:
    """What date and time fields send; zone `seller` is the seller's own clock, an empty one the account's. None when
    nothing was chosen. Raises Refused at `date`, `time` or `zone`."""
    if not day.strip() and not time.strip():
        return None
    wanted: date = wall_times.read_day(day)
    wall = datetime.combine(wanted, wall_times.read_time(time))
    if zone == "seller":
        return Plan("seller", wall)
    return Plan("zone", wall, zone or account.timezone)


def where(account: Account, seller: Seller) -> Zones:
    """Where the seller's clock is."""
    return zones.of(account.country, seller.postal_code, [each for each in (seller.mobile, seller.phone) if each])


def against(decision: Decision) -> tuple[Refusal, ...]:
    """What stands against a message that leaves later, of the gate's word for a scheduled one: not what makes it only
    wait, nor today's share of automatic messages, which is another one then."""
    passing = set(WAITS)
    if decision.facts.unanswered < MOST_UNANSWERED:
        passing.add("frequency_cap")
    return tuple(each for each in decision.refusals if each.code not in passing)


def by_then(decision: Decision) -> Decision:
    """The gate's word on a message that leaves by itself at a later moment: today's share of automatic messages is
    another one then, and the last look counts that."""
    return gate.decide(decision.facts._replace(automatic_today=0), decision.at)


def waits_until(decision: Decision) -> datetime | None:
    """When the hours for texts begin again, where the moment it was asked for lies outside of them."""
    if any(each.code == "quiet_hours" for each in decision.refusals):
        return decision.facts.not_before
    return None


def is_late(row: Mapping[str, Any], now: datetime) -> bool:
    """Of {kind, attempts, not_before}: whether a plan was found so long after its time that only a person may send it.
    A batch under its pace is never late."""
    return (
        row["kind"] == "scheduled"
        and not row["attempts"]
        and row["not_before"] is not None
        and row["not_before"] < now - LATEST
    )


EXPIRED = gate.CODES["expired"].sentence
