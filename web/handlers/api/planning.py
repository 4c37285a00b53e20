"""When something is to leave, as a request says it: a moment, or a time on somebody's clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain import clock, departures
from domain.accounts import Account
from domain.departures import Plan
from domain.errors import Refused
from web.handlers.api.problems import Problem
from web.handlers.api.shapes import TEXT, TIME, Schema, maybe

ASKED: dict[str, Schema] = {
    "send_at": {**maybe(TIME), "description": "When it leaves: 1 minute to 90 days ahead. Left out: at once."},
    "send_local": {
        **maybe(TEXT),
        "maxLength": 16,
        "description": "The same as a time on a clock, such as `2026-12-01T09:00`. Give this or `send_at`.",
    },
    "send_zone": {
        **maybe(TEXT),
        "maxLength": 60,
        "description": "Whose clock shows `send_local`: a time zone such as `America/Denver`, or `seller` for the "
        "clock of each seller, inside the hours for texts. Left out: the dealership’s.",
    },
}


def plan_of(body: Mapping[str, Any], account: Account, wrong: list[Problem]) -> Plan | None:
    """The plan of a request, None when it is to leave at once; what is wrong with it is added to `wrong`."""
    at, local, zone = body.get("send_at"), body.get("send_local"), body.get("send_zone")
    if at and local:
        wrong.append(Problem("send_local", "invalid", "Give send_at or send_local, not both."))
        return None
    if zone and not local:
        wrong.append(Problem("send_zone", "invalid", "Give send_local, too: the time on the clock of send_zone."))
        return None
    try:
        if local:
            return departures.read(*_day_and_time(local), zone or "", account)
        if not at:
            return None
        plan = Plan.at(datetime.fromisoformat(at), account.timezone)
        departures.check(datetime.fromisoformat(at), clock.now())
        return plan
    except Refused as refused:
        wrong.append(problem(body, refused))
        return None


def is_planned(body: Mapping[str, Any]) -> bool:
    return bool(body.get("send_at") or body.get("send_local"))


def problem(body: Mapping[str, Any], refused: Refused) -> Problem:
    """What the domain says of a plan, at the field of the request."""
    return Problem(field(body, refused.field), refused.code, refused.message)


def field(body: Mapping[str, Any], name: str) -> str:
    """The request's field for the domain's `date`, `time` and `zone`; any other as it is."""
    if name == "zone" and body.get("send_zone"):
        return "send_zone"
    if name in ("date", "time", "zone"):
        return "send_local" if body.get("send_local") else "send_at"
    return name


def _day_and_time(local: str) -> tuple[str, str]:
    day, mark, time = local.partition("T")
    if not mark:
        raise Refused("Give a day and a time, such as 2026-12-01T09:00.", field="time")
    return day, time
