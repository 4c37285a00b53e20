"""One ad as it is handed in - listing, seller, price, pictures wanted - and the only way it gets into the tables.

CSV rows, the API and the edit form all come through here. A field that is not named stays as it is; a field that is
named and empty becomes empty: the one who sends a column answers for it. Stage, users and what is hidden are the
dealership's own and are never touched, but for the ads of sellers whom it reported as dealerships: those are hidden.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from piccolo.query.methods.raw import Raw
from piccolo.querystring import QueryString

from domain import ad_values, audit, clock, db, dealerships, ids, listings, phones, sellers, sources
from domain.errors import Refused
from domain.listings import Listing, Picture, PriceChange, Stage, search_words
from domain.sellers import Seller

# What an ad may say -> how people call it. The names are those of the API's body, laid flat.
FIELDS = {
    "external_id": "Listing ID",
    "source": "Source",
    "year": "Year",
    "make": "Make",
    "model": "Model",
    "trim": "Trim",
    "vin": "VIN",
    "odometer": "Odometer",
    "body_style": "Body style",
    "color": "Exterior color",
    "interior_color": "Interior color",
    "engine": "Engine",
    "fuel": "Fuel",
    "transmission": "Transmission",
    "drivetrain": "Drivetrain",
    "price": "Price",
    "url": "Link to the ad",
    "description": "Description",
    "posted_on": "Posted on",
    "pictures": "Pictures",
    "name": "Seller’s full name",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone",
    "mobile": "Mobile",
    "email": "Email",
    "street": "Street",
    "city": "City",
    "state": "State or province",
    "postal_code": "ZIP or postal code",
}
REQUIRED = ("year", "make", "model")


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad with every value checked. `given` names the fields that were handed in; the others say nothing."""

    external_id: str
    given: frozenset[str]
    year: int
    make: str
    model: str
    source: str = ""  # a name or slug; empty: wherever it is put
    trim: str = ""
    vin: str = ""
    odometer: int | None = None  # miles in the US, kilometres in Canada
    body_style: str = ""
    color: str = ""
    interior_color: str = ""
    engine: str = ""
    fuel: str = ""
    transmission: str = ""
    drivetrain: str = ""
    price: int | None = None  # cents
    url: str = ""
    description: str = ""
    posted_on: date | None = None
    pictures: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    phone: str = ""  # E.164 or empty
    mobile: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


Result = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Outcome:
    """What became of an ad. `filtered`: its seller is reported as a dealership, so it is kept out of sight."""

    listing_id: UUID
    result: Result
    filtered: bool = False


def read(fields: Mapping[str, str], country: str) -> Ad:
    """An ad from what was typed: field -> text, of FIELDS; others are passed over.

    `country` is the account's (ISO 3166): it decides how phones, days and odometers are understood. Without a listing
    ID the link, then the VIN stands for it. Raises Refused for the first field that is wrong.
    """
    ad, problems = check(fields, country)
    if ad is None:
        raise problems[0]
    return ad


def check(fields: Mapping[str, str], country: str) -> tuple[Ad | None, list[Refused]]:
    """The ad, or None and all that is wrong with it, one Refused a field in the order of FIELDS. See `read`."""
    values: dict[str, Any] = {}
    wrong: list[Refused] = []
    for name, reader in _READERS.items():
        if name in fields:
            try:
                values[name] = reader(fields[name], country, name)
            except Refused as error:
                wrong.append(error)
    for name in REQUIRED:
        if not fields.get(name, "").strip():
            wrong = [error for error in wrong if error.field != name]
            wrong.append(Refused(f"Give the {FIELDS[name].lower()}.", field=name))
    if "vin" in fields:
        try:
            values["vin"] = ad_values.vin(fields["vin"], values.get("year"))
        except Refused as error:
            wrong.append(error)
    _split_name(values)
    external_id = values.get("external_id") or values.get("url") or values.get("vin") or ""
    if not external_id and not any(error.field in ("external_id", "url", "vin") for error in wrong):
        wrong.append(Refused("Give a listing ID, a link to the ad or a VIN, so that it is known again.", "external_id"))
    if wrong:
        return None, sorted(wrong, key=lambda error: _ORDER.get(error.field, 0))
    values["external_id"] = _identity(external_id)
    return Ad(given=frozenset(values), **values), []


