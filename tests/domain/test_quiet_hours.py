from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from domain import quiet_hours, zones
from domain.errors import Refused
from domain.quiet_hours import ROWS, Hours, Row
from domain.zones import Zones

RULES = quiet_hours.rules()
MINUTE = timedelta(minutes=1)
EPOCH = datetime(2019, 12, 1, tzinfo=UTC)  # the first Sunday before it all begins
DAYS = 16 * 366 + 60
FIRST, LAST = 31 * 1440, (16 * 365 + 35) * 1440  # minutes after EPOCH: 2020 to 2035

# What may be sent, spelt out here once more: minutes of Monday to Sunday.
USUAL = ((540, 1200),) * 6 + ((720, 1080),)
BY_REGION: dict[str, Sequence[Hours | None]] = {
    "US-AZ": USUAL,
    "US-FL": USUAL,
    "US-TX": USUAL,
    "US-CT": USUAL,
    "US-MS": (*USUAL[:6], None),
    "US-KY": ((600, 1200),) * 6 + ((720, 1080),),
    "US-RI": ((540, 1080),) * 5 + ((600, 1020), None),
    "CA": ((540, 1200),) * 5 + ((600, 1080), (720, 1080)),
    "CA-NL": ((540, 1200),) * 5 + ((600, 1080), (720, 1080)),
}
# Hours that begin, end and lie where clocks are set; nobody has them, but an account may write any.
AT_NIGHT: Sequence[Sequence[Hours | None]] = (
    ((150, 210),) * 7,  # 2:30, which a spring night has not
    ((90, 105),) * 7,  # 1:30 to 1:45, which an autumn night has twice
    ((30, 75),) * 7,  # to 1:15: over, and on again at the second 1:00
    ((0, 1440),) * 6 + (None,),
    ((0, 1), None, None, None, None, None, (1439, 1440)),
    (None, None, None, None, None, None, (120, 121)),  # for a minute each Sunday
)


def listed(*countries: str) -> list[str]:
    """The zones of the US and Canada as the time zone database lists them."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text().splitlines()
    return sorted(line.split("\t")[2] for line in table if line.split("\t")[0] in countries)


ALL = listed("US", "CA", "PR", "VI", "GU")


@cache
def changes(name: str) -> tuple[list[int], list[int]]:
    """The minutes at which this zone's clock is set, and how it stands from then on (minutes east of Greenwich)."""
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        clock = zones.ZoneInfo.from_file(file, key=name)

    def offset(minute: int) -> int:
        return int((EPOCH + minute * MINUTE).astimezone(clock).utcoffset() / MINUTE)

    minutes, offsets = [-(10**9)], [offset(0)]
    for half_day in range(720, DAYS * 1440, 720):
        if (stands := offset(half_day)) != offsets[-1]:
            before = range(half_day - 719, half_day + 1)
            minutes.append(before[bisect_left(before, True, key=lambda minute: offset(minute) == stands)])
            offsets.append(stands)
    return minutes, offsets


