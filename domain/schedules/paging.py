"""What is planned, and what became of it: as a list, a page at a time, and as the days of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain import clock, db, renderings, wall_times
from domain.history import Cursor
from domain.messages import Message, State
from domain.messages.planned import IS_PLANNED, LEAVES
from domain.users import Role, User
from domain.wordings import Letter

PAGE = 50
A_DAY_SHOWS = 3  # entries in the calendar; the others are counted
NEWS = timedelta(days=7)  # so long the page tells of what did not leave
STATES = {
    "pending": (State.PENDING,),
    "stopped": (State.CANCELLED, State.EXPIRED, State.FAILED),
    "cancelled": (State.CANCELLED,),
    "expired": (State.EXPIRED,),
    "failed": (State.FAILED,),
}
# In the words of the index, which SQLite takes for no others.
_NOT_LEFT = "m.state IN ('cancelled', 'expired', 'failed')"
KINDS = ("scheduled", "batch", "automated")

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

_COLUMNS = """m.id, m.scheduled_at, m.not_before, m.schedule_zone, m.schedule_wall, m.stays_on_reply, m.revision,
              m.kind, m.state, m.code, m.reason, m.channel, m.subject, m.body, m.wording, m.to_address, m.batch,
              (SELECT b.state FROM batch b WHERE b.id = m.batch) AS batch_state, m.listing, m.changed_at, m."user",
              u.name AS person, l.year, l.make, l.model, p.first_name, p.last_name, p.postal_code, p.mobile, p.phone"""
_AROUND = """JOIN listing l ON l.id = m.listing LEFT JOIN seller p ON p.listing = m.listing
             LEFT JOIN app_user u ON u.id = m."user\""""


