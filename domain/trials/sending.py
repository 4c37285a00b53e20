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
    messages,
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
from domain.trials import reaching
from domain.trials.reaching import Place
from domain.users import Permission, User

SUBJECT = "TEST from Lotwire"
UNDER_WAY = "The test is on its way already, once. Look where it goes, and press again to send another."
NOWHERE = "No test of this can go to you. Check the connection instead."
PATIENCE = timedelta(minutes=2)  # with a call that a crash cut off; then it is unknown


@dataclass(frozen=True)
class Trial:
    """Whether the provider took it, and the sentence to show."""

    ok: bool
    sentence: str


async def send(account: Account, connection: Connection, user: User, to: str = "") -> Trial:
    """Sends it once, to the one place there is or the one of them that was chosen, and waits for the provider's word.
    Raises Refused where it may not leave."""
    users.require(user, Permission.MANAGE_CONNECTIONS)
    provider = CHANNELS[connection.kind]
    await connections.require_released(provider.name)
    offered = await reaching.places(connection, user)
    chosen = [each for each in offered if each.to == to] if to else offered
    if len(chosen) != 1:
        raise Refused("Choose where the test goes." if offered else reaching.how(connection) or NOWHERE)
    link, state = await _sender(connection, provider, user)
    outgoing = _outgoing(account, connection, chosen[0], link)
    trial = await carry(account, connection, user, outgoing, state, valid=_can_exist(provider.channel, outgoing.to))
    return trial or Trial(True, f"{provider.name} took the test to {chosen[0].shown}. It arrives within a minute.")


def _can_exist(channel: str, to: str) -> bool:
    if channel == "text":
        return phones.is_valid(to)
    return email_addresses.is_address(to) if reaching.REACHES.get(channel) == "email" else True


async def carry(
    account: Account,
    connection: Connection,
    user: User,
    outgoing: Outgoing,
    state: SenderState = SenderState.LINKED,
    *,
    valid: bool,
    channel: Channel | None = None,
    nonce: str = "",
) -> Trial | None:
    """By the gate and the adapter; what went wrong, None for nothing. Kept as a message of the kind `test` without a
    listing, and in the audit trail. Of a form pressed twice (`nonce`) the second hears what the first found. Raises
    Refused where it may not leave."""
    decision = gate.decide(await _facts(account, connection, user, outgoing, state, valid), clock.now())
    if not decision.allowed:
        raise Refused(decision.first.message, code=decision.first.code)
    permit = gate.permit(decision)
    once = f"test:{user.id.hex[-12:]}:{nonce[:40]}" if nonce else None
    async with writing():
        begun = await _begin(account, connection, user, outgoing, decision, once)
    if once and not begun:
        return await _first(account, once)
    try:
        accepted = await (channel or connections.adapter(connection)).try_out(outgoing, permit)
    except ChannelError as error:
        await _failed(connection, outgoing, error)
        return Trial(False, error.reason)
    await _accepted(connection, outgoing, accepted)
    return None


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


def words(account: Account, name: str) -> str:
    """What every test says."""
    return f"TEST from Lotwire: {name} carries the messages of {account.name}. No seller gets this."


def _outgoing(account: Account, connection: Connection, place: Place, link: SenderLink | None) -> Outgoing:
    provider = CHANNELS[connection.kind]
    body = words(account, provider.name)
    message = ids.new()
    mail = None
    if "@" in place.to:
        own = mails.rfc_id(message, carriage.domain_of(connections.options_of(connection)))
        mail = Mail(html=email_bodies.as_html(body), message_id=own)
    return Outgoing(
        message_id=message,
        channel=provider.channel,
        to=place.to,
        body=body,
        sender=link.provider_id if link else "",
        subject=SUBJECT if mail else "",
        heard_at=place.heard_at,
        mail=mail,
    )


async def _facts(
    account: Account, connection: Connection, user: User, outgoing: Outgoing, state: SenderState, valid: bool
) -> Facts:
    provider, to = CHANNELS[connection.kind], outgoing.to
    if await _is_a_sellers(account.id, to):
        raise Refused("A seller has this number or address, too. A test never goes to a seller.")
    feature = not provider.feature or await plans.includes(account, provider.feature)
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
    account: Account,
    connection: Connection,
    user: User,
    outgoing: Outgoing,
    decision: gate.Decision,
    nonce: str | None,
) -> bool:
    """False when the form of this nonce began one before."""
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
        nonce=nonce,
    )
    if not await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING"):
        return False
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
    return True


async def _first(account: Account, nonce: str) -> Trial | None:
    """What is known of the test that this form began before."""
    before = await messages.by_nonce(account.id, nonce)
    if before is None or before.state == State.SENDING:
        return Trial(True, UNDER_WAY)
    return Trial(False, before.reason) if before.state in (State.FAILED, State.UNKNOWN) else None


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
