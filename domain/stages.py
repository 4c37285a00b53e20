"""Where a listing stands with the dealership: changed by people, and with it what else must change at once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain import audit, clock, db, history, listings, messages, suppressions, users
from domain.db import writing
from domain.errors import NotFound, Refused
from domain.listings import STAGE_LABELS, Listing, Stage
from domain.suppressions import DoNotContact
from domain.suppressions.putting import said
from domain.users import Permission, User

# Stages after which nothing may be sent any more, and why what was pending is cancelled.
ENDS = {
    Stage.PASS: ("The listing was passed.", "stage_pass"),
    Stage.DNC: ("The seller is not to be contacted.", "stage_dnc"),
    Stage.ACQUIRED: ("The vehicle was acquired.", "cancelled"),
}

# The stages that what happens to a listing moves it on from, by itself and never backwards: an appointment after a no
# show is a new start, one after a visit is not.
BEFORE = {
    Stage.APPOINTED: (Stage.NOT_CONTACTED, Stage.CONTACTED, Stage.NO_SHOW),
    Stage.SHOWN: (Stage.NOT_CONTACTED, Stage.CONTACTED, Stage.APPOINTED, Stage.NO_SHOW),
    Stage.NO_SHOW: (Stage.NOT_CONTACTED, Stage.CONTACTED, Stage.APPOINTED),
    Stage.APPRAISED: (Stage.NOT_CONTACTED, Stage.CONTACTED, Stage.APPOINTED, Stage.SHOWN, Stage.NO_SHOW),
}
WHY_LIFT = "Say why the seller may be contacted again."


async def change(listing: Listing, stage: str, user: User, reason: str = "") -> bool:
    """Moves the listing to a stage; False when it stands there already.

    The history tells it, pending messages are cancelled where the new stage ends the conversation, and the first who
    acts becomes the main user: all of it or nothing. Do not contact puts the seller's addresses on that list; lifting
    it takes off what this listing put there. Raises Refused for a stage there is not, when somebody without the right
    lifts Do not contact, and at `reason` (code `required`) when a manager does so without one.
    """
    if stage not in list(Stage):
        raise Refused("Choose one of the stages.", field="stage")
    async with writing():
        old = await _move(listing.id, Stage(stage), reason, lifts_dnc=users.may(user, Permission.LIFT_DNC))
        if old is None:
            return False
        await history.note(listing.account, listing.id, "stage", user=user.id, old=old, new=stage)
        why = reason if old == Stage.DNC else ""
        await audit.record(listing.account, user.id, "stage.changed", listing.id, why, old=old, new=stage)
        await listings.become_main_user(listing.id, user.id)
        if stage in ENDS or old == Stage.DNC:  # after the listing, as the inbox takes the two
            await suppressions.wait_for_starts(listing.account)
        if stage in ENDS:
            await messages.cancel_for_listing(listing.id, *ENDS[Stage(stage)])
        if stage == Stage.DNC:
            await _list(listing, user)
        elif old == Stage.DNC:
            await _unlist(listing, user, reason)
    return True


async def lock(listing: UUID) -> str:
    """The stage a listing stands at; nobody else changes it until your transaction ends. Raises NotFound."""
    suffix = "FOR NO KEY UPDATE" if db.on_postgres() else ""  # on SQLite writers follow one another anyway
    rows = await Listing.raw(f"SELECT stage FROM listing WHERE id = {{}} {suffix}", listing)  # noqa: S608
    if not rows:
        raise NotFound
    return str(rows[0]["stage"])


async def advance(account: UUID, listing: UUID, old: str, new: Stage, user: User) -> bool:
    """What happened moves a listing on to a stage; False where it stands further on, or is over. `old` is what `lock`
    said, in the same transaction."""
    if old not in BEFORE[new]:
        return False
    await Listing.update({Listing.stage: str(new), Listing.updated_at: clock.now()}).where(Listing.id == listing)
    await history.note(account, listing, "stage", user=user.id, old=old, new=str(new))
    await audit.record(account, user.id, "stage.changed", listing, old=old, new=str(new))
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


async def _list(listing: Listing, user: User) -> None:
    """The seller's addresses go on the list that holds for every listing."""
    rows = await Listing.raw("SELECT phone, mobile, email FROM seller WHERE listing = {}", listing.id)
    addresses = [address for row in rows for address in (row["phone"], row["mobile"], row["email"])]
    why = f"Set to Do not contact by {user.name}"
    await suppressions.dnc(listing.account, addresses, why, source="stage", listing=listing.id, user=user)


async def _unlist(listing: Listing, user: User, reason: str) -> None:
    """Takes off what this listing put on the list, but for addresses of a seller another listing keeps there."""
    mine = DoNotContact.select(DoNotContact.id, DoNotContact.address).where(
        (DoNotContact.listing == listing.id) & (DoNotContact.source == "stage") & DoNotContact.lifted_at.is_null()
    )
    for row in await mine:
        others = await Listing.raw(
            """SELECT l.id FROM seller s JOIN listing l ON l.id = s.listing
               WHERE s.account = {} AND l.stage = 'dnc' AND l.id <> {}
                 AND (s.phone = {} OR s.mobile = {} OR lower(s.email) = {}) ORDER BY l.created_at, l.id LIMIT 1""",
            listing.account,
            listing.id,
            *[row["address"]] * 3,
        )
        if others:
            await DoNotContact.update({DoNotContact.listing: others[0]["id"]}).where(DoNotContact.id == row["id"])
        else:
            await suppressions.lift_dnc(listing.account, user, row["address"], reason)


async def _move(listing: UUID, stage: Stage, reason: str, lifts_dnc: bool) -> str | None:
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
        if old == Stage.DNC:
            said(reason, WHY_LIFT)
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
