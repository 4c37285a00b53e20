"""What a seller wrote: opt-outs first, then the message, then the listing it belongs to."""

import json
from dataclasses import replace
from uuid import UUID

from domain import (
    address_marks,
    answers,
    clock,
    connections,
    db,
    history,
    ids,
    mails,
    messages,
    opt_out_words,
    receipts,
    reviews,
    schedules,
    suppressions,
    threads,
)
from domain.channels.base import Incoming
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.external_contacts import ExternalContact, Type
from domain.inbox import colleagues
from domain.inbox.matching import Match, match
from domain.inbox.tables import IncomingFile, MatchSuggestion
from domain.listings import Listing
from domain.messages import Message, State
from domain.opt_out_words import Outcome, Reading, Word
from domain.suppressions.addresses import key

MEANS = {Outcome.OPT_OUT: "stop", Outcome.REVIEW: "look"}


async def take(connection: Connection, event: UUID, said: Incoming) -> UUID | None:
    """Opt-outs first, then the message, then the listing it belongs to; all in the caller's transaction."""
    account, channel = connection.account, CHANNELS[connection.kind].channel
    said = replace(said, from_address=key(said.from_address))
    if await _is_a_relays(connection, said.from_address):
        return None
    written_to = await mails.written_to(account, said.token, said.references) if channel == "email" else ""
    colleague = await colleagues.who(account, said, written_to) if channel == "email" else None
    reading = Reading(Outcome.CARRY_ON) if colleague else _read(channel, said)
    message_id = ids.new()
    found = await match(account, channel, said)
    listing = found.listing
    if listing and db.on_postgres():  # the listing before its messages, as whoever changes a stage locks them
        await Listing.raw("SELECT id FROM listing WHERE id = {} FOR NO KEY UPDATE", listing)
    message = _inbound(message_id, connection, listing, said, reading)
    if colleague and listing:
        message = colleagues.theirs(message, colleague)
    stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
    if not stored:  # the same message in another wrapping
        return None
    news = False
    if reading.outcome is Outcome.OPT_OUT:
        news = await _stop(account, channel, listing, said, message_id, written_to)
    elif reading.outcome in (Outcome.START, Outcome.YES) and (written_to or channel != "email"):
        news = await _start_again(account, channel, listing, said, message_id, written_to)
    await _beside(connection, channel, event, found, said, message_id, known=bool(written_to) and not colleague)
    if reading.outcome is Outcome.OPT_OUT:  # the thread knows its listing now
        await suppressions.spread(account, channel, said.from_address)
    if colleague and listing:
        return listing
    if await suppressions.blocked(account, said.from_address):  # stored silently: nobody is told, nobody owes an answer
        await Message.update({Message.responded_at: clock.now()}).where(Message.id == message_id)
        return None
    if said.automatic:  # a machine of theirs: nobody waits, but a stop that is not plain is looked at by somebody
        if reading.outcome is Outcome.OPT_OUT:
            await reviews.open_(account, listing, message_id, said.from_address, reading, channel)
        await Message.update({Message.responded_at: clock.now()}).where(Message.id == message_id)
        return listing
    await schedules.seller_wrote(account, listing, said.from_address)
    await reviews.open_(account, listing, message_id, said.from_address, reading, channel)
    if listing:
        if channel == "text":
            await answers.write(connection, listing, message_id, said, reading, news=news)
        await history.contacted([listing], clock.now())
        await Listing.raw(
            "UPDATE listing SET waiting_since = COALESCE(waiting_since, {}) WHERE id = {}",
            clock.now(),
            listing,
        )
    return listing


def asks_to_stop(channel: str, said: Incoming) -> bool:
    """Whether it opts its sender out."""
    return _read(channel, said).outcome is Outcome.OPT_OUT


def _read(channel: str, said: Incoming) -> Reading:
    """A stop is heard wherever it stands: also in what a machine wrote, and as the subject, all that mail programs fill
    in when somebody unsubscribes. The subject of an answer is not their word."""
    reading = opt_out_words.understand(said.subject if _stops_by_subject(channel, said) else said.body)
    if said.automatic and reading.outcome is not Outcome.OPT_OUT:
        return Reading(Outcome.CARRY_ON)
    return reading


def _stops_by_subject(channel: str, said: Incoming) -> bool:
    return channel == "email" and opt_out_words.read(said.subject) is Word.STOP


