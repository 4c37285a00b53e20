"""A dealership (rooftop): its plan, its place, its switches."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain import phones, text
from domain.columns import key, made
from domain.db import DB
from domain.errors import NotFound, Refused


class Tier(StrEnum):
    STANDARD = "standard"
    PROFESSIONAL = "professional"
    ACCELERATED = "accelerated"


class Account(Table, db=DB, tablename="account"):
    id = key()
    slug = Varchar(60, unique=True)
    name = Text()
    tier = Varchar(20, default=Tier.ACCELERATED)
    country = Varchar(2, default="US")
    timezone = Varchar(60, default="America/New_York")
    currency = Varchar(3, default="USD")
    phone = Text(default="")
    email = Text(default="")
    website = Text(default="")
    street = Text(default="")
    city = Text(default="")
    state = Text(default="")
    postal_code = Text(default="")
    scheduled_messages = Boolean(default=True)
    facebook = Boolean(default=False)
    kijiji = Boolean(default=False)
    plain_texts = Boolean(default=False)  # swap look-alike characters so that a text stays GSM-7
    managers_own_global_templates = Boolean(default=False)
    introduces_itself = Boolean(default=True)  # a first text says who we are and how to stop
    first_contacts_an_hour = Integer(default=0)  # of batches, at most; 0: no limit
    created_at = made()


class PlanFeature(Table, db=DB, tablename="plan_feature"):
    """Whether a tier includes a feature or an app: data, edited on /plans by the installation's owner."""

    id = key()
    tier = Varchar(20)
    feature = Varchar(40)
    included = Boolean(default=False)


LONGEST_LINE = 80  # characters: what a wildcard puts into a text at most

# ISO 3166 country -> (how it is called, its currency)
COUNTRIES = {"US": ("United States", "USD"), "CA": ("Canada", "CAD")}

# The zones a dealership in North America can be in; any other IANA name is accepted from the command line.
TIMEZONES = (
    "America/New_York",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Boise",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Johns",
    "America/Halifax",
    "America/Moncton",
    "America/Toronto",
    "America/Winnipeg",
    "America/Regina",
    "America/Edmonton",
    "America/Vancouver",
    "America/Whitehorse",
)


async def add(
    name: str, slug: str = "", *, tier: str = Tier.ACCELERATED, country: str = "US", timezone: str = "America/New_York"
) -> Account:
    """A new dealership. Raises Refused at the field that is wrong. Call it inside a transaction."""
    name = text.one_line(name)
    slug = slug or slug_of(name)
    if not name:
        raise Refused("Give the name of the dealership.", field="dealership")
    if len(name) > LONGEST_LINE:
        raise Refused(f"This is too long: {LONGEST_LINE} characters at most.", field="dealership")
    if not slug or slug != slug_of(slug):
        raise Refused("The short name may hold small letters, digits and hyphens, 60 at most.", field="slug")
    if tier not in list(Tier):
        raise Refused(f"The plan must be one of {', '.join(Tier)}.", field="tier")
    if country not in COUNTRIES:
        raise Refused("Choose the United States (US) or Canada (CA).", field="country")
    if not is_timezone(timezone):
        raise Refused("Choose a time zone, such as America/Chicago.", field="timezone")
    if await Account.exists().where(Account.slug == slug):
        raise Refused(f"There is an account “{slug}” already. Choose another short name.", field="slug")
    account = Account(
        name=name, slug=slug, tier=tier, country=country, timezone=timezone, currency=COUNTRIES[country][1]
    )
    await Account.insert(account)
    return account


PROFILE = ("name", "phone", "email", "website", "street", "city", "state", "postal_code", "timezone")
MOST_AN_HOUR = 10_000  # first contacts, of a limit


async def change_profile(
    account: Account,
    typed: Mapping[str, str],
    *,
    first_contacts_an_hour: int,
    plain_texts: bool,
    managers_own_global_templates: bool,
    introduces_itself: bool,
    scheduled_messages: bool,
    facebook: bool,
    kijiji: bool,
) -> None:
    """What the dealership says of itself, the fields of PROFILE, its pace and its switches. Raises Refused at the field
    that is wrong. Who may is account_edits' to say."""
    values: dict[Any, Any] = {getattr(Account, name): text.one_line(typed[name]) for name in PROFILE}
    for name in PROFILE:
        if len(values[getattr(Account, name)]) > LONGEST_LINE:
            raise Refused(f"This is too long: {LONGEST_LINE} characters at most.", field=name)
    if not values[Account.name]:
        raise Refused("Give the name of the dealership.", field="name")
    if not is_timezone(values[Account.timezone]):
        raise Refused("Choose a time zone from the list.", field="timezone")
    if values[Account.phone]:
        values[Account.phone] = phones.parse(values[Account.phone], account.country)
    values[Account.first_contacts_an_hour] = first_contacts_an_hour
    values[Account.plain_texts] = plain_texts
    values[Account.managers_own_global_templates] = managers_own_global_templates
    values[Account.introduces_itself] = introduces_itself
    values[Account.scheduled_messages] = scheduled_messages
    values[Account.facebook], values[Account.kijiji] = facebook, kijiji
    await Account.update(values).where(Account.id == account.id)


SWITCHED = ("facebook", "kijiji")  # channels that a dealership uses or does not


async def switch_on(account_id: UUID, channel: str) -> None:
    """The dealership writes by this channel from now on, where it has a switch for it."""
    if channel in SWITCHED:
        await Account.update({getattr(Account, channel): True}).where(Account.id == account_id)


def is_on(account: Account, channel: str) -> bool:
    """Whether the dealership writes by this channel at all, connected or not."""
    return bool(getattr(account, channel)) if channel in SWITCHED else True


def clean_an_hour(typed: str) -> int:
    """A limit of first contacts an hour; 0: none."""
    limit = text.number(typed.strip() or "0", MOST_AN_HOUR)
    if limit is None:
        raise Refused(
            f"Give a whole number of first contacts, {MOST_AN_HOUR:,} at most, or leave it empty for no limit.",
            field="first_contacts_an_hour",
        )
    return limit


async def named(slug: str) -> Account:
    """The account of that short name. Raises NotFound."""
    account = await Account.objects().get(Account.slug == slug)
    if account is None:
        raise NotFound(f"There is no account “{slug}”. `./lotwire account list` shows those there are.")
    return account


async def all_accounts() -> list[Account]:
    """All accounts of the installation, by short name."""
    return await Account.objects().order_by(Account.slug)


def slug_of(name: str) -> str:
    """`Smith & Sons Motors` -> `smith-sons-motors`; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain.casefold()).split())[:60].strip("-")


def is_timezone(name: str) -> bool:
    """Whether it is a name of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of the database, such as “America”
        return False
    return True
