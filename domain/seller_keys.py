"""By what a seller is known again: name and street address folded, so that two spellings of one are equal.

`12 N. Oak Street, Apt. 4` and `12 North Oak St #4` are one address; another apartment is another one. Streets and
directions are shortened as the post does (USPS Publication 28, appendices B and C; Canada Post addressing guidelines,
with the French street types).
"""

import re
import unicodedata
from functools import lru_cache

from domain.listings import search_words

_PARTS = re.compile(r"[^\W_]+")
_HOUSE_NUMBER = re.compile(r"\d+[a-z]?")


def name_key(first: str, last: str) -> str:
    """`Zoë O’Neil-Smith` is `zoe oneilsmith`. Empty unless both are known; an initial is no name."""
    names = ["".join(search_words(name)) for name in (first, last)]
    return " ".join(names) if all(map(_is_name, names)) else ""


def address_key(street: str, city: str, state: str) -> str:
    """`12 n oak st 4|tucson|az`. Empty unless all three are known; a street without a house number is no address.

    The state may be a name or a code, the postal code does not count: people mistype it, or leave it out.
    """
    parts = (_street(street), _place(city), _state(state))
    return "|".join(parts) if all(parts) else ""


def _is_name(word: str) -> bool:
    # One letter is an initial, but one Chinese character (category Lo) is a whole name.
    return len(word) > 1 or (len(word) == 1 and unicodedata.category(word) == "Lo")


def _street(street: str) -> str:
    folded = " ".join(_DESIGNATORS.sub(" ", _BOX.sub("pobox ", " ".join(_words(street)))).split())
    numbered = folded.startswith("pobox ") or any(_HOUSE_NUMBER.fullmatch(word) for word in folded.split())
    return folded if numbered else ""


@lru_cache(maxsize=4096)
def _place(city: str) -> str:
    return " ".join(_words(city))


@lru_cache(maxsize=512)
def _state(state: str) -> str:
    said = " ".join(_parts(state))
    return _STATES.get(said, said)


def _words(text: str) -> list[str]:
    """The words as the post shortens them; `north west` is one direction, `nw`."""
    words: list[str] = []
    for part in _parts(text):
        word = _SHORT.get(part, part)
        if words and words[-1] in ("n", "s") and word in ("e", "w"):
            words[-1] += word
        else:
            words.append(word)
    return words


def _parts(text: str) -> list[str]:
    """Small letters without accents; an apostrophe and the hyphen of `4-B` join, everything else divides."""
    folded = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    folded = _JOINED.sub("", folded)
    return _PARTS.findall(folded)


_JOINED = re.compile(r"['’‘`´]|(?<=\d)-(?=[a-z]\b)|(?<=\b[a-z])-(?=\d)")
_BOX = re.compile(r"^(?:p o box|po box|post office box|box|cp|c p|case postale) ")
_DESIGNATORS = re.compile(r"\b(?:apt|unit|ste|no)\b(?= \S)")  # `#4`, `Apt 4`, `Unit 4` and `Suite 4` are one door

_SAME = """
aly: alley allee ally
anx: anex annex annx
apt: apartment apartments app appt appartement
arc: arcade
ave: av aven avenu avenue avn avnue
bch: beach
blf: bluff bluf
blvd: boulevard boul boulv
bnd: bend
br: branch brnch
brg: bridge brdge
brk: brook
byp: bypass byps bypas
bldg: building
cir: circle circ circl crcl
ch: chemin
cmn: common
cor: corner
cres: crescent crsent crsnt croissant
crk: creek
crse: course
cswy: causeway causwa
ct: court crt
ctr: center centre cent cntr centr
cts: courts
cv: cove
cyn: canyon canyn
dl: dale
dr: drive driv drv
e: east
expy: expressway express expr expw
ext: extension extn extnsn
fl: floor etage
fld: field
flds: fields
frst: forest
ft: fort
fwy: freeway frwy freewy
gdn: garden
gdns: gardens
gln: glen
grn: green
grv: grove grov
hbr: harbor harbour
hl: hill
hls: hills
hts: heights ht
hwy: highway highwy hiway hiwy
jct: junction junctn
ldg: landing
lk: lake
lks: lakes
ln: lane
lp: loop loops
mdws: meadows
mnr: manor
mt: mount
mtn: mountain
n: north nord
ne: northeast
no: number num
nw: northwest
pkwy: parkway parkwy pky
pl: place
plz: plaza plza
pt: point
pte: pointe
rd: road
rdg: ridge
rm: room
rte: route
s: south sud
se: southeast
shr: shore
sq: square
st: street str strt saint
sta: station
ste: suite bureau sainte
sw: southwest
ter: terrace terr terrasse
tpke: turnpike
trl: trail trails
unit: unite
vly: valley
vis: vista
vw: view
w: west
way: wy
xing: crossing
1st: first
2nd: second
3rd: third
4th: fourth
5th: fifth
6th: sixth
7th: seventh
8th: eighth
9th: ninth
10th: tenth
11th: eleventh
12th: twelfth
"""
_SHORT = {
    spelling: short
    for short, _, spellings in (line.partition(":") for line in _SAME.split("\n") if line)
    for spelling in spellings.split()
}

# USPS Publication 28, appendix B; Canada Post's province and territory symbols, with the French names.
_STATE_NAMES = """
al alabama|ak alaska|az arizona|ar arkansas|ca california|co colorado|ct connecticut|de delaware|fl florida|ga georgia
hi hawaii|id idaho|il illinois|in indiana|ia iowa|ks kansas|ky kentucky|la louisiana|me maine|md maryland
ma massachusetts|mi michigan|mn minnesota|ms mississippi|mo missouri|mt montana|ne nebraska|nv nevada|nh new hampshire
nj new jersey|nm new mexico|ny new york|nc north carolina|nd north dakota|oh ohio|ok oklahoma|or oregon
pa pennsylvania|ri rhode island|sc south carolina|sd south dakota|tn tennessee|tx texas|ut utah|vt vermont|va virginia
wa washington|wv west virginia|wi wisconsin|wy wyoming|dc district of columbia|dc d c|pr puerto rico|gu guam
vi virgin islands|as american samoa|mp northern mariana islands
ab alberta|bc british columbia|bc colombie britannique|mb manitoba|nb new brunswick|nb nouveau brunswick
nl newfoundland and labrador|nl newfoundland|nl terre neuve et labrador|ns nova scotia|ns nouvelle ecosse
nt northwest territories|nt territoires du nord ouest|nu nunavut|on ontario|pe prince edward island
pe ile du prince edouard|qc quebec|sk saskatchewan|yt yukon|bc b c|nl n l|ns n s|nb n b|pe p e i|pe pei|qc pq
"""
_STATES = {
    name: code
    for code, _, name in (entry.partition(" ") for line in _STATE_NAMES.split("\n") for entry in line.split("|"))
    if code
}