async def put(account: UUID, source: str, ad: Ad, user: UUID | None = None) -> Outcome:
    """Makes the listing, or brings it up to the ad. `source` is a name or slug; the same ad of it is the same listing.

    `user` is who did it by hand, for the audit trail.
    """
    async with db.writing():
        [outcome] = await put_many(account, [ad], source)
        if user is not None and outcome.result != "unchanged":
            await audit.record(account, user, f"listing.{outcome.result}", outcome.listing_id)
    return outcome


async def put_many(account: UUID, ads: Sequence[Ad], source: str) -> list[Outcome]:
    """As `put`, for up to about 500 ads in a handful of statements; the outcomes are in the order of the ads.

    `source` is for ads that name none. Of an ad that stands twice the later one wins. Call it inside a transaction.
    """
    if not ads:
        return []
    await listings.wait_for_turn(account)
    names = dict.fromkeys(ad.source or source for ad in ads)
    source_ids = {name: (await sources.named(account, name)).id for name in names}
    keys = [(source_ids[ad.source or source], ad.external_id) for ad in ads]
    records = await _known(account, keys)
    results: list[tuple[UUID, Result]] = []
    for key, ad in zip(keys, ads, strict=True):
        record = records.get(key)
        if record is None:
            record = records[key] = _Record(ids.new(), account, *key)
            record.take(ad)
            results.append((record.id, "created"))
        else:
            results.append((record.id, "updated" if record.take(ad) else "unchanged"))
    changed = [record for record in records.values() if record.changed]
    await _write(changed, clock.now())
    await dealerships.filter_ads(account, {each.id: dealerships.identities(each.seller, True) for each in changed})
    filtered = await dealerships.reported(account, {listing for listing, _ in results})
    return [Outcome(listing, result, listing in filtered) for listing, result in results]


_ORDER = {name: place for place, name in enumerate(FIELDS)}

_Reader = Callable[[str, str, str], Any]


def _line(raw: str, country: str, name: str) -> str:
    return ad_values.line(raw, name)


def _phone(raw: str, country: str, name: str) -> str:
    typed = ad_values.line(raw, name)
    return "" if typed.casefold() in ad_values.BLANKS else phones.parse(typed, country, name)


def _state(raw: str, country: str, name: str) -> str:
    typed = ad_values.line(raw, name)
    return typed.upper() if len(typed) == 2 else typed


_READERS: dict[str, _Reader] = {
    "external_id": _line,
    "source": _line,
    "year": lambda raw, country, name: ad_values.year(raw, name),
    "make": _line,
    "model": _line,
    "trim": _line,
    "odometer": ad_values.odometer,
    "body_style": _line,
    "color": _line,
    "interior_color": _line,
    "engine": _line,
    "fuel": _line,
    "transmission": _line,
    "drivetrain": _line,
    "price": lambda raw, country, name: ad_values.price(raw, name),
    "url": lambda raw, country, name: ad_values.web_address(raw, name),
    "description": lambda raw, country, name: ad_values.text(raw, name),
    "posted_on": ad_values.day,
    "pictures": lambda raw, country, name: ad_values.pictures(raw),
    "name": _line,
    "first_name": _line,
    "last_name": _line,
    "phone": _phone,
    "mobile": _phone,
    "email": lambda raw, country, name: ad_values.email(raw, name),
    "street": _line,
    "city": _line,
    "state": _state,
    "postal_code": lambda raw, country, name: ad_values.line(raw, name).upper(),
}


