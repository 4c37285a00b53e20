"""Messages that do not leave: undone, cancelled by a person, or because of what happened meanwhile."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString

from domain import audit, clock, db
from domain.errors import Refused
from domain.gate import BY_ITSELF
from domain.messages.tables import MAY_HAVE_ARRIVED, RANKS, WAITING, Message, State
from domain.users import Role, User

WROTE = "The seller wrote meanwhile."
CHANGED = "Somebody changed this message meanwhile. Look at it as it stands now, then cancel it."


async def undo(message: Message) -> bool:
    """Takes a message back inside its undo window. False when it has already left (or was undone before)."""
    now = clock.now()
    rows = (
        await Message.update(
            {Message.state: State.CANCELLED, Message.code: "undone", Message.reason: "Undone", Message.changed_at: now}
        )
        .where(
            (Message.id == message.id)
            & (Message.state == State.QUEUED)
            & Message.undoable.eq(True)
            & (Message.not_before > now)
        )
        .returning(Message.id)
    )
    return bool(rows)


async def cancel(message: Message, user: User, revision: int | None = None) -> bool:
    """Takes back what has not left yet, its schedule with it. False when it has left; a second time changes nothing.

    `revision` is that of the plan somebody looked at: one that was changed since stays, unless it is about to leave.
    Raises Refused (`changed`) then, for an inbound message, and for a colleague's unless the user manages.
    """
    if message.direction != "out":
        raise Refused("This message came in. There is nothing to cancel.", code="not_outbound")
    if message.user != user.id and user.role not in (Role.ADMIN, Role.MANAGER):
        raise Refused("A colleague sends this. Ask them or a manager to cancel it.", code="no_permission")
    if message.state == State.CANCELLED:
        return True
    which: Any = Message.id == message.id
    if revision is not None:
        which &= (Message.state != State.PENDING) | (Message.revision == revision)
    async with db.writing():
        cancelled = await _cancel(which, f"Cancelled by {user.name}", "cancelled")
        if cancelled:
            await audit.record(message.account, user.id, "message.cancelled", message.id)
    if cancelled:
        return True
    row = await Message.select(Message.state).where(Message.id == message.id).first()
    state = row["state"] if row else ""
    if revision is not None and state in WAITING:
        raise Refused(CHANGED, code="changed")
    return bool(state == State.CANCELLED)


async def cancel_for_listing(listing_id: UUID, reason: str, code: str = "cancelled") -> int:
    """Cancels what has not left yet to this listing's seller. Call it inside your transaction; how many there were. An
    opt-out leaves its own confirmation alone."""
    here = Message.listing == listing_id
    return len(await _cancel(here & (Message.kind != "answer") if code == "opted_out" else here, reason, code))


async def cancel_for_batch(batch_id: UUID, reason: str, code: str) -> int:
    """Cancels what has not left yet of a batch. Call it inside your transaction; how many there were."""
    return len(await _cancel(Message.batch == batch_id, reason, code))


async def cancel_these(ids: Sequence[UUID], reason: str, code: str) -> None:
    """Cancels those of them that have not left yet. Call it inside your transaction."""
    await _cancel(Message.id.is_in(list(ids)), reason, code)


async def cancel_overdue(ids: list[UUID], reason: str) -> list[UUID]:
    """Cancels what has not left yet of these, in their frozen installation; the account of each that was."""
    rows = await _cancel(Message.id.is_in(ids), reason, "cancelled")
    return [row["account"] for row in rows]


async def cancel_for_reply(account_id: UUID, listings: Sequence[UUID], addresses: Sequence[str]) -> set[UUID]:
    """Cancels what waits by itself for a seller who wrote meanwhile: to these listings, and to these addresses whatever
    the listing, unless it was to leave all the same. Call it inside your transaction; the listings that changed."""
    mine = Message.kind.is_in(list(BY_ITSELF)) & Message.stays_on_reply.eq(False)
    changed: set[UUID] = set()
    where: list[Any] = [Message.listing.is_in(list(listings))] if listings else []
    where += [(Message.account == account_id) & Message.to_address.is_in(list(addresses))] if addresses else []
    for which in where:
        rows = await _cancel(which & mine, WROTE, "seller_wrote")
        changed |= {row["listing"] for row in rows}
    return changed


async def cancel_for_address(account_id: UUID, address: str, reason: str, code: str) -> int:
    """Cancels what has not left yet to this address, whatever the listing. Call it inside your transaction.

    An opt-out leaves its own confirmation alone, also when the person says stop again before that has left.
    """
    to_them = (Message.account == account_id) & (Message.to_address == address)
    which = to_them & (Message.kind != "answer") if code == "opted_out" else to_them
    return len(await _cancel(which, reason, code))


def unless_it_may_have_arrived(state: State) -> dict[Any, Any]:
    """State and rank of a message that ends without leaving. What a person sent again, and an earlier call of which may
    have arrived, is unknown as before instead: nobody can say that it never left."""
    return {
        Message.state: QueryString(f"CASE WHEN {MAY_HAVE_ARRIVED} THEN 'unknown' ELSE '{state}' END"),
        Message.rank: QueryString(
            f"CASE WHEN {MAY_HAVE_ARRIVED} THEN {RANKS[State.UNKNOWN]} ELSE {RANKS.get(state, 0)} END"
        ),
    }


async def _cancel(which: Any, reason: str, code: str) -> list[dict[str, Any]]:
    now = clock.now()
    rows: list[dict[str, Any]] = (
        await Message.update(
            {
                **unless_it_may_have_arrived(State.CANCELLED),
                Message.code: code,
                Message.reason: reason,
                Message.owner: "",
                Message.lease_until: None,
                # A plan stood at the end of the history; now it stands where it ended.
                Message.at: QueryString("CASE WHEN state = 'pending' THEN {} ELSE at END", now),
                Message.changed_at: now,
            }
        )
        .where(which & (Message.direction == "out") & Message.state.is_in(list(WAITING)))
        .returning(Message.id, Message.listing, Message.account)
    )
    return rows
