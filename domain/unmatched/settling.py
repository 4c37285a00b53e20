"""What becomes of a message that belongs to no listing: linked, discarded and put back, or its sender blocked."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import ads, audit, clock, db, history, messages, schedules, sources, stages, suppressions, threads, users
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.inbox import colleagues
from domain.inbox.tables import MatchSuggestion
from domain.listings import Listing
from domain.messages import Message
from domain.reviews import Review
from domain.suppressions import OptOut
from domain.unmatched import looking
from domain.unmatched.looking import KEPT, address, of
from domain.users import Permission, User

SETTLED = "Somebody settled this message before you. Look at the inbox again."
WHY_BLOCK = "It wrote to us without being asked."


async def link(account: Account, message: UUID, listing: Listing, user: User, *, keep: bool = False) -> int:
    """Moves a message, and the others of its sender that wait beside it, into the history of a listing at their own
    times; how many. Their thread belongs to that listing from then on.

    With `keep` the address is put down as the seller's where they have none of its kind. What an opt-out among them
    asks for holds for the whole account since it came. What a colleague wrote becomes theirs, and nothing follows from
    it. Raises NotFound, Refused when somebody was faster.
    """
    users.require(user, Permission.SETTLE_UNMATCHED)
    if listing.account != account.id:
        raise NotFound
    row = await of(account.id, message)
    seller, colleague = address(row), await looking.colleague(account.id, row)
    async with db.writing():
        if keep and not colleague:  # before the listing is locked: whoever writes ads takes their turn first
            await _keep(account, listing, row["channel"], seller, user)
        await stages.lock(listing.id)
        moved = await _move(account.id, row, seller, listing.id)
        if message not in {each["id"] for each in moved}:
            raise Refused(SETTLED, code="settled")
        if row["channel"] in threads.CHANNELS:
            await threads.belongs(account.id, row["channel"], seller, listing.id)
            await suppressions.wait_for_starts(account.id)
            await suppressions.spread(account.id, row["channel"], seller)
        await _beside(account.id, listing.id, [each["id"] for each in moved], seller)
        theirs = [each["id"] for each in moved if each["means"] not in looking.HEARD] if colleague else []
        if colleague and theirs:
            await colleagues.make_theirs(theirs, colleague)
        if sellers := [each for each in moved if each["id"] not in theirs]:
            await _heed(account.id, listing.id, sellers, seller)
        await audit.record(
            account.id, user.id, "message.linked", message, listing=str(listing.id), messages=len(moved), kept=keep
        )
    return len(moved)


async def discard(message: Message, user: User) -> bool:
    """Settles one that nobody needs; it is kept, only not shown here. False when it is settled already."""
    users.require(user, Permission.SETTLE_UNMATCHED)
    async with db.writing():
        settled = Message.update({Message.responded_at: clock.now()}).where(
            (Message.id == message.id) & Message.listing.is_null() & Message.responded_at.is_null()
        )
        if not await settled.returning(Message.id):
            return False
        await audit.record(message.account, user.id, "message.discarded", message.id)
    return True


async def restore(message: Message, user: User) -> bool:
    """Puts back what was discarded within the last 30 days. False when it waits already, or is gone too long."""
    users.require(user, Permission.SETTLE_UNMATCHED)
    async with db.writing():
        back = Message.update({Message.responded_at: None}).where(
            (Message.id == message.id) & Message.listing.is_null() & (Message.responded_at > clock.now() - KEPT)
        )
        if not await back.returning(Message.id):
            return False
        await audit.record(message.account, user.id, "message.restored", message.id)
    return True


async def block(message: Message, user: User, reason: str = "") -> int:
    """Blocks the sender and discards what waits from there; how many. From now on it is stored silently. Raises
    Refused."""
    users.require(user, Permission.SETTLE_UNMATCHED)
    row = await of(message.account, message.id)
    seller = address(row)
    async with db.writing():
        await suppressions.block(message.account, user, seller, reason.strip() or WHY_BLOCK)
        gone = Message.update({Message.responded_at: clock.now()}).where(_waiting(message.account, row, seller))
        rows = await gone.returning(Message.id)
        for each in rows:
            await audit.record(message.account, user.id, "message.discarded", each["id"])
    return len(rows)


def _waiting(account: UUID, row: dict[str, Any], seller: str) -> Any:
    """Those of the same sender that wait in the same channel."""
    theirs = ((Message.direction == "in") & (Message.from_address == seller)) | (
        (Message.direction == "out") & (Message.to_address == seller)
    )
    mine = (Message.account == account) & Message.listing.is_null() & Message.responded_at.is_null()
    return mine & (Message.channel == row["channel"]) & theirs


async def _move(account: UUID, row: dict[str, Any], seller: str, listing: UUID) -> list[dict[str, Any]]:
    now = clock.now()
    values: dict[Any, Any] = {Message.listing: listing, Message.changed_at: now}
    shown = (Message.id, Message.direction, Message.at, Message.means)
    moved: list[dict[str, Any]] = await Message.update(values).where(_waiting(account, row, seller)).returning(*shown)
    if row["responded_at"] is not None:  # one that was discarded, and turned out to be somebody's after all
        alone = (Message.id == row["id"]) & Message.listing.is_null() & Message.responded_at.is_not_null()
        moved += await Message.update({**values, Message.responded_at: None}).where(alone).returning(*shown)
    return moved


async def _beside(account: UUID, listing: UUID, moved: Sequence[UUID], seller: str) -> None:
    """What hangs on them: the guess is settled, a review knows its listing, and an opt-out is told in the history."""
    await MatchSuggestion.delete().where(MatchSuggestion.message.is_in(list(moved)))
    await Review.update({Review.listing: listing}).where(Review.message.is_in(list(moved)) & Review.listing.is_null())
    said = OptOut.message.is_in(list(moved)) & OptOut.lifted_at.is_null()
    for row in await OptOut.select(OptOut.message).where(said):
        await history.note(account, listing, "opted_out", message=row["message"], address=seller)


async def _heed(account: UUID, listing: UUID, moved: Sequence[dict[str, Any]], seller: str) -> None:
    """What they mean for the listing, as if they had been known as its own when they came."""
    now = clock.now()
    came = [each for each in moved if each["direction"] == "in"]
    went = [each for each in moved if each["direction"] == "out"]
    if came:
        await schedules.seller_wrote(account, listing, seller)
        await history.contacted_then(listing, max(each["at"] for each in came))
    if went:
        await messages.follow_up_on([each["id"] for each in went])
        await messages.answered(listing, max(each["at"] for each in went), now)
    await messages.answered_since(listing, [each["id"] for each in came], now)


async def _keep(account: Account, listing: Listing, channel: str, seller: str, user: User) -> None:
    """Puts the address down as the seller's, where they have none of its kind."""
    rows = await Listing.raw("SELECT phone, mobile, email FROM seller WHERE listing = {}", listing.id)
    known = rows[0] if rows else {"phone": "", "mobile": "", "email": ""}
    if channel == "text":
        free = next((name for name in ("mobile", "phone") if not known[name]), "")
        free = "" if seller in (known["mobile"], known["phone"]) else free
    else:
        free = "email" if channel == "email" and not known["email"] else ""
    if not free:
        return
    fields = {name: str(getattr(listing, name) or "") for name in ("external_id", *ads.REQUIRED)}
    ad, _ = ads.check({**fields, free: seller}, account.country)
    if ad is not None:
        await ads.put(account.id, await sources.slug(listing.source), ad, user.id)