def good_minutes(name: str, hours: Sequence[Hours | None], start: int, end: int) -> bytearray:
    """One byte for every minute from `start` until before `end`: 1 where this clock shows an allowed time."""
    minutes, offsets = changes(name)
    good = bytearray(end - start)
    for number in range(bisect_right(minutes, start) - 1, len(minutes)):
        since, until = minutes[number], minutes[number + 1] if number + 1 < len(minutes) else 10**9
        if since >= end:
            break
        shift = offsets[number]
        for day in range((max(since, start) + shift) // 1440, (min(until, end) + shift) // 1440 + 1):
            allowed = hours[(day + 6) % 7]  # day 0 is a Sunday
            if allowed:
                begins = max(day * 1440 + allowed[0] - shift, since, start)
                ends = min(day * 1440 + allowed[1] - shift, until, end)
                if begins < ends:
                    good[begins - start : ends - start] = b"\1" * (ends - begins)
    return good


def in_all(names: Sequence[str], hours: Sequence[Hours | None], start: int, end: int) -> bytes:
    both = -1
    for name in names:
        both &= int.from_bytes(good_minutes(name, hours, start, end), "big")
    return both.to_bytes(end - start, "big")


def first_good(good: bytes, start: int, moment: datetime) -> datetime | None:
    """The first allowed moment from this one on, looked for minute by minute."""
    minute = (moment - EPOCH) // MINUTE
    found = good.find(1, minute - start)
    return None if found < 0 else max(moment, EPOCH + (start + found) * MINUTE)


def hours_of(hours: Sequence[Hours | None], holidays: bool = True) -> Row:
    return Row(tuple(hours), holidays, "this test", date(2026, 11, 22))


def only(hours: Sequence[Hours | None]) -> quiet_hours.Rules:
    """Rules of one row for everybody."""
    return quiet_hours.Rules(default=hours_of(hours), rows={})


def somewhere(*names: str, region: str = "US-AZ") -> Zones:
    return Zones(frozenset(names), region, "this test")


@pytest.mark.parametrize("name", ALL)
def test_around_every_change_of_a_clock_the_next_minute_is_the_first_allowed(name: str) -> None:
    places = somewhere(name)
    for set_at in changes(name)[0][1:]:
        start, end = set_at - 2 * 1440, set_at + 10 * 1440
        steps = [*range(start, set_at + 1440, 157), *range(set_at - 125, set_at + 125, 10), set_at - 1, set_at + 1]
        for hours in (USUAL, *AT_NIGHT[:4]):
            rules, good = only(hours), in_all([name], hours, start, end)
            for minute in steps:
                moment = EPOCH + minute * MINUTE
                assert quiet_hours.next_allowed(moment, places, rules) == first_good(good, start, moment), moment


def test_clocks_are_set_as_often_as_people_know() -> None:
    """The premise of the test above."""
    assert len(changes("America/New_York")[0]) == len(changes("America/St_Johns")[0]) == 1 + 2 * 16
    assert len(changes("America/Phoenix")[0]) == len(changes("America/Regina")[0]) == 1
    assert changes("America/St_Johns")[1][:2] == [-210, -150]


@cache
def set_clocks() -> list[int]:
    """The minutes at which any clock is set."""
    return sorted({minute for name in ALL for minute in changes(name)[0] if FIRST < minute < LAST})


moments = st.one_of(
    st.builds(lambda seconds: EPOCH + timedelta(seconds=seconds), st.integers(FIRST * 60, LAST * 60)),
    st.builds(
        lambda set_at, minutes, seconds: EPOCH + (set_at + minutes) * MINUTE + timedelta(seconds=seconds),
        st.deferred(lambda: st.sampled_from(set_clocks())),
        st.integers(-2 * 1440, 2 * 1440),
        st.sampled_from([0, 0, 0.000001, 1, 59.999999]),
    ),
)
regions = st.sampled_from(sorted(BY_REGION)).map(lambda region: (BY_REGION[region], RULES, region))
any_hours = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda hours: hours[0] < hours[1])
invented = st.one_of(
    st.sampled_from(AT_NIGHT), st.tuples(*[st.one_of(st.none(), any_hours, st.just((540, 1200)))] * 7)
).map(lambda hours: (hours, only(hours), ""))


