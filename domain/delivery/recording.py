"""How calls ended, written together, and what that means for the listing afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, connections, db, gate, history, messages, receipts, resting, told
from domain.batches import credit, holding, turns
from domain.channels.base import AWAY, Accepted, ChannelError, Kind
from domain.delivery.calls import Started
from domain.delivery.news import News
from domain.delivery.retries import MOST_CONNECTS, again, backoff
from domain.messages import RANKS, FollowUp, Message, State
from domain.text import storable

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

UNTIL_IT_RESTS = 1.0  # seconds, in which that is written
DAY = 24 * 60 * 60.0  # seconds
_HELD = (*AWAY, Kind.OUT_OF_CREDIT)  # after which it counts whether the batch is held


@dataclass(frozen=True)
class Outcome:
    """How a call ended: `accepted`, or else `error`."""

    started: Started
    accepted: Accepted | None = None
    error: ChannelError | None = None

    @property
    def trouble(self) -> ChannelError | None:
        """What was said of the connection, also where the message left before it was said."""
        return self.accepted.trouble if self.accepted else self.error


async def record(outcomes: Sequence[Outcome]) -> News:
    """Writes how calls ended, in one transaction, whoever holds the lease now: an answer is an answer.

    An accepted message is never moved down; one that a sweep took for unknown gets its true end.
    """
    news = News()
    now = clock.now()
    async with db.writing(here=True):
        await turns.wait(
            [each.started.outgoing.message_id for each in outcomes if each.error and each.error.kind in _HELD]
        )
        await _close_attempts(outcomes, now)
        accepted = [each for each in outcomes if each.accepted]
        await _accept(accepted, now)
        for each in outcomes:
            if each.error:
                await _not_accepted(each, each.error, now, news)
        if back := [each.started.outgoing.message_id for each in outcomes if each.error and each.error.kind in AWAY]:
            await holding.settle(back)
        broke = [each for each in outcomes if each.error and each.error.kind is Kind.OUT_OF_CREDIT]
        if broke and broke[0].error:
            await credit.ran_out([each.started.outgoing.message_id for each in broke], broke[0].error.reason)
        await receipts.apply_early(
            [(each.started.connection, each.accepted.provider_id) for each in accepted if each.accepted]
        )
        await connections.worked({each.started.connection for each in accepted})
        for each in accepted:
            if each.trouble and each.trouble.kind in (Kind.THROTTLED, Kind.RESTS):
                _close(each, each.trouble, news)
    news.listings.update(each.started.listing for each in outcomes)
    said = [(each.started.connection, each.trouble) for each in outcomes if each.trouble]
    keys = [(each.started.lent_by or each.started.connection, each.trouble) for each in outcomes if each.trouble]
    # Each connection once: said again for every message, it would break one that an admin has mended meanwhile.
    for connection, error in {where: error for where, error in keys if error.kind is Kind.CONNECTION_BROKEN}.items():
        await connections.broken(connection, error.reason)
    for connection, error in {where: error for where, error in said if error.kind is Kind.OUT_OF_CREDIT}.items():
        await connections.failed(connection, error.reason)  # for the administrators, who can top it up
    for connection, error in {where: error for where, error in said if error.kind is Kind.RESTS}.items():
        await resting.rest(connection, error.retry_after or DAY, error.reason)
    return news


async def follow_up(limit: int = 200) -> set[UUID]:
    """What acceptance means for the listing: contacted, answered; and what a refusal told of the number. Its own step,
    repeated until it is done.

    An answer to STOP or HELP answers no question: who wrote it is still waited for. Returns the listings that changed.
    """
    noted = await FollowUp.raw("SELECT message FROM follow_up ORDER BY message LIMIT {}", limit)
    if not noted:
        return set()
    # By their names: joined, a planner that takes the few for thousands would rather read all messages there are.
    rows = await Message.raw(
        f"""SELECT m.id, m.listing, m.at, m.kind, m.code, m.reason, m.account, m.channel, m.to_address,
                   c.kind AS provider
            FROM message m LEFT JOIN connection c ON c.id = m.connection WHERE {db.among("m.id")}""",
        db.listed(row["message"] for row in noted),
    )
    refused = [row for row in rows if row["code"] in told.TELLS]
    for row in refused:  # before any message is touched: an opt-out waits for those who are about to send
        await told.heed_refusal(row)
    newest: dict[UUID, datetime] = {}
    for row in rows:
        if row["listing"] and row["kind"] != gate.ANSWER and row["code"] not in told.TELLS:
            newest[row["listing"]] = max(row["at"], newest.get(row["listing"], row["at"]))
    touched = set(newest)
    now = clock.now()
    async with db.writing(here=True):
        if touched:
            await history.contacted(touched, now)
            # Few wait for an answer, and of a batch to new sellers nobody does: the others cost no statement each.
            for listing in await messages.waiting_among(touched):
                await messages.answered(listing, newest[listing], now)
        await FollowUp.raw(
            f"DELETE FROM follow_up WHERE {db.among('message')}", db.listed(row["message"] for row in noted)
        )
    return touched | {row["listing"] for row in refused if row["listing"]}


async def _close_attempts(outcomes: Sequence[Outcome], now: datetime) -> None:
    """What the provider reported as its own meanwhile stays accepted, whatever became of our call."""
    ended, arguments = db.given(
        ("uuid", "int", "text", "text", "text"),
        [(each.started.outgoing.message_id, each.started.n, *_end(each)) for each in outcomes],
    )
    await Message.raw(
        f"""UPDATE attempt SET finished_at = {{}}, outcome = column3, reason = column4, provider_id = column5
            FROM {ended} WHERE message = column1 AND n = column2 AND (column3 = 'accepted' OR outcome <> 'accepted')""",
        now,
        *arguments,
    )


def _end(outcome: Outcome) -> tuple[str, str, str]:
    """How an attempt ended: outcome, reason, the provider's id of the message."""
    if outcome.accepted:
        return "accepted", outcome.accepted.reason, outcome.accepted.provider_id
    error = outcome.error
    return (str(error.kind), storable(error.reason[:2000]), "") if error else ("", "", "")


