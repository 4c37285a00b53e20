"""Prices, odometers, dates and the other values of an ad, read the way people write them.

Each reader takes what was typed and the name of its field, and raises Refused with a sentence that quotes it.
"""

import re
from datetime import date

from domain import clock
from domain.errors import Refused

KM_PER_MILE = 1.609344
HIGHEST_PRICE = 100_000_000  # of the account's currency
HIGHEST_ODOMETER = 5_000_000
MOST_PICTURES = 60  # of one ad; further ones are left out
LONGEST_NAME = 200  # characters
LONGEST_TEXT = 50_000
FIRST_VIN_YEAR = 1981  # until then every maker had its own (49 CFR 565.1)

BLANKS = frozenset(("", "-", "--", "–", "—", ".", "?", "n/a", "na", "#n/a", "null", "none", "nil", "unknown", "tbd"))
NO_PRICE = frozenset(("call", "contact", "please contact", "call for price", "contact for price", "ask", "swap/trade"))


def line(raw: str, field: str) -> str:
    """One line of text, spaces between its words made single, control characters left out."""
    return _short(" ".join(_printable(raw).split()), field, LONGEST_NAME)


def text(raw: str, field: str) -> str:
    """Text that may have paragraphs."""
    lines = (" ".join(part.split()) for part in _printable(raw.replace("\r\n", "\n").replace("\r", "\n")).split("\n"))
    return _short(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), field, LONGEST_TEXT)


def year(raw: str, field: str = "year") -> int:
    """A model year, up to the one after next."""
    typed = line(raw, field).removesuffix(".0").removesuffix(".00")
    if re.fullmatch(r"'?\d\d", typed):
        raise Refused(f"{quoted(raw)} may be two different years. Write all four digits.", field)
    if not re.fullmatch(r"[0-9]{4}", typed) or not 1886 <= int(typed) <= clock.now().year + 2:
        raise Refused(f"{quoted(raw)} is not a model year. Write four digits, such as 2019.", field)
    return int(typed)


def price(raw: str, field: str = "price") -> int | None:
    """Cents. `$21,900`, `21.900,00 $`, `CA$ 12 500`, `21900.00` and `21.9k`; None for `call for price` and nothing."""
    typed = line(raw, field).casefold()
    if typed in BLANKS or typed.rstrip("!.") in NO_PRICE:
        return None
    if typed == "free":
        return 0
    plain = re.sub(r"^(?:asking|obo|price)|(?:obo|or best offer|firm|asking)$", "", typed.replace(":", "")).strip()
    plain = re.sub(r"^(?:us|ca|c|cdn|usd|cad)?\s*\$\s*|^(?:usd|cad)\s*|^[€£]\s*", "", plain)
    plain = re.sub(r"\s*(?:\$?\s*(?:usd|cad|us|ca|cdn)?\s*\$?|[€£])$", "", plain)
    amount = _number(plain)
    if amount is None or not 0 <= amount <= HIGHEST_PRICE:
        raise Refused(f"{quoted(raw)} is not a price. Write an amount, such as 21900 or 21,900.00.", field)
    return round(amount * 100)


def odometer(raw: str, country: str, field: str = "odometer") -> int | None:
    """The reading in miles, in Canada in kilometres; what is typed in the other unit is converted."""
    typed = line(raw, field).casefold()
    if typed in BLANKS:
        return None
    found = re.fullmatch(r"(.*?[\dk])\s*(km|kms|kilomet(?:er|re)s?|mi|mi\.|miles?)?", typed)
    amount = _number(found[1]) if found else None
    if found is None or amount is None or not 0 <= amount <= HIGHEST_ODOMETER:
        raise Refused(f"{quoted(raw)} is not an odometer reading. Write digits, such as 48210.", field)
    unit = (found[2] or "")[:1]
    if unit == "k" and country != "CA":
        amount /= KM_PER_MILE
    elif unit == "m" and country == "CA":
        amount *= KM_PER_MILE
    return round(amount)


def day(raw: str, country: str, field: str = "posted_on") -> date | None:
    """A day. Of `11/12/2026` the month comes first in the US and second elsewhere; a year of two digits is refused."""
    typed = line(raw, field)
    if typed.casefold() in BLANKS:
        return None
    typed = _TIME_BEHIND.sub("", typed)
    try:
        if found := re.fullmatch(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)|(\d{4})(\d\d)(\d\d)", typed):
            return date(*(int(part) for part in found.groups() if part))
        if found := re.fullmatch(r"(\d\d?)[-/.](\d\d?)[-/.](\d{4})", typed):
            first, second = int(found[1]), int(found[2])
            month_first = second > 12 or (country == "US" and first <= 12)
            return date(int(found[3]), *((first, second) if month_first else (second, first)))
        if found := re.fullmatch(r"(\d\d?)(?:st|nd|rd|th)?[-\s.]*([^\W\d]{3,9})[-\s.,]*(\d{4})", typed, re.IGNORECASE):
            return date(int(found[3]), _MONTHS[found[2][:3].casefold()], int(found[1]))
        if found := re.fullmatch(r"([^\W\d]{3,9})[-\s.]*(\d\d?)(?:st|nd|rd|th)?[-\s.,]+(\d{4})", typed, re.IGNORECASE):
            return date(int(found[3]), _MONTHS[found[1][:3].casefold()], int(found[2]))
    except (ValueError, KeyError):
        pass
    if re.fullmatch(r"\d\d?[-/. ](?:\d\d?|[^\W\d]{3,9})[-/. ]'?\d\d", typed):
        raise Refused(f"{quoted(raw)} may be several days. Write the year with four digits, such as 2026-11-12.", field)
    raise Refused(f"{quoted(raw)} is not a day. Write it like 2026-11-12.", field)


