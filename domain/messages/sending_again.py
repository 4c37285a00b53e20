"""What a person does about a message that failed, or whose fate nobody knows."""

from domain import audit, clock, connections, db
from domain.batches import single
from domain.messages.following import follow_up_on
from domain.messages.tables import RANKS, RETRIABLE, Message, State
from domain.users import User


async def retry(message: Message, user: User, attempts: int) -> bool:
    """A person asks for one more attempt of a message that failed or whose fate is unknown.

    `attempts` is how many there were on the page they looked at: a second click asks for nothing more. It leaves by the
    connection that carries the channel now, should that be another one than before. Raises Refused while its batch is
    paused.
    """
    await single.require_free(message)
    now = clock.now()
    carrying = await connections.carrying(message.account, message.channel)
    async with db.writing():
        rows = (
            await Message.update(
                {
                    Message.state: State.QUEUED,
                    Message.rank: 0,
                    Message.code: "",
                    Message.reason: "",
                    Message.provider_id: "",
                    Message.tries: 0,
                    Message.connection: carrying.id if carrying else message.connection,
                    Message.not_before: now,
                    Message.undoable: False,
                    Message.changed_at: now,
                }
            )
            .where(
                (Message.id == message.id)
                & Message.state.is_in(list(RETRIABLE))
                & (Message.attempts == attempts)
                & (Message.direction == "out")
                & (Message.kind != "answer")  # one to each STOP, and soon or not at all
            )
            .returning(Message.id)
        )
        if rows:
            await single.reopen(message.batch)
            await audit.record(message.account, user.id, "message.retried", message.id, attempts=attempts)
    return bool(rows)


async def mark_sent(message: Message, user: User) -> bool:
    """A person knows that a message of unknown fate did go out."""
    now = clock.now()
    async with db.writing():
        rows = (
            await Message.update(
                {
                    Message.state: State.ACCEPTED,
                    Message.rank: RANKS[State.ACCEPTED],
                    Message.code: "",
                    Message.reason: f"Marked sent by {user.name}",
                    Message.changed_at: now,
                }
            )
            .where((Message.id == message.id) & (Message.state == State.UNKNOWN))
            .returning(Message.id)
        )
        if rows:
            await follow_up_on([message.id])
            await audit.record(message.account, user.id, "message.marked_sent", message.id)
    return bool(rows)
