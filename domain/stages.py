"""Where a listing stands with the dealership: changed by people, and with it what else must change at once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain import audit, clock, history, listings, messages, users
from domain.db import writing
from domain.errors import Refused
from domain.listings import STAGE_LABELS, Listing, Stage
from domain.users import Permission, User

# Stages after which nothing may be sent any more, and why what was pending is cancelled.
ENDS = {
    Stage.PASS: ("The listing was passed.", "stage_pass"),
    Stage.DNC: ("The seller is not to be contacted.", "stage_dnc"),
    Stage.ACQUIRED: ("The vehicle was acquired.", "cancelled"),
}


async def change(listing: Listing, stage: str, user: User) -> bool:
    """Moves the listing to a stage; False when it stands there already.

    The history tells it, pending messages are cancelled where the new stage ends the conversation, and the first who
    acts becomes the main user: all of it or nothing. Raises Refused for a stage there is not, and when somebody
    without the right lifts Do not contact.
    """
    if stage not in list(Stage):
        raise Refused("Choose one of the stages.", field="stage")
    async with writing():
        old = await _move(listing.id, Stage(stage), lifts_dnc=users.may(user, Permission.LIFT_DNC))
        if old is None:
            return False
        await history.note(listing.account, listing.id, "stage", user=user.id, old=old, new=stage)
        await audit.record(listing.account, user.id, "stage.changed", listing.id, old=old, new=stage)
        await listings.become_main_user(listing.id, user.id)
        if stage in ENDS:
            reason, code = ENDS[Stage(stage)]
            await messages.cancel_for_listing(listing.id, reason, code)
    return True


async def assign(listing: Listing, main: str, secondary: str, user: User) -> None:
    """Sets who looks after it, by user id or nobody (empty). Raises Refused for people who cannot be picked; somebody
    inactive who is assigned already may stay."""
    people = {str(person.id): person for person in await users.assignable(listing.account)}
    new_main = _picked(main, people, listing.main_user, "main_user_id")
    new_secondary = _picked(secondary, people, listing.secondary_user, "secondary_user_id")
    if new_main and new_main == new_secondary:
        raise Refused("Main and secondary user are the same person. Choose two people.", field="secondary_user_id")
    if (new_main, new_secondary) == (listing.main_user, listing.secondary_user):
        return
    values: dict[Any, Any] = {
        Listing.main_user: new_main,
        Listing.secondary_user: new_secondary,
        Listing.updated_at: clock.now(),
    }
    names = {key: person.name for key, person in people.items()}
    async with writing():
        await Listing.update(values).where(Listing.id == listing.id)
        if new_main != listing.main_user:
            name = names.get(str(new_main), "")
            await history.note(listing.account, listing.id, "assigned", user=user.id, name=name)
        who = {"main": str(new_main or ""), "secondary": str(new_secondary or "")}
        await audit.record(listing.account, user.id, "listing.assigned", listing.id, **who)


def label(stage: str) -> str:
    """How a stage is called."""
    return STAGE_LABELS.get(Stage(stage), stage) if stage in list(Stage) else stage


async def _move(listing: UUID, stage: Stage, lifts_dnc: bool) -> str | None:
    """The stage it stood at before, or None when nothing changed. The condition repeats what was read, so that of two
    people who choose at the same moment each sees a true "from"."""
    now: datetime = clock.now()
    for _ in range(10):
        row = await Listing.select(Listing.stage).where(Listing.id == listing).first()
        if row is None or row["stage"] == stage:
            return None
        old = row["stage"]
        if old == Stage.DNC and not lifts_dnc:
            raise Refused("Only a manager may lift “Do not contact”. Ask one of them.", code="no_permission")
        moved = Listing.update({Listing.stage: str(stage), Listing.updated_at: now}).where(
            (Listing.id == listing) & (Listing.stage == old)
        )
        if await moved.returning(Listing.id):
            return old
    raise Refused("Somebody else is changing the stage right now. Look at it again.", field="stage")


def _picked(given: str, people: dict[str, User], current: UUID | None, field: str) -> UUID | None:
    if not given:
        return None
    if current is not None and given == str(current):
        return current
    if given not in people:
        raise Refused("Choose somebody from the list.", field=field)
    return people[given].id
