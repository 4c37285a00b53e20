"""What came in: stored once, opt-outs first, matched, and told to whom it concerns."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import clock, connections, db, history, ids, messages, opt_out_words, receipts, reviews, suppressions
from domain.attempts import Attempt
from domain.channels import base
from domain.channels.base import HookEvent, Incoming, NotUnderstood
from domain.columns import key, made, moment, parent
from domain.connections import Connection, SenderLink
from domain.db import DB
from domain.listings import Listing
from domain.messages import RANKS, Message, State
from domain.opt_out_words import Outcome
from domain.text import storable


class ProviderEvent(Table, db=DB, tablename="provider_event"):
    """A verified hook call, raw, kept for ever."""

    id = key()
    connection = parent(Connection)
    event_key = Varchar(64)  # unique per connection
    payload = Text()  # JSON
    received_at = made()
    handled_at = moment()
    not_before = made()
    tries = Integer(default=0)
    problem = Text(default="")


SAME_CALL = timedelta(minutes=15)  # between our call and the provider's clock
LOOK_BACK = timedelta(days=90)
MOST_TRIES = 8  # looks at an event that may be the answer we still wait for: about two minutes


async def store(connection: UUID, event: HookEvent) -> bool:
    """Keeps a verified hook call, once. False when it was here before."""
    rows = await ProviderEvent.raw(
        """INSERT INTO provider_event (id, connection, event_key, payload, received_at, handled_at, not_before, tries,
                                       problem)
           VALUES ({}, {}, {}, {}, {}, null, {}, 0, '') ON CONFLICT DO NOTHING RETURNING id""",
        ids.new(),
        connection,
        event.key,
        json.dumps(event.payload),
        clock.now(),
        clock.now(),
    )
    return bool(rows)


async def due(limit: int = 100) -> list[UUID]:
    """Stored events nobody has handled yet."""
    rows = (
        await ProviderEvent.select(ProviderEvent.id)
        .where(ProviderEvent.handled_at.is_null() & (ProviderEvent.not_before <= clock.now()))
        .order_by(ProviderEvent.not_before)
        .limit(limit)
    )
    return [row["id"] for row in rows]


async def handle(event_id: UUID) -> UUID | None:
    """Does what a stored event asks for, at most once. Returns the listing whose history changed."""
    event = await ProviderEvent.objects().get((ProviderEvent.id == event_id) & ProviderEvent.handled_at.is_null())
    if event is None:
        return None
    connection = await connections.by_id(event.connection)
    assert connection is not None  # connections are never deleted
    try:
        said = connections.adapter(connection).parse(json.loads(event.payload))
    except NotUnderstood as error:
        await _handled(event, problem=str(error))
        return None
    async with db.writing():
        # Taken inside the transaction: of two workers with the same event the second finds nothing to do.
        if not await _handled(event):
            return None
        if isinstance(said, Incoming):
            return await _incoming(connection, said)
        if isinstance(said, base.Receipt):
            return await _receipt(connection, event, said)
    return None


async def put_off(event_id: UUID, problem: str) -> None:
    """Handling failed for a reason of ours: try again later, and keep what went wrong."""
    event = await ProviderEvent.objects().get((ProviderEvent.id == event_id) & ProviderEvent.handled_at.is_null())
    if event is None:
        return
    wait = timedelta(seconds=2.0 ** min(event.tries, 8))  # four minutes at most
    await ProviderEvent.update(
        {
            ProviderEvent.tries: event.tries + 1,
            ProviderEvent.not_before: clock.now() + wait,
            ProviderEvent.problem: problem[:500],
        }
    ).where(ProviderEvent.id == event_id)


async def _handled(event: ProviderEvent, problem: str = "") -> bool:
    rows = (
        await ProviderEvent.update({ProviderEvent.handled_at: clock.now(), ProviderEvent.problem: problem})
        .where((ProviderEvent.id == event.id) & ProviderEvent.handled_at.is_null())
        .returning(ProviderEvent.id)
    )
    return bool(rows)


async def _incoming(connection: Connection, said: Incoming) -> UUID | None:
    """Opt-outs first, then the message, then the listing it belongs to; all in the caller's transaction."""
    account, said = connection.account, replace(said, body=storable(said.body))
    reading = opt_out_words.understand(said.body)
    message_id = ids.new()
    listing = await _listing_of(account, said.from_address, said.to_address)
    if listing and db.on_postgres():  # the listing before its messages, as whoever changes a stage locks them
        await Listing.raw("SELECT id FROM listing WHERE id = {} FOR UPDATE", listing)
    stored = await Message.insert(_inbound(message_id, connection, listing, said)).on_conflict(
        target=Message.nonce, action="DO NOTHING"
    )
    if not stored:  # the same message in another wrapping
        return None
    if reading.outcome is Outcome.OPT_OUT:
        await _stop(account, listing, said, message_id)
    elif reading.outcome in (Outcome.START, Outcome.YES):
        await _start_again(account, listing, said, message_id)
    if await suppressions.blocked(account, said.from_address):  # stored silently: nobody is told, nobody owes an answer
        await Message.update({Message.responded_at: clock.now()}).where(Message.id == message_id)
        return None
    await reviews.open_(account, listing, message_id, said.from_address, reading)
    if listing:
        await history.contacted([listing], clock.now())
        await Listing.raw(
            "UPDATE listing SET waiting_since = COALESCE(waiting_since, {}) WHERE id = {}",
            clock.now(),
            listing,
        )
    return listing


