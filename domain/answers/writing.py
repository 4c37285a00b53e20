"""Writes the answer to what a seller just wrote, in the transaction that stores it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, connections, opt_out_words, phones, text
from domain.accounts import Account
from domain.answers import wordings
from domain.answers.timing import HELP, LATEST, START, STOP
from domain.channels.base import Incoming
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink
from domain.db import found
from domain.gate import ANSWER
from domain.messages import Message, State
from domain.opt_out_words import Outcome, Reading, tongue
from domain.suppressions import DoNotContact, OptOut
from domain.users import User

CHANNEL = "text"
APART = timedelta(minutes=10)  # between two answers to HELP from one number


async def write(
    connection: Connection, listing: UUID, inbound: UUID, said: Incoming, reading: Reading, *, news: bool
) -> Message | None:
    """The answer to a message that opts a number out (or in again) and is `news`, or that asks for help; it leaves at
    once, from the number that was written to. None where there is none: the provider answers these very words itself,
    it is too late, nobody owns that number any more, or the person is not to be contacted.

    Call it after whatever cancels messages. Who is blocked is never answered.
    """
    now = clock.now()
    if said.at < now - LATEST or connection.state == ConnectionState.DISCONNECTED:
        return None
    if said.answered or connections.adapter(connection).answers(said.body):
        return None
    nonce = await _nonce(connection.account, listing, inbound, said, reading, news)
    sender = await _owner(connection, said) if nonce else None
    if not nonce or not sender or await _not_to_be_contacted(connection.account, said.from_address):
        return None
    body = await _words(connection.account, said, reading)
    cost = text.measure(body)
    message = Message(
        account=connection.account,
        listing=listing,
        channel=CHANNEL,
        direction="out",
        author_kind="system",
        user=sender,
        kind=ANSWER,
        origin="hook",
        body=body,
        to_address=said.from_address,
        from_address=said.to_address,
        encoding=cost.encoding,
        segments=cost.segments,
        nonce=nonce,
        state=State.QUEUED,
        connection=connection.id,
        not_before=now,
        at=min(said.at, now),  # right after what it answers: its five minutes count from there
        changed_at=now,
    )
    stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
    return message if stored else None


async def _nonce(account: UUID, listing: UUID, inbound: UUID, said: Incoming, reading: Reading, news: bool) -> str:
    """What makes the answer the only one to what it answers; empty when nothing is to be answered."""
    if reading.outcome is Outcome.OPT_OUT and news:
        return f"{STOP}{await _opt_out(account, said.from_address)}"
    if reading.outcome is Outcome.START and news:
        return f"{START}{inbound}"
    if reading.outcome is not Outcome.HELP:
        return ""
    opt_out = await _opt_out(account, said.from_address)
    if opt_out:
        return f"{HELP}{opt_out}"
    now = clock.now()
    if await Message.exists().where(
        (Message.account == account)
        & (Message.to_address == said.from_address)
        & (Message.at > now - APART)
        & (Message.kind == ANSWER)
        & Message.nonce.like(f"{HELP}%")
    ):
        return ""
    # Two that are handled at the same moment see nothing of each other, but have the same name; no number stands in it,
    # for it outlives whoever is erased.
    return f"{HELP}{listing}:{int(now.timestamp() // APART.total_seconds())}"


async def _opt_out(account: UUID, address: str) -> UUID | None:
    """The opt-out that stands."""
    row = await OptOut.select(OptOut.id).where(_of(account, address) & OptOut.lifted_at.is_null()).first()
    return row["id"] if row else None


async def _owner(connection: Connection, said: Incoming) -> UUID | None:
    """Whose number it is, as last looked up at the provider; where all send as one, who wrote to them last."""
    if CHANNELS[connection.kind].senders == "one":
        return await _wrote_last(connection.account, said.from_address)
    number = said.to_address
    links = SenderLink.select(SenderLink.user, SenderLink.numbers).where(
        (SenderLink.connection == connection.id)
        & (SenderLink.provider_id != "")
        & SenderLink.numbers.like(f"%{number}%")
    )
    owners = [row["user"] for row in await links if number in row["numbers"].split()]
    row = await User.select(User.id).where(User.id.is_in(owners) & User.active.eq(True)).first() if owners else None
    return row["id"] if row else None


async def _wrote_last(account: UUID, address: str) -> UUID | None:
    rows = await Message.raw(
        """SELECT u.id FROM message m JOIN app_user u ON u.id = m."user"
           WHERE m.account = {} AND m.to_address = {} AND m.direction = 'out' AND u.active
           ORDER BY m.at DESC LIMIT 1""",
        account,
        address,
    )
    return rows[0]["id"] if rows else None


async def _not_to_be_contacted(account: UUID, address: str) -> bool:
    return await DoNotContact.exists().where(
        (DoNotContact.account == account) & (DoNotContact.address == address) & DoNotContact.lifted_at.is_null()
    )


async def _words(account_id: UUID, said: Incoming, reading: Reading) -> str:
    account: Account = await found(Account.objects().get(Account.id == account_id))
    if reading.outcome is Outcome.HELP:
        contact = phones.shown(account.phone) if account.phone else account.email or account.website
        return wordings.helped(tongue(said.body, reading), account.name, contact)
    if reading.outcome is Outcome.START:  # START is in no language: in that of the stop it takes back
        stop = (
            await OptOut.select(OptOut.word)
            .where(_of(account_id, said.from_address))
            .order_by(OptOut.at, ascending=False)
            .first()
        )
        words = stop["word"] if stop else ""
        return wordings.started(tongue(words, opt_out_words.understand(words)), account.name)
    return wordings.stopped(tongue(said.body, reading), account.name)


def _of(account: UUID, address: str) -> Any:
    return (OptOut.account == account) & (OptOut.channel == CHANNEL) & (OptOut.address == address)
