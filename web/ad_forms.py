"""A vehicle, its listing and its seller as one form, by the names of the form's fields."""

from collections.abc import Sequence
from typing import Any

from domain import phones, sellers
from domain.errors import Refused
from domain.listings import Listing
from web.filters import money
from web.forms import Form

BY_HAND = "By hand"  # the source of what people type in themselves

OF_LISTING = (
    *("year", "make", "model", "trim", "vin", "odometer", "body_style", "interior_color", "engine", "fuel"),
    *("transmission", "drivetrain", "url", "posted_on", "description"),
)
OF_SELLER = ("first_name", "last_name", "email", "street", "city", "postal_code")
RENAMED = {"exterior_color": "color", "region": "state"}  # the form's name -> the ad's
FIELDS = (*OF_LISTING, "price", *OF_SELLER, "mobile", "phone", *RENAMED)


def fields(form: Form) -> dict[str, str]:
    """What was typed, by the ad's names."""
    return {RENAMED.get(name, name): form.value(name) for name in FIELDS}


def refuse(form: Form, problems: Sequence[Refused]) -> Form:
    """Each sentence beside its field."""
    names = {theirs: ours for ours, theirs in RENAMED.items()}
    for problem in problems:
        refused = Refused(problem.message, names.get(problem.field, problem.field), problem.code)
        form.refuse(refused, FIELDS)
    return form


async def filled(listing: Listing) -> Form:
    """The form as the listing stands, written so that it reads back unchanged."""
    seller = await sellers.of_listing(listing.id)
    values: dict[str, Any] = {name: getattr(listing, name) for name in OF_LISTING}
    values |= {name: getattr(seller, name) for name in OF_SELLER}
    values |= {"exterior_color": listing.color, "region": seller.state}
    values |= {name: phones.shown(number) for name in ("mobile", "phone") if (number := getattr(seller, name))}
    values["price"] = money(listing.price)
    return Form(values)
