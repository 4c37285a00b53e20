"""Messages of sellers that a person has to look at before anything automatic goes on."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import audit, clock, history, ids, opt_out_words, stages, suppressions, users
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, found, writing
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.listings import Listing
from domain.messages import Message
from domain.opt_out_words import Outcome, Reading, Word
from domain.suppressions import OptOut
from domain.suppressions.putting import said
from domain.users import Permission, User

PAGE = 50
LATEST = timedelta(days=3)  # that a carrier is with a text; `at` has the index
STORING = timedelta(seconds=10)  # at most, from a message's row to the opt-out's
WHOLE_WORD = "exact_word"  # the rule of a word that is the whole message: nothing to look at there
WHY_TAKE_BACK = "Say why this was no wish to stop."


class Review(Table, db=DB, tablename="review"):
    id = key()
    account = parent(Account)
    listing = parent(Listing, null=True)
    message = parent(Message)  # unique
    channel = Varchar(10, default="text")
    address = Varchar(254)
    outcome = Varchar(10)  # opt_out (done already, may be taken back) | review
    rule = Text(default="")
    evidence = Text(default="")
    at = made()
    settled_at = moment()
    settled_by = parent(User, null=True, index=False)
    decision = Varchar(10, default="")  # carry_on | opt_out | dnc


class Decision(StrEnum):
    CARRY_ON = "carry_on"
    OPT_OUT = "opt_out"
    DNC = "dnc"


@dataclass(frozen=True)
class Settled:
    """What a decision came to. `stands`: an opt-out stays in spite of it, because the seller said so otherwise, too."""

    stands: bool = False


async def open_(
    account: UUID, listing: UUID | None, message: UUID, address: str, reading: Reading, channel: str = "text"
) -> bool:
    """Puts a seller's message before people: one that needs a look, or that a rule about phrases took for an opt-out.

    False for any other reading, and for a message that is there already. Call it in the transaction that stores the
    message.
    """
    if reading.outcome not in (Outcome.REVIEW, Outcome.OPT_OUT) or reading.rule == WHOLE_WORD:
        return False
    rows = await Review.raw(
        """INSERT INTO review (id, account, listing, message, channel, address, outcome, rule, evidence, at, settled_at,
                               settled_by, decision)
           VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, null, null, '') ON CONFLICT DO NOTHING RETURNING id""",
        ids.new(),
        account,
        listing,
        message,
        channel,
        address,
        str(reading.outcome),
        reading.rule,
        reading.evidence,
        clock.now(),
    )
    return bool(rows)


async def page(account: UUID, before: Cursor | None = None) -> tuple[list[dict[str, Any]], Cursor | None]:
    """The newest 50 that wait, or those before a place; and the place of the next ones.

    {id, at, outcome, rule, evidence, channel, address, message, body, listing, year, make, model, stage, first_name,
    last_name}; what a hidden listing says of itself is left out.
    """
    beyond = "AND (r.at, r.id) < ({}, {})" if before else ""
    rows = await Review.raw(
        f"""SELECT r.id, r.at, r.outcome, r.rule, r.evidence, r.channel, r.address, r.message, m.body, l.id AS listing,
                   l.year, l.make, l.model, l.stage, s.first_name, s.last_name
            FROM review r JOIN message m ON m.id = r.message
            LEFT JOIN listing l ON l.id = r.listing AND l.hidden = {{}} LEFT JOIN seller s ON s.listing = l.id
            WHERE r.account = {{}} AND r.settled_at IS NULL {beyond}
            ORDER BY r.at DESC, r.id DESC LIMIT {{}}""",  # noqa: S608 - fixed words
        False,
        account,
        *((before.at, before.id) if before else ()),
        PAGE + 1,
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], Cursor(last["at"], last["id"]) if last else None


async def count(account: UUID) -> int:
    """How many wait for somebody."""
    return await Review.count().where((Review.account == account) & Review.settled_at.is_null())


async def waits(message: UUID) -> bool:
    """Whether somebody has to look at this message."""
    return await Review.exists().where((Review.message == message) & Review.settled_at.is_null())


async def of(account: UUID, review: UUID) -> Review:
    """The account's review, settled or not. Raises NotFound."""
    one: Review = await found(Review.objects().get((Review.id == review) & (Review.account == account)))
    return one


