"""Other words or another time for a plan, or bringing one back that had ended."""

from domain import clock, departures, messages, sellers
from domain.accounts import Account
from domain.batches import single
from domain.departures import Departure, Plan
from domain.errors import Refused
from domain.messages import Message, State
from domain.schedules import putting, words
from domain.schedules.words import Words
from domain.users import User
from domain.zones import Zones

OVER = "The time it was planned for is over. Choose a new one."
OF_BATCH = "This message belonged to a batch. Write to the seller yourself, or send the batch's wording again."
BOTH = "Look at both versions, then save yours or leave theirs."
ENDED = (State.CANCELLED, State.EXPIRED)


async def change(
    account: Account, message: Message, user: User, said: Words, plan: Plan, revision: int
) -> Departure | None:
    """Other words or another time; the new departure, None when the time stays.

    `revision` is that of the plan the form showed. Where a second press finds what it asks for, nothing is written.
    Raises Refused at `body`, `subject`, `date`, `time` or `zone`; with code `changed` when somebody else was faster,
    `frozen` in the last ten seconds, `left` when it is no plan any more.
    """
    putting.require(message, user)
    try:
        return await _change(account, message, user, said, plan, revision)
    except Refused:
        standing = await messages.by_id(account.id, message.id)
        if not _is_next(standing, revision) or not said.stand_in(standing):
            raise
        if not await _is_for(account, standing, plan):
            raise
        return None


async def restore(
    account: Account,
    message: Message,
    user: User,
    plan: Plan | None = None,
    said: Words | None = None,
    revision: int | None = None,
) -> Departure:
    """A plan that was cancelled, or whose time was over, is one again: for its old time or a new one, with its old
    words or others. `revision` is that of the plan somebody looked at; None: whatever it is now. A second press finds
    what the first one did.

    Raises Refused when that time is over (`date`, code `too_soon`), for what belonged to a batch, for what stands
    against it now, and with code `changed` when somebody else was faster.
    """
    putting.require(message, user)
    if message.kind == "batch":
        raise Refused(OF_BATCH, code="of_batch")
    try:
        return await _restore(account, message, user, plan, said, revision)
    except Refused:
        standing = await messages.by_id(account.id, message.id)
        if not _is_next(standing, revision) or (said and not said.stand_in(standing)):
            raise
        if plan and not await _is_for(account, standing, plan):
            raise
        return _departure(standing)


async def _change(
    account: Account, message: Message, user: User, said: Words, plan: Plan, revision: int
) -> Departure | None:
    if message.state != State.PENDING:
        raise putting.too_late(message)
    await single.require_free(message)
    scene = await words.scene(account, message)
    departure = None
    if _shows(message, plan, departures.where(account, scene.seller)):
        departures.require(scene)
    else:
        departure = await departures.of(scene, plan)
    letter = await words.judged(scene, message, said, departure)
    await words.require_line(scene, message, said, departure.at if departure else message.at)
    values = words.written(said, letter) | ({} if departure is None else putting.timed(departure))
    await putting.put(message, (State.PENDING,), values, revision, user, "message.rescheduled", BOTH)
    return departure


async def _restore(
    account: Account, message: Message, user: User, plan: Plan | None, said: Words | None, revision: int | None
) -> Departure:
    if message.kind != "scheduled" or message.state not in ENDED:
        raise putting.too_late(message)
    scene = await words.scene(account, message)
    if plan is not None:
        departure = await departures.of(scene, plan)
    else:
        departures.require(scene)
        departure = _departure(message)
        if departure.at < clock.now() + departures.SOONEST:
            raise Refused(OVER, field="date", code="too_soon")
    said = said or Words.of(message)
    letter = await words.judged(scene, message, said, departure)
    values = words.written(said, letter) | putting.timed(departure) | {Message.state: State.PENDING}
    await putting.put(message, ENDED, values, revision, user, "message.restored")
    return departure


def _is_next(message: Message, revision: int | None) -> bool:
    """Whether this plan is what one change made of the revision that was looked at."""
    return revision is not None and message.state == State.PENDING and message.revision == revision + 1


async def _is_for(account: Account, message: Message, plan: Plan) -> bool:
    return _shows(message, plan, departures.where(account, await sellers.of_listing(message.listing)))


def _shows(message: Message, plan: Plan, there: Zones) -> bool:
    """Whether the clock and what it shows are those it was planned by."""
    wall = f"{plan.wall:%Y-%m-%dT%H:%M}"
    by_same = plan.zone == message.schedule_zone or (plan.rule == "seller" and message.schedule_zone in there.names)
    return by_same and wall == message.schedule_wall


def _departure(message: Message) -> Departure:
    return Departure(message.scheduled_at, message.schedule_zone, message.schedule_wall)
