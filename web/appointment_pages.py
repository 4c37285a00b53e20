"""How an appointment is shown on a listing's page and in its form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain import accounts, clock, zones
from domain.accounts import Account
from domain.appointments import Agreed, Appointment
from domain.listings import Listing, title
from domain.users import User
from web.filters import clock_time, day, money
from web.forms import Form

FIELDS = ("date", "time", "zone", "place", "meets")


def box(around: Mapping[str, Any], account: Account) -> dict[str, Any] | None:
    """The planned appointment beside a listing, of `listings.surroundings`; None when there is none. One whose time is
    over waits for its result."""
    at, zone = around["appointment_at"], around["appointment_zone"]
    if at is None:
        return None
    return {
        "id": around["appointment_id"],
        "when": when(at, zone, account),
        "datetime": at.isoformat(),
        "place": around["appointment_place"],
        "meets": around["appointment_meets"],
        "over": at <= clock.now(),
    }


def appraised(around: Mapping[str, Any], account: Account) -> dict[str, Any] | None:
    """The newest appraisal of a listing: {amount, on}."""
    if around["appraised"] is None:
        return None
    return {
        "amount": money(around["appraised"], account.currency),
        "on": day(around["appraised_at"], account.timezone),
    }


def when(at: datetime, zone: str, account: Account) -> str:
    """`25 Nov 2026, 2:30 PM`, with the zone where it is another than the dealership's."""
    apart = "" if zone == account.timezone else f" ({place_of(zone)} time)"
    return f"{day(at, zone)}, {clock_time(at, zone)}{apart}"


def place_of(zone: str) -> str:
    """`America/St_Johns` as `St Johns`."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def agreed(form: Form) -> Agreed:
    return Agreed(*(form.value(name) for name in FIELDS))


def fresh(account: Account, me: User) -> Form:
    return Form({"zone": account.timezone, "meets": me.id})


def filled(appointment: Appointment) -> Form:
    local = appointment.at.astimezone(zones.clock(appointment.zone))
    return Form(
        {
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "zone": appointment.zone,
            "place": appointment.place,
            "meets": appointment.user,
            "revision": appointment.revision,
        }
    )


def context(account: Account, listing: Listing, people: list[User], form: Form) -> dict[str, Any]:
    """What appointments/new.html and appointments/edit.html show of the form."""
    known = [zone for zone in (account.timezone, form.value("zone")) if accounts.is_timezone(zone)]
    return {
        "form": form,
        "listing": {"id": listing.id, "title": title(listing.year, listing.make, listing.model)},
        "zones": [(zone, zone.replace("_", " ")) for zone in dict.fromkeys((*known, *accounts.TIMEZONES))],
        "people": [(person.id, person.name) for person in people],
    }
