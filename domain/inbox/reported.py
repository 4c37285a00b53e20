"""What a provider reports of texts from our side: receipts, late answers, and what was typed in its own app."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, ids, messages, number_facts, receipts, resting, suppressions, threads, told
from domain.attempts import Attempt
from domain.batches import credit
from domain.channels import base
from domain.channels.registry import CHANNELS
from domain.connections import Connection, SenderLink
from domain.inbox.matching import listing_of
from domain.inbox.tables import EMPTY, ProviderEvent
from domain.messages import RANKS, Message, State
from domain.suppressions.first_contacts import nothing_yet

SAME_CALL = timedelta(minutes=15)  # between our call and the provider's clock
WHOLE_SECONDS = timedelta(seconds=2)  # as some providers tell the time
MOST_TRIES = 8  # looks at an event that may be the answer we still wait for: about two minutes


async def heed(connection: Connection, event: ProviderEvent, said: base.Receipt) -> UUID | None:
    """A receipt for what we sent; the late answer to a call of unknown fate; or a text typed in the provider's app."""
    channel = CHANNELS[connection.kind].channel
    if said.tells and said.to:  # first, as with a STOP: an opt-out waits for those who are about to send
        where = (connection.account, connection.kind, channel, said.to)
        await told.heed(*where, said.tells, said.reason, at=said.at)
    elif said.state == State.DELIVERED and said.to and channel == "text":
        await number_facts.clear(connection.account, said.to, said.at)
    await receipts.keep(connection.id, event.id, said)
    owner = await receipts.owner(connection.id, said.provider_id)
    until = said.rests_until if event.tries == 0 and not _is_of_before(connection, owner) else None
    if until and (left := until - clock.now()) > timedelta(0):
        await resting.rest(connection.id, left.total_seconds(), said.reason)
    if owner:
        if said.out_of_credit:
            await credit.ran_out([owner["message"]], said.reason)
        return await _owned(event, owner)
    if not said.to:
        return None
    unanswered = await _unanswered(connection, said)
    call = _answered([row for row in unanswered if row["alike"]], said)
    if call and await _resolve(connection, call, said):
        listing: UUID | None = call["listing"]
        return listing
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
    # On PostgreSQL the answer may have been written since the first look, so that nothing was unanswered any more.
    if owner := await receipts.owner(connection.id, said.provider_id):
        await receipts.apply_early([(connection.id, said.provider_id)])
        return await _owned(event, owner)
    if said.ours:  # of a call whose answer we had, or of a message that was erased since
        return None
    return await _typed_elsewhere(connection, said)


def _is_of_before(connection: Connection, owner: Mapping[str, Any] | None) -> bool:
    """Whether it is about a message that left before somebody ended the rest that others of that time began."""
    ended = connection.rest_ended_at
    return owner is not None and ended is not None and owner["begun_at"] < ended


async def _owned(event: ProviderEvent, owner: Mapping[str, Any]) -> UUID | None:
    if owner["erased"]:  # whom it went to stands in no row any more, but in what just came
        await ProviderEvent.update({ProviderEvent.payload: EMPTY}).where(ProviderEvent.id == event.id)
    listing: UUID | None = owner["listing"]
    return listing


async def _unanswered(connection: Connection, said: base.Receipt) -> list[dict[str, Any]]:
    """Our calls to this number, around this time, whose answer we do not have: still open (outcome ""), or `unknown`
    and `alike` in words and sender. Where the event does not say the words, none is alike, unless it names the message.
    A call whose seller was erased since does not say whom it was to: any of that sender's that is still open may be the
    one."""
    rows: list[dict[str, Any]] = await Attempt.raw(
        """SELECT a.id, a.n, a.outcome, a.sender, a.started_at, m.id AS message, m.listing, m.body, m.to_address
           FROM message m CROSS JOIN attempt a  -- in this order: SQLite would begin with every attempt that has no id
           WHERE a.message = m.id AND m.account = {} AND m.to_address IN ({}, '') AND m.direction = 'out'
             AND a.connection = {} AND a.provider_id = '' AND a.outcome IN ('', 'unknown')
             AND a.started_at BETWEEN {} AND {}""",
        connection.account,
        said.to,
        connection.id,
        said.at - SAME_CALL,
        said.at + SAME_CALL,
    )
    if said.ours:
        named = [row for row in rows if str(row["message"]).replace("-", "") == said.ours]
        return [{**row, "alike": True} for row in named]
    for row in rows:
        row["alike"] = row["body"] == said.body and row["sender"] == said.sender
    theirs = [row for row in rows if row["to_address"] or row["sender"] == said.sender]
    return [row for row in theirs if row["alike"] or row["outcome"] == ""]


