"""What people do about a plan: change it, take it back, bring it back, or send it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import (
    audit,
    clock,
    composing,
    db,
    departures,
    enclosures,
    introductions,
    listings,
    messages,
    scenes,
    text,
    users,
)
from domain.accounts import Account
from domain.batches import drafts, single
from domain.composing import Draft, GateRefused
from domain.departures import Departure, Plan
from domain.errors import Refused
from domain.messages import Message, State
from domain.scenes import Scene
from domain.users import Permission, Role, User
from domain.wordings import Letter

CHANGED = "Somebody changed this message meanwhile. Look at both versions, then save yours or leave theirs."
LEAVING = "This message is about to leave: in its last ten seconds it can be cancelled, but not changed."
LEFT = "This message is not scheduled any more. Look at what became of it."
OVER = "The time it was planned for is over. Choose a new one."
WITHOUT_LINE = (
    f"With {drafts.LOCKED_FROM} texts in a day the opt-out line stays on: end this one with "
    f"“{introductions.OPT_OUT_LINE}”."
)
OF_BATCH = "This message belonged to a batch. Write to the seller yourself, or send the batch's wording again."
COLLEAGUES = "A colleague planned this. Ask them or a manager."
ENDED = (State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True)
class Words:
    """What a planned message says, with its blanks, and whether it leaves although the seller wrote meanwhile."""

    body: str
    subject: str = ""
    stays_on_reply: bool = False


def may_change(message_user: UUID | None, user: User) -> bool:
    """Whether this person may do something about a plan of `message_user`'s."""
    if not users.may(user, Permission.SEND):
        return False
    return message_user == user.id or user.role in (Role.ADMIN, Role.MANAGER)


async def change(
    account: Account, message: Message, user: User, words: Words, plan: Plan, revision: int
) -> Departure | None:
    """Other words or another time; the new departure, None when the time stays.

    `revision` is that of the plan the form showed. Raises Refused at `body`, `subject`, `date`, `time` or `zone`; with
    code `changed` when somebody else was faster, `frozen` in the last ten seconds, `left` when it is no plan any more.
    """
    _require(message, user)
    if message.state != State.PENDING:
        raise _too_late(message)
    await single.require_free(message)
    scene = await _scene(account, message)
    departure = await _moved(scene, message, plan)
    letter = await _judged(scene, message, words, departure)
    if message.kind == "batch" and message.channel == "text":
        await _require_line(scene, words, departure.at if departure else message.at)
    values = _written(words, letter) | ({} if departure is None else _timed(departure))
    await _put(message, (State.PENDING,), values, revision, user, "message.rescheduled")
    return departure


async def cancel(message: Message, user: User) -> bool:
    """Takes a plan back, in its last ten seconds too, or lets go what expired. False when it has left; a second time
    changes nothing."""
    _require(message, user)
    if message.state != State.EXPIRED:
        return await messages.cancel(message, user)
    values = {Message.state: State.CANCELLED, Message.code: "cancelled", Message.reason: f"Let go by {user.name}"}
    await _put(message, (State.EXPIRED,), values, None, user, "message.cancelled")
    return True


async def restore(account: Account, message: Message, user: User, plan: Plan | None = None) -> Departure:
    """A plan that was cancelled, or whose time was over, is one again: for its old time, or a new one.

    Raises Refused when that time is over (`date`, code `too_soon`), for what belonged to a batch, and for what stands
    against it now.
    """
    _require(message, user)
    if message.kind != "scheduled":
        raise Refused(OF_BATCH, code="of_batch")
    if message.state not in ENDED or message.scheduled_at is None:
        raise _too_late(message)
    scene = await _scene(account, message)
    if plan is not None:
        departure = await departures.of(scene, plan)
    else:
        departures.require(scene)
        departure = Departure(message.scheduled_at, message.schedule_zone, message.schedule_wall)
        if departure.at < clock.now() + departures.SOONEST:
            raise Refused(OVER, field="date", code="too_soon")
    words = Words(message.wording, message.wording_subject, message.stays_on_reply)
    letter = await _judged(scene, message, words, departure)
    values = _written(words, letter) | _timed(departure) | {Message.state: State.PENDING}
    await _put(message, ENDED, values, None, user, "message.restored")
    return departure


async def send_now(account: Account, message: Message, user: User, *, knowing: bool = False) -> None:
    """It leaves at once, as its author's own message. What belongs to a batch stays one of its messages.

    Raises GateRefused for what stands against it now, and Refused (`quiet_hours`) outside the hours for texts unless
    whoever does it is `knowing`.
    """
    _require(message, user)
    if message.state not in (State.PENDING, State.EXPIRED):
        raise _too_late(message)
    await single.require_free(message)
    scene = await _scene(account, message)
    words = Words(message.wording, message.wording_subject)
    draft = await _draft(scene, message, words)
    enclosed = await enclosures.read(account.id, draft.files, draft.body)
    letter = composing.checked(scene, draft, enclosed)
    decision = await composing.judge(scene, draft.channel, draft.to_field, letter.missing, enclosed)
    if decision.refusals:
        raise GateRefused(decision.refusals)
    if not knowing and any(each.code == "quiet_hours" for each in decision.warnings):
        raise Refused("It is outside the hours for texts where the seller is.", code="quiet_hours")
    now = clock.now()
    values: dict[Any, Any] = {Message.state: State.QUEUED, Message.not_before: now, Message.at: now}
    values |= {Message.code: "", Message.reason: "", Message.connection: scene.carriers[draft.channel].id}
    if message.kind == "scheduled":
        message.to_address = scene.address(draft.channel, draft.to_field)
        values |= {Message.kind: "one_to_one", Message.scheduled_at: None, Message.to_address: message.to_address}
        values |= {**_words_as_read(letter), Message.wording: "", Message.wording_subject: ""}
    else:
        values |= {Message.scheduled_at: now}
    async with db.writing():
        await _put(message, (State.PENDING, State.EXPIRED), values, None, user, "message.sent_now")
        await single.reopen(message.batch)
        if message.kind == "scheduled":
            await composing.claim_first_contact(scene, message)


