"""One first contact a person in a while: who wrote first to any of their addresses, about which listing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import clock, db, ids
from domain.suppressions.tables import FirstContact

APART = timedelta(days=14)
TYPES = ("uuid", "uuid", "text", "uuid", "uuid", "uuid")  # of a row up to its moment, as PostgreSQL asks


def stands(row: str = "first_contact") -> str:
    """SQL: this first contact counts. It left or will, and the seller has not answered, which makes it a
    conversation."""
    return f"""EXISTS (SELECT 1 FROM message c WHERE c.id = {row}.message
                       AND c.state NOT IN ('cancelled', 'failed', 'skipped', 'expired'))
               AND NOT EXISTS (SELECT 1 FROM message c WHERE c.account = {row}.account AND c.direction = 'in'
                               AND c.from_address = {row}.address AND c.at >= {row}.at)"""  # noqa: S608 - fixed words


def nothing_yet(listing: str) -> str:
    """SQL: nothing about this listing came, left or is about to leave, so that the next message is a first contact.
    What failed never left. `listing` is an SQL expression for its id."""
    return f"""NOT EXISTS (SELECT 1 FROM message e WHERE e.listing = {listing} AND e.kind <> 'answer'
                           AND e.state NOT IN ('pending', 'cancelled', 'failed', 'skipped', 'expired'))"""  # noqa: S608


async def claim(account_id: UUID, addresses: Sequence[str], listing_id: UUID, user_id: UUID, message_id: UUID) -> bool:
    """Makes this message the first contact of a person, known by all their addresses; False when another one was
    quicker at one of them, within 14 days. Of many at once exactly one gets it. Call it in the transaction that writes
    the message, after the message; where it says False, end that."""
    known = sorted({address for address in addresses if address})
    await one_at_a_time([(account_id, address) for address in known])
    now = clock.now()
    one = "VALUES ({}, {}, {}, {}, {}, {}, {})"
    claiming = f"{_claim(one, 'first_contact.message = excluded.message')} RETURNING id"
    for address in known:
        wanted = (ids.new(), account_id, address, listing_id, user_id, message_id, now, now - APART)
        if not await FirstContact.raw(claiming, *wanted):
            return False
    return True


async def claim_many(wanted: Sequence[tuple[UUID, str, UUID, UUID | None, UUID]], now: datetime) -> set[UUID]:
    """The same for messages nobody is asked about, a row for each address of their seller, (account, address, listing,
    user, message): those whose listing got them all. Call `one_at_a_time` first, in the same transaction."""
    one_each = {(each[0], each[1]): each for each in reversed(wanted)}  # of two with one address the first
    given, arguments = db.given(TYPES, [(ids.new(), *each) for each in one_each.values()])
    values = f"SELECT column1, column2, column3, column4, column5, column6, {{}} FROM {given} WHERE true"  # noqa: S608 - fixed words
    claiming = f"{_claim(values, 'first_contact.listing = excluded.listing')} RETURNING account, address"
    rows = await FirstContact.raw(claiming, now, *arguments, now - APART)
    has = {(row["account"], row["address"]): one_each[row["account"], row["address"]][2] for row in rows}
    others = {each[4] for each in wanted if has.get((each[0], each[1])) != each[2]}
    return {each[4] for each in wanted} - others


async def give_back(given: Sequence[tuple[UUID, str, UUID]]) -> None:
    """Takes back what these messages, (account, address, message), were the first contact of."""
    table, arguments = db.given(("uuid", "text", "uuid"), given)
    await FirstContact.raw(
        f"""DELETE FROM first_contact WHERE (account, address, message) IN
              (SELECT column1, column2, column3 FROM {table})""",  # noqa: S608 - fixed words
        *arguments,
    )


def _claim(values: str, again: str) -> str:
    """The statement, of (id, account, address, listing, user, message, at), which are the `values`, and what is too old
    to stand. `again` tells which first contact that stands already is ours, too."""
    return f"""INSERT INTO first_contact (id, account, address, listing, "user", message, at)
               {values}
               ON CONFLICT (account, address) DO UPDATE
                 SET listing = excluded.listing, "user" = excluded."user", message = excluded.message, at = excluded.at
                 WHERE first_contact.at <= {{}} OR {again} OR NOT ({stands()})"""  # noqa: S608 - fixed words


async def one_at_a_time(addresses: Iterable[tuple[UUID, str]]) -> None:
    """Nobody else looks at what is on its way to these (account, address) until the transaction ends, so that each sees
    what the one before it wrote. On SQLite write transactions follow one another anyway."""
    names = sorted({f"first:{account}:{address}" for account, address in addresses})
    if names and db.on_postgres():
        await FirstContact.raw(
            """SELECT pg_advisory_xact_lock(k) FROM
                 (SELECT DISTINCT hashtext(name) AS k FROM unnest({}::text[]) AS name ORDER BY 1) AS keys""",
            names,
        )
