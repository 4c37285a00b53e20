from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources

import phonenumbers
import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from domain import regions, zones
from domain.area_codes import AREA_CODES
from domain.postal_zones import LINES

E, C, M, P = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
PHOENIX, ANCHORAGE, HONOLULU = "America/Phoenix", "America/Anchorage", "Pacific/Honolulu"
TORONTO, HALIFAX, WINNIPEG, REGINA = "America/Toronto", "America/Halifax", "America/Winnipeg", "America/Regina"
EDMONTON, VANCOUVER, ATIKOKAN = "America/Edmonton", "America/Vancouver", "America/Atikokan"
ST_JOHNS, GOOSE_BAY = "America/St_Johns", "America/Goose_Bay"


@pytest.mark.parametrize(
    ("postal_code", "names", "region"),
    [
        ("85701", {PHOENIX}, "US-AZ"),
        ("86001", {PHOENIX}, "US-AZ"),
        ("86503", {M}, "US-AZ"),  # Navajo Nation
        ("86515", {M}, "US-AZ"),
        ("86045", {M, PHOENIX}, "US-AZ"),  # Tuba City and Moenkopi
        ("46204", {E}, "US-IN"),
        ("46402", {C}, "US-IN"),  # Gary
        ("47708", {C}, "US-IN"),  # Evansville
        ("47586", {C}, "US-IN"),  # Tell City
        ("40202", {E}, "US-KY"),
        ("42101", {C}, "US-KY"),  # Bowling Green
        ("42633", {E, C}, "US-KY"),  # Monticello, with a corner of Clinton County
        ("37203", {C}, "US-TN"),
        ("37902", {E}, "US-TN"),
        ("38555", {C}, "US-TN"),  # Crossville
        ("32501", {C}, "US-FL"),
        ("32301", {E}, "US-FL"),
        ("32456", {E, C}, "US-FL"),  # Port St. Joe and Mexico Beach
        ("79901", {M}, "US-TX"),
        ("77002", {C}, "US-TX"),
        ("83702", {M}, "US-ID"),
        ("83814", {P}, "US-ID"),  # Coeur d'Alene
        ("83549", {M, P}, "US-ID"),  # Riggins, on the Salmon River
        ("97914", {M}, "US-OR"),  # Ontario, Malheur County
        ("97201", {P}, "US-OR"),
        ("89883", {M}, "US-NV"),  # West Wendover
        ("89101", {P}, "US-NV"),
        ("48201", {E}, "US-MI"),
        ("49801", {C}, "US-MI"),  # Iron Mountain
        ("49855", {E}, "US-MI"),  # Marquette
        ("58501", {C}, "US-ND"),
        ("58601", {M}, "US-ND"),  # Dickinson
        ("57104", {C}, "US-SD"),
        ("57701", {M}, "US-SD"),  # Rapid City
        ("57532", {C, M}, "US-SD"),  # Fort Pierre lives by Pierre
        ("68102", {C}, "US-NE"),
        ("69361", {M}, "US-NE"),  # Scottsbluff
        ("67735", {M}, "US-KS"),  # Goodland
        ("66101", {C}, "US-KS"),
        ("36867", {E, C}, "US-AL"),  # Phenix City lives by Columbus
        ("99501", {ANCHORAGE}, "US-AK"),
        ("99546", {"America/Adak"}, "US-AK"),
        ("96813", {HONOLULU}, "US-HI"),
        ("00901", {"America/Puerto_Rico"}, "US-PR"),
        ("96910", {"Pacific/Guam"}, "US-GU"),
        ("96799", {"Pacific/Pago_Pago"}, "US-AS"),
        ("06390", {E}, "US-NY"),  # Fishers Island, with a prefix of Connecticut's
        ("90199", {P}, "US-CA"),  # nobody's home, but Los Angeles all the same
        ("A1A 1A1", {ST_JOHNS}, "CA-NL"),
        ("A0P 1C0", {GOOSE_BAY}, "CA-NL"),
        ("A0K 1V0", {ST_JOHNS, GOOSE_BAY}, "CA-NL"),
        ("B3H 1A1", {HALIFAX}, "CA-NS"),
        ("C1A 1A1", {HALIFAX}, "CA-PE"),
        ("E1C 1A1", {"America/Moncton"}, "CA-NB"),
        ("H2X 1Y4", {TORONTO}, "CA-QC"),
        ("G4T 1A1", {HALIFAX}, "CA-QC"),  # Magdalen Islands
        ("G0G 1W0", {TORONTO, "America/Blanc-Sablon"}, "CA-QC"),
        ("M5V 2T6", {TORONTO}, "CA-ON"),
        ("P7A 1A1", {TORONTO}, "CA-ON"),  # Thunder Bay
        ("P9N 1A1", {WINNIPEG}, "CA-ON"),  # Kenora
        ("P0T 1C0", {TORONTO, WINNIPEG, ATIKOKAN}, "CA-ON"),
        ("R3C 1A1", {WINNIPEG}, "CA-MB"),
        ("S4P 3Y2", {REGINA}, "CA-SK"),
        ("S9V 0A1", {EDMONTON}, "CA-SK"),  # Lloydminster
        ("T2P 1J9", {EDMONTON}, "CA-AB"),
        ("V6B 1A1", {VANCOUVER}, "CA-BC"),
        ("V1J 1A1", {"America/Dawson_Creek"}, "CA-BC"),  # Fort St. John
        ("V0B 1G0", {VANCOUVER, EDMONTON, "America/Creston"}, "CA-BC"),
        ("V1C 1A1", {EDMONTON}, "CA-BC"),  # Cranbrook
        ("Y1A 1A1", {"America/Whitehorse", "America/Dawson"}, "CA-YT"),
        ("X1A 1A1", {EDMONTON}, "CA-NT"),
        ("X0C 0G0", {"America/Rankin_Inlet", ATIKOKAN}, "CA-NU"),
        ("X0B 0C0", {"America/Cambridge_Bay"}, "CA-NU"),
    ],
)
def test_a_postal_code_tells_the_zones_and_the_state(postal_code: str, names: set[str], region: str) -> None:
    found = zones.of("US", postal_code, [])

    assert (found.names, found.region) == (names, region)
    assert found.evidence == f"postal code {postal_code if postal_code.isdigit() else postal_code[:3]}"


