"""Wildcards, the named slots in a wording: which exist, what is wrong with a wording, and how it is filled in."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import regex


@dataclass(frozen=True, slots=True)
class Wildcard:
    """One slot.

    token     its name, written `{{token}}`
    label     what its button says
    group     vehicle, listing, seller, agent, dealer, appointment or other
    example   a typical value, for a preview without a listing
    fallback  what stands in when there is no value and the wording brings no fallback of its own
    whole     a part of it would be wrong (an address to click), so that a value too long counts as none
    """

    token: str
    label: str
    group: str
    example: str
    fallback: str = ""
    whole: bool = False

    @property
    def markup(self) -> str:
        return f"{{{{{self.token}}}}}"


WILDCARDS: dict[str, Wildcard] = {
    wildcard.token: wildcard
    for wildcard in (
        Wildcard("vehicle.year", "Vehicle Year", "vehicle", "2017"),
        Wildcard("vehicle.make", "Vehicle Make", "vehicle", "Honda"),
        Wildcard("vehicle.model", "Vehicle Model", "vehicle", "CR-V"),
        Wildcard("vehicle.trim", "Trim", "vehicle", "EX-L"),
        Wildcard("vehicle.color", "Color", "vehicle", "Silver"),
        Wildcard("vehicle.odometer", "Odometer", "vehicle", "84,200 mi"),
        Wildcard("vehicle.vin", "VIN", "vehicle", "5J6RW2H89HL000000"),
        Wildcard("vehicle.body_style", "Body Style", "vehicle", "SUV"),
        Wildcard("vehicle.transmission", "Transmission", "vehicle", "Automatic"),
        Wildcard("vehicle.drivetrain", "Drivetrain", "vehicle", "AWD"),
        Wildcard("vehicle.fuel", "Fuel", "vehicle", "Gasoline"),
        Wildcard("vehicle.engine", "Engine", "vehicle", "1.5L Turbo"),
        Wildcard("vehicle.title", "Vehicle", "vehicle", "2017 Honda CR-V", fallback="vehicle"),
        Wildcard("listing.price", "Asking Price", "listing", "$14,500"),
        Wildcard("listing.previous_price", "Previous Price", "listing", "$15,200"),
        Wildcard("listing.source", "Source", "listing", "Craigslist"),
        Wildcard("listing.link", "Link", "listing", "https://cars.example/ads/4711", whole=True),
        Wildcard("listing.posted", "Posted", "listing", "Nov 12, 2025"),
        Wildcard("listing.days_online", "Days Online", "listing", "9"),
        Wildcard("seller.name", "Seller Name", "seller", "Dana Whitfield", fallback="there"),
        Wildcard("seller.first_name", "Seller First", "seller", "Dana", fallback="there"),
        Wildcard("seller.last_name", "Seller Last", "seller", "Whitfield"),
        Wildcard("seller.city", "Seller City", "seller", "Tucson"),
        Wildcard("seller.state", "Seller State", "seller", "AZ"),
        Wildcard("seller.postal_code", "Seller Postal Code", "seller", "85701"),
        Wildcard("agent.name", "Agent Name", "agent", "Luis Ortega"),
        Wildcard("agent.first_name", "Agent First Name", "agent", "Luis"),
        Wildcard("agent.phone", "Agent Phone", "agent", "+1 520 555 0142"),
        Wildcard("agent.email", "Agent Email", "agent", "luis@dealer.example", whole=True),
        Wildcard("agent.title", "Agent Title", "agent", "Buyer"),
        Wildcard("dealer.name", "Dealer Name", "dealer", "Sonoran Auto Group"),
        Wildcard("dealer.phone", "Dealer Phone", "dealer", "+1 520 555 0100"),
        Wildcard("dealer.address", "Dealer Address", "dealer", "4500 E Speedway Blvd"),
        Wildcard("dealer.city", "Dealer City", "dealer", "Tucson"),
        Wildcard("dealer.website", "Dealer Website", "dealer", "https://dealer.example", whole=True),
        Wildcard("appointment.date", "Appointment Date", "appointment", "Tuesday, Nov 25"),
        Wildcard("appointment.time", "Appointment Time", "appointment", "4:30 PM"),
        Wildcard("appointment.place", "Appointment Place", "appointment", "4500 E Speedway Blvd"),
        Wildcard("today", "Today", "other", "Friday, Nov 21"),
    )
}

LONGEST_VALUE = 80
PICK_ONE = "Pick one from the wildcard buttons."


class Span(NamedTuple):
    """Where a token's value, or the token left standing, is in the filled text: [start, end)."""

    start: int
    end: int
    token: str


