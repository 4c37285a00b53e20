"""What is known of a phone number besides whose it is: a landline, or one that carriers say takes no texts."""

from datetime import datetime
from uuid import UUID

from piccolo.columns import Boolean, Text, Varchar
from piccolo.table import Table

from domain import clock, ids
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.text import storable


class NumberFact(Table, db=DB, tablename="number_fact"):
    id = key()
    account = parent(Account, index=False)
    address = Varchar(20)  # E.164; unique per account
    landline = Boolean(default=False)
    untextable = Boolean(default=False)  # a carrier said so
    reason = Text(default="")  # in whose words
    at = made()
    line_type = Varchar(20, default="")  # mobile, landline, fixedVoip …, as the provider that looked it up says it
    line_type_source = Varchar(20, default="")  # which that was: a kind of connection
    carrier = Text(default="")
    looked_up_at = moment()


async def cannot_get_texts(account_id: UUID, address: str, reason: str, at: datetime | None = None) -> None:
    """A carrier says that no text can reach this number, in the words of `reason`. Batches and automations pass it over
    from now on; a person may still try. `at` is when it was said. Of many at once one row remains."""
    await NumberFact.raw(
        """INSERT INTO number_fact (id, account, address, landline, untextable, reason, at)
           VALUES ({}, {}, {}, {}, {}, {}, {})
           ON CONFLICT (account, address) DO UPDATE
             SET untextable = excluded.untextable, reason = excluded.reason, at = excluded.at
             WHERE number_fact.at <= excluded.at OR NOT number_fact.untextable""",
        *(ids.new(), account_id, address, False, True, storable(reason[:500]), at or clock.now()),
    )


async def looked_up(account_id: UUID, address: str, line_type: str, source: str, carrier: str = "") -> None:
    """A provider (a kind of connection) says what kind of line this number is, in its own word; only one that it calls
    landline counts as one."""
    await NumberFact.raw(
        """INSERT INTO number_fact (id, account, address, landline, untextable, reason, at, line_type,
                                    line_type_source, carrier, looked_up_at)
           VALUES ({}, {}, {}, {}, {}, '', {}, {}, {}, {}, {})
           ON CONFLICT (account, address) DO UPDATE
             SET landline = excluded.landline, line_type = excluded.line_type, carrier = excluded.carrier,
                 line_type_source = excluded.line_type_source, looked_up_at = excluded.looked_up_at""",
        *(ids.new(), account_id, address, line_type == "landline", False, clock.now()),
        *(storable(line_type[:20]), source, storable(carrier), clock.now()),
    )


async def clear(account_id: UUID, address: str, at: datetime | None = None) -> bool:
    """A text has reached this number, `at` then: what a carrier said before is over. True when that is news."""
    cleared = await (
        NumberFact.update({NumberFact.untextable: False, NumberFact.reason: ""})
        .where((NumberFact.account == account_id) & (NumberFact.address == address))
        .where(NumberFact.untextable.eq(True) & (NumberFact.at <= (at or clock.now())))
        .returning(NumberFact.id)
    )
    return bool(cleared)
