"""How hours for texts are shown and typed: a week in words, a region with its source, how it is there now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from domain import clock, quiet_hours, regions, seller_hours, zones
from domain.accounts import Account
from domain.errors import Refused
from domain.quiet_hours import Here, Hours, Row, Rules
from domain.seller_hours import Own
from web.filters import as_it_shows, clock_time, day
from web.forms import Form
from web.render import url_for

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DEFAULT = "default"  # what the default is called in an address
MOST_CLOCKS = 3  # that are told one by one
NO_ROW = "No rule of its own: the default and the country’s hours."


def slug(region: str) -> str:
    return region or DEFAULT


def region_of(slug: str) -> str:
    return "" if slug == DEFAULT else slug


def name(region: str) -> str:
    """`Arizona`, `United States`, `The default`."""
    return regions.name(region) or "The default"


def week(hours: Sequence[Hours | None]) -> list[tuple[str, str]]:
    """(`Mon–Sat`, `9 AM–8 PM`), (`Sun`, `noon–6 PM`): days that follow one another together."""
    found = []
    for hour, days in groupby(range(7), key=lambda number: hours[number]):
        numbers = list(days)
        found.append((_days(numbers), span(hour)))
    return found


def span(hours: Hours | None) -> str:
    """`9 AM–8 PM`, `none`."""
    return f"{_minute(hours[0])}–{_minute(hours[1])}" if hours else "none"


def there(region: str, rules: Rules, account: Account) -> dict[str, Any]:
    """How it is now for sellers of a state or province; of a country for those of whom nobody knows more."""
    now, places = clock.now(), zones.within(region)
    if region in regions.NAMES:
        return by_clocks(quiet_hours.here(now, places, rules))
    if quiet_hours.allowed(now, places, rules):
        return {"open": True, "label": "Open", "detail": ""}
    until = quiet_hours.next_allowed(now, places, rules)
    when = f"until {_day_and_time(now, until, account.timezone)}, your time" if until else "for two weeks and more"
    return {"open": False, "label": "Closed", "detail": f"Closed {when}"}


def by_clocks(heres: Sequence[Here]) -> dict[str, Any]:
    """`{open, label, detail}` of several clocks: open where texts suit all of them."""
    told = [_by_clock(here) for here in heres]
    clocks, is_open = [as_it_shows(here.local) for here in heres], all(here.open for here in heres)
    many = f"between {clocks[0]} and {clocks[-1]}" if len(clocks) > MOST_CLOCKS else " or ".join(clocks)
    label, detail = told[0], f"It is {many} there."
    if len(set(told)) > 1:
        label = "Open" if is_open else "Open in part" if any(here.open for here in heres) else "Closed"
        if len(clocks) <= MOST_CLOCKS:
            detail = "; ".join(f"{at}: {tell[0].lower()}{tell[1:]}" for at, tell in zip(clocks, told, strict=True))
    return {"open": is_open, "label": label, "detail": detail}


def row(region: str, own: Mapping[str, Own], rules: Rules, account: Account) -> dict[str, Any]:
    """A region as the table shows it: its own row, what counts together with the others, and how it is there now."""
    theirs, shipped, counts = own.get(region), _shipped(region), rules.week(region)
    kept = theirs.row if theirs else shipped
    return {
        "region": region,
        "anchor": f"region-{slug(region)}",
        "name": name(region),
        "url": url_for("quiet_hours.edit", region=slug(region)),
        "hours": week(kept.hours) if kept else [],
        "holidays": kept.holidays if kept else True,
        "counts": [] if region == "" else week(counts.hours),
        "never": counts.never,
        "no_holidays": not counts.holidays,
        "whole": "-" not in region,
        "own": theirs is not None,
        **_source(theirs, shipped, account),
        "now": there(region, rules, account) if region else None,
    }


def filled(row: Row) -> Form:
    """The form of a row as it stands."""
    values: dict[str, str] = {"holidays": "1" if row.holidays else ""}
    for number, hours in enumerate(row.hours):
        if hours is None:
            values[f"none_{number}"] = "1"
        else:
            values |= {f"from_{number}": _typed(hours[0]), f"to_{number}": _typed(hours[1])}
    return Form(values)


def typed(form: Form) -> Row | None:
    """The row of a form; None when a day of it cannot be read, with what is wrong beside each."""
    hours: list[Hours | None] = []
    for number in range(7):
        if form.ticked(f"none_{number}"):
            hours.append(None)
            continue
        try:
            hours.append(seller_hours.read(form.value(f"from_{number}"), form.value(f"to_{number}"), number))
        except Refused as refused:
            form.refuse(refused)
    if form.errors:
        return None
    return Row(tuple(hours), form.ticked("holidays"), form.value("reason"), clock.now().date())


def beyond(region: str) -> dict[str, Any]:
    """The hours a dealership should not go beyond, and who says so."""
    law = quiet_hours.law(region)
    whose = region if region in quiet_hours.ROWS else region[:2]
    return {"hours": week(law.hours), "holidays": law.holidays, "source": _sentence(law.source), "of": name(whose)}


def _source(own: Own | None, shipped: Row | None, account: Account) -> dict[str, Any]:
    if own:
        by = f", {own.by}" if own.by else ""
        return {"source": own.row.source, "seen": f"{day(own.at, account.timezone)}{by}"}
    if shipped:
        return {"source": _sentence(shipped.source), "seen": f"Looked up {day(shipped.seen)}"}
    return {"source": NO_ROW, "seen": ""}


def _shipped(region: str) -> Row | None:
    return quiet_hours.ROWS.get(region) if region else quiet_hours.DEFAULT


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _days(numbers: Sequence[int]) -> str:
    short = [DAYS[number][:3] for number in numbers]
    if len(short) == 7:
        return "Every day"
    return short[0] if len(short) == 1 else f"{short[0]}–{short[-1]}"


def _minute(minute: int) -> str:
    """`9 AM`, `9:30 PM`, `noon`, `midnight`."""
    if minute % (24 * 60) == 0:
        return "midnight"
    if minute == 12 * 60:
        return "noon"
    hour, rest = divmod(minute, 60)
    return f"{hour % 12 or 12}{f':{rest:02}' if rest else ''} {'AM' if hour < 12 else 'PM'}"


def _typed(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _by_clock(here: Here) -> str:
    """`Open until 8 PM`, `Closed until tomorrow, 9 AM`."""
    state = "Open" if here.open else "Closed"
    if here.until is None:
        return f"{state} all day" if here.open else "Closed for two weeks and more"
    return f"{state} until {_when(here.local, here.until)}"


def _when(local: datetime, then: datetime) -> str:
    days = (then.date() - local.date()).days
    at = _minute(then.hour * 60 + then.minute)
    if days == 0 or (days == 1 and at == "midnight"):
        return at
    if days == 1:
        return f"tomorrow, {at}"
    return f"{then:%A}, {at}" if days < 7 else f"{day(then.date())}, {at}"


def _day_and_time(now: datetime, then: datetime, zone: str) -> str:
    here, there = day(now, zone), day(then, zone)
    return clock_time(then, zone) if here == there else f"{there}, {clock_time(then, zone)}"