class Filled(NamedTuple):
    """A wording with its values in.

    body       the text; a token without a value stays in as it was typed
    missing    tokens left standing for want of a value or because there is no such wildcard, each once, in order
    used       tokens filled in, each once, in order
    fallbacks  those of them that a fallback filled
    spans      where values stand, to underline them
    holes      where tokens were left standing, to show them red
    """

    body: str
    missing: tuple[str, ...]
    used: tuple[str, ...]
    fallbacks: tuple[str, ...]
    spans: tuple[Span, ...]
    holes: tuple[Span, ...]

    @property
    def complete(self) -> bool:
        """Whether it may leave the house: nothing missing, and no stray double brace of a token half typed."""
        return not self.missing and "{{" not in self.body and "}}" not in self.body


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at `position` (counted from 0): a sentence, and the text it is about."""

    message: str
    position: int
    token: str


def fill(body: str, values: Mapping[str, str]) -> Filled:
    """The wording with each token replaced by its value, else by its fallback, in one pass.

    `{{ Vehicle.Make }}` means `{{vehicle.make}}`; `{{seller.city|your area}}` brings its own fallback; an empty one
    counts as none. A value is plain text: no control characters, one line, at most 80 characters, and round brackets
    for curly ones, so that no value is ever taken for a token, now or when the text is read again. An address to click
    that is longer counts as missing, because a part of it leads nowhere.
    """
    pieces: list[str] = []
    spans: list[Span] = []
    holes: list[Span] = []
    fallbacks: dict[str, None] = {}
    known: dict[str, str] = {}  # the same token many times is looked up once
    length = 0
    slots, rest = _slots(body)
    for before, typed, token, wildcard, fallback in slots:
        value = known.get(token)
        if value is None:
            value = known[token] = _cleaned(values.get(token, ""), wildcard.whole) if wildcard else ""
        if not value and fallback:
            value = fallback
            fallbacks[token] = None
        put = value or typed
        start = length + len(before)
        length = start + len(put)
        pieces += before, put
        (spans if value else holes).append(Span(start, length, token))
    pieces.append(rest)
    return Filled(
        body="".join(pieces),
        missing=tuple(dict.fromkeys([hole.token for hole in holes])),
        used=tuple(dict.fromkeys([span.token for span in spans])),
        fallbacks=tuple(fallbacks),
        spans=tuple(spans),
        holes=tuple(holes),
    )


def tokens(body: str) -> tuple[str, ...]:
    """The tokens a wording uses, known or not, each once, in order."""
    return tuple(dict.fromkeys(_token(found)[0] for found in _TOKEN.finditer(body)))


def problems(body: str) -> list[Problem]:
    """Why a wording cannot be saved, from its start to its end: unknown tokens and braces that do not pair."""
    found = [*_unknown(body), *_strays(body), *_single_braced(body)]
    return sorted(found, key=lambda problem: problem.position)


_TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
_SINGLE = re.compile(r"(?<!\{)\{([^{}]*)\}(?!\})")
_BRACES = re.compile(r"\{+|\}+")

# Controls that are no white space, lone surrogates, and what moves or hides the text around it; joiners stay, because
# names and emoji need them.
_STRIPPED = regex.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_VISIBLE = regex.compile(r"[^\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
# What other programs, and people, call the same thing.
_OTHER_WORDS = {
    "mileage": "vehicle.odometer",
    "miles": "vehicle.odometer",
    "body": "vehicle.body_style",
    "url": "listing.link",
    "asking_price": "listing.price",
    "zip": "seller.postal_code",
    "zip_code": "seller.postal_code",
    "province": "seller.state",
}

_ROUND = str.maketrans("{}", "()")


@lru_cache(maxsize=128)  # one wording is filled in for thousands
def _slots(body: str) -> tuple[tuple[tuple[str, str, str, Wildcard | None, str], ...], str]:
    """The tokens of a wording, each with the words before it, as it was typed, its name, what it means, and what stands
    in when it has no value; and the words after the last."""
    slots, read = [], 0
    for found in _TOKEN.finditer(body):
        token, own = _token(found)
        wildcard = WILDCARDS.get(token)
        fallback = _cleaned(own) or wildcard.fallback if wildcard else ""
        slots.append((body[read : found.start()], found[0], token, wildcard, fallback))
        read = found.end()
    return tuple(slots), body[read:]


def _token(found: re.Match[str]) -> tuple[str, str]:
    name, _, fallback = found[1].partition("|")
    return name.strip().lower(), fallback


def _cleaned(value: str, whole: bool = False) -> str:
    """One line of plain text, at most 80 characters; empty when there is nothing to see in it."""
    if len(value) <= LONGEST_VALUE and _is_clean(value):  # as nearly every value is
        return value
    if not value.isascii() or not value.isprintable():
        value = _STRIPPED.sub("", value)
    value = " ".join(value.translate(_ROUND).split())
    if len(value) > LONGEST_VALUE:
        value = "" if whole else _shortened(value)
    return value if value.isascii() or _VISIBLE.search(value) else ""


def _is_clean(value: str) -> bool:
    """Whether this is printed ASCII without a curly bracket, and with single blanks between its words alone."""
    plain = value.isascii() and value.isprintable() and "{" not in value and "}" not in value
    return plain and "  " not in value and value == value.strip(" ")


def _shortened(value: str) -> str:
    """At most 80 characters, with no letter parted from its accent and no emoji from its parts."""
    end = 0
    for cluster in regex.finditer(r"\X", value[: LONGEST_VALUE + 1]):
        if cluster.end() > LONGEST_VALUE:
            break
        end = cluster.end()
    return value[: end or LONGEST_VALUE].rstrip()


def _unknown(body: str) -> list[Problem]:
    return [
        Problem(_unknown_sentence(found, token), found.start(), found[0])
        for found in _TOKEN.finditer(body)
        if (token := _token(found)[0]) not in WILDCARDS
    ]


def _unknown_sentence(found: re.Match[str], token: str) -> str:
    at = found.start() + 1
    if not token:
        return f"The braces at character {at} are empty. Put a wildcard between them, or remove them."
    nearest = _nearest(token)
    advice = f"Did you mean {WILDCARDS[nearest].markup}?" if nearest else PICK_ONE
    return f"“{_quoted(found[0])}” at character {at} is not a wildcard. {advice}"


def _strays(body: str) -> list[Problem]:
    """Braces outside the tokens: two or more, or one that touches a token. A single one elsewhere is just a brace."""
    paired = [(found.start(), found.end()) for found in _TOKEN.finditer(body)]
    starts, ends = {start for start, _ in paired}, {end for _, end in paired}
    outside = _TOKEN.sub(lambda found: " " * len(found[0]), body)
    return [
        Problem(_stray_sentence(found), found.start(), found[0])
        for found in _BRACES.finditer(outside)
        if len(found[0]) > 1 or found.end() in starts or found.start() in ends
    ]


def _stray_sentence(found: re.Match[str]) -> str:
    at = found.start() + 1
    if len(found[0]) == 1:
        return f"There is one brace too many at character {at}. Write {{{{vehicle.make}}}}, two on each side."
    if found[0][0] == "{":
        return f"The braces at character {at} are not closed. Write {{{{vehicle.make}}}}, two on each side."
    return f"The braces at character {at} close nothing. Write {{{{vehicle.make}}}}, two on each side."


def _single_braced(body: str) -> list[Problem]:
    return [
        Problem(
            f"“{_quoted(found[0])}” at character {found.start() + 1} needs two braces on each side: "
            f"{WILDCARDS[token].markup}.",
            found.start(),
            found[0],
        )
        for found in _SINGLE.finditer(body)
        if (token := _token(found)[0]) in WILDCARDS
    ]


def _quoted(typed: str) -> str:
    typed = " ".join(typed.split())
    return typed if len(typed) <= 50 else typed[:49] + "…"


@lru_cache(maxsize=512)
def _nearest(token: str) -> str:
    """The wildcard someone may have meant, by its name, its label or the end of its name; empty when none is near."""
    if len(token) > 40:
        return ""
    meant = {wildcard.token: wildcard.token for wildcard in WILDCARDS.values()}
    for wildcard in WILDCARDS.values():
        meant.setdefault(wildcard.label.lower(), wildcard.token)
        meant.setdefault(wildcard.token.rpartition(".")[2], wildcard.token)
    for word, wildcard_token in _OTHER_WORDS.items():
        meant[word] = meant[wildcard_token.partition(".")[0] + "." + word] = wildcard_token
    near = difflib.get_close_matches(token, meant, n=1, cutoff=0.6)
    return meant[near[0]] if near else ""
