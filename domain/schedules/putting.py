"""Who may do something about a plan, and writing it only over the one that was looked at."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import audit, clock, db, messages, users
from domain.departures import Departure
from domain.errors import Refused
from domain.messages import Message, State
from domain.users import Permission, Role, User

MEANWHILE = "Somebody changed this message meanwhile."
SCHEDULED = "Somebody scheduled this message again meanwhile. Look at it as it stands now."
LEAVING = "This message is about to leave: in its last ten seconds it can be cancelled, but not changed."
LEFT = "This message is not scheduled any more. Look at what became of it."
COLLEAGUES = "A colleague planned this. Ask them or a manager."


def may_change(message_user: UUID | None, user: User) -> bool:
    """Whether this person may do something about a plan of `message_user`'s."""
    if not users.may(user, Permission.SEND):
        return False
    return message_user == user.id or user.role in (Role.ADMIN, Role.MANAGER)


def require(message: Message, user: User) -> None:
    """Raises Refused for what came in, and for who may not."""
    if message.direction != "out":
        raise Refused("This message came in. There is nothing to plan.", code="not_outbound")
    users.require(user, Permission.SEND)
    if not may_change(message.user, user):
        raise Refused(COLLEAGUES, code="no_permission")


async def put(
    message: Message,
    states: Sequence[str],
    values: dict[Any, Any],
    revision: int | None,
    user: User,
    what: str,
    step: str = "Look at it as it stands now.",
) -> None:
    """Writes only over a plan in one of these states, and over the revision that was looked at where one is given.

    Raises Refused: `changed` with this next `step` when somebody else was faster, else as `too_late`.
    """
    which = (Message.id == message.id) & Message.state.is_in([str(state) for state in states])
    if revision is not None:
        which &= Message.revision == revision
    if message.batch is not None:
        which &= Message.scheduled_at.is_not_null()  # its batch was not paused meanwhile
    every = {**values, Message.revision: Message.revision + 1, Message.changed_at: clock.now()}
    async with db.writing():
        if not await Message.update(every).where(which).returning(Message.id):
            standing = await messages.by_id(message.account, message.id)
            if standing.state in states:
                raise Refused(f"{MEANWHILE} {step}", code="changed")
            raise too_late(standing)
        detail = {"at": values[Message.scheduled_at].isoformat()} if values.get(Message.scheduled_at) else {}
        await audit.record(message.account, user.id, what, message.id, **detail)


def timed(departure: Departure) -> dict[Any, Any]:
    """The columns of a plan that leaves then."""
    return {
        Message.scheduled_at: departure.at,
        Message.schedule_zone: departure.zone,
        Message.schedule_wall: departure.wall,
        Message.at: departure.at,
        Message.not_before: None,
        Message.code: "",
        Message.reason: "",
    }


def too_late(message: Message) -> Refused:
    """Of a plan that is not what it was when somebody looked: what it is instead."""
    if message.state == State.PENDING:
        return Refused(SCHEDULED, code="changed")
    if message.state in (State.QUEUED, State.CLAIMED):
        return Refused(LEAVING, code="frozen")
    return Refused(LEFT, code="left")
