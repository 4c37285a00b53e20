"""What every provider has to read: a connection's options, as JSON or text, and what is alike in answers and events."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from html import unescape
from math import isnan
from typing import Any

import phonenumbers

from domain import clock
from domain.channels.http import Answer
from domain.errors import Refused

COUNTRY = "US"  # of a number that comes without one
# Of every connection: what sending heeds, no provider itself.
PACE = {"per_minute", "per_second", "per_sender", "segments_a_day"}


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


def positive(raw: float | str, name: str, most: float = 10_000) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise Refused(f"The option {name} must be a number above 0, and {most:,.0f} at most.", field=name)
    return value


def e164(raw: object) -> str:
    """A number as E.164, or "" when it cannot be one. Merely possible numbers pass: what a provider has, it has."""
    return _number(raw) if isinstance(raw, str) else ""


@lru_cache(maxsize=1_000)  # every answer and every event names one of our few own numbers again
def _number(raw: str) -> str:
    try:
        number = phonenumbers.parse(raw, COUNTRY)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def words(answer: Answer, hidden: str) -> str:
    """What a refusal says to a person, without the `hidden` key, should it be echoed. Every usual place is tried, since
    not every provider describes the bodies of its errors."""
    said = next(filter(None, _sayings(answer.json())), "") or answer.body.decode("utf-8", "replace")
    said = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", " ", said[:5000])
    said = unescape(said).replace(hidden, "…")
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", said).strip()[:300]


def said(name: str, words: str) -> str:
    """A provider's own words as a person reads them: whose they are comes first. Empty where they say nothing."""
    return f"{name} says: {words}" if any(each.isalpha() for each in words) else ""


def _sayings(said: Any) -> Iterator[str]:
    if not isinstance(said, dict):
        return
    error = said.get("error")
    for place in (error.get("message") if isinstance(error, dict) else error, said.get("message")):
        if isinstance(place, str):
            yield place.strip()


def retry_after(value: str) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None when absent or unreadable. An hour at most."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return None if isnan(seconds) else min(max(seconds, 0.0), 3600.0)