async def _stop(account: UUID, listing: UUID | None, said: Incoming, message_id: UUID) -> None:
    news = await suppressions.opt_out(account, said.from_address, said.body[:40], message_id)
    await messages.cancel_for_address(account, said.from_address, "The seller asked to stop.", "opted_out")
    if listing and news:
        await history.note(account, listing, "opted_out", message=message_id, address=said.from_address)


async def _start_again(account: UUID, listing: UUID | None, said: Incoming, message_id: UUID) -> None:
    news = await suppressions.opt_in(account, said.from_address, said.body[:40], said.at)
    if listing and news:
        await history.note(account, listing, "opted_in", message=message_id, address=said.from_address)


def _inbound(message_id: UUID, connection: Connection, listing: UUID | None, said: Incoming) -> Message:
    now = clock.now()
    return Message(
        id=message_id,
        account=connection.account,
        listing=listing,
        channel="text",
        direction="in",
        author_kind="seller",
        origin="hook",
        body=said.body,
        to_address=said.to_address,
        from_address=said.from_address,
        nonce=receipts.nonce("in", connection.id, said.provider_id),
        state=State.RECEIVED,
        connection=connection.id,
        provider_id=said.provider_id,
        at=min(said.at, now),
        changed_at=now,
    )


async def _listing_of(account: UUID, seller: str, ours: str) -> UUID | None:
    """The listing last written to at this number within 90 days (from the number that was answered, if any), else the
    newest listing of that number."""
    rows = await Message.raw(
        """SELECT m.listing FROM message m
           WHERE m.account = {} AND m.to_address = {} AND m.at > {} AND m.direction = 'out' AND m.listing IS NOT NULL
             AND m.state IN ('sending', 'accepted', 'sent', 'delivered', 'undelivered', 'unknown')
           ORDER BY CASE WHEN m.from_address = {} THEN 0 ELSE 1 END, m.at DESC LIMIT 1""",
        account,
        seller,
        clock.now() - LOOK_BACK,
        ours,
    )
    if not rows:
        rows = await Message.raw(
            """SELECT l.id AS listing FROM seller s JOIN listing l ON l.id = s.listing
               WHERE s.account = {} AND (s.phone = {} OR s.mobile = {})
               ORDER BY l.created_at DESC, l.id DESC LIMIT 1""",
            account,
            seller,
            seller,
        )
    return rows[0]["listing"] if rows else None


