"""From a wording with wildcards to the exact text that leaves: one render for preview, storage and sending."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain import clock, email_bodies, emojis, listings, phones, text, wildcards
from domain.accounts import Account
from domain.appointments import Next
from domain.listings import Listing
from domain.sellers import Seller
from domain.users import User

LONGEST_TEXT = 1500  # characters Dialpad takes in one message
Row = Mapping[str, Any]
OF_LISTING = (
    *("year", "make", "model", "trim", "color", "odometer", "vin", "body_style", "transmission", "drivetrain", "fuel"),
    *("engine", "price", "previous_price", "url", "posted_on"),
)
OF_SELLER = ("first_name", "last_name", "city", "state", "postal_code")
LONGEST = {"text": LONGEST_TEXT, "email": 20_000, "form": 4_000, "facebook": 2_000, "kijiji": 4_000}  # characters


class Rendered(NamedTuple):
    """A wording made final: `missing` names the tokens without a value, still in the body as typed."""

    body: str
    missing: tuple[str, ...]
    spans: tuple[wildcards.Span, ...]  # of the values filled in
    holes: tuple[wildcards.Span, ...]  # of the tokens left
    cost: text.Cost
    fallbacks: int = 0  # blanks filled with what stands in for a missing value


def render(wording: str, values: Mapping[str, str], *, plain: bool = False) -> Rendered:
    """The body exactly as the seller will read it. `plain` swaps look-alike characters for GSM-7 ones."""
    tidy = _tidied(wording, plain)
    if plain:
        values = {token: text.plain(value) for token, value in values.items()}
    filled = wildcards.fill(tidy, values)
    return Rendered(
        filled.body, filled.missing, filled.spans, filled.holes, text.measure(filled.body), len(filled.fallbacks)
    )


@lru_cache(maxsize=128)  # one wording is made final for thousands
def _tidied(wording: str, plain: bool) -> str:
    tidy = emojis.expand(text.storable(wording).replace("\r\n", "\n").replace("\r", "\n").strip())
    # Made plain, what stood between the words and the white space behind them may be gone.
    return text.plain(tidy).strip() if plain else tidy


class Letter(NamedTuple):
    """A message made final for its channel: what is shown, stored and sent, from one render.

    subject, html  of an email; empty otherwise
    body           as it leaves: an email's with its signature, and its last lines
    missing        the tokens without a value, of body and subject
    """

    channel: str
    subject: str
    body: str
    html: str
    missing: tuple[str, ...]
    rendered: Rendered  # what was typed, without a signature

    @property
    def longest(self) -> int:
        return LONGEST[self.channel]


def compose(
    channel: str,
    subject: str,
    wording: str,
    values: Mapping[str, str],
    *,
    plain: bool = False,
    signature: str = "",
    below: str = "",
) -> Letter:
    """What leaves by this channel. `plain` concerns texts alone; the subject, the signature and what stands `below` it
    emails alone."""
    rendered = render(wording, values, plain=plain and channel == "text")
    if channel != "email":
        return Letter(channel, "", rendered.body, "", rendered.missing, rendered)
    topic = email_bodies.subject(subject, values)
    letter = email_bodies.render(rendered.body, signature, below)
    missing = tuple(dict.fromkeys((*email_bodies.subject_missing(subject, values), *rendered.missing)))
    return Letter(channel, topic, letter.text, letter.html, missing, rendered)


@lru_cache(maxsize=128)
def tokens(channel: str, subject: str, wording: str, *, plain: bool = False) -> tuple[str, ...]:
    """The wildcards whose values `compose` asks for."""
    found = wildcards.tokens(_tidied(wording, plain and channel == "text"))
    return (*found, *email_bodies.subject_tokens(subject)) if channel == "email" else found


def values(
    listing: Listing, seller: Seller, source_name: str, account: Account, user: User, appointment: Next | None = None
) -> dict[str, str]:
    """What each wildcard stands for on this vehicle page, for this sender; empty where nothing is known."""
    row = {name: getattr(listing, name) for name in OF_LISTING} | {name: getattr(seller, name) for name in OF_SELLER}
    row |= {"source_name": source_name, "next_at": None}
    if appointment:
        row |= {"next_at": appointment.at, "next_zone": appointment.zone, "next_place": appointment.place}
    return of_row(row, account, ours(account, user))


def of_row(
    row: Row, account: Account, known: Mapping[str, str], tokens: Iterable[str] = wildcards.WILDCARDS
) -> dict[str, str]:
    """The same of a row with OF_LISTING, OF_SELLER, `source_name` and the columns of an appointment, or as much of it
    as `tokens` ask for. `known` is what `ours` says."""
    said = {}
    for token in tokens:
        if token in known:
            said[token] = known[token]
        elif token in _MEANINGS:
            said[token] = _MEANINGS[token](row, account)
    return said


def ours(account: Account, user: User) -> dict[str, str]:
    """What the wildcards of the sender and the dealership stand for."""
    return {
        "agent.name": user.name,
        "agent.first_name": user.name.split(" ")[0],
        "agent.phone": phones.shown(user.phone) if user.phone else "",
        "agent.email": user.email,
        "agent.title": user.title,
        "dealer.name": account.name,
        "dealer.phone": phones.shown(account.phone) if account.phone else "",
        "dealer.address": address(account),
        "dealer.city": account.city,
        "dealer.website": account.website,
    }


def money(cents: int | None, currency: str) -> str:
    """`$21,900`, with cents only where there are any; empty for None. Both dollars are written `$`."""
    if cents is None:
        return ""
    whole, rest = divmod(cents, 100)
    sign = {"USD": "$", "CAD": "$"}.get(currency, f"{currency} ")
    return f"{sign}{whole:,}" + (f".{rest:02}" if rest else "")


def distance(odometer: int | None, country: str) -> str:
    """`48,210 miles`, kilometres in Canada; empty for None."""
    if odometer is None:
        return ""
    return f"{odometer:,} {'km' if country == 'CA' else 'miles'}"


def address(account: Account) -> str:
    """`4820 E Speedway Blvd, Tucson AZ 85712`."""
    town = " ".join(part for part in (account.city, account.state, account.postal_code) if part)
    return ", ".join(part for part in (account.street, town) if part)


def local(moment: datetime, account: Account) -> datetime:
    """The moment on the dealership's own clock."""
    return moment.astimezone(ZoneInfo(account.timezone))


