"""How calls ended, written together, and what that means for the listing afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, connections, db, gate, history, messages, receipts, told
from domain.batches import credit
from domain.channels.base import Accepted, ChannelError, Kind
from domain.delivery.news import News
from domain.delivery.retries import MOST_CONNECTS, again, backoff
from domain.delivery.starting import Started
from domain.messages import RANKS, Message, State
from domain.text import storable

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


@dataclass(frozen=True)
class Outcome:
    """How a call ended: `accepted`, or else `error`."""

    started: Started
    accepted: Accepted | None = None
    error: ChannelError | None = None


async def record(outcomes: Sequence[Outcome]) -> News:
    """Writes how calls ended, in one transaction, whoever holds the lease now: an answer is an answer.

    An accepted message is never moved down; one that a sweep took for unknown gets its true end.
    """
    news = News()
    now = clock.now()
    async with db.writing(here=True):
        await _close_attempts(outcomes, now)
        accepted = [each for each in outcomes if each.accepted]
        await _accept(accepted, now)
        for each in outcomes:
            if each.error:
                await _not_accepted(each, each.error, now, news)
        broke = [each for each in outcomes if each.error and each.error.kind is Kind.OUT_OF_CREDIT]
        if broke and broke[0].error:
            await credit.ran_out([each.started.outgoing.message_id for each in broke], broke[0].error.reason)
        await receipts.apply_early(
            [(each.started.connection, each.accepted.provider_id) for each in accepted if each.accepted]
        )
        await connections.worked({each.started.connection for each in accepted})
    news.listings.update(each.started.listing for each in outcomes)
    refused = [each for each in outcomes if each.error and each.error.kind is Kind.CONNECTION_BROKEN]
    # Each connection once: said again for every message, it would break one that an admin has mended meanwhile.
    for connection, reason in {each.started.connection: each.error.reason for each in refused if each.error}.items():
        await connections.broken(connection, reason)
    return news


async def follow_up(limit: int = 200) -> set[UUID]:
    """What acceptance means for the listing: contacted, answered; and what a refusal told of the number. Its own step,
    repeated until it is done.

    An answer to STOP or HELP answers no question: who wrote it is still waited for. Returns the listings that changed.
    """
    rows = await Message.raw(
        """SELECT m.id, m.listing, m.at, m.kind, m.code, m.reason, m.account, m.channel, m.to_address,
                  c.kind AS provider
           FROM message m LEFT JOIN connection c ON c.id = m.connection
           WHERE m.follow_up ORDER BY m.changed_at LIMIT {}""",
        limit,
    )
    if not rows:
        return set()
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
        await Message.raw(
            f"UPDATE message SET follow_up = {{}} WHERE {db.among('id')}", False, db.listed(row["id"] for row in rows)
        )
    return touched | {row["listing"] for row in refused if row["listing"]}


async def _close_attempts(outcomes: Sequence[Outcome], now: datetime) -> None:
    """What the provider reported as its own meanwhile stays accepted, whatever became of our call."""
    end = (
        "UPDATE attempt SET finished_at = {}, outcome = {}, reason = {}, provider_id = {} WHERE message = {} AND n = {}"
    )
    accepted = [
        (
            now,
            "accepted",
            each.accepted.reason,
            each.accepted.provider_id,
            each.started.outgoing.message_id,
            each.started.n,
        )
        for each in outcomes
        if each.accepted
    ]
    others = [
        (
            now,
            str(each.error.kind),
            storable(each.error.reason[:2000]),
            "",
            each.started.outgoing.message_id,
            each.started.n,
        )
        for each in outcomes
        if each.error
    ]
    await db.each(end, accepted)
    await db.each(f"{end} AND outcome <> 'accepted'", others)


async def _accept(outcomes: Sequence[Outcome], now: datetime) -> None:
    """Also of messages taken for unknown meanwhile, and of those among them that a person sent again and whose next
    attempt has not begun: it is not needed any more."""
    rows = []
    for each in outcomes:
        if each.accepted:
            rank = RANKS[State(each.accepted.state)]
            values = (str(each.accepted.state), rank, each.accepted.provider_id, each.accepted.from_address)
            named = (each.started.outgoing.message_id, each.started.n, rank)
            rows.append((*values, each.accepted.reason, True, now, *named))
    await db.each(
        """UPDATE message SET state = {}, rank = {}, provider_id = {}, from_address = {}, reason = {}, follow_up = {},
                  changed_at = {}, code = '', tries = 0, owner = '', lease_until = NULL
           WHERE id = {} AND attempts = {} AND rank < {} AND state IN ('sending', 'unknown', 'queued', 'claimed')""",
        rows,
    )


async def _not_accepted(outcome: Outcome, error: ChannelError, now: datetime, news: News) -> None:
    started = outcome.started
    values: dict[Any, Any] = {
        Message.reason: storable(error.reason),
        Message.code: storable(error.code) or "provider",
    }
    if error.kind is Kind.THROTTLED:
        wait = error.retry_after or backoff(started.n)
        news.closed[started.connection] = max(wait, news.closed.get(started.connection, 0.0))
        values |= again(now, wait)
    elif error.kind is Kind.CONNECTION_BROKEN:
        values |= again(now, 0.0)
    elif error.kind is Kind.NEVER_CONNECTED and started.tries + 1 < MOST_CONNECTS:
        values |= again(now, backoff(started.tries)) | {Message.tries: started.tries + 1}
    elif error.kind is Kind.UNKNOWN:
        values |= {Message.state: State.UNKNOWN, Message.rank: RANKS[State.UNKNOWN], Message.code: "unknown"}
    else:
        values |= messages.unless_it_may_have_arrived(State.FAILED)
        if error.tells:
            values[Message.code] = told.CODES[error.tells]
            values[Message.reason] = storable(told.words(error.tells, started.outgoing.channel, error.reason))
            values[Message.follow_up] = True
    await Message.update(values | {Message.owner: "", Message.lease_until: None, Message.changed_at: now}).where(
        (Message.id == started.outgoing.message_id)
        & (Message.attempts == started.n)
        # Unknown with another code was cancelled meanwhile: it does not leave again, whatever the late answer is.
        & ((Message.state == State.SENDING) | ((Message.state == State.UNKNOWN) & (Message.code == "unknown")))
    )
