"""A seller is erased: everything in one transaction, and what is left is told without a name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import audit, clock, db, installations, listings, messages, same_seller, suppressions, users
from domain.dealerships.hiding import lock, tell
from domain.erasures import beside, beyond_texts, conversations, raw_events, remembering
from domain.errors import Refused
from domain.listings import Listing
from domain.same_seller import Person
from domain.sellers import Seller
from domain.suppressions.putting import said
from domain.users import Permission, User

CONFIRM = "ERASE"  # what has to be typed
ACTION = "seller.erased"
WHY = "Say why: who asked, and how, without their name."
PERSONAL = "The reason stays in the audit log. Leave the seller’s name, number and email address out of it."
WHY_CANCELLED = ("The seller was erased on request.", "erased")


@dataclass(frozen=True)
class Erased:
    """How much went.

    listings   of the seller
    messages   that had their words
    cancelled  of them, that had not left yet
    files      that nobody else got
    kept       digests by which nobody writes to them again
    before     it had all been erased before: nothing changed
    histories  the listings whose history changed
    """

    listings: int
    messages: int
    cancelled: int
    files: int
    drafts: int
    kept: int
    before: bool
    histories: frozenset[UUID]

    def told(self) -> dict[str, int]:
        """The counts, as the audit log has them."""
        return {name: value for name, value in vars(self).items() if name not in ("before", "histories")}


async def erase(account: UUID, listing: Listing, user: User, confirm: str, reason: str) -> Erased:
    """Takes out everything that tells of this listing's seller, also by their other listings, and keeps that nobody
    writes to them. All of it or nothing; a second time changes nothing.

    Raises Refused for who may not, at `confirm` unless ERASE is typed there, and at `reason`, which must not name them.
    """
    users.require(user, Permission.ERASE)
    if confirm.strip() != CONFIRM:
        raise Refused(f"Type {CONFIRM}, in capital letters, if you are sure.", field="confirm", code="required")
    reason = said(reason, WHY)
    person = await same_seller.of(account, listing.id)
    await _check_reason(reason, person)
    salt = await installations.salt()
    place = raw_events.now()
    events = await raw_events.mentioning(account, person.own)  # it takes long, so before anybody waits for us
    now = clock.now()
    async with db.writing():
        looked_for = person
        person, histories = await _alone(account, listing.id)
        events |= await raw_events.mentioning(account, person.own, place)
        events |= await raw_events.mentioning(account, set(person.own) - set(looked_for.own))
        erased = await _erase(person, histories, user, salt, events, now)
        if not erased.before:
            await tell(account, "erased", {each: {} for each in person.listings}, user.id)
            await audit.record(account, user.id, ACTION, listing.id, reason, **erased.told())
    return erased


async def _alone(account: UUID, listing: UUID) -> tuple[Person, frozenset[UUID]]:
    """Who it is, and where there are messages of theirs, while no import changes their ads and none of those histories
    changes either."""
    await listings.wait_for_turn(account)
    histories = await _histories(await same_seller.of(account, listing))
    await lock(list(histories))
    await suppressions.wait_for_starts(account)  # after the listings, as the inbox takes the two
    return await same_seller.of(account, listing), histories


async def _histories(person: Person) -> frozenset[UUID]:
    asked, arguments = same_seller.messages_sql(person)
    rows = await Listing.raw(
        f"""SELECT DISTINCT m.listing FROM message m
            WHERE m.listing IS NOT NULL AND m.id IN (SELECT id FROM ({asked}) AS theirs)""",  # noqa: S608 - fixed words
        *arguments,
    )
    return frozenset({*person.listings, *(row["listing"] for row in rows)})


async def _erase(
    person: Person, histories: frozenset[UUID], user: User, salt: str, events: set[UUID], now: datetime
) -> Erased:
    cancelled = 0
    for each in person.listings:
        cancelled += await messages.cancel_for_listing(each, *WHY_CANCELLED)
    for address in person.own:
        cancelled += await messages.cancel_for_address(person.account, address, *WHY_CANCELLED)
    theirs = await same_seller.messages(person)
    drafts = await beside.drafts(person)  # before the files, which they may hold
    gone = await conversations.scrub(theirs, user, now)
    await conversations.revoke_links(person.listings, now)
    emptied = await raw_events.empty(events, theirs, now)
    bases = await beside.bases(person, salt)
    kept, entries = await remembering.bury(person.account, person.own, salt)
    visits = await beside.visits(person, now)
    await beside.facts(person)
    await beyond_texts.erase(person, theirs)
    await beside.history(person)
    await beside.audit(person.account, {*person.listings, *gone.subjects, *entries, *visits})
    sellers = await beside.sellers(person)
    await beside.ads(person, now)
    await conversations.wait_for_nobody(histories)
    something = sellers or gone.messages or drafts or bases or entries or emptied
    return Erased(
        listings=len(person.listings),
        messages=gone.messages,
        cancelled=cancelled,
        files=gone.files,
        drafts=drafts,
        kept=kept,
        before=not something,
        histories=histories,
    )


async def _check_reason(reason: str, person: Person) -> None:
    columns = (Seller.first_name, Seller.last_name)
    rows = await Seller.select(*columns).where(Seller.listing.is_in(list(person.listings)))
    words = {word for row in rows for name in row.values() for word in name.casefold().split() if len(word) > 2}
    typed = {word.strip(".,;:!?()“”\"'’") for word in reason.casefold().split()}
    digits = "".join(char for char in reason if char.isdigit())
    numbers = {address[-7:] for address in person.addresses if address.startswith("+")}
    mails = {address.casefold() for address in person.addresses if "@" in address}
    if words & typed or any(each in digits for each in numbers) or any(each in reason.casefold() for each in mails):
        raise Refused(PERSONAL, field="reason", code="personal")
