"""Where a seller's clock is: the time zones and the state that a postal code and phone numbers speak of."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import time_zones_for_geographical_number

from domain import postal_zones
from domain.area_codes import AREA_CODES


@dataclass(frozen=True, slots=True)
class Zones:
    """Where somebody may be.

    names     every zone (IANA) they may be in, never none: a time suits them when it suits in all
    region    "US-AZ", "CA-NL"; "US" or "CA" when only the country is known or its states disagree; "" when nothing is
    evidence  what says so, for the record: "postal code 85701", "area code 520 and area code 212"
    """

    names: frozenset[str]
    region: str
    evidence: str


def of(country: str, postal_code: str, numbers: Sequence[str]) -> Zones:
    """Where a seller may be, by the postal code, then by the area codes of phone numbers (E.164).

    An area code in other zones than the postal code's adds its zones. With neither, everywhere in `country` (ISO 3166),
    the account's; everywhere in the US and Canada when that is neither of them. Answers are kept: about 1 µs.
    """
    # Of a number in North America only its area code counts: of thousands of sellers most have been asked about.
    known = [number[:5] if number[2:5] in _AREA_CODES and number.startswith("+1") else number for number in numbers]
    return _of(country.strip().upper(), postal_code, tuple(known))


@cache
def within(region: str) -> Zones:
    """Every zone of a state or province ("US-AZ"), a country ("US") or both countries ("")."""
    if region in _REGIONS:
        return Zones(_names("".join(sorted(_REGIONS[region]))), region, "")
    return replace(_everywhere(region), region=region, evidence="")


def regions() -> frozenset[str]:
    """Every state, territory and province that `of` can answer."""
    return frozenset(_REGIONS)


@cache
def clock(name: str) -> ZoneInfo:
    """The zone by the time zone database that Lotwire brings along. The operating system's may be years behind: Debian
    12 had not heard of what British Columbia, Alberta and Manitoba changed in 2026. KeyError for an unknown name."""
    try:
        with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        raise KeyError(name) from None


@lru_cache(maxsize=20_000)
def _of(country: str, postal_code: str, numbers: tuple[str, ...]) -> Zones:
    post = _by_post(postal_code)
    phones = {found.evidence: found for number in numbers if (found := _by_number(number))}
    if post:
        others = [found for found in phones.values() if not found.names & post.names]
        return Zones(_all([post, *others]), post.region, _evidence([post, *others]))
    places = list(phones.values())
    at_home = [found for found in places if found.region]
    if not at_home:  # a number from overseas tells nothing about where the car stands
        places = [_everywhere(country), *places]
    return Zones(_all(places), _common({found.region for found in places if found.region}), _evidence(places))


def _by_post(typed: str) -> Zones | None:
    code = "".join(typed.upper().split())
    if found := _ZIP.fullmatch(code):
        return _by_zip(found[1] or f"0{found[2]}")
    if not _CANADIAN.fullmatch(code):
        return None
    place = _CANADA.get(code[:3]) or _CANADA.get(code[:1])
    return place and Zones(_names(place[1]), f"CA-{place[0]}", f"postal code {code[:3]}")


def _by_zip(code: str) -> Zones | None:
    place = _PREFIXES.get(code[:3])
    if not place:
        return None
    state, letters = place
    return Zones(
        # A ZIP code nobody knew when the table was made may lie on either side of the line.
        _names(_LINES.get(code, letters)),
        f"US-{_ELSEWHERE.get(code, state)}",
        f"postal code {code}",
    )


def _by_number(number: str) -> Zones | None:
    code = number[2:5]
    if number.startswith("+1") and code in _AREA_CODES:
        region, letters = _AREA_CODES[code]
        return Zones(_names(letters), region, f"area code {code}")
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    names = frozenset(time_zones_for_geographical_number(parsed)) - {"Etc/Unknown"}
    if not names or names == _WHOLE_PLAN:  # toll-free, or younger than what phonenumbers knows
        return None
    return Zones(names, "", f"area code {code}" if parsed.country_code == 1 else f"country code {parsed.country_code}")


def _everywhere(country: str) -> Zones:
    if country in _COUNTRIES:
        return Zones(_names(_COUNTRIES[country]), country, f"country {country}")
    return Zones(_names("".join(_COUNTRIES.values())), "", "nothing known")


def _all(places: Iterable[Zones]) -> frozenset[str]:
    return frozenset().union(*(found.names for found in places))


def _evidence(places: Sequence[Zones]) -> str:
    """`postal code 85701 and area code 212`"""
    return " and ".join(found.evidence for found in places)


def _common(regions: set[str]) -> str:
    """The one region, else the one country."""
    for kept in (regions, {region[:2] for region in regions}):
        if len(kept) == 1:
            return next(iter(kept))
    return ""


# Typed as people and spreadsheets do: `02134`, `02134-1000`, and `2134` where a spreadsheet ate the nought.
_ZIP = re.compile(r"(\d{5})(?:-?\d{4})?|(\d{4})(?:-\d{4})?")
_CANADIAN = re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z](-?\d[ABCEGHJ-NPRSTV-Z]\d)?")

_COUNTRIES = {
    # Guam and Samoa are left out: each has a prefix and an area code of its own, and it is tomorrow there.
    "US": "ECMAPKUHR",
    "CA": "".join(sorted({letter for place in postal_zones.CANADA for letter in place.split()[1]})),
}
_WHOLE_PLAN = frozenset(time_zones_for_geographical_number(phonenumbers.parse("+18005550100")))


@cache
def _names(letters: str) -> frozenset[str]:
    return frozenset(postal_zones.ZONES[letter] for letter in letters)


def _places(table: dict[str, str]) -> dict[str, tuple[str, str]]:
    """`{"AZ AM": "860 865"}` as `{"860": ("AZ", "AM"), "865": ("AZ", "AM")}`"""
    places: dict[str, tuple[str, str]] = {}
    for key, codes in table.items():
        region, letters = key.split()
        places |= dict.fromkeys(_unrolled(codes), (region, letters))
    return places


def _unrolled(runs: str) -> Iterator[str]:
    """`03-05 11` as 03, 04, 05, 11"""
    for run in runs.split():
        first, _, last = run.partition("-")
        if last:
            yield from (f"{code:0{len(first)}}" for code in range(int(first), int(last) + 1))
        else:
            yield first


def _lines() -> dict[str, str]:
    lines: dict[str, str] = {}
    for prefix, runs in postal_zones.LINES.items():
        for part in runs.split(", "):
            letters, codes = part.split(" ", 1)
            lines |= dict.fromkeys((prefix + code for code in _unrolled(codes)), letters)
    return lines


_PREFIXES = _places(postal_zones.PREFIXES)
_LINES = _lines()
_ELSEWHERE = {code: state for state, codes in postal_zones.ELSEWHERE.items() for code in codes.split()}
_CANADA = _places(postal_zones.CANADA)
_AREA_CODES = _places(AREA_CODES)


def _regions() -> dict[str, set[str]]:
    """The letters of each region's zones, by its postal codes; of one that has none of its own by its area codes."""
    found: dict[str, set[str]] = {}
    on_lines = {code[:3] for code in _LINES}
    for code in {*_LINES, *_ELSEWHERE}:
        state, letters = _PREFIXES[code[:3]]
        found.setdefault(f"US-{_ELSEWHERE.get(code, state)}", set()).update(_LINES.get(code, letters))
    for prefix, (state, letters) in _PREFIXES.items():
        if prefix not in on_lines:
            found.setdefault(f"US-{state}", set()).update(letters)
    for province, letters in _CANADA.values():
        found.setdefault(f"CA-{province}", set()).update(letters)
    for region, letters in _AREA_CODES.values():
        if "-" in region:
            found.setdefault(region, set(letters))
    return found


_REGIONS = _regions()
