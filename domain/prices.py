"""What texts cost: the price of a segment that a dealership pays its provider, as an option of the connection."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal

from domain.errors import Refused

OPTION = "price_per_segment"  # of a connection, in the account's currency; none: nobody knows
_PRICE = re.compile(r"\d{1,3}(?:\.\d{1,6})?|\.\d{1,6}", re.ASCII)


def read(typed: str) -> str:
    """The price as it is kept, `0.0085`; empty for none, and for 0. Raises Refused at `price_per_segment`."""
    typed = typed.strip().lstrip("$").strip()
    if not typed:
        return ""
    if not _PRICE.fullmatch(typed):
        raise Refused("Give the price of one segment, such as 0.0085, or leave it empty.", field=OPTION)
    price = Decimal(typed)
    return f"{price.normalize():f}" if price else ""


def of(options: str | None) -> str:
    """The price among a connection's options; empty where none is given."""
    if not options or OPTION not in options:
        return ""
    return read(str(json.loads(options).get(OPTION, "")))


def cost(options: str | None, segments: int) -> int | None:
    """What so many segments cost, in cents; None where no price is given."""
    price = of(options)
    return int((Decimal(price) * 100 * segments).to_integral_value(ROUND_HALF_UP)) if price else None