@dataclass(frozen=True)
class Filters:
    """What is wanted of the plans a person may see. `first` and `end` bound the moment; empty: all."""

    state: str = "pending"  # a word of STATES
    sender: UUID | None = None
    kind: str = ""  # one of KINDS
    words: str = ""  # in the message, the vehicle or the seller's name
    first: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Rows of a list; `next` is the cursor of the page after it, None on the last one."""

    rows: list[dict[str, Any]]
    next: Cursor | None


@dataclass(frozen=True)
class Month:
    """day -> how many plans there are, and the first few of them."""

    counts: dict[date, int]
    entries: dict[date, list[dict[str, Any]]]


async def page(viewer: User, filters: Filters, after: Cursor | None = None, limit: int = PAGE) -> Page:
    """What a person may see: agents their own, managers, admins and support everybody's. Pending ones come soonest
    first, of the others what ended last. A body is what it will say, also where it is not written yet; `leaves` is
    when, and of `held` ones not before their batch lets them go."""
    where, arguments = _where(viewer, filters)
    soonest = filters.state == "pending"
    by, way = (LEAVES, "ASC") if soonest else ("m.changed_at", "DESC")
    if after is not None:
        where += f" AND ({by}, m.id) {'>' if soonest else '<'} ({{}}, {{}})"
        arguments += [after.at, after.id]
    rows = await Message.raw(
        f"""SELECT {_COLUMNS} FROM message m {_AROUND} WHERE {where}
            ORDER BY {by} {way}, m.id {way} LIMIT {{}}""",
        *arguments,
        limit + 1,
    )
    more, rows = len(rows) > limit, [_row(row) for row in rows[:limit]]
    letters = await what_it_says_now([row["id"] for row in rows if row["wording"] and not row["body"]])
    for row in rows:
        if letter := letters.get(row["id"]):
            row |= {"body": letter.body, "subject": letter.subject}
    last = rows[-1] if more else None
    return Page(rows, Cursor(last["leaves" if soonest else "changed_at"], last["id"]) if last else None)


async def month(viewer: User, filters: Filters, days: Sequence[date], zone: str) -> Month:
    """The same by days of a calendar, on the clocks of a zone. Two queries."""
    begins = [(day, wall_times.moment(day, time(), zone)) for day in days]
    spans = [(day, begin, wall_times.moment(day + timedelta(days=1), time(), zone)) for day, begin in begins]
    where, arguments = _where(viewer, filters)
    table, values = db.given(("int", "timestamptz", "timestamptz"), [(n, *span[1:]) for n, span in enumerate(spans)])
    around = _AROUND if filters.words.split() else ""  # what only a search asks for
    counted = await Message.raw(
        f"""SELECT given.column1 AS n, count(*) AS number FROM {table}
            JOIN message m ON {LEAVES} >= given.column2 AND {LEAVES} < given.column3 {around}
            WHERE {where} GROUP BY given.column1""",
        *values,
        *arguments,
    )
    numbers = {spans[row["n"]][0]: row["number"] for row in counted}
    entries: dict[date, list[dict[str, Any]]] = {}
    busy = [span for span in spans if span[0] in numbers]
    if busy:
        one = f"""SELECT * FROM (SELECT CAST({{}} AS int) AS n, {_COLUMNS} FROM message m {_AROUND}
                                 WHERE {where} AND {LEAVES} >= {{}} AND {LEAVES} < {{}}
                                 ORDER BY {LEAVES}, m.id LIMIT {A_DAY_SHOWS}) AS few"""
        asked = [value for n, span in enumerate(busy) for value in (n, *arguments, *span[1:])]
        rows = await Message.raw(" UNION ALL ".join([one] * len(busy)), *asked)
        for row in sorted(map(_row, rows), key=lambda row: (row["leaves"], row["id"])):
            entries.setdefault(busy[row["n"]][0], []).append(row)
    return Month(numbers, entries)


async def counts(viewer: User) -> dict[str, int]:
    """How many are `pending`, and how many of the person's own did not leave within the last days though they did not
    cancel them: `news`. One query."""
    where, arguments = _where(viewer, Filters())
    rows = await Message.raw(
        f"""SELECT (SELECT count(*) FROM message m WHERE {where}) AS pending,
                   (SELECT count(*) FROM message m WHERE m.account = {{}} AND {IS_PLANNED}
                      AND m."user" = {{}} AND {_NOT_LEFT} AND m.changed_at > {{}}
                      AND m.reason NOT IN ({{}}, {{}}) AND m.code <> 'stopped') AS news""",
        *arguments,
        viewer.account if isinstance(viewer.account, UUID) else viewer.account.id,
        viewer.id,
        clock.now() - NEWS,
        f"Cancelled by {viewer.name}",
        f"Let go by {viewer.name}",
    )
    return {"pending": rows[0]["pending"], "news": rows[0]["news"]}


async def what_it_says_now(ids: Sequence[UUID]) -> dict[UUID, Letter]:
    """Planned messages as they would read if they left now: message -> its letter."""
    return await renderings.of_messages(ids, clock.now())


def _row(row: dict[str, Any]) -> dict[str, Any]:
    held = row["state"] == State.PENDING and row["scheduled_at"] is None
    return {**row, "leaves": row["scheduled_at"] or row["not_before"], "held": held}


def _where(viewer: User, filters: Filters) -> tuple[str, list[Any]]:
    account = viewer.account if isinstance(viewer.account, UUID) else viewer.account.id
    states = STATES.get(filters.state, STATES["pending"])
    named = ", ".join(f"'{each}'" for each in states)
    parts = [
        "m.account = {}",
        IS_PLANNED,
        f"m.state = {named}" if len(states) == 1 else f"m.state IN ({named})",  # SQLite: in the words of the index
    ]
    if filters.state != "pending":
        parts.append(_NOT_LEFT)
    arguments: list[Any] = [account]
    sender = viewer.id if viewer.role == Role.AGENT else filters.sender
    if sender is not None:
        parts.append('m."user" = {}')
        arguments.append(sender)
    if filters.kind in KINDS:
        parts.append("m.kind = {}")
        arguments.append(filters.kind)
    for part, value in ((f"{LEAVES} >= {{}}", filters.first), (f"{LEAVES} < {{}}", filters.end)):
        if value is not None:
            parts.append(part)
            arguments.append(value)
    for word in filters.words.casefold().split():
        parts.append(
            """(lower(CASE WHEN m.body = '' THEN m.wording ELSE m.body END) LIKE {} ESCAPE '!'
                OR lower(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')) LIKE {} ESCAPE '!'
                OR lower(CAST(l.year AS text) || ' ' || l.make || ' ' || l.model) LIKE {} ESCAPE '!')"""
        )
        plain = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        arguments += [f"%{plain}%"] * 3
    return " AND ".join(parts), arguments
