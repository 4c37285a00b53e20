"""The inventory: its views, what narrows them, its orders, its pages."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from piccolo.columns import Column
from piccolo.columns.combination import WhereRaw
from piccolo.query import OrderByRaw
from piccolo.query.functions.aggregate import Count

from domain import ad_values
from domain.errors import Refused
from domain.listings import Listing, Stage, search_words, shown

# slug -> (label, the stages it shows; None: all of them)
VIEWS: dict[str, tuple[str, tuple[Stage, ...] | None]] = {
    "not-contacted": ("Not contacted", (Stage.NOT_CONTACTED,)),
    "contacted": ("Contacted", (Stage.CONTACTED,)),
    "needs-reply": ("Needs reply", None),
    "appointed": ("Appointed", (Stage.APPOINTED, Stage.SHOWN, Stage.NO_SHOW, Stage.APPRAISED, Stage.ACQUIRED)),
    "passed": ("Passed", (Stage.PASS,)),
    "dnc": ("DNC", (Stage.DNC,)),
    "all": ("All", None),
}
DEFAULT_VIEW = "all"


@dataclass(frozen=True)
class Sort:
    label: str
    column: Column
    descending: bool
    read: Callable[[str], Any]  # a cursor's text -> the column's value; raises ValueError


SORTS = {
    "newest": Sort("Newest first", Listing.created_at, True, datetime.fromisoformat),
    "price-low": Sort("Price, low to high", Listing.price, False, int),
    "price-high": Sort("Price, high to low", Listing.price, True, int),
    "year": Sort("Model year, newest first", Listing.year, True, int),
    "last-contact": Sort("Last contact", Listing.last_contact_at, True, datetime.fromisoformat),
}
DEFAULT_SORT = "newest"
PAGE = 50
MOST_WORDS = 8

ROW = (
    Listing.id,
    Listing.year,
    Listing.make,
    Listing.model,
    Listing.trim,
    Listing.odometer,
    Listing.price,
    Listing.previous_price,
    Listing.stage,
    Listing.posted_on,
    Listing.waiting_since,
    Listing.last_contact_at,
    Listing.created_at,
    Listing.source.name.as_alias("source_name"),
)


NOBODY = "nobody"  # as the main user of what nobody looks after yet
NO_END = "{raw} is not a price. Write an amount, such as 21900 or 21,900.00."
STRETCH = "{least} is more than {most}. Swap the two."


@dataclass(frozen=True)
class Wanted:
    """What of an inventory is shown. `q`: words that must all be found. A `source` is named by its slug, a `main_user`
    by its id or NOBODY; empty is any. Prices are in cents; both ends belong to it, and what has no price has none."""

    view: str = DEFAULT_VIEW
    q: str = ""
    stage: str = ""
    source: str = ""
    main_user: str = ""
    price_from: int | None = None
    price_to: int | None = None
    year_from: int | None = None
    year_to: int | None = None

    @property
    def whole_view(self) -> bool:
        """Whether nothing narrows the view down."""
        return not self.q.strip() and Wanted(self.view, self.q) == self


def wanted(typed: Mapping[str, str]) -> tuple[Wanted, list[Refused]]:
    """What was asked for by the names of Wanted, and what of it cannot be read: where there is such a thing, nothing is
    to be shown, and above all nobody written to, or an end that was mistyped would be no end."""
    problems: list[Refused] = []

    def read(reader: Callable[[str, str], int | None], name: str) -> int | None:
        raw = typed.get(name, "").strip()
        try:
            if not raw:
                return None
            if (value := reader(raw, name)) is None:  # `call for price` is a price of an ad, and no end
                raise Refused(NO_END.format(raw=ad_values.quoted(raw)), field=name, code="invalid")
            return value
        except Refused as refused:
            problems.append(refused)
            return None

    asked = Wanted(
        view=view if (view := typed.get("view", "")) in VIEWS else DEFAULT_VIEW,
        q=typed.get("q", ""),
        stage=typed.get("stage", "").strip(),
        source=typed.get("source", "").strip(),
        main_user=typed.get("main_user", "").strip(),
        price_from=read(ad_values.price, "price_from"),
        price_to=read(ad_values.price, "price_to"),
        year_from=read(ad_values.year, "year_from"),
        year_to=read(ad_values.year, "year_to"),
    )
    for of, least, most in (("price", asked.price_from, asked.price_to), ("year", asked.year_from, asked.year_to)):
        if least is not None and most is not None and least > most:
            said = STRETCH.format(least=typed[f"{of}_from"].strip(), most=typed[f"{of}_to"].strip())
            problems.append(Refused(said, field=f"{of}_from", code="invalid"))
    return asked, problems


@dataclass(frozen=True)
class Choices:
    """By what an inventory can be narrowed: `sources` as (slug, name), `people` as (id, name)."""

    sources: list[tuple[str, str]]
    people: list[tuple[str, str]]


async def choices(account: UUID) -> Choices:
    """The account's sources, and the people who may be main users or still are, by name."""
    rows = await Listing.raw(
        """SELECT u.id, u.name, '' AS slug FROM app_user u WHERE u.account = {}
             AND (u.active = {} OR EXISTS (SELECT 1 FROM listing l WHERE l.main_user = u.id))
           UNION ALL SELECT NULL, s.name, s.slug FROM source s WHERE s.account = {} ORDER BY 2, 3""",
        account,
        True,
        account,
    )
    return Choices(
        [(row["slug"], row["name"]) for row in rows if row["slug"]],
        [(str(row["id"]), row["name"]) for row in rows if not row["slug"]],
    )


