"""A hundred thousand wordings and vehicles, each filled in: no raw token and no hole ever leaves.

The claim, for every pair of a wording and a vehicle page:

- The body is the wording, letter by letter, with each token replaced. So no word, blank or line next to a token is lost
  or doubled, whatever its value was.
- What replaces a token can be read: something to see, on one line, without blanks around it or two in a row, without
  braces, control characters or marks that turn or hide the text, and at most 80 characters long.
- A token without a value that can be read, and without a fallback that can, stays as it was typed and is named, once,
  in the order of the wording. Exactly then the gate refuses, with one reason for each.
- A body without such a token has no double brace, and filling it in again changes nothing.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import pytest

from domain import gate, text, wildcards, wordings
from domain.accounts import Account
from domain.gate import Facts, SenderState
from domain.ids import new
from domain.listings import Listing
from domain.sellers import Seller
from domain.users import User
from domain.wildcards import LONGEST_VALUE, WILDCARDS

WORDINGS, VEHICLES = 400, 250  # 100,000 pairs
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
FACTS = Facts(
    message_id=UUID("0192f0c4-7b6e-7c3a-9d2e-5f8a1b2c3d4e"),
    channel="text",
    kind="one_to_one",
    to="+15205550117",
    address_valid=True,
    opted_out=False,
    stage="not_contacted",
    plan_has_messaging=True,
    connected=True,
    sender="4693435745845248",
    sender_state=SenderState.LINKED,
)

# What turns or hides the text around it, and letters that nobody sees: U+115F and U+3164 fill Korean, U+2800 is blank.
TURNING = frozenset("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")
INVISIBLE = [
    "",
    " ",
    "\t\r\n",
    "\u00a0\u2003",
    "\u200b",
    "\ufeff\u200b",
    "\x00\x07",
    "\u202e",
    "\ud800",
    "\u3164",
    "\u0301",
]
HOSTILE = [
    "{{seller.name}}",
    "{{",
    "}}",
    "{{{{vehicle.make}}}}",
    "{",
    "｛｛vehicle.make｝｝",
    "{% raw %}{{ x }}",
    "${price}",
    "%(name)s %s {0}",
    "<script>alert(1)</script>",
    "</textarea><b>&amp;&#0;",
    "Robert'); DROP TABLE seller;--",
    "bell\x07 and\x1b[31m red",
    "null\x00byte",
    "half \ud83d a pair",
    "two\nlines\r\nand\u2028three",
    "a  b\t\tc",
    "\u202egnirts",
    "\u2066isolated\u2069 \u200fright",
    "zero\u200bwidth\ufeff",
    "é" * 100,
    "Z\u0351\u036b\u0343\u036a\u0302" * 30,
    "👩‍👩‍👧‍👦" * 20,
    "x" * 500,
    "word " * 60,
    "🇺🇸🚗",
    "السيارة",
    "本田",
    ":car:",
]
ORDINARY = [
    "Honda",
    "CR-V",
    "EX-L",
    "Silver",
    "Dana",
    "Whitfield",
    "Tucson",
    "AZ",
    "SUV",
    "Automatic",
    "Zoë",
    "O'Brien",
]
WORDS = [
    *(
        "Hi",
        "is",
        "your",
        "still for sale?",
        "I buy cars",
        "here.",
        "Could you come by",
        "at 4:30",
        "—",
        "“now”",
        "&",
        "<b>",
    ),
    *(
        "Écoutez",
        "你好",
        "שלום",
        "🚗",
        "👍🏽",
        "👨‍👩‍👧",
        "e\u0301",
        "a } b",
        "c { d",
        "100 %",
        "$",
        "\\",
        "{% if %}",
        "%s",
    ),
]
GAPS = [" ", " ", " ", " ", "", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", ", ", "/", "(", '"']
UNKNOWN = ["vehicle.wheels", "seller.frist_name", "", "__class__", "dealer", "constructor"]
FALLBACKS = [
    "",
    "",
    "",
    "|your area",
    "|",
    "|  ",
    "|\u200b",
    "|🚗",
    "|" + "y" * 200,
    "|a|b",
    "|two\nlines",
    "|<i>x</i>",
]


@dataclass(frozen=True)
class Slot:
    """A token in a wording, as it was typed."""

    token: str
    fallback: str
    typed: str


@dataclass(frozen=True)
class Wording:
    """What a template says, and the pieces that the text of it was put together from."""

    pieces: tuple[str | Slot, ...]

    @property
    def typed(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.typed for piece in self.pieces)

    @property
    def slots(self) -> list[Slot]:
        return [piece for piece in self.pieces if isinstance(piece, Slot)]


def test_no_raw_token_and_no_hole_leaves() -> None:
    chance = random.Random(20261124)
    vehicles = [values(chance) for _ in range(VEHICLES)]
    complete = checked = 0
    for _ in range(WORDINGS):
        wording = written(chance, slots=chance.randint(0, 6))
        for known in vehicles:
            complete += claim(wording, known)
            checked += 1
    assert checked == 100_000
    assert checked * 0.2 < complete < checked * 0.8  # both kinds were looked at


def test_ten_thousand_wildcards_in_one_wording_are_all_filled_or_named() -> None:
    chance = random.Random(10_000)
    wording = written(chance, slots=10_000)
    assert len(wording.slots) == 10_000
    for _ in range(5):
        claim(wording, values(chance))


@pytest.mark.parametrize("plain", [False, True], ids=["as typed", "plain"])
@pytest.mark.parametrize(
    "stray", ["{{", "}}", "{{{", "}}}", "{{ vehicle.make }", "｛｛", "{ {{vehicle.make}}}", "{{a{{b}}"]
)
def test_a_brace_too_many_is_found_in_the_wording_where_nothing_could_fill_it_in(stray: str, plain: bool) -> None:
    """Every token has a value here, so what is left could only be seen in the wording: as typed, or as made plain."""
    chance = random.Random(stray)
    known = {token: wildcard.example for token, wildcard in WILDCARDS.items()}
    for _ in range(200):
        typed = f"{written(chance, 2).typed} {stray} {written(chance, 2).typed}"
        body = wordings.render(typed, known, plain=plain).body
        wrong = wildcards.problems(text.plain(typed) if plain else typed)
        assert wrong or not ("{{" in body or "}}" in body)


def test_an_email_has_no_hole_in_its_subject_its_text_or_its_html() -> None:
    chance = random.Random(5_322)
    complete = 0
    for _ in range(2_000):
        subject, wording, known = written(chance, slots=2), written(chance, slots=3), values(chance)
        letter = wordings.compose("email", subject.typed, wording.typed, known, signature="Ben\nHarbor Motors")
        expected = dict.fromkeys(slot.token for slot in (*subject.slots, *wording.slots) if not has_value(slot, known))
        assert letter.missing == tuple(expected)
        assert decided(letter.missing) == bool(not expected)
        if not expected:
            complete += 1
            assert not [part for part in (letter.subject, letter.body, letter.html) if "{{" in part or "}}" in part]
    assert complete > 400


def test_what_is_made_plain_has_no_hole_either() -> None:
    """Look-alikes become what they look like first, a brace among them, and are filled in or made harmless then."""
    chance = random.Random(7)
    for _ in range(3_000):
        wording = written(chance, slots=4)
        rendered = wordings.render(wording.typed, values(chance), plain=True)
        assert all(readable(rendered.body[span.start : span.end]) for span in rendered.spans)
        if not rendered.missing:
            assert "{{" not in rendered.body
            assert "}}" not in rendered.body
        assert decided(rendered.missing) == bool(not rendered.missing)


# The claim


def claim(wording: Wording, known: dict[str, str]) -> bool:
    """Asserts it of one pair; whether the body is complete."""
    rendered = wordings.render(wording.typed, known)
    body = rendered.body
    spans, holes, at = iter(rendered.spans), iter(rendered.holes), 0
    missing: dict[str, None] = {}
    for piece in wording.pieces:
        if isinstance(piece, str):
            words = piece.replace("\r\n", "\n")
            assert body.startswith(words, at)
            at += len(words)
        elif has_value(piece, known):
            start, end, token = next(spans)
            assert (start, token) == (at, piece.token)
            assert readable(body[start:end])
            at = end
        else:
            start, end, token = next(holes)
            assert (start, token, body[start:end]) == (at, piece.token, piece.typed.replace("\r\n", "\n"))
            missing[token] = None
            at = end
    assert at == len(body)
    assert next(spans, None) is next(holes, None) is None
    assert rendered.missing == tuple(missing)
    assert decided(rendered.missing) == bool(not missing)
    if missing:
        return False
    assert "{{" not in body
    assert "}}" not in body
    assert wildcards.fill(body, known).body == body
    return True


@lru_cache(maxsize=4096)
def decided(missing: tuple[str, ...]) -> bool:
    """What the gate says to these tokens; that it names each is asserted."""
    decision = gate.decide(FACTS._replace(missing=missing), NOW)
    assert [refusal.code for refusal in decision.refusals] == [f"missing_wildcard:{token}" for token in missing]
    return decision.allowed


def has_value(slot: Slot, known: dict[str, str]) -> bool:
    if slot.token not in WILDCARDS:
        return False
    wildcard, value = WILDCARDS[slot.token], known[slot.token]
    too_long = wildcard.whole and len(value) > LONGEST_VALUE
    return (seen(value) and not too_long) or seen(slot.fallback) or bool(wildcard.fallback)


@lru_cache(maxsize=4096)
def seen(value: str) -> bool:
    """Whether there is anything to see in it, by Unicode's categories: not only blanks, controls and loose marks."""
    return any(unicodedata.category(char)[0] not in "ZCM" and char not in UNSEEN for char in value)