def _answered(alike: list[dict[str, Any]], said: base.Receipt) -> dict[str, Any] | None:
    """The call that this answers, of those of one message: where it was sent again before anybody knew, the last that
    began before. None where it may be another message's, or one whose answer is still under way."""
    if len({row["message"] for row in alike}) != 1 or any(row["outcome"] != "unknown" for row in alike):
        return None
    before = [row for row in alike if row["started_at"] <= said.at + WHOLE_SECONDS]
    return max(before, key=lambda row: row["n"]) if before else min(alike, key=lambda row: row["n"])


async def _resolve(connection: Connection, row: dict[str, Any], said: base.Receipt) -> bool:
    """The provider did take it: the attempt learns its id, and every receipt of it counts. A retry of it that has not
    left yet is not needed any more. False when another event was faster."""
    now = clock.now()
    found = Attempt.update(
        {Attempt.provider_id: said.provider_id, Attempt.outcome: "accepted", Attempt.finished_at: now}
    ).where((Attempt.id == row["id"]) & (Attempt.outcome == "unknown") & (Attempt.provider_id == ""))
    if not await found.returning(Attempt.id):
        return False
    moved = (
        await Message.update(
            {
                Message.state: State.ACCEPTED,
                Message.rank: RANKS[State.ACCEPTED],
                Message.code: "",
                Message.reason: "",
                Message.provider_id: said.provider_id,
                Message.from_address: said.from_address,
                Message.owner: "",
                Message.lease_until: None,
                Message.changed_at: now,
            }
        )
        .where((Message.id == row["message"]) & Message.state.is_in([State.UNKNOWN, State.QUEUED, State.CLAIMED]))
        .returning(Message.id)
    )
    await messages.follow_up_on([each["id"] for each in moved])
    await receipts.apply_early([(connection.id, said.provider_id)])
    return True


async def _typed_elsewhere(connection: Connection, said: base.Receipt) -> UUID | None:
    """Somebody wrote in the provider's own app: it joins the history, marked so."""
    link = await SenderLink.objects().get(
        (SenderLink.connection == connection.id) & (SenderLink.provider_id == said.sender)
    )
    channel = CHANNELS[connection.kind].channel
    if channel in threads.CHANNELS:
        listing = await threads.listing_of(connection.account, channel, said.to)
    else:
        listing = await listing_of(connection.account, said.to, said.from_address)
    message = Message(
        id=ids.new(),
        account=connection.account,
        listing=listing,
        channel=channel,
        direction="out",
        author_kind="agent",
        user=link.user if link else None,
        author_name=link.name if link else "",
        origin="app",
        body=said.body or "",
        to_address=said.to,
        from_address=said.from_address,
        nonce=receipts.app_nonce(connection.id, said.provider_id),
        state=said.state,
        rank=RANKS[State(said.state)],
        reason=said.reason,
        connection=connection.id,
        provider_id=said.provider_id,
        at=min(said.at, clock.now()),
        changed_at=clock.now(),
    )
    first = listing is not None and await _is_first(listing)
    stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
    if stored and listing is not None:
        await messages.follow_up_on([message.id])
    if stored and listing is not None and first:  # whoever writes next about another listing of theirs is told
        await suppressions.one_at_a_time([(connection.account, said.to)])
        user = link.user if link else None
        await suppressions.claim_first_contacts([(connection.account, said.to, listing, user, message.id)], clock.now())
    await receipts.apply_early([(connection.id, said.provider_id)])
    return listing


async def _is_first(listing: UUID) -> bool:
    rows = await Message.raw(f"SELECT {nothing_yet('{}')} AS first", listing)
    return bool(rows[0]["first"])