@dataclass(frozen=True)
class Page:
    """`rows` are dicts of the columns of ROW; the cursors are None where there is nothing further."""

    rows: list[dict[str, Any]]
    next: str | None
    previous: str | None


async def counts(account: UUID) -> dict[str, int]:
    """view -> how many listings it shows."""
    rows = await (
        Listing.select(Listing.stage, Count(alias="n"), Count(Listing.waiting_since, alias="waiting"))
        .where(shown(account))
        .group_by(Listing.stage)
    )
    of_stage = {row["stage"]: row["n"] for row in rows}
    in_view = {
        view: sum(n for stage, n in of_stage.items() if stages is None or stage in stages)
        for view, (_, stages) in VIEWS.items()
    }
    return {**in_view, "needs-reply": sum(row["waiting"] for row in rows)}


async def page(
    account: UUID,
    asked: Wanted,
    sort: str = DEFAULT_SORT,
    after: str = "",
    before: str = "",
    limit: int | None = None,
) -> Page:
    """One page of what is asked for, of PAGE listings or `limit`. An unknown view or sort is the default one, a cursor
    that cannot be read the first page."""
    by, limit = SORTS.get(sort) or SORTS[DEFAULT_SORT], limit or PAGE
    where = _where(account, asked)
    cursor = _read_cursor(before or after, by)
    backwards = bool(before) and cursor is not None
    query = Listing.select(*ROW).where(where).limit(limit + 1)
    if cursor is not None:
        query = query.where(_beyond(by, cursor, backwards))
    name, up = by.column._meta.name, by.descending == backwards
    # Listings without a value come last; the databases disagree on that unless told.
    nulls = "" if not by.column._meta.null else " NULLS FIRST" if backwards else " NULLS LAST"
    order = OrderByRaw(f'"listing"."{name}" {"ASC" if up else "DESC"}{nulls}, "listing"."id"')
    rows = await query.order_by(order, ascending=up)  # which says how the id goes
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page(
        rows,
        _cursor(rows[-1], name) if rows and has_next else None,
        _cursor(rows[0], name) if rows and has_previous else None,
    )


async def all_matching(account: UUID, asked: Wanted, most: int) -> list[UUID]:
    """The listings that are asked for, the newest first, `most` of them."""
    rows = (
        await Listing.select(Listing.id)
        .where(_where(account, asked))
        .order_by(Listing.created_at, Listing.id, ascending=False)
        .limit(most)
    )
    return [row["id"] for row in rows]


async def count_matching(account: UUID, asked: Wanted) -> int:
    """How many those are."""
    number: int = await Listing.count().where(_where(account, asked))
    return number


def _where(account: UUID, asked: Wanted) -> Any:
    where = shown(account)
    for condition in (*_of_view(asked.view), *_matching(asked.q), *_narrowed(account, asked)):
        where &= condition
    return where


def is_cursor(text: str, sort: str = DEFAULT_SORT) -> bool:
    """Whether it is a place in an inventory in that order."""
    return _read_cursor(text, SORTS[sort]) is not None


def _of_view(view: str) -> Iterator[Any]:
    _, stages = VIEWS.get(view, VIEWS[DEFAULT_VIEW])
    if view == "needs-reply":
        yield Listing.waiting_since.is_not_null()
    if stages is not None:
        yield Listing.stage.is_in([str(stage) for stage in stages])


def _matching(q: str) -> Iterator[Any]:
    words = search_words(q[:200])[:MOST_WORDS]
    if q.strip() and not words:
        yield Listing.id.is_null()  # `%` or `!!` is in no listing: a batch to all that match goes to nobody
    for word in words:
        yield Listing.search.like(f"%{word}%")  # such a word holds no % and no _


def _narrowed(account: UUID, asked: Wanted) -> Iterator[Any]:
    if asked.stage:
        yield Listing.stage == asked.stage
    if asked.source:
        yield WhereRaw(
            "listing.source = (SELECT s.id FROM source s WHERE s.account = {} AND s.slug = {})", account, asked.source
        )
    if asked.main_user == NOBODY:
        yield Listing.main_user.is_null()
    elif asked.main_user:
        yield Listing.main_user == _id(asked.main_user) if _id(asked.main_user) else Listing.id.is_null()
    if asked.price_from is not None:
        yield Listing.price >= asked.price_from
    if asked.price_to is not None:
        yield Listing.price <= asked.price_to
    if asked.year_from is not None:
        yield Listing.year >= asked.year_from
    if asked.year_to is not None:
        yield Listing.year <= asked.year_to


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _beyond(by: Sort, cursor: tuple[Any, UUID], backwards: bool) -> Any:
    """What comes after the cursor (before it, when backwards). Listings without a value come last, either way."""
    value, key_ = cursor
    up = by.descending == backwards  # whether the values grow in the direction we go
    next_id = Listing.id > key_ if up else Listing.id < key_
    if value is None:
        return by.column.is_null() & next_id if not backwards else by.column.is_not_null() | next_id
    further = (by.column > value if up else by.column < value) | ((by.column == value) & next_id)
    return further if backwards or not by.column._meta.null else further | by.column.is_null()


def _cursor(row: dict[str, Any], name: str) -> str:
    value = row[name]
    value = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([value, str(row["id"])]).encode()).decode().rstrip("=")


def _read_cursor(text: str, by: Sort) -> tuple[Any, UUID] | None:
    if not text or len(text) > 300:
        return None
    try:
        value, key_ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        read = by.read(str(value)) if value is not None else None
        if isinstance(read, int) and abs(read) >= 2**63:
            return None
        if isinstance(read, datetime):
            if read.tzinfo is None:
                return None
            read = read.astimezone(UTC)  # which not every moment has
        if read is None and not by.column._meta.null:
            return None
        return read, UUID(key_)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