@lru_cache(maxsize=4096)
def readable(value: str) -> bool:
    return (
        seen(value)
        and len(value) <= LONGEST_VALUE
        and value == " ".join(value.split())
        and not TURNING & set(value)
        and not any(char in "{}" or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in value)
    )


# What is generated


def written(chance: random.Random, slots: int) -> Wording:
    """A wording of so many tokens between words, blanks, lines, emoji, markup and other scripts."""
    pieces: list[str | Slot] = [chance.choice(["Hi", "Hello!", ""])]
    for _ in range(slots):
        pieces += [chance.choice(GAPS), slot(chance)]
        if chance.random() < 0.5:
            pieces += [chance.choice(GAPS), chance.choice(WORDS)]
    if chance.random() < 0.5:
        pieces += [chance.choice(GAPS), "Thanks."]
    return Wording(tuple(stripped([piece for piece in pieces if piece != ""])))


def slot(chance: random.Random) -> Slot:
    token = chance.choice(UNKNOWN) if chance.random() < 0.02 else chance.choice(list(WILDCARDS))
    fallback = chance.choice(FALLBACKS)
    name = chance.choice([token, token, token.upper(), f" {token} ", f"\t{token.title()}\n"])
    return Slot(token, fallback[1:], f"{{{{{name}{fallback}}}}}")


