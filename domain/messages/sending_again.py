"""What a person does about a message that failed, or whose fate nobody knows."""

from domain import audit, clock, connections, db, seller_hours
from domain.batches import single, turns
from domain.errors import Refused
from domain.messages.following import follow_up_on
from domain.messages.tables import RANKS, RETRIABLE, Message, State
from domain.seller_hours import Hour
from domain.users import User


async def retry(message: Message, user: User, attempts: int, *, knowing: bool = True) -> bool:
    """A person asks for one more attempt of a message that failed or whose fate is unknown.

    `attempts` is how many there were on the page they looked at: a second click asks for nothing more. It leaves by the
    connection that carries the channel now, should that be another one than before. Raises Refused while its batch is
    paused, (`quiet_hours`) outside the hours for texts unless whoever asks is `knowing`, and (`not_ours`) of what
    nobody here wrote to a seller.
    """
    if message.direction == "out" and (message.origin == "app" or not message.user or not message.listing):
        raise Refused("This was not written here, so it is not sent again from here. Write a new one.", code="not_ours")
    await single.require_free(message)
    if not knowing and message.attempts == attempts and await closed_now(message):
        raise Refused("It is outside the hours for texts where the seller is.", code="quiet_hours")
    now = clock.now()
    carrying = await connections.carrying(message.account, message.channel)
    async with db.writing():
        await turns.wait([message.id])
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


async def closed_now(message: Message) -> Hour | None:
    """The hour where its seller is, if a person would be warned before they send it once more now; else None. What
    belongs to a batch or a plan waits by itself."""
    if message.kind != "one_to_one" or message.state not in RETRIABLE or message.direction != "out":
        return None
    rows = await Message.raw(
        "SELECT a.country, p.postal_code, p.mobile, p.phone FROM account a LEFT JOIN seller p ON p.listing = {}"
        " WHERE a.id = {}",
        message.listing,
        message.account,
    )
    for row in rows:
        numbers = (row["mobile"] or "", row["phone"] or "")
        hour = await seller_hours.at(message.account, row["country"], row["postal_code"] or "", numbers)
        return hour if hour.until else None
    return None


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