async def _receipt(connection: Connection, event: ProviderEvent, said: base.Receipt) -> UUID | None:
    """A receipt for what we sent; the late answer to a call of unknown fate; or a text typed in the provider's app."""
    await receipts.keep(connection.id, event.id, said)
    owner = await receipts.owner(connection.id, said.provider_id)
    if owner is not None:
        return owner["listing"]
    if not said.to:
        return None
    unanswered = await _unanswered(connection, said)
    alike = [row for row in unanswered if row["alike"]]
    if len(alike) == 1 and alike[0]["outcome"] == "unknown":
        return await _resolve(connection, alike[0], said)
    if unanswered and event.tries < MOST_TRIES:
        # It may be ours with its answer still under way. The event stays open, so nothing is lost by waiting.
        await ProviderEvent.update(
            {
                ProviderEvent.handled_at: None,
                ProviderEvent.not_before: clock.now() + timedelta(seconds=2.0**event.tries / 2),
                ProviderEvent.tries: event.tries + 1,
            }
        ).where(ProviderEvent.id == event.id)
        return None
    return await _typed_elsewhere(connection, said)


async def _unanswered(connection: Connection, said: base.Receipt) -> list[dict[str, Any]]:
    """Our calls to this number, around this time, whose answer we do not have: still open (outcome ""), or `unknown`
    and `alike` in words and sender. Where the event does not say the words, none is alike."""
    rows: list[dict[str, Any]] = await Attempt.raw(
        """SELECT a.id, a.n, a.outcome, a.sender, m.id AS message, m.listing, m.body FROM message m
           CROSS JOIN attempt a  -- in this order: SQLite would begin with every attempt that has no id
           WHERE a.message = m.id AND m.account = {} AND m.to_address = {} AND m.direction = 'out' AND a.connection = {}
             AND a.provider_id = '' AND a.outcome IN ('', 'unknown') AND a.started_at BETWEEN {} AND {}""",
        connection.account,
        said.to,
        connection.id,
        said.at - SAME_CALL,
        said.at + SAME_CALL,
    )
    for row in rows:
        row["alike"] = row["body"] == said.body and row["sender"] == said.sender
    return [row for row in rows if row["alike"] or row["outcome"] == ""]


async def _resolve(connection: Connection, row: dict[str, Any], said: base.Receipt) -> UUID | None:
    """The provider did take it: the attempt learns its id, and every receipt of it counts. A retry of it that has not
    left yet is not needed any more."""
    now = clock.now()
    await Attempt.update(
        {Attempt.provider_id: said.provider_id, Attempt.outcome: "accepted", Attempt.finished_at: now}
    ).where(Attempt.id == row["id"])
    await Message.update(
        {
            Message.state: State.ACCEPTED,
            Message.rank: RANKS[State.ACCEPTED],
            Message.code: "",
            Message.reason: "",
            Message.provider_id: said.provider_id,
            Message.from_address: said.from_address,
            Message.follow_up: True,
            Message.owner: "",
            Message.lease_until: None,
            Message.changed_at: now,
        }
    ).where(
        (Message.id == row["message"])
        & (Message.attempts == row["n"])
        & Message.state.is_in([State.UNKNOWN, State.QUEUED, State.CLAIMED])
    )
    await receipts.apply_early([(connection.id, said.provider_id)])
    listing: UUID | None = row["listing"]
    return listing


async def _typed_elsewhere(connection: Connection, said: base.Receipt) -> UUID | None:
    """Somebody wrote in the provider's own app: it joins the history, marked so."""
    link = await SenderLink.objects().get(
        (SenderLink.connection == connection.id) & (SenderLink.provider_id == said.sender)
    )
    listing = await _listing_of(connection.account, said.to, said.from_address)
    message = Message(
        id=ids.new(),
        account=connection.account,
        listing=listing,
        channel="text",
        direction="out",
        author_kind="agent",
        user=link.user if link else None,
        author_name=link.name if link else "",
        origin="app",
        body=storable(said.body or ""),
        to_address=said.to,
        from_address=said.from_address,
        nonce=receipts.app_nonce(connection.id, said.provider_id),
        state=said.state,
        rank=RANKS[State(said.state)],
        reason=said.reason,
        connection=connection.id,
        provider_id=said.provider_id,
        follow_up=listing is not None,
        at=min(said.at, clock.now()),
        changed_at=clock.now(),
    )
    await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
    await receipts.apply_early([(connection.id, said.provider_id)])
    return listing
