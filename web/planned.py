"""How a planned moment is told: by the dealership's clock, the one it was planned by, and the seller's own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import accounts, clock, departures, quiet_hours
from domain.accounts import Account
from domain.departures import FARTHEST, Departure
from domain.errors import Refused
from domain.gate import Decision
from domain.scenes import Scene
from domain.sellers import Seller
from domain.zones import clock as clock_in
from web import filters
from web.typed import Typed

FIELDS = ("date", "time", "zone")
BY_THEIRS = "The seller"


@dataclass(frozen=True)
class Look:
    """What the date and time in a window mean: a departure, or why they mean none; neither where nothing is chosen."""

    departure: Departure | None = None
    refused: Refused | None = None


async def look(scene: Scene, typed: Typed) -> Look:
    try:
        plan = departures.read(typed.date, typed.time, typed.zone, scene.account)
        return Look(await departures.of(scene, plan) if plan else None)
    except Refused as refused:
        return Look(refused=refused)


def fields(scene: Scene, typed: Typed) -> dict[str, Any] | None:
    """The fields of the window; None where the dealership schedules nothing."""
    if not departures.offered(scene):
        return None
    return {
        "date": typed.date,
        "time": typed.time,
        "zone": typed.zone or scene.account.timezone,
        "zones": zones(scene.account, typed.zone),
        "stays_on_reply": typed.stays_on_reply,
        "open": bool(typed.date or typed.time),
        **bounds(scene.account),
    }


def bounds(account: Account) -> dict[str, str]:
    """The first and the last day that can be chosen."""
    today = clock.now().astimezone(clock_in(account.timezone))
    return {"first": f"{today:%Y-%m-%d}", "last": f"{today + FARTHEST:%Y-%m-%d}"}


def zones(account: Account, chosen: str = "") -> list[tuple[str, str]]:
    """The clocks one may plan by: the dealership's, the seller's own, and those of North America."""
    named = [account.timezone, *([chosen] if chosen != "seller" and accounts.is_timezone(chosen) else [])]
    others = dict.fromkeys((*named, *accounts.TIMEZONES))
    shown = [(zone, place(zone)) for zone in others]
    return [shown[0], ("seller", BY_THEIRS), *shown[1:]]


def place(zone: str) -> str:
    """`America/St_Johns` as `St Johns`."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def when(at: datetime, zone: str) -> str:
    """`Mon 30 Nov, 9:00 AM`, with the year where it is another."""
    local = at.astimezone(clock_in(zone))
    year = f" {local.year}" if local.year != clock.now().astimezone(clock_in(zone)).year else ""
    return f"{local:%a} {local.day} {local:%b}{year}, {filters.as_it_shows(local)}"


def told(account: Account, seller: Seller, departure: Departure) -> str:
    """`Mon 30 Nov, 9:00 AM by your clock, 7:00 AM for Dana.`"""
    ours = when(departure.at, account.timezone)
    there = theirs(account, seller, departure.at)
    if there.startswith(f"{filters.as_it_shows(departure.at.astimezone(clock_in(account.timezone)))} for"):
        return f"{ours}, by your clock and {seller.first_name or 'the seller'}’s."
    return f"{ours} by your clock, {there}."


def means(scene: Scene, later: Look) -> str:
    """What stands below the fields: the moment on both clocks, or why there is none; empty where nothing is chosen."""
    if later.departure:
        return told(scene.account, scene.seller, later.departure)
    return later.refused.message if later.refused else ""


def theirs(account: Account, seller: Seller, at: datetime) -> str:
    """`7:00 AM for Dana`, with the day where it is another, and both ends where they may be in several zones."""
    shown = quiet_hours.local(at, departures.where(account, seller))
    ours = at.astimezone(clock_in(account.timezone)).date()
    times = [
        filters.as_it_shows(each) + ("" if each.date() == ours else f" on {each:%A}") for each in (shown[0], shown[-1])
    ]
    whom = seller.first_name or "the seller"
    return f"{times[0]} for {whom}" if times[0] == times[1] else f"{times[0]} to {times[1]} for {whom}"


def waits(scene: Scene, decision: Decision) -> str:
    """`It would reach Dana at 11:00 PM: it leaves at 9:00 AM the next morning.`; empty where it need not wait."""
    until = departures.waits_until(decision)
    if until is None:
        return ""
    there = departures.where(scene.account, scene.seller)
    asked, leaves = quiet_hours.local(decision.at, there)[0], quiet_hours.local(until, there)[0]
    day = f"on {leaves:%A}"
    if leaves.date() == asked.date():
        day = "that day"
    elif leaves.date() == asked.date() + timedelta(days=1) and leaves.hour < 12:
        day = "the next morning"
    whom = scene.seller.first_name or "the seller"
    return (
        f"It would reach {whom} at {filters.as_it_shows(asked)}, outside the hours for texts: "
        f"it leaves at {filters.as_it_shows(leaves)} {day}."
    )