@pytest.mark.parametrize("typed", ["85701", " 85701 ", "85701-1234", "857011234"])
def test_a_zip_code_is_read_however_it_is_typed(typed: str) -> None:
    assert zones.of("US", typed, []).evidence == "postal code 85701"


@pytest.mark.parametrize("typed", ["h2x1y4", "H2X 1Y4", "H2X-1Y4", "H2X"])
def test_a_canadian_postal_code_is_read_however_it_is_typed(typed: str) -> None:
    assert zones.of("CA", typed, []).evidence == "postal code H2X"


def test_a_zip_code_whose_nought_a_spreadsheet_ate_is_read() -> None:
    assert zones.of("US", "2134", []).region == "US-MA"


@pytest.mark.parametrize("typed", ["", "n/a", "SW1A 1AA", "12", "85701123", "D1A 1A1", "00000", "\0", "８５７０１"])
def test_what_is_no_postal_code_tells_nothing(typed: str) -> None:
    assert zones.of("US", typed, ["+15205550117"]).evidence == "area code 520"


def test_soldiers_abroad_have_no_zone_of_their_own() -> None:
    assert zones.of("US", "09012", []).evidence == "country US"


def test_a_zip_code_nobody_knows_lies_on_both_sides_of_the_line() -> None:
    assert zones.of("US", "47599", []).names == {E, C}


def test_an_area_code_in_the_same_zone_adds_nothing() -> None:
    assert zones.of("US", "86503", ["+19285550117"]) == zones.of("US", "86503", [])


def test_an_area_code_from_elsewhere_adds_its_zones_and_the_postal_code_keeps_the_state() -> None:
    found = zones.of("US", "85701", ["+15205550117", "+12125550117"])

    assert found == zones.Zones(frozenset({PHOENIX, E}), "US-AZ", "postal code 85701 and area code 212")


@pytest.mark.parametrize(
    ("number", "names", "region"),
    [
        ("+15205550117", {PHOENIX}, "US-AZ"),
        ("+19285550117", {PHOENIX, M}, "US-AZ"),
        ("+18505550117", {E, C}, "US-FL"),
        ("+14485550117", {E, C}, "US-FL"),  # laid over 850
        ("+12085550117", {M, P}, "US-ID"),
        ("+14585550117", {M, P}, "US-OR"),
        ("+12025550117", {E}, "US-DC"),
        ("+14165550117", {TORONTO}, "CA-ON"),
        ("+18075550117", {TORONTO, WINNIPEG, ATIKOKAN}, "CA-ON"),
        ("+19025550117", {HALIFAX}, "CA"),  # Nova Scotia or Prince Edward Island
        ("+17875550117", {"America/Puerto_Rico"}, "US-PR"),
    ],
)
def test_without_a_postal_code_the_area_code_tells(number: str, names: set[str], region: str) -> None:
    found = zones.of("US", "", [number])

    assert (found.names, found.region) == (names, region)


def test_numbers_of_two_states_leave_the_country() -> None:
    found = zones.of("US", "", ["+15205550117", "+17025550117", "+15205550118"])

    assert found == zones.Zones(frozenset({PHOENIX, P}), "US", "area code 520 and area code 702")


def test_numbers_of_two_countries_leave_no_region() -> None:
    assert zones.of("US", "", ["+15205550117", "+14165550117"]).region == ""


@pytest.mark.parametrize("number", ["+18005550100", "+18885550100", "+19005550100", "", "nonsense", "+1", "+1555"])
def test_a_number_of_no_place_tells_nothing(number: str) -> None:
    assert zones.of("CA", "", [number]) == zones.of("CA", "", [])


