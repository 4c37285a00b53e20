"""What the lists and the past say of those to whom messages in hand go.

Of nearly all of thousands they say nothing. So one statement asks of the whole handful by its addresses and listings
whom any list or any message speaks of at all, whatever it says; what it says is asked, in the words in which everybody
asks the gate, of those few alone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import consents, db, standing
from domain.channels.registry import CHANNELS
from domain.messages import Message
from domain.standing import Person, Standing

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

NOTHING = {"known": Standing(), "seller": Person(), "reported": False, "nothing_yet": True}
_CHANNELS = ", ".join(f"'{each}'" for each in sorted({each.channel for each in CHANNELS.values()}))
# What speaks of an address at an account, and of a listing. A channel is named where the index asks for it first.
ON_LISTS = (
    f"""opt_out o WHERE o.account = {{}} AND o.channel IN ({_CHANNELS}) AND o.address = given.column1
        AND o.lifted_at IS NULL""",
    "do_not_contact o WHERE o.account = {} AND o.address = given.column1 AND o.lifted_at IS NULL",
    "block o WHERE o.account = {} AND o.address = given.column1 AND o.lifted_at IS NULL",
    "review o WHERE o.account = {} AND o.address = given.column1 AND o.settled_at IS NULL",
    "number_fact o WHERE o.account = {} AND o.address = given.column1",
    "address_mark o WHERE o.account = {} AND o.address = given.column1",
    f"""message q WHERE q.account = {{}} AND q.to_address = given.column1 AND q.direction = 'out'
        AND q.kind IN {standing.AUTOMATIC} AND q.state IN {standing.LEFT}""",
)
ABOUT = (
    "seller_thread t WHERE t.listing = given.column1",
    "reported_listing r WHERE r.listing = given.column1",
    f"message e WHERE e.listing = given.column1 AND (e.direction = 'in' OR e.state IN {standing.LEFT})",
)


async def add(rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Adds to messages {id, account, listing, to_address, mobile, phone, email} all `addresses` by which the seller is
    one person, what is `known` of the address and of the `seller`, whether the listing is `reported` as a dealership's,
    whether `nothing_yet` came or left about it, and what stands of `erased` addresses and of `person_erased`."""
    for account in {row["account"] for row in rows}:
        await _add([row for row in rows if row["account"] == account], account, now)


async def _add(rows: Sequence[dict[str, Any]], account: UUID, now: datetime) -> None:
    for row in rows:
        row["addresses"] = addresses(row)
    spoken_of, salt = await _spoken_of(rows, account)
    told = [row for row in rows if row["listing"] in spoken_of or not spoken_of.isdisjoint(row["addresses"])]
    said = await _said([row["id"] for row in told], now)
    for row in rows:
        row |= said.get(row["id"], NOTHING)
    erased = await consents.tombstoned_among(
        salt, [(account, each) for row in rows for each in row["addresses"]] if salt else []
    )
    for row in rows:
        row["erased"] = erased.get((account, row["to_address"]), frozenset())
        theirs = [erased.get((account, row[name]), frozenset()) for name in standing.THEIRS] if erased else ()
        row["person_erased"] = frozenset().union(*theirs)


def addresses(row: Any) -> list[str]:
    """By all of which the seller is one person."""
    return sorted({row[name] for name in ("to_address", *standing.THEIRS) if row[name]})


async def _spoken_of(rows: Sequence[dict[str, Any]], account: UUID) -> tuple[set[Any], str | None]:
    """The addresses and listings of which anything is said, and the salt where this account erased anybody."""
    here, addressed = db.given(("text",), [(each,) for each in {each for row in rows for each in row["addresses"]}])
    there, about = db.given(("uuid",), [(each,) for each in {row["listing"] for row in rows}])
    rows = await Message.raw(
        # Looked for one by one: a planner that knows a table to be small would read it whole for every handful, and
        # while a batch leaves it grows faster than the planner hears of it.
        f"""SELECT 'salt' AS what, {consents.salt_where_erased("{}")} AS said
            UNION ALL SELECT 'address', given.column1 FROM {here} WHERE {_any(ON_LISTS)}
            UNION ALL SELECT 'listing', CAST(given.column1 AS text) FROM {there} WHERE {_any(ABOUT)}""",
        account,
        *addressed,
        *(account for _ in ON_LISTS),
        *about,
    )
    spoken_of = {UUID(row["said"]) if row["what"] == "listing" else row["said"] for row in rows if row["said"]}
    return spoken_of, next(row["said"] for row in rows if row["what"] == "salt")


def _any(places: Sequence[str]) -> str:
    return " OR ".join(f"(SELECT 1 FROM {place} LIMIT 1) IS NOT NULL" for place in places)


async def _said(ids: Sequence[UUID], now: datetime) -> dict[UUID, dict[str, Any]]:
    """message -> what is said of it, in full."""
    if not ids:
        return {}
    rows = await Message.raw(
        f"""SELECT m.id, {standing.of_listing("l")},
                   {standing.of_address("m.account", "m.channel", "m.to_address")},
                   {standing.of_seller("m.account", "m.listing")},
                   NOT EXISTS (SELECT 1 FROM message e WHERE e.listing = m.listing AND e.id <> m.id
                               AND (e.direction = 'in' OR e.state IN {standing.LEFT})) AS nothing_yet
            FROM message m JOIN listing l ON l.id = m.listing LEFT JOIN seller p ON p.listing = m.listing
            WHERE {db.among("m.id")}""",
        standing.a_day_before(now),
        db.listed(ids),
    )
    return {
        row["id"]: {
            "known": Standing.of(row),
            "seller": Person.of(row),
            "reported": bool(row["reported"]),
            "nothing_yet": bool(row["nothing_yet"]),
        }
        for row in rows
    }
