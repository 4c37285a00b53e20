"""The options of a connection, which come as JSON or as text of the command line, read by whoever needs them."""

import re
from collections.abc import Mapping
from typing import Any

from domain.errors import Refused

PACE = {"per_minute", "per_second", "segments_a_day"}  # of every connection: what sending heeds, no provider itself


def pace(options: Mapping[str, Any]) -> None:
    """That nothing but the pace is left of these options. Raises TypeError for another name, Refused for a value."""
    if unknown := options.keys() - PACE:
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}")
    for name in sorted(options):
        if not re.fullmatch(r"\d{1,6}", str(options[name]), re.ASCII):
            raise Refused(f"{name} must be a whole number, such as 90; 0 is no limit of ours.", field=name)


def pattern(raw: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(raw, re.IGNORECASE)
    except re.error:
        shown = name.replace("_", "-")
        raise Refused(f"The {shown} pattern is not a regular expression.", field=name) from None


def switch(raw: bool | str, name: str) -> bool:
    said = str(raw).strip().casefold()
    if said not in ("true", "false"):
        raise Refused(f"The option {name} is true or false.", field=name)
    return said == "true"


def positive(raw: float | str, name: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = 0.0
    if not 0 < value < 10_000:
        raise Refused(f"The option {name} must be a number above 0.", field=name)
    return value