async def reads(account: Account, message: Message, words: Words) -> Letter:
    """How a plan would read now with these words, whatever stands against them."""
    scene = await _scene(account, message)
    return composing.composed(scene, await _draft(scene, message, words))


async def _scene(account: Account, message: Message) -> Scene:
    """As its author would write it now. Raises NotFound where the listing is hidden."""
    assert message.user is not None  # somebody planned it
    sender = await users.of(account.id, message.user)
    return await scenes.of(account, sender, await listings.of(account.id, message.listing))


async def _draft(scene: Scene, message: Message, words: Words) -> Draft:
    return Draft(
        body=words.body,
        channel=message.channel,
        subject=words.subject,
        to_field=message.to_field,
        files=await enclosures.of_message(message.id),
    )


async def _moved(scene: Scene, message: Message, plan: Plan) -> Departure | None:
    """The new departure; None when the clock and what it shows are those it was planned by."""
    there = departures.where(scene.account, scene.seller)
    wall = f"{plan.wall:%Y-%m-%dT%H:%M}"
    by_same = plan.zone == message.schedule_zone or (plan.rule == "seller" and message.schedule_zone in there.names)
    if by_same and wall == message.schedule_wall:
        departures.require(scene)
        return None
    return await departures.of(scene, plan)


async def _judged(scene: Scene, message: Message, words: Words, departure: Departure | None) -> Letter:
    """The letter as it reads now. Raises Refused for its words, GateRefused for what will not have passed by then."""
    draft = await _draft(scene, message, words)
    if composing.is_endless(draft):
        raise Refused(composing.endless(draft.channel), field="body", code="too_long")
    enclosed = await enclosures.read(scene.account.id, draft.files, draft.body)
    letter = composing.checked(scene, draft, enclosed)
    at = departure or Departure(message.scheduled_at, message.schedule_zone, message.schedule_wall)
    if refusals := await composing.refusals_of(scene, draft, letter, enclosed, at):
        raise GateRefused(refusals)
    return letter


def _written(words: Words, letter: Letter) -> dict[Any, Any]:
    return {
        **_words_as_read(letter),
        Message.wording: text.storable(words.body),
        Message.wording_subject: text.storable(words.subject),
        Message.stays_on_reply: words.stays_on_reply,
    }


def _words_as_read(letter: Letter) -> dict[Any, Any]:
    cost = letter.rendered.cost
    is_text = letter.channel == "text"
    return {
        Message.body: letter.body,
        Message.subject: letter.subject,
        Message.encoding: cost.encoding if is_text else "",
        Message.segments: cost.segments if is_text else 0,
    }


def _timed(departure: Departure) -> dict[Any, Any]:
    return {
        Message.scheduled_at: departure.at,
        Message.schedule_zone: departure.zone,
        Message.schedule_wall: departure.wall,
        Message.at: departure.at,
        Message.not_before: None,
        Message.code: "",
        Message.reason: "",
    }


async def _put(
    message: Message, states: Sequence[str], values: dict[Any, Any], revision: int | None, user: User, what: str
) -> None:
    """Writes only over a plan in one of these states, and over the revision that was read where one is given."""
    which = (Message.id == message.id) & Message.state.is_in([str(state) for state in states])
    if revision is not None:
        which &= Message.revision == revision
    if message.batch is not None:
        which &= Message.scheduled_at.is_not_null()  # its batch was not paused meanwhile
    every = {**values, Message.revision: Message.revision + 1, Message.changed_at: clock.now()}
    async with db.writing():
        if not await Message.update(every).where(which).returning(Message.id):
            standing = await messages.by_id(message.account, message.id)
            raise Refused(CHANGED, code="changed") if standing.state in states else _too_late(standing)
        detail = {"at": values[Message.scheduled_at].isoformat()} if values.get(Message.scheduled_at) else {}
        await audit.record(message.account, user.id, what, message.id, **detail)


async def _require_line(scene: Scene, words: Words, at: datetime) -> None:
    """Raises Refused for a text of a batch without the opt-out line, on a day that holds too many of its sender's."""
    if introductions.with_opt_out(words.body) != words.body and await drafts.is_locked(scene.account, scene.user, at):
        raise Refused(WITHOUT_LINE, field="body", code="opt_out_line")


def _require(message: Message, user: User) -> None:
    if message.direction != "out":
        raise Refused("This message came in. There is nothing to plan.", code="not_outbound")
    users.require(user, Permission.SEND)
    if not may_change(message.user, user):
        raise Refused(COLLEAGUES, code="no_permission")


def _too_late(message: Message) -> Refused:
    if message.state in (State.QUEUED, State.CLAIMED):
        return Refused(LEAVING, code="frozen")
    return Refused(LEFT, code="left")
