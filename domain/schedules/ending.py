"""Plans that end because of what happened meanwhile: the seller wrote, or the dealership schedules nothing any more."""

from uuid import UUID

from domain import clock, db, messages, plans
from domain.accounts import Account
from domain.messages import Message
from domain.users import User

NOT_IN_PLAN = "Scheduled messages are no longer part of your plan."
SWITCHED_OFF = "Scheduled messages were switched off for your dealership."
NEEDED = frozenset({"messaging", "scheduled"})

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


async def seller_wrote(account: UUID, listing: UUID | None, address: str) -> set[UUID]:
    """Cancels what was to leave by itself to a seller who wrote meanwhile, by whatever channel, but for what shall
    leave all the same. Call it in the transaction that keeps what they wrote; the listings that changed."""
    return await messages.cancel_for_reply(account, listing, address)


async def change_plans(included: dict[str, set[str]], by: User) -> None:
    """Sets what each plan includes; where that takes scheduling away, what is pending is cancelled. Raises Refused as
    `plans.change`."""
    async with db.writing():
        await plans.change(included, by)
        await end_without()


async def end_without(account: UUID | None = None) -> set[UUID]:
    """Cancels what is pending where the plan or the switch of the account no longer allows it; of one account, or of
    all. The listings that changed."""
    table = await plans.table()
    allowing = [str(tier) for tier, features in table.items() if features >= NEEDED]
    some = ", ".join(["{}"] * len(allowing)) or "''"
    rows = await Account.raw(
        f"""SELECT id, CASE WHEN tier IN ({some}) THEN 1 ELSE 0 END AS included FROM account
            WHERE NOT scheduled_messages OR tier NOT IN ({some})""",
        *allowing,
        *allowing,
    )
    changed: set[UUID] = set()
    now = clock.now()
    for row in rows:
        if account is not None and row["id"] != account:
            continue
        code, reason = ("scheduling_off", SWITCHED_OFF) if row["included"] else ("tier", NOT_IN_PLAN)
        ended = await Message.raw(
            """UPDATE message SET state = 'cancelled', code = {}, reason = {}, at = {}, changed_at = {}
               WHERE account = {} AND scheduled_at IS NOT NULL AND state = 'pending' RETURNING listing""",
            code,
            reason,
            now,
            now,
            row["id"],
        )
        changed |= {each["listing"] for each in ended}
    return changed
