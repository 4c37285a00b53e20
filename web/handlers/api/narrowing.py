"""Which listings of the inventory are asked for, in the address of a list or in the body of a batch."""

from collections.abc import Mapping
from typing import Any

from domain import inventory
from domain.inventory import NOBODY, Wanted
from domain.listings import Stage
from web.handlers.api.problems import Problem
from web.handlers.api.shapes import TEXT, Schema

_YEAR: Schema = {"type": "integer", "minimum": 1886, "maximum": 2100}
_PRICE: Schema = {**TEXT, "maxLength": 40}
VIEW: Schema = {"type": "string", "enum": list(inventory.VIEWS), "default": inventory.DEFAULT_VIEW}
QUERY: dict[str, Schema] = {
    "q": {**TEXT, "maxLength": 200, "description": "Words of vehicle, VIN, seller or phone."},
    "stage": {"type": "string", "enum": [str(each) for each in Stage]},
    "source": {**TEXT, "maxLength": 60, "description": "The site of the ad, such as `craigslist`."},
    "main_user": {**TEXT, "maxLength": 40, "description": f"The id of who looks after it, or `{NOBODY}`."},
    "price_from": {**_PRICE, "description": "An amount, such as `5000`; it belongs to what is found."},
    "price_to": {**_PRICE, "description": "An amount, such as `9000`; it belongs to what is found."},
    "year_from": {**_YEAR, "description": "A model year; it belongs to what is found."},
    "year_to": {**_YEAR, "description": "A model year; it belongs to what is found."},
}


def wanted(given: Mapping[str, Any]) -> tuple[Wanted, list[Problem]]:
    """What a query or a body asks for, and what of it cannot be read."""
    typed = {name: str(given[name]) for name in ("view", *QUERY) if given.get(name) is not None}
    asked, problems = inventory.wanted(typed)
    return asked, [Problem(each.field, each.code or "invalid", each.message) for each in problems]