async def settle(review: Review, user: User, decision: str, reason: str = "") -> Settled | None:
    """Somebody has looked: carry on, opt out, or do not contact. None when it was settled before.

    Taking back an opt-out is a manager's, with a reason; it stays where the seller also said stop otherwise. Raises
    Refused for who may not (`no_permission`), at `reason`, and for another decision (`decision`).
    """
    users.require(user, Permission.RESPOND)
    if decision not in list(Decision):
        raise Refused("Choose what to do with this message.", field="decision")
    takes_back = decision == Decision.CARRY_ON and review.outcome == Outcome.OPT_OUT
    if takes_back:
        if not users.may(user, Permission.LIFT_DNC):
            raise Refused("Only a manager may take back an opt-out. Ask one of them.", code="no_permission")
        reason = said(reason, WHY_TAKE_BACK)
    async with writing():
        listing = await _lock(review)  # the listing first, as the inbox takes it, then what starts to leave
        await suppressions.wait_for_starts(review.account)
        if not await _claim(review, user, decision):
            return None
        facts = {"decision": decision, "outcome": review.outcome, "address": review.address}
        await audit.record(review.account, user.id, "review.settled", review.id, reason, **facts)
        await Message.update({Message.means: "" if decision == Decision.CARRY_ON else "stop"}).where(
            (Message.id == review.message) & Message.means.is_in(["stop", "look"])
        )
        if decision == Decision.OPT_OUT:
            await _opt_out(review, user)
        elif decision == Decision.DNC:
            await _dnc(review, listing, user)
        elif takes_back:
            return Settled(stands=not await _take_back(review, user, reason))
    return Settled()


async def _lock(review: Review) -> Listing | None:
    if review.listing is None:
        return None
    try:
        await stages.lock(review.listing)
    except NotFound:
        return None
    return await Listing.objects().get(Listing.id == review.listing)


async def _claim(review: Review, user: User, decision: str) -> bool:
    """Of two people who decide at the same moment one does."""
    settled = Review.update(
        {Review.settled_at: clock.now(), Review.settled_by: user.id, Review.decision: decision}
    ).where((Review.id == review.id) & Review.settled_at.is_null())
    return bool(await settled.returning(Review.id))


async def _opt_out(review: Review, user: User) -> None:
    """One that a rule took for an opt-out already is confirmed; it is done again only where a START came between."""
    note = "Read in the seller’s message and confirmed."
    await suppressions.agent_opt_out(review.account, user, review.address, review.channel, note, review.listing)


async def _dnc(review: Review, listing: Listing | None, user: User) -> None:
    if listing is not None:
        await stages.change(listing, "dnc", user)
    why = f"Decided by {user.name} on a message of the seller"
    await suppressions.dnc(review.account, [review.address], why, listing=review.listing, user=user)


async def _take_back(review: Review, user: User, reason: str) -> bool:
    """Lifts the opt-out that this message was taken for; False while something else the seller said asks for it."""
    standing = await OptOut.objects().get(
        (OptOut.account == review.account)
        & (OptOut.channel == review.channel)
        & (OptOut.address == review.address)
        & OptOut.lifted_at.is_null()
    )
    if standing is None:
        return True
    if standing.source != "seller" or await _said_otherwise(review, standing):
        return False
    words = f"Taken back by {user.name}: {reason}"
    await OptOut.update({OptOut.lifted_at: clock.now(), OptOut.lifted_by: words}).where(OptOut.id == standing.id)
    facts = {"address": review.address, "channel": review.channel, "review": str(review.id)}
    await audit.record(review.account, user.id, "opt_out.lifted", standing.id, reason, **facts)
    if review.listing:
        await history.note(review.account, review.listing, "opted_in", user=user.id, address=review.address)
    await suppressions.withdraw(review.account, review.channel, review.address, words)
    return True


async def _said_otherwise(review: Review, standing: OptOut) -> bool:
    """Whether a word that is a whole message, or a phrase nobody has taken back, asks for this opt-out, too."""
    rows = await Message.raw(
        """SELECT m.body, r.outcome, r.decision FROM message m LEFT JOIN review r ON r.message = m.id
           WHERE m.account = {} AND m.direction = 'in' AND m.channel = {} AND m.from_address = {}
             AND m.at >= {} AND m.created_at >= {}""",
        review.account,
        review.channel,
        review.address,
        standing.at - LATEST,
        standing.at - STORING,
    )
    return any(_asks(row) for row in rows)


def _asks(row: dict[str, Any]) -> bool:
    if row["outcome"] is None:
        return opt_out_words.read(row["body"]) is Word.STOP
    return row["decision"] in (Decision.OPT_OUT, Decision.DNC) or (
        row["outcome"] == Outcome.OPT_OUT and row["decision"] != Decision.CARRY_ON
    )
