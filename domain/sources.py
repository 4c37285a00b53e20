"""The sites ads come from, and whether they can be messaged at all."""

from uuid import UUID

from piccolo.columns import Boolean, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, parent
from domain.db import DB, found

# slug -> (name, kind). What an import may call a source; anything else becomes a source of its own.
WELL_KNOWN = {
    "facebook": "Facebook Marketplace",
    "kijiji": "Kijiji",
    "craigslist": "Craigslist",
    "autotrader": "AutoTrader",
    "kbb": "Kelley Blue Book",
    "cargurus": "CarGurus",
    "cars": "Cars.com",
    "own-site": "Own site",
}


class Source(Table, db=DB, tablename="source"):
    id = key()
    account = parent(Account)
    slug = Varchar(60)  # unique per account
    name = Text()
    messageable = Boolean(default=True)
    form_transport = Varchar(
        12, default=""
    )  # http_form | adf_email | assisted; empty: no contact form to write through


def slug_of(name: str) -> str:
    """`Facebook Marketplace` -> `facebook-marketplace`; empty when nothing is left."""
    return "-".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())[:60]


_BY_NAME = {slug_of(name): slug for slug, name in WELL_KNOWN.items() if slug_of(name) != slug}


async def named(account: UUID, name: str) -> Source:
    """The account's source of that name or slug, made when new. Call it inside a transaction."""
    slug = slug_of(name) or "own-site"
    source = await Source.objects().get((Source.account == account) & (Source.slug == slug))
    if source is None and slug in _BY_NAME:  # a site that people call by its whole name is the one we know
        slug = _BY_NAME[slug]
        source = await Source.objects().get((Source.account == account) & (Source.slug == slug))
    if source is None:
        source = Source(account=account, slug=slug, name=WELL_KNOWN.get(slug, name.strip()))
        await Source.insert(source)
    return source


async def slug(source: UUID) -> str:
    """The short name of a source."""
    return (await found(Source.select(Source.slug).where(Source.id == source).first()))["slug"]
