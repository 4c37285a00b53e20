"""A draft becomes a batch that leaves: once, however often it is pressed, and only what was looked at."""

from math import ceil
from typing import Any
from uuid import UUID

from domain import audit, clock, db, plans, users
from domain.accounts import Account
from domain.batches import drafts, looking, timing
from domain.batches.looking import Summary
from domain.batches.tables import Batch
from domain.errors import Refused
from domain.settings import settings
from domain.users import Permission, User

CANARY_ABOVE = 50  # recipients
CANARY_LEAST = 5
CANARY_SHARE = 0.02

ANOTHERS = "A colleague would send this. Press “Send in my name” first, then look and send."
LINE = "By now you have too many texts in a day to leave out the opt-out line: it ends every text. Look again and send."
OTHERS = "This changed since you looked: others get it now, or by another channel. Look again and send."
NOBODY = "Nobody of these would get it. Look at the reasons below."
NO_ADDRESS = (
    "Sellers could not open the links: this installation has no public address. Ask whoever runs Lotwire to set "
    "LOTWIRE_PUBLIC_URL, or choose another way for the files."
)


def canaries(sendable: int) -> int:
    """How many of so many recipients go first; 0: all at once."""
    return max(CANARY_LEAST, ceil(sendable * CANARY_SHARE)) if sendable > CANARY_ABOVE else 0


async def start(batch: Batch, account: Account, user: User, revision: int, seen: Summary) -> bool:
    """Lets the batch go, as it was looked at: `revision` is that of the draft, `seen` what the look found. Looks once
    more: what would leave by now is what was confirmed, or nothing leaves. True for the one who starts it; of fifty at
    once one does, and the others see it begun.

    Raises Refused for who may not or would not be the sender, when the draft or what would leave changed since the look
    (which is kept anew), when nobody would get it, and when the time it was planned for is over.
    """
    users.require(user, Permission.BATCH)
    await plans.require(account, "messaging")
    await plans.require(account, "batch")
    if batch.state != "draft":
        return False
    if batch.user != user.id:
        raise Refused(ANOTHERS, code="changed")
    if batch.revision != revision:
        raise Refused(drafts.CHANGED, code="changed")
    lined = batch.opt_out_line
    summary = await looking.look(batch, account, user)
    if batch.revision != revision:
        raise Refused(LINE if batch.opt_out_line != lined else changed(seen, summary), code="changed")
    check(summary, linked=batch.files == "link" and bool(await drafts.files_of(batch)))
    if plan := timing.plan_of(batch):
        await timing.checked(account, plan)  # its time may be over by now
    now = clock.now()
    async with db.writing():
        await require_line(batch, account, user, summary)
        started = (
            await Batch.update(
                {
                    Batch.state: "expanding",
                    Batch.canary: canaries(summary.sendable),
                    Batch.started_at: now,
                    Batch.changed_at: now,
                }
            )
            .where((Batch.id == batch.id) & (Batch.state == "draft") & (Batch.revision == revision))
            .returning(Batch.id)
        )
        if started:
            facts: dict[str, Any] = {"size": batch.size, "sendable": summary.sendable, "channel": batch.channel}
            await audit.record(account.id, user.id, "batch.started", batch.id, **facts)
    if not started and await Batch.exists().where((Batch.id == batch.id) & (Batch.state == "draft")):
        raise Refused(drafts.CHANGED, code="changed")
    return bool(started)


async def require_line(batch: Batch, account: Account, user: User, summary: Summary) -> None:
    """Counts the sender's day once more while nobody else can start for them: of two batches that were looked at when
    either still fitted, the second needs the opt-out line. In your transaction. Raises Refused."""
    if batch.opt_out_line or not summary.channels["text"]:
        return
    await User.raw("UPDATE app_user SET name = name WHERE id = {} RETURNING id", user.id)
    if await drafts.texts_left(account, user, batch.scheduled_at) < summary.channels["text"]:
        raise Refused(LINE, code="changed")


def changed(seen: Summary, found: Summary) -> str:
    """What a person reads who confirmed something else."""
    if seen.sendable == found.sendable:
        return OTHERS
    return f"This changed since you looked: {found.sendable:,} instead of {seen.sendable:,}. Look again and send."


def check(summary: Summary, *, linked: bool) -> None:
    """Raises Refused when nobody would get it, and when files go as links (`linked`) that nobody could open."""
    if not summary.sendable:
        raise Refused(NOBODY, code="nobody")
    if linked and not settings().public_url:
        raise Refused(NO_ADDRESS, field="file_choice", code="no_public_address")


async def of(account: UUID, batch: UUID) -> Batch:
    """The account's batch. Raises NotFound."""
    one: Batch = await db.found(Batch.objects().get((Batch.id == batch) & (Batch.account == account)))
    return one
