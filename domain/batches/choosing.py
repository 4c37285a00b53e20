"""Which listings a batch goes to: chosen one by one or all that match, and frozen from then on."""

from collections.abc import Sequence
from uuid import UUID

from domain import clock, db, ids, inventory, plans, users
from domain.accounts import Account
from domain.batches.tables import Batch, BatchListing
from domain.delivery.sql import holes
from domain.errors import Refused
from domain.inventory import Wanted
from domain.listings import Listing
from domain.users import Permission, User

MOST = 10_000  # listings of one batch
AT_ONCE = 500  # rows of one INSERT

NOTHING_CHOSEN = "Tick the listings you want to write to first."
TOO_MANY = "A batch goes to {most:,} listings at most; {number:,} are chosen. Narrow the list down."
MORE_NOW = "{now:,} match now, where {shown:,} were shown. Look at the list, then choose them all again."


async def choose(account: Account, user: User, chosen: Sequence[UUID], origin: str = "window") -> Batch:
    """A draft for these listings of the account, each once, in this order; foreign ones are left out, and of
    hidden ones the look says that they do not get it.

    Raises Refused for who may not send batches, without any listing, and for too many.
    """
    await _allowed(account, user)
    return await _freeze(account, user, await known(account, chosen), origin)


async def known(account: Account, chosen: Sequence[UUID]) -> list[UUID]:
    """Those of them that are the account's, each once. Raises Refused for too many."""
    wanted = list(dict.fromkeys(chosen))
    if len(wanted) > MOST:
        raise Refused(TOO_MANY.format(most=MOST, number=len(wanted)), field="listing_ids", code="too_many")
    found: set[UUID] = set()
    for first in range(0, len(wanted), AT_ONCE):
        some = wanted[first : first + AT_ONCE]
        rows = await Listing.raw(
            f"SELECT id, account FROM listing WHERE id IN ({holes(len(some))})",  # noqa: S608 - placeholders
            *some,
        )
        found |= {row["id"] for row in rows if row["account"] == account.id}
    return [each for each in wanted if each in found]


async def choose_all(
    account: Account, user: User, asked: Wanted, origin: str = "window", shown: int | None = None
) -> Batch:
    """A draft for all listings of the inventory that are asked for, the newest first. Raises as `choose`, and where
    they are more than were `shown`."""
    await _allowed(account, user)
    found = await matching(account, asked)
    if shown is not None and len(found) > shown:
        raise Refused(MORE_NOW.format(now=len(found), shown=shown), field="listing_ids", code="changed")
    return await _freeze(account, user, found, origin)


async def matching(account: Account, asked: Wanted) -> list[UUID]:
    """The listings that are asked for, the newest first. Raises Refused for too many."""
    found = await inventory.all_matching(account.id, asked, MOST + 1)
    if len(found) > MOST:
        count = await inventory.count_matching(account.id, asked)
        raise Refused(TOO_MANY.format(most=MOST, number=count), field="listing_ids", code="too_many")
    return found


async def _allowed(account: Account, user: User) -> None:
    users.require(user, Permission.BATCH)
    await plans.require(account, "messaging")
    await plans.require(account, "batch")


async def _freeze(account: Account, user: User, chosen: Sequence[UUID], origin: str) -> Batch:
    if not chosen:
        raise Refused(NOTHING_CHOSEN, field="listing_ids", code="required")
    batch = Batch(account=account.id, user=user.id, size=len(chosen), origin=origin, created_at=clock.now())
    async with db.writing():
        await put(batch, chosen)
    return batch


async def put(batch: Batch, chosen: Sequence[UUID]) -> None:
    """Writes a batch with its listings. Call it inside a transaction."""
    await Batch.insert(batch)
    for first in range(0, len(chosen), AT_ONCE):
        some = chosen[first : first + AT_ONCE]
        values = [value for n, each in enumerate(some, first) for value in (ids.new(), batch.id, n, each)]
        await BatchListing.raw(
            f"""INSERT INTO batch_listing (id, batch, n, listing, channel, code, waits, first, segments, length,
                                           fallbacks)
                VALUES {", ".join(["({}, {}, {}, {}, '', '', '', false, 0, 0, 0)"] * len(some))}""",  # noqa: S608
            *values,
        )
