"""A message to oneself that shows whether a connection carries: marked TEST, by the gate and the provider's adapter as
any other, never to a seller."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import (
    audit,
    carriage,
    clock,
    connections,
    email_addresses,
    email_bodies,
    gate,
    ids,
    mails,
    phones,
    plans,
    receipts,
    suppressions,
    text,
    users,
)
from domain.accounts import Account
from domain.attempts import Attempt
from domain.channels.base import Accepted, Channel, ChannelError, Kind, Mail, Outgoing
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink
from domain.db import writing
from domain.errors import Refused
from domain.gate import Facts, SenderState
from domain.messages import RANKS, Message, State
from domain.sellers import Seller
from domain.text import storable
from domain.users import Permission, User

REACHES = {"text": "phone", "email": "email"}  # channel -> where the person who tries it is reached
SUBJECT = "TEST from Lotwire"
PATIENCE = timedelta(minutes=2)  # with a call that a crash cut off; then it is unknown


@dataclass(frozen=True)
class Trial:
    """Whether the provider took it, and the sentence to show."""

    ok: bool
    sentence: str


def address(connection: Connection, user: User) -> str:
    """Where a test of this connection would reach its user; empty when nowhere."""
    field = REACHES.get(CHANNELS[connection.kind].channel, "")
    return str(getattr(user, field)) if field else ""


async def send(account: Account, connection: Connection, user: User) -> Trial:
    """Sends it once and waits for the provider's word. Kept as a message of the kind `test` without a listing, and in
    the audit trail. Raises Refused where it may not leave."""
    users.require(user, Permission.MANAGE_CONNECTIONS)
    provider = CHANNELS[connection.kind]
    await connections.require_released(provider.name)
    to = address(connection, user)
    if not to:
        raise Refused(_nowhere(provider))
    link, state = await _sender(connection, provider, user)
    outgoing = _outgoing(account, connection, user, to, link)
    decision = gate.decide(await _facts(account, connection, user, outgoing, state), clock.now())
    if not decision.allowed:
        raise Refused(decision.first.message, code=decision.first.code)
    permit = gate.permit(decision)
    async with writing():
        await _begin(account, connection, user, outgoing, decision)
    try:
        accepted = await connections.adapter(connection).send(outgoing, permit)
    except ChannelError as error:
        await _failed(connection, outgoing, error)
        return Trial(False, error.reason)
    await _accepted(connection, outgoing, accepted)
    shown = phones.shown(to) if to.startswith("+") else to
    return Trial(True, f"{provider.name} took the test to {shown}. It arrives within a minute.")


def _nowhere(provider: type[Channel]) -> str:
    if provider.channel == "text":
        return "Put your own mobile number into your profile first. The test goes there."
    return f"{provider.name} cannot write to you, only to sellers. Check the connection instead."


async def _sender(connection: Connection, provider: type[Channel], user: User) -> tuple[SenderLink | None, SenderState]:
    if provider.senders == "one":
        return None, SenderState.LINKED
    try:
        link = await connections.sender(connection, user, timedelta(0))
    except ChannelError as error:
        raise Refused(error.reason) from None
    if link is None:
        return None, SenderState.UNLINKED
    return link, SenderState.LINKED if link.numbers else SenderState.NO_NUMBER


def _outgoing(account: Account, connection: Connection, user: User, to: str, link: SenderLink | None) -> Outgoing:
    provider = CHANNELS[connection.kind]
    body = f"TEST from Lotwire: {provider.name} carries the messages of {account.name}. No seller gets this."
    message = ids.new()
    mail = None
    if provider.channel == "email":
        own = mails.rfc_id(message, carriage.domain_of(connections.options_of(connection)))
        mail = Mail(html=email_bodies.as_html(body), message_id=own)
    return Outgoing(
        message_id=message,
        channel=provider.channel,
        to=to,
        body=body,
        sender=link.provider_id if link else "",
        subject=SUBJECT if mail else "",
        mail=mail,
    )


async def _facts(account: Account, connection: Connection, user: User, outgoing: Outgoing, state: SenderState) -> Facts:
    provider, to = CHANNELS[connection.kind], outgoing.to
    if await _is_a_sellers(account.id, to):
        raise Refused("A seller has this number or address, too. A test never goes to a seller.")
    feature = not provider.feature or await plans.includes(account, provider.feature)
    valid = phones.is_valid(to) if provider.channel == "text" else email_addresses.is_address(to)
    return Facts(
        message_id=outgoing.message_id,
        channel=provider.channel,
        kind=gate.TEST,
        to=to,
        address_valid=valid,
        opted_out=await suppressions.opted_out(account.id, to, provider.channel),
        stage="",
        plan_has_messaging=await plans.includes(account, "messaging"),
        connected=connection.state == ConnectionState.CONNECTED and feature,
        sender=outgoing.sender,
        sender_state=state,
        may_send=users.may(user, Permission.MANAGE_CONNECTIONS),
        blocked=await suppressions.blocked(account.id, to),
        provider=provider.name if provider.senders == "one" else "",
    )


async def _is_a_sellers(account: UUID, to: str) -> bool:
    theirs = (Seller.phone == to) | (Seller.mobile == to) | (Seller.email == to)
    return await Seller.exists().where((Seller.account == account) & theirs)


async def _begin(
    account: Account, connection: Connection, user: User, outgoing: Outgoing, decision: gate.Decision
) -> None:
    now = clock.now()
    measured = text.measure(outgoing.body) if outgoing.channel == "text" else None
    message = Message(
        id=outgoing.message_id,
        account=account.id,
        channel=outgoing.channel,
        direction="out",
        author_kind="agent",
        user=user.id,
        kind=gate.TEST,
        subject=outgoing.subject,
        body=outgoing.body,
        to_address=outgoing.to,
        encoding=measured.encoding if measured else "",
        segments=measured.segments if measured else 0,
        state=State.SENDING,
        rank=RANKS[State.SENDING],
        connection=connection.id,
        attempts=1,
        owner="test",
        lease_until=now + PATIENCE,
        responded_at=now,  # nobody has to settle it among the unmatched
    )
    await Message.insert(message)
    attempt = Attempt(
        message=message.id,
        n=1,
        connection=connection.id,
        provider=connection.kind,
        sender=outgoing.sender,
        decision=decision.written(),
        started_at=now,
    )
    await Attempt.insert(attempt)
    if outgoing.mail:
        await mails.keep(message.id, account.id, outgoing.mail.message_id)
    await audit.record(account.id, user.id, "connection.tested", connection.id, kind=connection.kind)


async def _accepted(connection: Connection, outgoing: Outgoing, said: Accepted) -> None:
    values: dict[Any, Any] = {
        Message.state: said.state,
        Message.rank: RANKS[State(said.state)],
        Message.provider_id: said.provider_id,
        Message.from_address: said.from_address,
    }
    async with writing():
        await _end(outgoing.message_id, "accepted", said.reason, values, said.provider_id)
        await receipts.apply_early([(connection.id, said.provider_id)])
    await connections.worked({connection.id})


async def _failed(connection: Connection, outgoing: Outgoing, error: ChannelError) -> None:
    """It is not tried again: whoever asked for it sees what went wrong."""
    state = State.UNKNOWN if error.kind is Kind.UNKNOWN else State.FAILED
    values: dict[Any, Any] = {
        Message.state: state,
        Message.rank: RANKS[state],
        Message.code: storable(error.code) or "provider",
        Message.reason: storable(error.reason),
    }
    async with writing():
        await _end(outgoing.message_id, str(error.kind), error.reason, values)
    if error.kind is Kind.CONNECTION_BROKEN:
        await connections.broken(connection.id, error.reason)
    else:
        await connections.failed(connection.id, error.reason)


async def _end(message: UUID, outcome: str, reason: str, values: dict[Any, Any], provider_id: str = "") -> None:
    now = clock.now()
    await Attempt.update(
        {
            Attempt.outcome: outcome,
            Attempt.reason: storable(reason[:2000]),
            Attempt.provider_id: provider_id,
            Attempt.finished_at: now,
        }
    ).where(Attempt.message == message)
    values |= {Message.owner: "", Message.lease_until: None, Message.changed_at: now}
    await Message.update(values).where((Message.id == message) & (Message.rank < values[Message.rank]))
