"""One first contact a person in a while: who wrote to an address first, about which listing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import clock, db, ids
from domain.suppressions.tables import FirstContact

APART = timedelta(days=14)

# A first contact that counts: it left or will, and the seller has not answered, which makes it a conversation.
STANDS = """EXISTS (SELECT 1 FROM message c WHERE c.id = first_contact.message
                    AND c.state NOT IN ('cancelled', 'failed', 'skipped', 'expired'))
            AND NOT EXISTS (SELECT 1 FROM message c WHERE c.account = first_contact.account AND c.direction = 'in'
                            AND c.from_address = first_contact.address AND c.at >= first_contact.at)"""


async def claim(account_id: UUID, address: str, listing_id: UUID, user_id: UUID, message_id: UUID) -> bool:
    """Makes this message the first contact of an address; False when another one was quicker, within 14 days. Of many
    at once exactly one gets it. Call it in the transaction that writes the message, after the message."""
    await one_at_a_time([(account_id, address)])
    return bool(await claim_many([(account_id, address, listing_id, user_id, message_id)], clock.now()))


async def claim_many(wanted: Sequence[tuple[UUID, str, UUID, UUID, UUID]], now: datetime) -> set[UUID]:
    """The same for many messages, (account, address, listing, user, message): those that got it. Call `one_at_a_time`
    first, in the same transaction."""
    one_each = {(each[0], each[1]): each for each in reversed(wanted)}  # of two with one address the first
    values = [value for each in one_each.values() for value in (ids.new(), *each, now)]
    rows = await FirstContact.raw(
        f"""INSERT INTO first_contact (id, account, address, listing, "user", message, at)
            VALUES {", ".join(["({}, {}, {}, {}, {}, {}, {})"] * len(one_each))}
            ON CONFLICT (account, address) DO UPDATE
              SET listing = excluded.listing, "user" = excluded."user", message = excluded.message, at = excluded.at
              WHERE first_contact.at <= {{}} OR first_contact.message = excluded.message OR NOT ({STANDS})
            RETURNING message""",  # noqa: S608 - fixed words
        *values,
        now - APART,
    )
    return {row["message"] for row in rows}


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
