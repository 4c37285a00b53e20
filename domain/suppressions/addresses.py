"""The addresses of the lists: phone numbers as E.164, email addresses in lower case, however they were typed."""

import re

from domain import ad_values, csv_files, phones
from domain.errors import Refused

CHANNELS = ("text", "email", "facebook", "kijiji", "form")
LONGEST = 254  # characters, as the columns have them


def clean(raw: str, country: str, field: str = "address") -> str:
    """What a person typed, or what stood in a cell. Raises Refused with the sentence at the field."""
    typed = csv_files.unsafe(raw.strip())
    if "@" in typed:
        return ad_values.email(typed, field)
    if not typed:
        raise Refused("Give a phone number or an email address.", field=field)
    if found := _NORTH_AMERICAN.fullmatch(typed):
        return f"+1{found[1]}{found[2]}{found[3]}"
    if _ROUNDED.fullmatch(typed):
        raise Refused(f"“{typed}” was cut short by a spreadsheet. Format its column as text and save again.", field)
    return phones.parse(typed, country, field)


def key(address: str) -> str:
    """The address as the lists keep it: of an email address the lower case."""
    return address.casefold() if "@" in address else address


def channel_of(address: str) -> str:
    """The channel an address belongs to when nobody says another."""
    return "email" if "@" in address else "text"


# As `phones.parse` reads it in the US and Canada, thirty times as fast: a list may have half a million.
_NORTH_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]?(\d{3})[ .-]?(\d{4})", re.ASCII)
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
