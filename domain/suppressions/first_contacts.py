"""One first contact a person in a while: who wrote to an address first, about which listing."""

from datetime import timedelta
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
    if db.on_postgres():  # one after the other, so that each looks at what the one before it wrote
        await FirstContact.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"first:{account_id}:{address}")
    rows = await FirstContact.raw(
        f"""INSERT INTO first_contact (id, account, address, listing, "user", message, at)
            VALUES ({{}}, {{}}, {{}}, {{}}, {{}}, {{}}, {{}})
            ON CONFLICT (account, address) DO UPDATE
              SET listing = excluded.listing, "user" = excluded."user", message = excluded.message, at = excluded.at
              WHERE first_contact.at <= {{}} OR NOT ({STANDS})
            RETURNING id""",  # noqa: S608 - fixed words
        ids.new(),
        account_id,
        address,
        listing_id,
        user_id,
        message_id,
        clock.now(),
        clock.now() - APART,
    )
    return bool(rows)