def check(moment: datetime, names: Sequence[str], hours: Sequence[Hours | None], rules: object, region: str) -> None:
    assert isinstance(rules, quiet_hours.Rules)
    places = somewhere(*names, region=region)
    start = (moment - EPOCH) // MINUTE - 1
    end = (moment + quiet_hours.HORIZON - EPOCH) // MINUTE + 1
    good = in_all(names, hours, start, end)

    found = quiet_hours.next_allowed(moment, places, rules)

    assert found == first_good(good, start, moment)
    assert quiet_hours.allowed(moment, places, rules) == bool(good[(moment - EPOCH) // MINUTE - start])
    if found:
        assert found >= moment
        assert found.tzinfo is UTC
        assert quiet_hours.allowed(found, places, rules)
        assert quiet_hours.next_allowed(found, places, rules) == found


@given(moments, st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True), st.one_of(regions, invented))
@settings(max_examples=600)
def test_the_next_minute_is_the_first_that_is_allowed_in_every_zone(
    moment: datetime, names: list[str], rule: tuple[Sequence[Hours | None], quiet_hours.Rules, str]
) -> None:
    check(moment, names, *rule)


def codes_with_several_zones() -> list[str]:
    known: dict[str, set[str]] = {}
    for digits, names in TIMEZONE_DATA.items():
        if digits.startswith("1") and len(digits) >= 4:
            known.setdefault(digits[1:4], set()).update(names)
    return sorted(code for code, names in known.items() if len(names) > 1)


@pytest.mark.parametrize("code", codes_with_several_zones())
def test_a_text_to_an_area_code_of_several_zones_suits_them_all(code: str) -> None:
    names = sorted({name for digits, all_ in TIMEZONE_DATA.items() if digits.startswith(f"1{code}") for name in all_})
    places = zones.of("US", "", [f"+1{code}5550117"])
    stricter = quiet_hours.rules().week(places.region)
    for name in names:
        for set_at in changes(name)[0][1:] or [FIRST]:
            for minute in range(set_at - 1440, set_at + 1440, 97):
                moment = EPOCH + minute * MINUTE
                found = quiet_hours.next_allowed(moment, places, RULES)
                assert found
                assert found >= moment
                after = (found - EPOCH) // MINUTE
                assert in_all(names, USUAL, after, after + 1) == b"\1"
                assert in_all(sorted(places.names), stricter.hours, after, after + 1) == b"\1"


@given(moments, st.sampled_from([("US", "US"), ("CA", "CA"), ("", "")]))
@settings(max_examples=60)
def test_a_text_to_nobody_knows_where_suits_the_whole_country(moment: datetime, unknown: tuple[str, str]) -> None:
    country, region = unknown
    strictest = ((600, 1080),) * 5 + ((600, 720), None)
    places = zones.of(country, "", [])
    rules = quiet_hours.Rules(RULES.default, {key: row_without_holidays(row) for key, row in ROWS.items()})

    assert places.region == region
    check(moment, sorted(places.names), BY_REGION["CA"] if country == "CA" else strictest, rules, region)


def row_without_holidays(row: Row) -> Row:
    return Row(row.hours, True, row.source, row.seen)


@pytest.mark.parametrize(
    ("region", "hours"),
    [
        *BY_REGION.items(),
        ("US-PA", ((540, 1200),) * 5 + ((540, 720), (720, 1080))),
        ("US-AL", (*USUAL[:6], None)),
        ("US-LA", (*USUAL[:6], None)),
        ("US", ((600, 1080),) * 5 + ((600, 720), None)),
        ("", ((600, 1080),) * 5 + ((600, 720), None)),
    ],
)
def test_a_region_has_what_its_row_its_country_and_the_default_allow(
    region: str, hours: Sequence[Hours | None]
) -> None:
    assert RULES.week(region).hours == tuple(hours)


def test_every_row_says_where_it_is_from() -> None:
    assert all(row.source and row.seen >= date(2026, 11, 22) for row in [quiet_hours.DEFAULT, *ROWS.values()])
    assert {region[:2] for region in ROWS} == {"US", "CA"}


# As the Office of Personnel Management announced them for 2026 and 2027, with the Saturdays and Sundays themselves.
HOLIDAYS = [
    "2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-07-04 2026-09-07 2026-10-12 2026-11-11",
    "2026-11-26 2026-12-25 2027-01-01 2027-01-18 2027-02-15 2027-05-31 2027-06-18 2027-06-19 2027-07-05 2027-09-06",
    "2027-10-11 2027-11-11 2027-11-25 2027-12-24 2027-12-25 2027-12-31 2028-01-01",
]


def test_a_state_without_holidays_has_none_and_the_others_all() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(731)]
    noon = [datetime(day.year, day.month, day.day, 17, tzinfo=UTC) for day in days if day.weekday() != 6]

    def closed(region: str) -> set[str]:
        place = somewhere("America/Chicago", region=region)
        return {f"{moment:%Y-%m-%d}" for moment in noon if not quiet_hours.allowed(moment, place, RULES)}

    assert closed("US-AL") == closed("US-LA") == set(" ".join(HOLIDAYS).split())
    assert closed("US-MS") == closed("US-TX") == set()


