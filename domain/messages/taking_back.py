"""Messages that do not leave: undone, cancelled by a person, or because of what happened meanwhile."""

from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString

from domain import audit, clock, db
from domain.errors import Refused
from domain.messages.tables import MAY_HAVE_ARRIVED, RANKS, WAITING, Message, State
from domain.users import Role, User


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


async def cancel(message: Message, user: User) -> bool:
    """Takes back what has not left yet, its schedule with it. False when it has left; a second time changes nothing.

    Raises Refused for an inbound message, and for a colleague's unless the user manages.
    """
    if message.direction != "out":
        raise Refused("This message came in. There is nothing to cancel.", code="not_outbound")
    if message.user != user.id and user.role not in (Role.ADMIN, Role.MANAGER):
        raise Refused("A colleague sends this. Ask them or a manager to cancel it.", code="no_permission")
    if message.state == State.CANCELLED:
        return True
    async with db.writing():
        cancelled = await _cancel(Message.id == message.id, f"Cancelled by {user.name}", "cancelled")
        if cancelled:
            await audit.record(message.account, user.id, "message.cancelled", message.id)
    if cancelled:
        return True
    return await Message.exists().where((Message.id == message.id) & (Message.state == State.CANCELLED))


async def cancel_for_listing(listing_id: UUID, reason: str, code: str = "cancelled") -> int:
    """Cancels what has not left yet to this listing's seller. Call it inside your transaction; how many there were."""
    return await _cancel(Message.listing == listing_id, reason, code)


async def cancel_for_address(account_id: UUID, address: str, reason: str, code: str) -> int:
    """Cancels what has not left yet to this address, whatever the listing. Call it inside your transaction.

    An opt-out leaves its own confirmation alone, also when the person says stop again before that has left.
    """
    to_them = (Message.account == account_id) & (Message.to_address == address)
    return await _cancel(to_them & (Message.kind != "answer") if code == "opted_out" else to_them, reason, code)


def unless_it_may_have_arrived(state: State) -> dict[Any, Any]:
    """State and rank of a message that ends without leaving. What a person sent again, and an earlier call of which may
    have arrived, is unknown as before instead: nobody can say that it never left."""
    return {
        Message.state: QueryString(f"CASE WHEN {MAY_HAVE_ARRIVED} THEN 'unknown' ELSE '{state}' END"),
        Message.rank: QueryString(
            f"CASE WHEN {MAY_HAVE_ARRIVED} THEN {RANKS[State.UNKNOWN]} ELSE {RANKS.get(state, 0)} END"
        ),
    }


async def _cancel(which: Any, reason: str, code: str) -> int:
    rows = (
        await Message.update(
            {
                **unless_it_may_have_arrived(State.CANCELLED),
                Message.code: code,
                Message.reason: reason,
                Message.owner: "",
                Message.lease_until: None,
                Message.changed_at: clock.now(),
            }
        )
        .where(which & (Message.direction == "out") & Message.state.is_in(list(WAITING)))
        .returning(Message.id)
    )
    return len(rows)