def _split_name(values: dict[str, Any]) -> None:
    """`Dana Whitfield` and `Whitfield, Dana` in one field become two, unless those are given themselves."""
    if "name" not in values:
        return
    name = values.pop("name")
    if values.get("first_name") or values.get("last_name"):
        return
    if ", " in name:
        last, _, first = name.partition(", ")
    else:
        first, _, last = name.partition(" ")
    values |= {"first_name": first.strip(), "last_name": last.strip()}


def _identity(external_id: str) -> str:
    """At most 200 characters, as the column holds; a longer link is known by its hash."""
    return external_id if len(external_id) <= 200 else f"sha256:{hashlib.sha256(external_id.encode()).hexdigest()}"


_OF_LISTING = (
    *("year", "make", "model", "trim", "vin", "odometer", "body_style", "color", "interior_color", "engine", "fuel"),
    *("transmission", "drivetrain", "price", "description", "url", "posted_on"),
)
_OF_SELLER = ("first_name", "last_name", "phone", "mobile", "email", "street", "city", "state", "postal_code")
_SELLER_COLUMNS = (*_OF_SELLER, "name_key", "address_key")  # the columns of `_Record.seller`, in its order
_RECOGNIZED = ("first_name", "last_name", "street", "city", "state")  # of which the last two are made
_KEPT = (*_OF_LISTING, *_OF_SELLER)
_SEARCHED = ("year", "make", "model", "trim", "vin", "first_name", "last_name", "phone", "mobile", "email", "city")


@dataclass(slots=True)
class _Record:
    """A listing and its seller on the way into the tables."""

    id: UUID
    account: UUID
    source: UUID
    external_id: str
    is_new: bool = True
    values: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(_KEPT, ""))
    search: str = ""
    previous_price: int | None = None
    stored_price: int | None = None
    pictures: tuple[str, ...] = ()
    pictures_changed: bool = False
    changed: bool = False
    seller: dict[str, Any] = field(default_factory=dict)  # once it changed: all columns but ids

    def take(self, ad: Ad) -> bool:
        """Takes over what the ad gives; True when that changes anything."""
        before = (dict(self.values), self.pictures)
        for name in _KEPT:
            if name in ad.given or (self.is_new and not self.changed):
                self.values[name] = getattr(ad, name)
        if "pictures" in ad.given and ad.pictures != self.pictures:
            self.pictures, self.pictures_changed = ad.pictures, True
        if before == (self.values, self.pictures) and not (self.is_new and not self.changed):
            return False
        seller = {name: self.values[name] for name in _OF_SELLER}
        self.seller = seller | sellers.keys(*(seller[name] for name in _RECOGNIZED))
        self.search = " ".join(search_words(*(str(self.values[name]) for name in _SEARCHED), self.external_id))
        self.changed = True
        return True


async def _known(account: UUID, keys: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], _Record]:
    by_source: dict[UUID, set[str]] = {}
    for source, external_id in keys:
        by_source.setdefault(source, set()).add(external_id)
    records: dict[tuple[UUID, str], _Record] = {}
    columns = [Listing._meta.get_column_by_name(name) for name in _OF_LISTING]
    for source, wanted in by_source.items():
        rows = await Listing.select(
            Listing.id, Listing.external_id, Listing.previous_price, Listing.search, *columns
        ).where((Listing.source == source) & Listing.external_id.is_in(list(wanted)))
        for row in rows:
            record = _Record(row["id"], account, source, row["external_id"], is_new=False)
            record.values |= {name: row[name] for name in _OF_LISTING}
            record.search, record.previous_price, record.stored_price = (
                row["search"],
                row["previous_price"],
                row["price"],
            )
            records[source, row["external_id"]] = record
    if records:
        by_id = {record.id: record for record in records.values()}
        sellers = [Seller._meta.get_column_by_name(name) for name in _OF_SELLER]
        for row in await Seller.select(Seller.listing, *sellers).where(Seller.listing.is_in(list(by_id))):
            by_id[row["listing"]].values |= {name: row[name] for name in _OF_SELLER}
        pictures = Picture.select(Picture.listing, Picture.url).where(Picture.listing.is_in(list(by_id)))
        for row in await pictures.order_by(Picture.position):
            by_id[row["listing"]].pictures += (row["url"],)
    return records


