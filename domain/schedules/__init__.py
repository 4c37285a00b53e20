"""Messages that leave later by themselves: planned, looked at, changed, taken back, and released when it is time."""

from domain.departures import FARTHEST, FROZEN, LATEST, SOONEST, Departure, Plan, check, is_late, moment_for
from domain.schedules.changing import change, restore
from domain.schedules.deciding import cancel, opens, send_now
from domain.schedules.ending import change_plans, end_without, seller_wrote
from domain.schedules.paging import Filters, Month, Page, counts, month, page, what_it_says_now
from domain.schedules.putting import may_change
from domain.schedules.releasing import release
from domain.schedules.words import Words, reads

__all__ = [
    "FARTHEST",
    "FROZEN",
    "LATEST",
    "SOONEST",
    "Departure",
    "Filters",
    "Month",
    "Page",
    "Plan",
    "Words",
    "cancel",
    "change",
    "change_plans",
    "check",
    "counts",
    "end_without",
    "is_late",
    "may_change",
    "moment_for",
    "month",
    "opens",
    "page",
    "reads",
    "release",
    "restore",
    "seller_wrote",
    "send_now",
    "what_it_says_now",
]
