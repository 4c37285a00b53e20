"""Plans that end because of what happened meanwhile: the seller wrote, or the dealership schedules nothing any more."""

from uuid import UUID

from domain import clock, db, messages, plans, same_seller
from domain.accounts import Account
from domain.batches import ending as batch_ending
from domain.batches.tables import Batch
from domain.messages import Message
from domain.users import User

NOT_IN_PLAN = "Scheduled messages are no longer part of your plan."
SWITCHED_OFF = "Scheduled messages were switched off for your dealership."
NEEDED = frozenset({"messaging", "scheduled"})
NEEDED_BY_BATCHES = frozenset({"messaging", "batch"})
UNDER_WAY = "state IN ('expanding', 'running', 'paused')"

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


async def seller_wrote(account: UUID, listing: UUID | None, address: str) -> set[UUID]:
    """Cancels what was to leave by itself to a seller who wrote meanwhile, by whatever channel and about whichever of
    their cars, but for what shall leave all the same. Call it in the transaction that keeps what they wrote; the
    listings that changed."""
    listings, addresses = await same_seller.whose(account, listing, address)
    return await messages.cancel_for_reply(account, listings, addresses)


async def change_plans(included: dict[str, set[str]], by: User) -> None:
    """Sets what each plan includes; where that takes scheduling away, what is pending is cancelled. Raises Refused as
    `plans.change`."""
    async with db.writing():
        await plans.change(included, by)
        await end_without()


async def end_without(account: UUID | None = None) -> set[UUID]:
    """Cancels what is pending where the plan or the switch of the account no longer allows it; of one account, or of
    all. The listings that changed."""
    changed = await _end_batches(account)
    some, allowing = await _tiers(NEEDED)
    rows = await Account.raw(
        f"""SELECT id, CASE WHEN tier IN ({some}) THEN 1 ELSE 0 END AS included FROM account
            WHERE NOT scheduled_messages OR tier NOT IN ({some})""",
        *allowing,
        *allowing,
    )
    for row in rows:
        if account is not None and row["id"] != account:
            continue
        code, reason = ("scheduling_off", SWITCHED_OFF) if row["included"] else ("tier", NOT_IN_PLAN)
        changed |= await _cancel(row["id"], code, reason)
    return changed


async def _tiers(needed: frozenset[str]) -> tuple[str, list[str]]:
    """SQL and arguments: the plans that include all of it."""
    allowing = [str(tier) for tier, features in (await plans.table()).items() if features >= needed]
    return ", ".join(["{}"] * len(allowing)) or "''", allowing


async def _cancel(account: UUID, code: str, reason: str) -> set[UUID]:
    """Plans of their own, and those of a planned batch, also of one that is paused; not what a batch that was to leave
    at once holds back."""
    now = clock.now()
    mine = "scheduled_at IS NOT NULL AND batch IS NULL AND account = {}"
    planned = f"batch IN (SELECT id FROM batch WHERE account = {{}} AND schedule_rule <> '' AND {UNDER_WAY})"
    changed: set[UUID] = set()
    for which in (mine, planned):
        ended = await Message.raw(
            f"""UPDATE message SET state = 'cancelled', code = {{}}, reason = {{}}, at = {{}}, changed_at = {{}}
                WHERE {which} AND state = 'pending' RETURNING listing""",
            code,
            reason,
            now,
            now,
            account,
        )
        changed |= {each["listing"] for each in ended}
    return changed


async def _end_batches(account: UUID | None) -> set[UUID]:
    """Batches under way whose account's plan no longer includes them end; who started them is told."""
    some, allowing = await _tiers(NEEDED_BY_BATCHES)
    one, named = ("AND account = {}", [account]) if account else ("", [])
    rows = await Batch.raw(
        f"""SELECT id FROM batch WHERE {UNDER_WAY} {one}
              AND account IN (SELECT id FROM account WHERE tier NOT IN ({some}))""",
        *named,
        *allowing,
    )
    changed: set[UUID] = set()
    for row in rows:
        batch = await db.found(Batch.objects().get(Batch.id == row["id"]))
        waiting = await Message.select(Message.listing).where(
            (Message.batch == batch.id) & Message.state.is_in(["pending", "queued", "claimed"])
        )
        await batch_ending.end_without_plan(batch)
        changed |= {each["listing"] for each in waiting}
    return changed