async def _accept(outcomes: Sequence[Outcome], now: datetime) -> None:
    """Also of messages taken for unknown meanwhile, and of those among them that a person sent again and whose next
    attempt has not begun: it is not needed any more."""
    rows = []
    for each in outcomes:
        if said := each.accepted:
            named = (each.started.outgoing.message_id, each.started.n)
            rows.append(
                (*named, said.state, RANKS[State(said.state)], said.provider_id, said.from_address, said.reason)
            )
    if not rows:
        return
    accepted, arguments = db.given(("uuid", "int", "text", "int", "text", "text", "text"), rows)
    moved = await Message.raw(
        f"""UPDATE message SET state = column3, rank = column4, provider_id = column5, from_address = column6,
                   reason = column7, changed_at = {{}}, code = '', tries = 0, owner = '', lease_until = NULL
            FROM {accepted} WHERE id = column1 AND attempts = column2 AND rank < column4
              AND state IN ('sending', 'unknown', 'queued', 'claimed') RETURNING id""",
        now,
        *arguments,
    )
    await messages.follow_up_on([row["id"] for row in moved])


def _close(outcome: Outcome, error: ChannelError, news: News) -> float:
    """Seconds for which nothing more leaves by the connection. One that rests says itself until when, so that who ends
    its rest ends it for every worker and for what was tried."""
    wait = UNTIL_IT_RESTS if error.kind is Kind.RESTS else error.retry_after or backoff(outcome.started.n)
    closed = news.closed.get(outcome.started.connection, 0.0)
    news.closed[outcome.started.connection] = max(wait, closed)
    return wait


async def _not_accepted(outcome: Outcome, error: ChannelError, now: datetime, news: News) -> None:
    started = outcome.started
    values: dict[Any, Any] = {
        Message.reason: storable(error.reason),
        Message.code: storable(error.code) or "provider",
    }
    if error.kind in (Kind.THROTTLED, Kind.RESTS):
        values |= again(now, _close(outcome, error, news))
    elif error.kind is Kind.CONNECTION_BROKEN:
        values |= again(now, 0.0)
    elif error.kind is Kind.NEVER_CONNECTED and started.tries + 1 < MOST_CONNECTS:
        values |= again(now, backoff(started.tries)) | {Message.tries: started.tries + 1}
    elif error.kind is Kind.UNKNOWN:
        values |= {Message.state: State.UNKNOWN, Message.rank: RANKS[State.UNKNOWN], Message.code: "unknown"}
    else:
        values |= messages.unless_it_may_have_arrived(State.FAILED)
        if error.kind is Kind.OUT_OF_CREDIT:
            values[Message.code] = str(error.kind)  # which says more than the provider's: what helps is to top it up
        if error.tells:
            values[Message.code] = told.CODES[error.tells]
            values[Message.reason] = storable(told.words(error.tells, started.outgoing.channel, error.reason))
    values |= {Message.owner: "", Message.lease_until: None, Message.changed_at: now}
    ending = Message.update(values).where(
        (Message.id == started.outgoing.message_id)
        & (Message.attempts == started.n)
        # Unknown with another code was cancelled meanwhile: it does not leave again, whatever the late answer is.
        & ((Message.state == State.SENDING) | ((Message.state == State.UNKNOWN) & (Message.code == "unknown")))
    )
    ended = await ending.returning(Message.id)
    if values[Message.code] in told.TELLS:
        await messages.follow_up_on([row["id"] for row in ended])