def stripped(pieces: list[str | Slot]) -> Iterator[str | Slot]:
    """The pieces without the white space around the whole, which is not sent."""
    merged: list[str | Slot] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    for at, piece in enumerate(merged):
        if isinstance(piece, str):
            piece = piece.lstrip() if at == 0 else piece
            piece = piece.rstrip() if at == len(merged) - 1 else piece
        if piece:
            yield piece


def values(chance: random.Random) -> dict[str, str]:
    """What the wildcards stand for on the page of a made-up vehicle, with much unknown and some of it hostile."""

    def said() -> str:
        kind = chance.random()
        return chance.choice(ORDINARY if kind < 0.55 else INVISIBLE if kind < 0.8 else HOSTILE)

    def number(most: int) -> int | None:
        return chance.choice([None, 0, chance.randint(1, most)])

    def address() -> str:
        return chance.choice(
            ["", "https://cars.example/ads/4711", "https://cars.example/" + "x" * 200, "{{listing.link}}"]
        )

    account = Account(slug="x", name=said(), street=said(), city=said(), state=said(), postal_code=said())
    account.phone, account.website = chance.choice(["", "+15205550100"]), address()
    account.country, account.currency = chance.choice([("US", "USD"), ("CA", "CAD"), ("CA", "EUR")])
    account.timezone = chance.choice(["America/Phoenix", "America/St_Johns"])
    user = User(account=account.id, email=address(), name=f"{said()} {said()}", title=said())
    user.phone = chance.choice(["", "+15205550142"])
    listing = Listing(account=account.id, source=new(), external_id="1", year=number(2027), odometer=number(400_000))
    for name in ("make", "model", "trim", "color", "vin", "body_style", "transmission", "drivetrain", "fuel", "engine"):
        setattr(listing, name, said())
    listing.price, listing.previous_price, listing.url = number(9_999_999), number(9_999_999), address()
    listing.posted_on = chance.choice([None, date(2026, 11, 24) - timedelta(days=chance.randint(-3, 400))])
    seller = Seller(account=account.id, listing=listing.id, first_name=said(), last_name=said())
    seller.city, seller.state, seller.postal_code = said(), said(), said()
    known = wordings.values(listing, seller, said(), account, user)
    # No vehicle has an appointment yet; wordings shall meet one all the same.
    return known | {"appointment.date": said(), "appointment.time": said(), "appointment.place": said()}