async def _is_a_relays(connection: Connection, sender: str) -> bool:
    """Whether another connection of the account hears what this address sends, out of the same mailbox."""
    domain = sender.rpartition("@")[2]
    for kind, provider in CHANNELS.items():
        if domain and provider.relays == domain and kind != connection.kind:
            relay = await connections.current(connection.account, kind)
            return relay is not None and _mailbox(relay) == _mailbox(connection)
    return False


def _mailbox(connection: Connection) -> list[str]:
    """Its server and who signs in there, which is the address where nobody else is named."""
    options = json.loads(connection.options or "{}")
    found = (options.get("imap_host"), options.get("username") or options.get("from_email"))
    return [str(each or "").strip().lower() for each in found]


async def _beside(
    connection: Connection, channel: str, event: UUID, found: Match, said: Incoming, message_id: UUID, *, known: bool
) -> None:
    """What comes with a message: its headers, its thread, its files, and which listing it may be about. Only who is
    `known` to have got a mail of ours clears a mark: anybody can write any address after From."""
    account = connection.account
    if channel == "email":
        await mails.keep(message_id, account, said.rfc_id, said.references, said.html, said.from_name)
        if known and not said.automatic:
            await address_marks.clear(account, said.from_address, said.at)
    if channel in threads.CHANNELS:
        thread = await threads.heard(
            *(account, connection.id, channel, said.from_address, said.at),
            listing=found.listing,
            ours=said.to_address,
            name=said.from_name,
            about=said.about,
            lives=CHANNELS[connection.kind].thread_lives,
        )
        if thread.name and not said.from_name:
            await Message.update({Message.author_name: thread.name}).where(Message.id == message_id)
    if said.media:
        files = [
            IncomingFile(
                message=message_id,
                event=event,
                position=n,
                origin=each.ref,
                name=each.name,
                media_type=each.media_type,
                state="refused" if each.problem else "waiting",
                problem=each.problem,
            )
            for n, each in enumerate(said.media)
        ]
        await IncomingFile.insert(*files)
    if found.suggestion:
        await MatchSuggestion.insert(MatchSuggestion(message=message_id, listing=found.suggestion, why=found.why))
    if said.external:
        await ExternalContact.insert(ExternalContact(message=message_id, account=account, type=Type.REPLY))


async def _stop(
    account: UUID, channel: str, listing: UUID | None, said: Incoming, message_id: UUID, written_to: str
) -> bool:
    """True when that is news. Who answers from another address means the one that we wrote to as well."""
    word, news = (said.subject if _stops_by_subject(channel, said) else said.body)[:40], False
    for address in dict.fromkeys((said.from_address, written_to or said.from_address)):
        new = await suppressions.opt_out(account, address, word, message_id, channel)
        await messages.cancel_for_address(account, address, "The seller asked to stop.", "opted_out")
        if listing and new:
            await history.note(account, listing, "opted_out", message=message_id, address=address)
        news = news or new
    if listing:  # by whatever channel and to whichever of theirs
        await messages.cancel_for_listing(listing, "The seller asked to stop.", "opted_out")
    return news


async def _start_again(
    account: UUID, channel: str, listing: UUID | None, said: Incoming, message_id: UUID, written_to: str
) -> bool:
    """True when an opt-out was lifted: of both addresses, as `_stop` put it. Its confirmation, where that still waits,
    the gate ends as too late."""
    news = False
    for address in dict.fromkeys((said.from_address, written_to or said.from_address)):
        lifted = await suppressions.opt_in(account, address, said.body[:40], said.at, channel)
        if listing and lifted:
            await history.note(account, listing, "opted_in", message=message_id, address=address)
        news = news or lifted
    return news


def _inbound(
    message_id: UUID, connection: Connection, listing: UUID | None, said: Incoming, reading: Reading
) -> Message:
    now = clock.now()
    return Message(
        id=message_id,
        account=connection.account,
        listing=listing,
        channel=CHANNELS[connection.kind].channel,
        direction="in",
        author_kind="seller",
        author_name=said.from_name,
        origin="hook",
        kind="external" if said.external else "one_to_one",
        subject=said.subject,
        body=said.body,
        to_address=said.to_address,
        from_address=said.from_address,
        nonce=receipts.nonce("in", connection.id, said.provider_id),
        state=State.LOGGED if said.external else State.RECEIVED,
        connection=connection.id,
        provider_id=said.provider_id,
        means="machine" if said.automatic else MEANS.get(reading.outcome, ""),
        at=min(said.at, now),
        changed_at=now,
    )