async def _write(records: Sequence[_Record], now: datetime) -> None:
    repriced = [record for record in records if record.values["price"] != record.stored_price]
    for record in repriced:
        if record.stored_price is not None:
            record.previous_price = record.stored_price
    await _insert(
        Listing,
        (
            *_IDENTITY,
            *_OF_LISTING,
            "previous_price",
            "search",
            "stage",
            "hidden",
            "revision",
            "created_at",
            "updated_at",
        ),
        [
            (
                *(record.id, record.account, record.source, record.external_id),
                *(record.values[name] for name in _OF_LISTING),
                *(record.previous_price, record.search, Stage.NOT_CONTACTED.value, False, 0, now, now),
            )
            for record in records
        ],
        "ON CONFLICT (id) DO UPDATE SET revision = listing.revision + 1, "
        + _from_new(*_OF_LISTING, "previous_price", "search", "updated_at"),
    )
    await _insert(
        Seller,
        ("id", "account", "listing", *_SELLER_COLUMNS),
        [(ids.new(), record.account, record.id, *record.seller.values()) for record in records],
        "ON CONFLICT (listing) DO UPDATE SET " + _from_new(*_SELLER_COLUMNS),
    )
    await _insert(
        PriceChange,
        ("id", "listing", "price", "at"),
        [(ids.new(), record.id, record.values["price"], now) for record in repriced],
    )
    await _write_pictures([record for record in records if record.pictures_changed], now)


async def _write_pictures(records: Sequence[_Record], now: datetime) -> None:
    """The wanted pictures take the places of those that were; one that stays keeps its files."""
    old = [record.id for record in records if not record.is_new]
    if old:
        wanted = {(record.id, url) for record in records for url in record.pictures}
        kept = await Picture.select(Picture.id, Picture.listing, Picture.url).where(Picture.listing.is_in(old))
        gone = [row["id"] for row in kept if (row["listing"], row["url"]) not in wanted]
        for start in range(0, len(gone), 1000):
            await Picture.delete().where(Picture.id.is_in(gone[start : start + 1000]))
    await _insert(
        Picture,
        ("id", "listing", "position", "url", "state", "not_before"),
        [
            (ids.new(), record.id, position, url, "wanted", now)
            for record in records
            for position, url in enumerate(record.pictures)
        ],
        "ON CONFLICT (listing, url) DO UPDATE SET " + _from_new("position"),
    )


_IDENTITY = ("id", "account", "source", "external_id")
_MOST_VALUES = 30_000  # in one statement; both databases take 32,766


async def _insert(table: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str = "") -> None:
    """Statements of many rows each: a tenth of the time that Piccolo's own insert of objects takes."""
    names = ", ".join(f'"{name}"' for name in columns)
    most = _MOST_VALUES // len(columns)
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        values = ", ".join(f"({', '.join(_places(at * len(columns), len(columns)))})" for at in range(len(part)))
        statement = f"INSERT INTO {table._meta.tablename} ({names}) VALUES {values} {on_conflict}"  # noqa: S608
        await Raw(table, _Compiled(statement, [value for row in part for value in row]))


class _Compiled(QueryString):
    """A statement in the database's own words: Piccolo takes longer to number its places than SQLite to fill them."""

    def __init__(self, statement: str, values: list[Any]) -> None:
        super().__init__("")
        self._statement, self._values = statement, values

    def compile_string(self, engine_type: str = "postgres") -> tuple[str, list[Any]]:
        return self._statement, self._values


def _places(start: int, count: int) -> Sequence[str]:
    return [f"${n}" for n in range(start + 1, start + count + 1)] if db.on_postgres() else ["?"] * count


def _from_new(*names: str) -> str:
    return ", ".join(f'"{name}" = excluded."{name}"' for name in names)
