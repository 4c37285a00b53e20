"""External communications: a contact made elsewhere, logged by whoever had it, and mended by them for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import (
    ad_values,
    audit,
    clock,
    history,
    ids,
    listings,
    messages,
    opt_out_words,
    reviews,
    schedules,
    sellers,
    stages,
    users,
)
from domain.accounts import Account
from domain.db import writing
from domain.errors import NotFound, Refused
from domain.external_contacts import PLACES, WAYS, ExternalContact, Type
from domain.listings import Listing
from domain.messages import Message, State
from domain.opt_out_words import Outcome, Reading
from domain.reviews import Review
from domain.text import one_line, storable
from domain.users import Permission, User

TALKS = ("call", "visit")  # of which the note tells what both said
LONGEST_NOTE = 5000  # characters
LONGEST_PLACE = 60
LONGEST_CALL = 24 * 60 * 60  # seconds
MENDABLE = timedelta(hours=24)  # how long who logged it may change it or take it away
SOONER = timedelta(minutes=1)  # between a browser's clock, which knows no seconds, and ours
OLDEST = timedelta(days=10 * 366)
CHANGED = "changed"
LOGGED_OTHERWISE = "logged_otherwise"
OTHERWISE = "This form logged something else already. Press again if this should stand in the history, too."
TOO_LATE = "This was logged more than a day ago, so it stays as it is. Log another one instead."


@dataclass(frozen=True)
class Contact:
    """What was had elsewhere. `way` is one of WAYS; `place` says where, for one that has no name of its own."""

    way: str
    direction: str  # in | out
    at: datetime
    type: str = Type.FOLLOW_UP
    note: str = ""
    place: str = ""
    seconds: int = 0  # of a call
    revision: int | None = None  # of one that is changed: which version was read; None: whatever it is now


async def log(
    account: Account, listing: Listing, user: User, contact: Contact, *, nonce: str = "", assisted: bool = False
) -> UUID:
    """Keeps a contact in the history at its own time; its message. A form sent twice keeps it once (`nonce`).

    It counts as contact: the listing moves on from Not contacted, what was to leave by itself to a seller who wrote
    meanwhile is cancelled, and what went out answers what the seller wrote before. `assisted`: our words, which a
    person sent at the site. May stand within a transaction of yours. Raises Refused at the field, and of a form that
    logged something else before (LOGGED_OTHERWISE).
    """
    users.require(user, Permission.LOG)
    contact = _checked(contact)
    now = clock.now()
    message = Message(
        id=ids.new(),
        account=account.id,
        listing=listing.id,
        direction=contact.direction,
        author_kind="seller" if contact.direction == "in" else "agent",
        user=user.id,
        kind="external",
        origin="log",
        nonce=f"log:{user.id.hex[:12]}:{nonce[:40]}" if nonce else None,
        state=State.LOGGED,
        channel=contact.way,
        body=contact.note,
        at=contact.at,
        changed_at=now,
        created_at=now,
    )
    async with writing():
        await stages.lock(listing.id)
        if nonce and (first := await messages.by_nonce(account.id, message.nonce or "")):
            if not await _is(first, contact, assisted):
                raise Refused(OTHERWISE, code=LOGGED_OTHERWISE)
            return first.id
        await Message.insert(message)
        await ExternalContact.insert(
            ExternalContact(message=message.id, account=account.id, assisted=assisted, **_beside(contact))
        )
        await _heed(account.id, listing.id, contact, message.id, now)
        await _look_for_stop(account.id, listing.id, contact, message.id)
        await listings.become_main_user(listing.id, user.id)
        await audit.record(account.id, user.id, "external.logged", message.id, **_facts(contact), assisted=assisted)
    return message.id


async def change(account: Account, message: UUID, user: User, contact: Contact) -> UUID:
    """Puts right what its author logged within the last day, and what it meant for the listing; the listing.

    Raises Refused at the field, and (CHANGED) where another window was faster; NotFound for one that is not theirs.
    """
    users.require(user, Permission.LOG)
    seen, contact = contact.revision, _checked(contact)
    now = clock.now()
    async with writing():
        row = await _mine(account.id, message, user)
        if seen not in (None, row["revision"]):
            says = f"It says now: “{one_line(row['body'])[:200]}” " if row["body"] else ""
            raise Refused(f"You changed this in another window. {says}Save again to write over that.", code=CHANGED)
        before = _facts(_contact(row))
        await _answers_no_more(row)
        await Message.update(
            {
                Message.channel: contact.way,
                Message.direction: contact.direction,
                Message.author_kind: "seller" if contact.direction == "in" else "agent",
                Message.body: contact.note,
                Message.at: contact.at,
                Message.responded_at: None,
                Message.revision: Message.revision + 1,
                Message.changed_at: now,
            }
        ).where(Message.id == message)
        columns = {getattr(ExternalContact, name): value for name, value in _beside(contact).items()}
        await ExternalContact.update(columns).where(ExternalContact.message == message)
        await _heed(account.id, row["listing"], contact, message, row["created_at"])
        await Review.delete().where((Review.message == message) & Review.settled_at.is_null())
        await _look_for_stop(account.id, row["listing"], contact, message)
        await audit.record(account.id, user.id, "external.changed", message, before=before, **_facts(contact))
    listing: UUID = row["listing"]
    return listing


async def delete(account: Account, message: UUID, user: User) -> UUID:
    """Takes away what its author logged by mistake within the last day; the listing. What it moved on stays there: the
    stage has a history of its own. Raises Refused, NotFound."""
    users.require(user, Permission.LOG)
    async with writing():
        row = await _mine(account.id, message, user)
        await _answers_no_more(row)
        await Review.delete().where(Review.message == message)
        await ExternalContact.delete().where(ExternalContact.message == message)
        await Message.delete().where(Message.id == message)
        await messages.wait_since(row["listing"])
        await audit.record(account.id, user.id, "external.deleted", message, **_facts(_contact(row)))
    listing: UUID = row["listing"]
    return listing


async def of(account: UUID, message: UUID, user: User) -> tuple[UUID, Contact]:
    """The listing and the contact that this person logged, to be changed. Raises NotFound, Refused when it is late."""
    row = await _mine(account, message, user)
    return row["listing"], _contact(row)


def may_change(user: User, by: UUID | None, logged_at: datetime) -> bool:
    """Whether the person who logged it may still change it."""
    return by == user.id and users.may(user, Permission.LOG) and clock.now() - logged_at < MENDABLE


def _checked(contact: Contact) -> Contact:
    if contact.way not in WAYS:
        raise Refused("Choose how you were in touch.", field="way")
    if contact.direction not in ("in", "out"):
        raise Refused("Choose who began: you or the seller.", field="direction")
    if contact.type not in list(Type):
        raise Refused("Choose what it was about.", field="type")
    if contact.at > clock.now() + SOONER:
        raise Refused("This time is still to come. Log what has happened already.", field="time")
    if contact.at < clock.now() - OLDEST:
        raise Refused("This is more than ten years ago. Check the year.", field="date")
    place = one_line(contact.place).strip()
    if contact.way in PLACES and not place:
        raise Refused("Say where, such as the site of the ad.", field="place")
    if len(place) > LONGEST_PLACE:
        raise Refused(f"This is too long: {LONGEST_PLACE} characters at most.", field="place")
    if not 0 <= contact.seconds <= LONGEST_CALL:
        raise Refused("Give the length of the call in minutes, such as 4 or 4:30.", field="lasted")
    if len(contact.note.strip()) > LONGEST_NOTE:
        raise Refused(f"This is too long: {LONGEST_NOTE:,} characters at most.", field="note")
    note = storable(ad_values.text(contact.note, "note"))
    return Contact(
        way=contact.way,
        direction=contact.direction,
        at=min(contact.at, clock.now()),
        type=str(contact.type),
        note=note,
        place=place if contact.way in PLACES else "",
        seconds=contact.seconds if contact.way == "call" else 0,
    )


async def _is(logged: Message, contact: Contact, assisted: bool) -> bool:
    """Whether it is that very contact; of one that was sent at the site only the words are typed."""
    if (logged.channel, logged.direction, logged.body) != (contact.way, contact.direction, contact.note):
        return False
    beside = await ExternalContact.select(ExternalContact.type, ExternalContact.place, ExternalContact.seconds).where(
        ExternalContact.message == logged.id
    )
    return assisted or (beside == [_beside(contact)] and abs(logged.at - contact.at) < SOONER)


async def _heed(account: UUID, listing: UUID, contact: Contact, message: UUID, now: datetime) -> None:
    """What a contact means for its listing, whose row is locked."""
    await history.contacted_then(listing, contact.at)
    if contact.direction == "out":
        await messages.answered(listing, contact.at, now)
        return
    await schedules.seller_wrote(account, listing, "")
    if contact.way in TALKS:  # whoever talked with them answered them
        await Message.update({Message.responded_at: now}).where(Message.id == message)
    await messages.answered_since(listing, [message], now)


async def _look_for_stop(account: UUID, listing: UUID, contact: Contact, message: UUID) -> None:
    """What they said elsewhere may ask for no more messages, too. Somebody wrote it down in words of their own, so
    somebody decides; until then nothing leaves by itself to where the seller is reached."""
    talked = contact.way in TALKS
    if contact.direction == "out" and not talked:
        return
    reading = opt_out_words.understand(contact.note)
    if reading.outcome is not Outcome.OPT_OUT and (talked or reading.outcome is not Outcome.REVIEW):
        return
    seller = await sellers.of_listing(listing)
    number = seller.mobile or seller.phone
    channel = "email" if seller.email and (contact.way == "email" or not number) else "text"
    if address := seller.email if channel == "email" else number:
        asks = Reading(Outcome.REVIEW, "logged", reading.evidence)
        await reviews.open_(account, listing, message, address, asks, channel)


async def _answers_no_more(row: Mapping[str, Any]) -> None:
    """What the seller wrote, and this one answered, waits again."""
    if row["direction"] == "out":
        theirs = (Message.listing == row["listing"]) & (Message.direction == "in")
        await Message.update({Message.responded_at: None, Message.changed_at: clock.now()}).where(
            theirs & (Message.responded_at == row["created_at"])
        )
    await messages.wait_since(row["listing"])


async def _mine(account: UUID, message: UUID, user: User) -> dict[str, Any]:
    """Read behind the lock: of two windows that save at once the second sees what the first wrote."""
    there = await Message.select(Message.listing).where((Message.id == message) & (Message.account == account)).first()
    if there is None or there["listing"] is None:
        raise NotFound
    await stages.lock(there["listing"])
    rows: list[dict[str, Any]] = await Message.raw(
        """SELECT m.listing, m.channel, m.direction, m.at, m.body, m.created_at, m.revision, e.type, e.place, e.seconds
           FROM message m JOIN external_contact e ON e.message = m.id
           WHERE m.id = {} AND m.account = {} AND m."user" = {} AND m.kind = 'external' AND m.listing IS NOT NULL""",
        *(message, account, user.id),
    )
    if not rows:
        raise NotFound
    if not may_change(user, user.id, rows[0]["created_at"]):
        raise Refused(TOO_LATE, code="too_late")
    return rows[0]


def _contact(row: Mapping[str, Any]) -> Contact:
    names = ("channel", "direction", "at", "type", "body", "place", "seconds", "revision")
    return Contact(*(row[name] for name in names))


def _beside(contact: Contact) -> dict[str, Any]:
    return {"type": contact.type, "place": contact.place, "seconds": contact.seconds}


def _facts(contact: Contact) -> dict[str, Any]:
    """For the audit trail, which outlives what a seller may ask to be erased: never the words."""
    return {
        "way": contact.way,
        "direction": contact.direction,
        "type": contact.type,
        "contact_at": contact.at.isoformat(),
        "seconds": contact.seconds,
    }