def vin(raw: str, model_year: int | None, field: str = "vin") -> str:
    """Seventeen signs in capitals; what makers used before 1981 is taken as it is. Empty when there is none."""
    typed = re.sub(r"[\s-]", "", line(raw, field)).upper()
    if typed.casefold() in BLANKS:
        return ""
    if re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", typed):
        return typed
    if model_year is not None and model_year < FIRST_VIN_YEAR and re.fullmatch(r"[A-Z0-9]{5,16}", typed):
        return typed
    if len(typed) != 17:
        raise Refused(f"{quoted(raw)} is not a VIN: it has {len(typed)} signs where a VIN has 17.", field)
    raise Refused(f"{quoted(raw)} is not a VIN: a VIN has digits and letters, but never I, O or Q.", field)


def email(raw: str, field: str = "email") -> str:
    """An address in lower case; empty when there is none."""
    typed = line(raw, field).casefold().removeprefix("mailto:").strip("<>")
    if typed in BLANKS:
        return ""
    if len(typed) > 254 or not _EMAIL.fullmatch(typed):
        raise Refused(f"{quoted(raw)} is not an email address. Write it like dana@example.com.", field)
    return typed


def web_address(raw: str, field: str = "url") -> str:
    """An http or https address; `www.example.com/1` gets its https. Empty when there is none."""
    typed = "".join(_printable(raw).split())
    if typed.casefold() in BLANKS:
        return ""
    if re.match(r"[\w-]+(\.[\w-]+)+(/|$)", typed):
        typed = f"https://{typed}"
    if len(typed) > 2000 or not _WEB_ADDRESS.fullmatch(typed):
        raise Refused(f"{quoted(raw)} is not a web address. It starts with https://.", field)
    return typed


def pictures(raw: str) -> tuple[str, ...]:
    """Web addresses between `|`, spaces, commas or semicolons, each once. Anything else is left out, as a count is."""
    parts = (part.strip(",;\"'[]") for part in re.split(r"[\s|]+|[,;](?=https?:)|\"\s*,\s*\"", _printable(raw)))
    return tuple(dict.fromkeys(part for part in parts if len(part) <= 2000 and _WEB_ADDRESS.fullmatch(part)))[
        :MOST_PICTURES
    ]


def quoted(raw: str) -> str:
    """A value as it stands in a sentence: one line, not too long."""
    shown = " ".join(_printable(raw).split())
    return f"“{shown[:40]}…”" if len(shown) > 40 else f"“{shown}”"


_EMAIL = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")
# Without user and password: those serve to make one site look like another.
_WEB_ADDRESS = re.compile(r"https?://(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#][^\s\\]*)?", re.I)
_TIME_BEHIND = re.compile(
    r"(?:[T ,]+\d\d?:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)?)$", re.I
)
# Controls but tab and line feed, zero widths, halves of a pair.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\ud800-\udfff]")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}


def _number(typed: str) -> float | None:
    """`21,900.50`, `21.900,50`, `120 000`, `1'250` and `48.2k`. A comma or point before three digits groups them."""
    times = 1
    if typed.endswith("k"):
        typed, times = typed[:-1].rstrip(), 1000
    typed = re.sub(r"[\s'’_]", "", typed)
    if not re.fullmatch(r"[0-9][0-9.,]*", typed):
        return None
    last = max(typed.rfind("."), typed.rfind(","))
    whole, fraction = (typed, "") if last < 0 else (typed[:last], typed[last + 1 :])
    groups_only = len(fraction) == 3 and times == 1 and len(set(typed) & set(".,")) == 1
    if last >= 0 and (groups_only or typed.count(typed[last]) > 1):
        whole, fraction = typed, ""
    groups = re.split(r"[.,]", whole)
    # Thousands, or as in 1,23,456 hundreds before the thousands.
    if len(groups) > 1 and not (len(groups[-1]) == 3 and all(2 <= len(group) <= 3 for group in groups[1:-1])):
        return None
    return float(f"{''.join(groups)}.{fraction or 0}") * times


def _printable(raw: str) -> str:
    """Without what no person sees and not every database keeps."""
    return raw if raw.isprintable() else _INVISIBLE.sub("", raw)


def _short(value: str, field: str, most: int) -> str:
    if len(value) > most:
        raise Refused(f"{quoted(value)} is too long: it has {len(value):,} characters, at most {most:,} fit.", field)
    return value
