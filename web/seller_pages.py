"""How a person is shown before their file is exported or they are erased: name, addresses, listings."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain import sellers
from domain.accounts import Account
from domain.dealerships import Identity
from domain.same_seller import Person
from domain.seller_files import Earlier
from web import dealership_pages
from web.filters import clock_time, day, phone


def name(listings: Sequence[Mapping[str, Any]]) -> str:
    """What the seller of the first listing is called; empty when nobody knows."""
    return sellers.full_name(listings[0]["first_name"] or "", listings[0]["last_name"] or "") if listings else ""


def known_by(person: Person) -> list[dict[str, str]]:
    """Their own addresses, as dealership_reports/_known_by.html takes them."""
    return [
        dealership_pages.known_by(Identity("email" if "@" in each else "phone", each)) for each in sorted(person.own)
    ]


def shared(person: Person) -> str:
    """The addresses that other people's listings have, too; empty when there are none."""
    return ", ".join(phone(each) if each.startswith("+") else each for each in person.shared)


def earlier(export: Earlier, account: Account) -> dict[str, Any]:
    """An export as the page lists it."""
    return {
        "at": f"{day(export.at, account.timezone)}, {clock_time(export.at, account.timezone)}",
        "datetime": export.at.isoformat(),
        "by": export.by,
        "size": export.size,
        "sha256": export.sha256,
    }