def _today(account: Account) -> date:
    return local(clock.now(), account).date()


def _posted(row: Row, _: Account) -> str:
    posted: date | None = row["posted_on"]
    return f"{posted:%B} {posted.day}" if posted else ""


def _days_online(row: Row, account: Account) -> str:
    days = (_today(account) - row["posted_on"]).days if row["posted_on"] else -1
    return str(days) if days >= 0 else ""


def _date(_: Row, account: Account) -> str:
    today = _today(account)
    return f"{today:%B} {today.day}, {today.year}"


def _name(row: Row, _: Account) -> str:
    return f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()


def _agreed(part: str) -> Callable[[Row, Account], str]:
    def said(row: Row, _: Account) -> str:
        appointment = Next.of(row)
        return getattr(appointment, part) if appointment else ""

    return said


def _as_it_is(name: str) -> Callable[[Row, Account], str]:
    return lambda row, _: row[name] or ""


# What a wildcard stands for that is not the sender's or the dealership's.
_MEANINGS: Mapping[str, Callable[[Row, Account], str]] = {
    "vehicle.year": lambda row, _: str(row["year"] or ""),
    **{
        f"vehicle.{name}": _as_it_is(name)
        for name in (
            "make",
            "model",
            "trim",
            "color",
            "vin",
            "body_style",
            "transmission",
            "drivetrain",
            "fuel",
            "engine",
        )
    },
    "vehicle.odometer": lambda row, account: distance(row["odometer"], account.country),
    "vehicle.title": lambda row, _: listings.title(row["year"], row["make"], row["model"]),
    "listing.price": lambda row, account: money(row["price"], account.currency),
    "listing.previous_price": lambda row, account: money(row["previous_price"], account.currency),
    "listing.source": _as_it_is("source_name"),
    "listing.link": _as_it_is("url"),
    "listing.posted": _posted,
    "listing.days_online": _days_online,
    "seller.name": _name,
    **{f"seller.{name}": _as_it_is(name) for name in OF_SELLER},
    "appointment.date": _agreed("day"),
    "appointment.time": _agreed("clock"),
    "appointment.place": _agreed("place"),
    "today": _date,
}
