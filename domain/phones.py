"""Phone numbers: read what people type, keep E.164, and show it the way they write it."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from phonenumbers.timezone import time_zones_for_number

from domain.errors import Refused

COUNTRIES = {"CA": "Canada", "US": "the United States"}


def parse(raw: str, country: str, field: str = "phone") -> str:
    """What a person typed as E.164; `country` (ISO 3166, such as "US") is assumed when no country code is given.

    Spaces, punctuation, `tel:`, full-width digits and letters on the keypad (1-800-FLOWERS) are understood; an
    extension is left out, because no text reaches it. A number of the right length that no carrier has handed out is
    accepted here: whether it may be written to is for the gate. Anything else raises Refused (`phone_invalid`), which
    names the form field it was typed into.
    """
    try:
        number = phonenumbers.parse(raw, country)
    except phonenumbers.NumberParseException:
        raise _refusal(raw, country, field) from None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise _refusal(raw, country, field)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


_NORTH_AMERICAN = re.compile(r"\+1\d{10}", re.ASCII)


def is_valid(e164: str) -> bool:
    """Whether a carrier can have handed this number out, by the numbering plan of its country."""
    # In North America carriers hand out whole exchanges, so the last four digits decide nothing, and the neighbours of
    # a number that was looked up need no look: a batch of thousands asks about a few hundred exchanges.
    return _is_valid(f"{e164[:8]}0000" if _NORTH_AMERICAN.fullmatch(e164) else e164)


@lru_cache(maxsize=20_000)  # each page, the window and then the sender ask; it costs about 100 µs a number
def _is_valid(e164: str) -> bool:
    try:
        number = _read(e164)
    except phonenumbers.NumberParseException:
        return False
    # As is_valid_number() does.
    country = phonenumbers.region_code_for_number(number) or ""
    return bool(country) and phonenumbers.is_valid_number_for_region(number, country)


def _read(e164: str) -> phonenumbers.PhoneNumber:
    """As parse() does, without the half of the time in which it looks for what E.164 does not have."""
    if _NORTH_AMERICAN.fullmatch(e164) and e164[2] not in "01":
        return phonenumbers.PhoneNumber(country_code=1, national_number=int(e164[2:]))
    return phonenumbers.parse(e164)


@lru_cache(maxsize=10_000)
def is_landline(e164: str) -> bool:
    """Whether the numbering plan says that no text reaches it. In North America it says so of no number: landlines and
    mobiles share their area codes there, and only a carrier knows."""
    if _NORTH_AMERICAN.fullmatch(e164):
        return False
    try:
        return phonenumbers.number_type(phonenumbers.parse(e164)) == phonenumbers.PhoneNumberType.FIXED_LINE
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=10_000)
def country(e164: str) -> str:
    """The ISO 3166 code of the country a number belongs to; empty when it belongs to none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
    except phonenumbers.NumberParseException:
        return ""


def shown(e164: str) -> str:
    """How a person reads it, always with its country code: `+1 520 555 0117`, `+44 20 7946 0018`."""
    if e164.startswith("+1") and len(e164) == 12:
        return f"+1 {e164[2:5]} {e164[5:8]} {e164[8:]}"
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def timezone(e164: str) -> str:
    """The time zone (IANA) of the number's area code; empty when it spans several, or is not known."""
    try:
        zones = time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return ""
    return zones[0] if len(zones) == 1 and "/" in zones[0] and not zones[0].startswith("Etc/") else ""


def _refusal(raw: str, country: str, field: str) -> Refused:
    typed = " ".join("".join(char if char.isprintable() else " " for char in raw).split())
    if not typed:
        return Refused("Give a phone number.", field=field, code="phone_invalid")
    if len(typed) > 40:
        typed = typed[:40] + "…"
    if typed.removeprefix("tel:").startswith(("+", "＋")):
        message = f"“{typed}” is not a phone number. Check the country code and give every digit after it."
    elif phonenumbers.country_code_for_region(country) == 1:
        message = f"“{typed}” is not a phone number in {COUNTRIES.get(country, country)}. Give all ten digits."
    else:
        message = f"“{typed}” is not a phone number in {COUNTRIES.get(country, country)}. Give all its digits."
    return Refused(message, field=field, code="phone_invalid")