def test_a_number_from_overseas_is_added_to_the_whole_country() -> None:
    found = zones.of("US", "", ["+525512345678"])

    assert found.names == zones.of("US", "", []).names | {"America/Mexico_City"}
    assert (found.region, found.evidence) == ("US", "country US and country code 52")


def test_where_nothing_is_known_the_seller_may_be_anywhere() -> None:
    nowhere, us, canada = (zones.of(country, "", []) for country in ("", "US", "CA"))

    assert nowhere == zones.Zones(us.names | canada.names, "", "nothing known")
    assert (us.region, canada.region) == ("US", "CA")
    assert us.names.isdisjoint(canada.names)


@pytest.mark.parametrize("country", ["US", "CA"])
def test_everywhere_has_every_clock_of_the_country(country: str) -> None:
    shown = {hands(name) for name in zones.of(country, "", []).names}
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text().splitlines()
    listed = [line.split("\t")[2] for line in table if line.startswith(f"{country}\t")]

    assert len(listed) > 20
    assert [name for name in listed if hands(name) not in shown] == []


def test_an_area_code_has_every_clock_that_phonenumbers_knows_of() -> None:
    known = defaultdict(set)
    for digits, names in TIMEZONE_DATA.items():
        if digits.startswith("1") and len(digits) >= 4:
            known[digits[1:4]] |= set(names)
    several = {code for code, names in known.items() if len({hands(name) for name in names}) > 1}

    assert len(several) > 20
    for code, names in known.items():
        found = zones.of("", "", [f"+1{code}5550100"])
        shown = {hands(name) for name in found.names}
        assert {name for name in names if hands(name) not in shown} == set(), code
        assert found.evidence.endswith(f"area code {code}")


def test_no_area_code_of_the_us_and_canada_is_missing() -> None:
    listed = {code for codes in AREA_CODES.values() for code in codes.split()}
    known = {digits[1:4] for digits in TIMEZONE_DATA if digits.startswith("1") and len(digits) >= 4}
    countries = {
        code: phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{code}2345678")) for code in known | listed
    }

    assert {code for code in known if countries[code] in ("US", "CA", "PR", "VI", "GU", "AS", "MP")} == listed


def test_time_is_told_by_the_database_that_lotwire_brings_along() -> None:
    winter = datetime(2026, 12, 5, 20, tzinfo=UTC)

    assert winter.astimezone(zones.clock("America/Vancouver")).utcoffset() == timedelta(hours=-7)
    assert winter.astimezone(zones.clock("America/Los_Angeles")).utcoffset() == timedelta(hours=-8)


@pytest.mark.parametrize("name", ["America/Nowhere", "America", "", "__init__.py"])
def test_a_zone_that_is_none_is_not_found(name: str) -> None:
    with pytest.raises(KeyError):
        zones.clock(name)


@cache
def hands(name: str) -> tuple[timedelta | None, ...]:
    """Where a clock stands every six hours from 2020 to 2035: zones with the same hands are one to us."""
    clock = zones.clock(name)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return tuple((start + timedelta(hours=6 * n)).astimezone(clock).utcoffset() for n in range(4 * 366 * 16))


# States and provinces as a whole


def test_every_region_that_can_be_found_has_a_name_and_the_zones_of_what_is_found_in_it() -> None:
    assert zones.regions() == set(regions.NAMES)
    codes = [f"{number:05}" for number in range(0, 100_000, 7)]
    codes = [code for code in codes if code[:3] not in LINES]  # where nobody knows on which side an unused one is
    for code in [*codes, "96799", "96941", "96960", "96950", "96939", "86503", "86045", "79901", "38555", "06390"]:
        found = zones.of("US", code, ())
        if "-" in found.region:
            assert found.names <= zones.within(found.region).names, code


@pytest.mark.parametrize(
    ("region", "names"),
    [
        ("US-NY", {E}),
        ("US-TN", {E, C}),
        ("US-AZ", {PHOENIX, M}),
        ("US-AS", {"Pacific/Pago_Pago"}),
        ("US-HI", {HONOLULU}),
        ("US-GU", {"Pacific/Guam"}),
        ("US-WY", {M}),
        ("CA-NL", {ST_JOHNS, GOOSE_BAY}),
        ("CA-SK", {REGINA, EDMONTON, WINNIPEG}),
    ],
)
def test_a_region_has_all_its_zones(region: str, names: set[str]) -> None:
    assert zones.within(region).names == names


def test_a_country_and_both_have_theirs() -> None:
    assert (zones.within("US").names, zones.within("US").region) == (zones.of("US", "", ()).names, "US")
    assert zones.within("").names == zones.within("US").names | zones.within("CA").names


def test_there_are_all_states_and_provinces() -> None:
    """50 states, the District of Columbia, five territories and three islands in free association; 13 in Canada."""
    assert (len(regions.of("US")), len(regions.of("CA"))) == (50 + 1 + 5 + 3, 13)
    assert [regions.name(region) for region in ("US-DC", "CA-QC", "US", "")] == [
        "District of Columbia",
        "Quebec",
        "United States",
        "",
    ]
