"""What is known of an address besides whose it is: that mail to it came back."""

from datetime import datetime
from uuid import UUID

from piccolo.columns import UUID as UUIDColumn
from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, ids
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.text import storable

BOUNCED = "bounced"


class AddressMark(Table, db=DB, tablename="address_mark"):
    id = key()
    account = parent(Account, index=False)
    address = Varchar(254)  # in lower case; unique per account and mark
    mark = Varchar(12)  # bounced
    reason = Text(default="")  # in the words of who said so
    message = UUIDColumn(null=True, default=None)  # that came back
    at = made()


async def bounced(
    account_id: UUID, address: str, reason: str, at: datetime | None = None, message: UUID | None = None
) -> None:
    """Mail to this address came back for good. Nothing is mailed there until the mark is cleared. `at` is when it was
    said; of many at once one row remains."""
    await AddressMark.raw(
        """INSERT INTO address_mark (id, account, address, mark, reason, message, at)
           VALUES ({}, {}, {}, {}, {}, {}, {})
           ON CONFLICT (account, address, mark) DO UPDATE
             SET reason = excluded.reason, message = excluded.message, at = excluded.at
             WHERE address_mark.at <= excluded.at""",
        *(ids.new(), account_id, address.casefold(), BOUNCED, storable(reason[:500]), message, at or clock.now()),
    )


async def clear(account_id: UUID, address: str, at: datetime | None = None) -> bool:
    """They wrote from this address, or somebody knows better: what came back before is over. True when that is news."""
    cleared = await (
        AddressMark.delete()
        .where((AddressMark.account == account_id) & (AddressMark.address == address.casefold()))
        .where(AddressMark.at <= (at or clock.now()))
        .returning(AddressMark.id)
    )
    return bool(cleared)
