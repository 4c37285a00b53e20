"""How a phone number, an amount, a distance and a moment are shown to people."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain import clock, phones


def phone(e164: str | None) -> str:
    """`+15205550117` -> `+1 520 555 0117`."""
    return phones.shown(e164) if e164 else ""


def money(cents: int | None, currency: str = "USD") -> str:
    """`1450000` -> `$14,500`; cents only when there are some; `CA$` says which dollars."""
    if cents is None:
        return ""
    whole, rest = divmod(abs(cents), 100)
    sign = "−" if cents < 0 else ""
    return f"{sign}{'CA$' if currency == 'CAD' else '$'}{whole:,}" + (f".{rest:02}" if rest else "")


def miles(distance: int | None, country: str = "US") -> str:
    """`48210` -> `48,210 mi`, in Canada `48,210 km`."""
    return "" if distance is None else f"{distance:,} {'km' if country == 'CA' else 'mi'}"


def day(moment: date | datetime | None, zone: str = "UTC") -> str:
    """`12 Nov 2026`, on the calendar of the zone."""
    if moment is None:
        return ""
    if isinstance(moment, datetime):
        moment = moment.astimezone(ZoneInfo(zone)).date()
    return f"{moment.day} {moment:%b %Y}"


def clock_time(moment: datetime | None, zone: str = "UTC") -> str:
    """`3:07 PM`, by the clocks of the zone."""
    if moment is None:
        return ""
    return as_it_shows(moment.astimezone(ZoneInfo(zone)))


def as_it_shows(local: datetime) -> str:
    """`3:07 PM`, by the clock the moment was taken from."""
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


def ago(moment: datetime | None, zone: str = "UTC") -> str:
    """`just now`, `5 min ago`, `3 h ago`, `yesterday`, `4 days ago`, then the day."""
    if moment is None:
        return ""
    past = clock.now() - moment
    if past < timedelta(minutes=1):
        return "just now"
    if past < timedelta(hours=1):
        return f"{past // timedelta(minutes=1)} min ago"
    if past < timedelta(hours=24):
        return f"{past // timedelta(hours=1)} h ago"
    if past < timedelta(days=2):
        return "yesterday"
    if past < timedelta(days=14):
        return f"{past.days} days ago"
    return day(moment, zone)


def initials(name: str | None) -> str:
    """`Dana de la Cruz` -> `DC`; `?` for nobody."""
    words = [word for word in (name or "").split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


FILTERS = {
    "phone": phone,
    "money": money,
    "miles": miles,
    "day": day,
    "clock_time": clock_time,
    "ago": ago,
    "initials": initials,
}


def begun(words: str, most: int) -> str:
    """The beginning of what is too long to stand whole among others, marked so."""
    return words if len(words) <= most else f"{words[:most].rstrip()}…"
