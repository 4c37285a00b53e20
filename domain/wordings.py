"""From a wording with wildcards to the exact text that leaves: one render for preview, storage and sending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain import clock, email_bodies, emojis, listings, phones, text, wildcards
from domain.accounts import Account
from domain.appointments import Next
from domain.listings import Listing
from domain.sellers import Seller
from domain.users import User

LONGEST_TEXT = 1500  # characters Dialpad takes in one message
LONGEST = {"text": LONGEST_TEXT, "email": 20_000, "form": 4_000, "facebook": 2_000, "kijiji": 4_000}  # characters


@dataclass(frozen=True)
class Rendered:
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


@dataclass(frozen=True)
class Letter:
    """A message made final for its channel: what is shown, stored and sent, from one render.

    subject, html  of an email; empty otherwise
    body           as it leaves: an email's with its signature
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
    channel: str, subject: str, wording: str, values: Mapping[str, str], *, plain: bool = False, signature: str = ""
) -> Letter:
    """What leaves by this channel. `plain` concerns texts alone, subject and signature emails alone."""
    rendered = render(wording, values, plain=plain and channel == "text")
    if channel != "email":
        return Letter(channel, "", rendered.body, "", rendered.missing, rendered)
    topic = email_bodies.subject(subject, values)
    letter = email_bodies.render(rendered.body, signature)
    missing = tuple(dict.fromkeys((*email_bodies.subject_missing(subject, values), *rendered.missing)))
    return Letter(channel, topic, letter.text, letter.html, missing, rendered)


def values(
    listing: Listing,
    seller: Seller,
    source_name: str,
    account: Account,
    user: User,
    appointment: Next | None = None,
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What each wildcard stands for on this vehicle page, for this sender; empty where nothing is known. `known` is
    what `ours` said of the two, for whoever asks about many vehicles."""
    today = clock.now().astimezone(ZoneInfo(account.timezone)).date()
    days = (today - listing.posted_on).days if listing.posted_on else None
    return {
        "vehicle.year": str(listing.year or ""),
        "vehicle.make": listing.make,
        "vehicle.model": listing.model,
        "vehicle.trim": listing.trim,
        "vehicle.color": listing.color,
        "vehicle.odometer": distance(listing.odometer, account.country),
        "vehicle.vin": listing.vin,
        "vehicle.body_style": listing.body_style,
        "vehicle.transmission": listing.transmission,
        "vehicle.drivetrain": listing.drivetrain,
        "vehicle.fuel": listing.fuel,
        "vehicle.engine": listing.engine,
        "vehicle.title": listings.title(listing.year, listing.make, listing.model),
        "listing.price": money(listing.price, account.currency),
        "listing.previous_price": money(listing.previous_price, account.currency),
        "listing.source": source_name,
        "listing.link": listing.url,
        "listing.posted": f"{listing.posted_on:%B} {listing.posted_on.day}" if listing.posted_on else "",
        "listing.days_online": str(days) if days is not None and days >= 0 else "",
        "seller.name": f"{seller.first_name} {seller.last_name}".strip(),
        "seller.first_name": seller.first_name,
        "seller.last_name": seller.last_name,
        "seller.city": seller.city,
        "seller.state": seller.state,
        "seller.postal_code": seller.postal_code,
        **(known or ours(account, user)),
        "appointment.date": appointment.day if appointment else "",
        "appointment.time": appointment.clock if appointment else "",
        "appointment.place": appointment.place if appointment else "",
        "today": f"{today:%B} {today.day}, {today.year}",
    }


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
