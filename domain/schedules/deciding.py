"""A plan that does not go as planned: taken back, or sent now."""

from datetime import datetime
from typing import Any

from domain import audit, clock, composing, db, departures, messages, quiet_hours, seller_hours
from domain.accounts import Account
from domain.batches import single
from domain.composing import GateRefused
from domain.departures import Departure, Plan
from domain.errors import Refused
from domain.messages import Message, State
from domain.schedules import putting, words
from domain.schedules.words import Words
from domain.sellers import Seller
from domain.users import User

OPEN = (State.PENDING, State.EXPIRED)
LOOK_AND_SEND = "Look at it as it stands now, then send it."
SENT_NOW = "message.sent_now"
ON_ITS_WAY = (State.QUEUED, State.CLAIMED, State.SENDING, State.ACCEPTED, State.SENT, State.DELIVERED)


async def cancel(message: Message, user: User, revision: int | None = None) -> bool:
    """Takes a plan back, in its last ten seconds too, or lets go what expired. False when it has left; a second time
    changes nothing. `revision` is that of the plan somebody looked at; None: whatever it is now. Raises Refused
    (`changed`) when somebody else was faster."""
    putting.require(message, user)
    if message.state != State.EXPIRED:
        return await messages.cancel(message, user, revision)
    values = {Message.state: State.CANCELLED, Message.code: "cancelled", Message.reason: f"Let go by {user.name}"}
    try:
        await putting.put(message, (State.EXPIRED,), values, revision, user, "message.cancelled")
    except Refused:
        if (await messages.by_id(message.account, message.id)).state != State.CANCELLED:
            raise
    return True


async def send_now(
    account: Account,
    message: Message,
    user: User,
    said: Words | None = None,
    revision: int | None = None,
    *,
    knowing: bool = False,
) -> datetime | None:
    """It leaves at once, with its own words or others, as its author's own message. What belongs to a batch stays one
    of its messages, and keeps to the hours for texts: outside of them it becomes a plan for when they begin, which is
    returned. `revision` is that of the plan somebody looked at; None: whatever it is now. A second press of who sent it
    changes nothing.

    Raises Refused for other words as `change`, GateRefused for what stands against it now, Refused with code `changed`
    when somebody else was faster, and (`quiet_hours`) outside the hours for texts unless whoever does it is `knowing`.
    """
    putting.require(message, user)
    try:
        return await _send_now(account, message, user, said, revision, knowing=knowing)
    except Refused:
        standing = await messages.by_id(message.account, message.id)
        if not await _was_sent_by(standing, user, revision):
            raise
        waits: datetime | None = standing.scheduled_at if standing.state == State.PENDING else None
        return waits


async def opens(account: Account, seller: Seller) -> datetime | None:
    """When the hours for texts begin again where the seller is: until then a message of a batch waits, however it is
    sent."""
    there, rules = departures.where(account, seller), await seller_hours.rules_of(account.id)
    return quiet_hours.next_allowed(clock.now(), there, rules)


async def _send_now(
    account: Account, message: Message, user: User, said: Words | None, revision: int | None, *, knowing: bool
) -> datetime | None:
    if message.state not in OPEN:
        raise putting.too_late(message)
    await single.require_free(message)
    scene = await words.scene(account, message)
    draft, enclosed, letter = await words.checked(scene, message, said or Words.of(message))
    now = clock.now()
    if said:
        await words.require_line(scene, message, said, now)
    decision = await composing.judge(scene, draft.channel, draft.to_field, letter.missing, enclosed)
    if decision.refusals:
        raise GateRefused(decision.refusals)
    if not knowing and any(each.code == "quiet_hours" for each in decision.warnings):
        raise Refused("It is outside the hours for texts where the seller is.", code="quiet_hours")
    later = decision.facts.not_before if message.kind == "batch" else None
    values: dict[Any, Any] = {Message.state: State.QUEUED, Message.not_before: now, Message.at: now}
    values |= {Message.code: "", Message.reason: "", Message.connection: scene.carriers[draft.channel].id}
    if message.kind == "scheduled":
        message.to_address = scene.address(draft.channel, draft.to_field)
        values |= {Message.kind: "one_to_one", Message.scheduled_at: None, Message.to_address: message.to_address}
        values |= {**words.as_read(letter), Message.wording: "", Message.wording_subject: ""}
    else:
        values |= {Message.scheduled_at: now, **(words.written(said, letter) if said else {})}
    if later:
        values |= {**putting.timed(_departure(later, message, account)), Message.state: State.PENDING}
    async with db.writing():
        await putting.put(message, OPEN, values, revision, user, SENT_NOW, LOOK_AND_SEND)
        await single.reopen(message.batch)
        if message.kind == "scheduled":
            await composing.claim_first_contact(scene, message)
    return later


def _departure(at: datetime, message: Message, account: Account) -> Departure:
    plan = Plan.at(at, message.schedule_zone or account.timezone)
    return Departure(at, plan.zone, f"{plan.wall:%Y-%m-%dT%H:%M}")


async def _was_sent_by(standing: Message, user: User, revision: int | None) -> bool:
    """Whether it is on its way, or waits for the hours for texts, because this person said so before."""
    waits = standing.state == State.PENDING and revision is not None and standing.revision == revision + 1
    return (waits or standing.state in ON_ITS_WAY) and await audit.did(user.id, SENT_NOW, standing.id)
