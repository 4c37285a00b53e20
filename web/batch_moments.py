"""When a planned batch leaves, told by the clock it was planned by and by the dealership's."""

from datetime import datetime

from domain import clock
from domain.accounts import Account
from domain.batches import spans, timing
from domain.batches.tables import Batch
from domain.departures import Plan
from web import filters, planned


async def later(batch: Batch, account: Account) -> str:
    """`Mon 30 Nov, 9:00 AM by your clock`, with the clock it was planned by; by each seller's from when to when. Empty
    when it leaves now. One query where each seller's clock counts."""
    plan = timing.plan_of(batch)
    if plan is None or batch.scheduled_at is None:
        return ""
    if plan.rule == "seller":
        return await _by_each(batch, account, plan)
    ours = planned.when(batch.scheduled_at, account.timezone)
    if not plan.zone or plan.zone == account.timezone:
        return f"{ours} by your clock"
    there = planned.when(batch.scheduled_at, plan.zone)
    day, _, time = there.rpartition(", ")
    return f"{ours} by your clock, {time if ours.startswith(day) else there} in {planned.place(plan.zone)}"


async def _by_each(batch: Batch, account: Account, plan: Plan) -> str:
    asked, span = filters.as_it_shows(plan.wall), await spans.of(batch, account, plan)
    if span is None:
        return f"{_day(plan.wall)}, {asked} by each seller’s own clock"
    if span.opens is None:
        said = f"{_day(plan.wall)}, {asked} by each seller’s own clock"
    elif span.as_asked:
        opens = filters.as_it_shows(span.opens)
        said = f"{_day(plan.wall)}, {asked} by each seller’s own clock, from {opens} on where that is outside the hours"
    else:
        opens = filters.as_it_shows(span.opens)
        said = f"{_day(span.opens)}, from {opens} on by each seller’s own clock: {asked} is outside the hours"
    if span.over:
        said += ", the day after where that is over"
    first, last = planned.when(span.first, account.timezone), planned.when(span.last, account.timezone)
    return f"{said}. By your clock {first}" if first == last else f"{said}. By your clock from {first} to {last}"


def _day(wall: datetime) -> str:
    year = "" if wall.year == clock.now().year else f" {wall.year}"
    return f"{wall:%a} {wall.day} {wall:%b}{year}"
