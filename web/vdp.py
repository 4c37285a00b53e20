"""How one listing is shown on its page (VDP): vehicle, seller, dealer, who looks after it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain import clock, dealerships, listings, phones, sellers, stages, users
from domain.accounts import Account
from domain.appointments import Next
from domain.listings import STAGE_LABELS, Listing
from domain.sellers import Seller
from domain.users import Permission, User
from web import appointment_pages, dealership_pages, inventory, render
from web.filters import clock_time, day, initials, miles, money


async def context(account: Account, me: User, listing: Listing, around: Mapping[str, Any]) -> dict[str, Any]:
    """All that listings/show.html shows, except the history, in two queries beside what is `around` the listing, a
    third for one that a dealership report hides: nothing can be done with it there."""
    team = await listings.team(account.id, listing.id)
    beside = await listings.beside(listing.id)
    report = await dealerships.hidden_by(account.id, listing.id) if listing.hidden else None
    can_edit = users.may(me, Permission.EDIT_LISTING) and report is None
    return {
        "hidden_by": dealership_pages.report(account, report) if report else None,
        "listing": header(
            account, listing, around["source_name"], following=any(p["id"] == me.id and p["follows"] for p in team)
        ),
        "stages": [
            {"slug": slug, "label": label, "current": slug == listing.stage} for slug, label in STAGE_LABELS.items()
        ],
        "pictures": _pictures(listing, beside.pictures),
        "vehicle_facts": _vehicle_facts(account, listing),
        "listing_facts": _listing_facts(account, listing, around["source_name"]),
        "price_history": [
            (day(row["at"], account.timezone), money(row["price"], account.currency) or "No price")
            for row in beside.prices
        ],
        "seller": _seller(sellers.of_row(around, listing.id), around),
        "dealer": _dealer(account),
        "main_user": _person(around, "main"),
        "secondary_user": _person(around, "secondary"),
        "followers": [{"name": p["name"], "initials": initials(p["name"])} for p in team if p["follows"]],
        "assignable": [{"id": p["id"], "name": p["name"]} for p in team if p["role"] in users.WRITERS],
        "main_user_id": listing.main_user,
        "secondary_user_id": listing.secondary_user,
        "can_edit": can_edit,
        "may_export": users.may(me, Permission.EXPORT),
        "may_erase": users.may(me, Permission.ERASE),
        "draft_at": around["draft_at"],
        "appointment": appointment_pages.box(around, account),
        "appraisal": appointment_pages.appraised(around, account),
        "review_count": around["review_count"],
        "around": (around["source_name"], _next(around)),
    }


def _next(around: Mapping[str, Any]) -> Next | None:
    """The planned appointment, as long as it is still to come."""
    at = around["appointment_at"]
    if at is None or at <= clock.now():
        return None
    return Next(at, around["appointment_zone"], around["appointment_place"])


def header(account: Account, listing: Listing, source: str, *, following: bool = False) -> dict[str, Any]:
    """The line on top of a listing's page, as listings/show.html takes it."""
    return {
        "id": listing.id,
        "title": listings.title(listing.year, listing.make, listing.model),
        "odometer": miles(listing.odometer, account.country),
        "posted": f"Posted {day(listing.posted_on)}" if listing.posted_on else None,
        "days_online": inventory.days_online(listing.posted_on, listing.created_at, account.timezone),
        "price": money(listing.price, account.currency),
        "price_change": inventory.price_change(listing.price, listing.previous_price, account.currency),
        "ad_url": listing.url or None,
        "source": source,
        "stage_label": stages.label(listing.stage),
        "stage_tone": inventory.STAGE_TONES.get(listing.stage, "muted"),
        "following": following,
        "description": listing.description,
    }


def _pictures(listing: Listing, pictures: Sequence[UUID]) -> list[dict[str, Any]]:
    title = listings.title(listing.year, listing.make, listing.model)
    urls = [render.url_for("pictures.show", picture_id=picture) for picture in pictures]
    return [
        {"url": url, "thumb_url": f"{url}?size=thumb", "hero_url": url, "alt": f"{title}, picture {n}"}
        for n, url in enumerate(urls, 1)
    ]


def _vehicle_facts(account: Account, listing: Listing) -> list[tuple[str, str]]:
    facts = (
        ("Year", str(listing.year or "")),
        ("Make", listing.make),
        ("Model", listing.model),
        ("Trim", listing.trim),
        ("VIN", listing.vin),
        ("Odometer", miles(listing.odometer, account.country)),
        ("Body style", listing.body_style),
        ("Exterior color", listing.color),
        ("Interior color", listing.interior_color),
        ("Engine", listing.engine),
        ("Fuel", listing.fuel),
        ("Transmission", listing.transmission),
        ("Drivetrain", listing.drivetrain),
    )
    return [(label, value) for label, value in facts if value]


def _listing_facts(account: Account, listing: Listing, source: str) -> list[tuple[str, str]]:
    facts = (
        ("Source", source),
        ("Posted", day(listing.posted_on)),
        ("Here since", day(listing.created_at, account.timezone)),
        ("Previous price", money(listing.previous_price, account.currency)),
    )
    return [(label, value) for label, value in facts if value]


def _seller(seller: Seller, around: Mapping[str, Any]) -> dict[str, Any]:
    numbers = [(field, label, getattr(seller, field)) for field, label in (("mobile", "Mobile"), ("phone", "Phone"))]
    numbers = [number for number in numbers if number[2]]
    stopped = {e164 for field, _, e164 in numbers if around[f"{field}_stopped"]}
    name = sellers.full_name(seller.first_name, seller.last_name)
    place = " ".join(part for part in (seller.state, seller.postal_code) if part)
    return {
        "id": seller.id,
        "name": name,
        "first_name": seller.first_name,
        "initials": initials(name),
        "email": seller.email,
        "address": ", ".join(part for part in (seller.street, seller.city, place) if part),
        "local_time": _local_time([e164 for _, _, e164 in numbers]),
        "chips": [{"label": "Opted out of texts", "tone": "bad", "icon": "ban"}] if stopped else [],
        "numbers": [
            {"field": field, "label": label, "e164": e164, "shown": phones.shown(e164), "note": _note(e164, stopped)}
            for field, label, e164 in numbers
        ],
    }


def _local_time(numbers: list[str]) -> str | None:
    """`2:07 PM where they are`, by the area code of the first number that has one zone."""
    zone = next((zone for number in numbers if (zone := phones.timezone(number))), "")
    return f"{clock_time(clock.now(), zone)} where they are" if zone else None


def _note(e164: str, stopped: set[str]) -> str | None:
    if e164 in stopped:
        return "Said stop"
    return None if phones.is_valid(e164) else "This number does not exist"


def _dealer(account: Account) -> dict[str, Any]:
    place = ", ".join(part for part in (account.city, account.state) if part)
    region = " ".join(part for part in (account.state, account.postal_code) if part)
    return {
        "name": account.name,
        "initials": initials(account.name),
        "place": place,
        "phone": phones.shown(account.phone) if account.phone else None,
        "address": ", ".join(part for part in (account.street, account.city, region) if part) or None,
        "website": account.website or None,
        "email": account.email or None,
    }


def _person(around: Mapping[str, Any], which: str) -> dict[str, Any] | None:
    if around[f"{which}_id"] is None:
        return None
    name = around[f"{which}_name"]
    title, active = around[f"{which}_title"], around[f"{which}_active"]
    return {"name": name, "initials": initials(name), "title": title, "active": bool(active)}
