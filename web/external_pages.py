"""How a contact made elsewhere is typed into a form, and how it stands in the history."""

import re
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, external, wall_times
from domain.accounts import Account
from domain.errors import Refused
from domain.external import Contact
from domain.external_contacts import TYPES, WAYS, Type
from domain.listings import Listing, title
from domain.users import User
from web.forms import Form
from web.render import url_for

FIELDS = ("way", "place", "direction", "type", "date", "time", "lasted", "note")
DIRECTIONS = (("out", "I contacted the seller"), ("in", "The seller contacted us"))
BY_HAND = "Sent by hand at the site. Nobody reports whether it arrived."
ICONS = {"call": "phone", "email": "mail", "form": "file-text", "visit": "users", "other": "external-link"}
_LASTED = re.compile(r"(?:(\d{1,2}):)?(\d{1,4})(?::(\d\d))?\s*(?:min|minutes|m)?\.?", re.ASCII | re.IGNORECASE)


def fresh(account: Account, way: str) -> Form:
    """The form of what happened just now."""
    form = Form({"way": way if way in WAYS else "call", "direction": "out", "type": str(Type.FOLLOW_UP)})
    return _at(form, clock.now(), account)


def filled(contact: Contact, account: Account) -> Form:
    values = {
        "way": contact.way,
        "place": contact.place,
        "direction": contact.direction,
        "type": contact.type,
        "lasted": _clock(contact.seconds) if contact.seconds else "",
        "note": contact.note,
        "revision": str(contact.revision or 0),
    }
    return _at(Form(values), contact.at, account)


def contact(form: Form, account: Account) -> Contact:
    """What was typed. Raises Refused at the field."""
    day, time = wall_times.read_day(form.value("date")), wall_times.read_time(form.value("time"))
    return Contact(
        way=form.value("way"),
        direction=form.value("direction"),
        at=wall_times.moment(day, time, account.timezone),
        type=form.value("type"),
        note=form.value("note"),
        place=form.value("place"),
        seconds=_seconds(form.value("lasted")) if form.value("way") == "call" else 0,
        revision=form.number("revision", 2**31 - 1) if form.value("revision") else None,
    )


def context(listing: Listing, form: Form, *, message: UUID | None = None) -> dict[str, Any]:
    """What external_contacts/edit.html shows; `message` is one that is changed."""
    form.values.setdefault("nonce", secrets.token_urlsafe(18))
    key = {"message_id": message} if message else {"listing_id": listing.id}
    return {
        "form": form,
        "listing": {"id": listing.id, "title": title(listing.year, listing.make, listing.model)},
        "ways": list(WAYS.items()),
        "directions": DIRECTIONS,
        "types": [(str(type_), label) for type_, label in TYPES.items()],
        "changing": message is not None,
        "save_url": url_for("external_contacts.update" if message else "external_contacts.create", **key),
        "delete_url": url_for("external_contacts.destroy", **key) if message else None,
        "back_url": url_for("listings.show", listing_id=listing.id),
    }


def entry(shown: dict[str, Any], row: dict[str, Any], me: User | None) -> dict[str, Any]:
    """An entry of the history as what it is: made elsewhere, by what way, how long, and by whom it was logged."""
    made = row["contact"] or {"type": Type.REPLY, "place": "", "seconds": 0, "created_at": row["at"]}
    may = me is not None and external.may_change(me, row["user_id"], made["created_at"])
    return {
        **shown,
        "kind": "external",
        "channel": made["place"] or WAYS.get(row["channel"], shown["channel"]),
        "channel_icon": ICONS.get(row["channel"], "message-square"),
        "badge": TYPES.get(made["type"], ""),
        "letter": None if row["origin"] == "log" else shown["letter"],
        "lasted": _told(made["seconds"]),
        "by_hand": BY_HAND if made.get("assisted") else None,
        "logged_by": row["person"] if row["direction"] == "in" else None,
        "change_url": url_for("external_contacts.edit", message_id=row["id"]) if may else None,
    }


def _at(form: Form, at: datetime, account: Account) -> Form:
    local = at.astimezone(ZoneInfo(account.timezone))
    form.values |= {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    return form


def _seconds(typed: str) -> int:
    """`4`, `4:30` or `1:05:00`: minutes, and seconds behind a colon."""
    if not typed.strip():
        return 0
    found = _LASTED.fullmatch(typed.strip())
    if found is None:
        raise Refused("Give the length of the call in minutes, such as 4 or 4:30.", field="lasted")
    first, second, third = (int(each) if each else None for each in found.groups())
    if first is None:
        return (second or 0) * 60 + (third or 0)
    if third is None:
        return first * 60 + (second or 0)
    return first * 3600 + (second or 0) * 60 + third


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _told(seconds: int) -> str | None:
    """`4 min 30 s`; nothing of what has no length."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or None