def test_a_text_for_a_holiday_leaves_on_the_day_after() -> None:
    thanksgiving = datetime(2026, 11, 26, 18, tzinfo=UTC)

    found = quiet_hours.next_allowed(thanksgiving, somewhere("America/Chicago", region="US-AL"), RULES)

    assert found == datetime(2026, 11, 27, 15, tzinfo=UTC)


def test_the_hours_end_with_the_minute_before() -> None:
    place = somewhere("America/Phoenix")
    eight = datetime(2026, 11, 21, 3, tzinfo=UTC)  # Friday, 8 PM in Tucson

    assert quiet_hours.allowed(eight - timedelta(microseconds=1), place, RULES)
    assert not quiet_hours.allowed(eight, place, RULES)
    assert quiet_hours.next_allowed(eight, place, RULES) == datetime(2026, 11, 21, 16, tzinfo=UTC)


def test_an_account_can_replace_a_row_and_the_default() -> None:
    late = hours_of([(600, 660)] * 7)
    wide = hours_of([(0, 1440)] * 7)

    assert quiet_hours.rules({"US-OH": late}).week("US-OH").hours[0] == (600, 660)
    assert quiet_hours.rules({"US-KY": wide}).week("US-KY").hours[0] == (540, 1200)
    assert quiet_hours.rules({"": wide}).week("US-KY").hours[0] == (600, 1260)
    assert quiet_hours.rules({"": wide}).week("US-OH").hours[6] == (480, 1260), "the country's row stands"
    assert quiet_hours.rules({"": wide}).week("CA-ON").hours[0] == (540, 1290)
    assert quiet_hours.rules({"CA-ON": late}).week("CA").hours[0] == (600, 660)


@pytest.mark.parametrize(
    "hours",
    [[(540, 1200)] * 6, [(540, 1200)] * 8, [(1200, 540)] * 7, [(540, 540)] * 7, [(-1, 5)] * 7, [(0, 1441)] * 7],
)
def test_hours_that_make_no_sense_are_refused(hours: list[Hours]) -> None:
    with pytest.raises(Refused) as refused:
        hours_of(hours)

    assert refused.value.field == "hours"


def test_where_no_minute_suits_everybody_there_is_none() -> None:
    moment = datetime(2026, 11, 20, 17, tzinfo=UTC)

    assert quiet_hours.next_allowed(moment, somewhere("America/New_York", "Asia/Shanghai"), RULES) is None
    assert quiet_hours.next_allowed(moment, somewhere("America/New_York"), only([None] * 7)) is None


def test_beyond_the_horizon_nobody_looks() -> None:
    evening = datetime(2026, 11, 20, 3, tzinfo=UTC)  # Thursday, 8 PM in Tucson; the hours begin 13 hours later
    place = somewhere("America/Phoenix")

    assert quiet_hours.next_allowed(evening, place, RULES, timedelta(hours=13)) == evening + timedelta(hours=13)
    assert quiet_hours.next_allowed(evening, place, RULES, timedelta(hours=12, minutes=59)) is None


def test_each_clock_is_shown_once_the_earliest_first() -> None:
    evening = datetime(2026, 7, 1, 3, tzinfo=UTC)

    shown = quiet_hours.local(
        evening, somewhere("America/New_York", "America/Los_Angeles", "America/Phoenix", "America/Toronto")
    )

    assert [f"{clock:%H:%M} {clock.tzinfo}" for clock in shown] == [
        "20:00 America/Los_Angeles",
        "23:00 America/New_York",
    ]


# What is told about a place


def test_a_clock_says_until_when_it_is_open_or_closed() -> None:
    monday = datetime(2026, 11, 23, 18, tzinfo=UTC)  # 11:00 in Tucson
    phoenix = somewhere("America/Phoenix")

    def told(moment: datetime) -> tuple[bool, str]:
        [here] = quiet_hours.here(moment, phoenix, RULES)
        return here.open, f"{here.until:%a %H:%M}"

    assert told(monday) == (True, "Mon 20:00")
    assert told(monday + timedelta(hours=9)) == (False, "Tue 09:00")
    assert told(monday + timedelta(days=5, hours=9)) == (False, "Sun 12:00")


@given(moments, st.sampled_from(ALL), st.one_of(regions, invented))
@settings(max_examples=300)
def test_what_is_told_of_a_clock_is_when_it_changes(
    moment: datetime, name: str, rule: tuple[Sequence[Hours | None], quiet_hours.Rules, str]
) -> None:
    _, rules, region = rule
    place = somewhere(name, region=region)

    [here] = quiet_hours.here(moment, place, rules)

    assert here.open == quiet_hours.allowed(moment, place, rules)
    if here.open:
        if here.until is None:
            assert all(hours == (0, 1440) for hours in rules.week(region).hours)
            return
        clock = zones.clock(name)
        shown = moment.astimezone(clock).replace(tzinfo=None)
        until = here.until.replace(tzinfo=None)
        week = rules.week(region)
        assert until > shown
        assert week.wait(until)
        assert not week.wait(until - timedelta(minutes=1))
    else:
        opens = quiet_hours.next_allowed(moment, place, rules)
        assert (here.until and here.until.astimezone(UTC)) == opens


def test_several_clocks_are_told_one_by_one() -> None:
    evening = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 19:30 in Chicago, 20:30 in New York

    heres = quiet_hours.here(evening, zones.within("US-FL"), RULES)

    assert [(f"{here.local:%H:%M}", here.open) for here in heres] == [("19:30", True), ("20:30", False)]


def test_hours_that_never_close_have_no_end() -> None:
    [here] = quiet_hours.here(EPOCH, somewhere("America/Phoenix"), only([(0, 1440)] * 7))
    assert (here.open, here.until) == (True, None)


@pytest.mark.parametrize(
    ("hours", "is_wider"),
    [
        ([(600, 1260)] * 7, False),
        ([(660, 1200)] * 6 + [None], False),
        ([(599, 1260)] * 7, True),
        ([(600, 1261)] * 7, True),
        ([(600, 1260)] * 6 + [(599, 700)], True),
    ],
)
def test_hours_are_wider_when_they_allow_one_more_minute(hours: list[Hours | None], is_wider: bool) -> None:
    assert quiet_hours.wider(hours_of(hours), ROWS["US-KY"]) is is_wider


def test_hours_on_holidays_and_on_a_closed_day_are_wider() -> None:
    alabama = ROWS["US-AL"]
    assert not quiet_hours.wider(alabama, alabama)
    assert quiet_hours.wider(hours_of(alabama.hours), alabama)
    assert quiet_hours.wider(Row((*alabama.hours[:6], (600, 601)), False, "this test", date(2026, 11, 22)), alabama)


@pytest.mark.parametrize(
    ("region", "row"), [("US-KY", "US-KY"), ("US-AZ", "US"), ("CA-ON", "CA"), ("US", "US"), ("CA", "CA")]
)
def test_the_law_of_a_place_is_its_own_row_or_its_countrys(region: str, row: str) -> None:
    assert quiet_hours.law(region) is ROWS[row]
    assert quiet_hours.law("") is quiet_hours.DEFAULT
