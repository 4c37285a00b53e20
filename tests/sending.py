"""A dealership that is ready to text, and short ways through the delivery path, for the tests of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, connections, delivery, ids, inbox, plans, scenes, standing
from domain.accounts import Account, PlanFeature
from domain.attempts import Attempt
from domain.channels.base import Accepted, Channel, ChannelError, Field, HookEvent, Kind, Outgoing, PermitLike, Sender
from domain.composing import Draft
from domain.connections import Connection, SenderLink
from domain.delivery import News, Outcome, Started
from domain.listings import Listing
from domain.messages import Message, State
from domain.scenes import Scene
from domain.standing import Standing
from domain.users import User
from tests import make

OWNER = "host:boot:1:1"
OTHER = "host:boot:2:2"
SENDER = "4693435745845248"
OUR_NUMBER = "+16195550142"


@dataclass
class Shop:
    """One dealership with an agent whose account at the provider was just looked up."""

    account: Account
    user: User
    connection: Connection
    link: SenderLink

    async def text(self, listing: Listing | None = None, **values: Any) -> Message:
        """A text of the agent's that is due now, as composing would have written it."""
        listing = listing or await make.listing(self.account)
        defaults = {"state": State.QUEUED, "not_before": clock.now() - timedelta(seconds=1), "user": self.user}
        return await make.message(listing, **{**defaults, "connection": self.connection.id, **values})

    async def texts(self, number: int) -> list[Message]:
        return [await self.text() for _ in range(number)]

    async def claim(self, owner: str = OWNER, limit: int = 100) -> list[UUID]:
        return await delivery.claim(owner, self.connection.id, limit)

    async def start(self, owner: str = OWNER) -> list[Started]:
        """Begins what is due: its attempts are written, its calls are open. What has files stays claimed."""
        started, news = await delivery.take(owner, self.connection, 100)
        begun, _ = await delivery.start(owner, news.to_look_up)
        return started + begun

    async def unknown(self, listing: Listing | None = None, **values: Any) -> Message:
        """A text whose call ended nobody knows how."""
        message = await self.text(listing, **values)
        await end(await self.start(), unknown())
        return await again(message)

    async def accepted(self, listing: Listing | None = None, provider_id: str = "", **values: Any) -> Message:
        message = await self.text(listing, **values)
        await end(await self.start(), Accepted(provider_id or f"p-{message.id.hex[-8:]}", from_address=OUR_NUMBER))
        return await again(message)

    async def scene(self, listing: Listing, user: User | None = None) -> Scene:
        return await scenes.of(self.account, user or self.user, listing)

    async def hook(self, **payload: Any) -> UUID | None:
        """A hook call of the provider's, stored and handled; the listing that changed."""
        event = await self.stored(**payload)
        return await inbox.handle(event) if event else None

    async def stored(self, **payload: Any) -> UUID | None:
        """A hook call, stored; its id, or None when it was here before."""
        names = ("id", "direction", "message_status", "message_delivery_result")
        key = hashlib.sha256("|".join(str(payload.get(name)) for name in names).encode()).hexdigest()
        if not await inbox.store(self.connection.id, HookEvent(key, clock.now(), payload)):
            return None
        mine = (inbox.ProviderEvent.connection == self.connection.id) & (inbox.ProviderEvent.event_key == key)
        [row] = await inbox.ProviderEvent.select(inbox.ProviderEvent.id).where(mine)  # a worker may have handled it
        return UUID(str(row["id"]))

    def inbound(self, phone: str, text: str, **values: Any) -> dict[str, Any]:
        """What Dialpad says when a seller wrote."""
        return {"id": _number(), "direction": "inbound", **_event(phone, OUR_NUMBER, phone, text), **values}

    def outbound(self, phone: str, text: str, **values: Any) -> dict[str, Any]:
        """What Dialpad says of a text that we, or somebody in its own app, sent."""
        return {"id": _number(), "direction": "outbound", **_event(OUR_NUMBER, phone, phone, text), **values}


async def shop(**values: Any) -> Shop:
    """The simulator's connection is part of every plan."""
    await plans.seed()
    account = values.pop("account", None) or await make.account()
    user = await make.user(account, may_batch=True)
    connection = await make.connection(account, **{"kind": "simulator", **values})
    link = await make.sender_link(connection, user, provider_id=SENDER, numbers=OUR_NUMBER)
    return Shop(account, user, connection, link)


async def without(feature: str) -> None:
    """No plan includes the feature any more."""
    await PlanFeature.update({PlanFeature.included: False}).where(PlanFeature.feature == feature)
    plans.forget()


def draft(body: str = "Hi {{seller.first_name}}, is it still for sale?", **values: Any) -> Draft:
    return Draft(body=body, **values)


def unknown(reason: str = "The connection broke before an answer came.") -> ChannelError:
    return ChannelError(reason, Kind.UNKNOWN)


async def end(started: Sequence[Started], how: Accepted | ChannelError) -> News:
    """All these calls ended like that, and it was written down."""
    outcomes = [
        Outcome(each, accepted=how) if isinstance(how, Accepted) else Outcome(each, error=how) for each in started
    ]
    return await delivery.record(outcomes)


async def leave(connection: Connection, channel: Channel | None = None) -> None:
    """What is due by this connection leaves, each by one call of its provider's adapter or of this one, and how the
    calls ended is written down."""
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 10))
    channel = channel or connections.adapter(connection)
    for each in started:
        try:
            outcome = Outcome(each, accepted=await channel.send(each.outgoing, each.permit))
        except ChannelError as error:
            outcome = Outcome(each, error=error)
        await delivery.record([outcome])
    await delivery.follow_up()


async def standing_of(account: UUID, address: str, channel: str = "text") -> Standing:
    """What the lists and the past say of an address, as the gate reads it."""
    columns = standing.of_address("given.account", f"'{channel}'", f"'{address}'")
    rows = await Account.raw(
        f"SELECT {columns} FROM (SELECT id AS account FROM account WHERE id = {{}}) AS given",
        account,
    )
    return Standing.of(rows[0])


async def again(message: Message) -> Message:
    """The message as it stands now."""
    found = await Message.objects().get(Message.id == message.id)
    assert found is not None
    return found


async def attempts(message: Message) -> list[Attempt]:
    return await Attempt.objects().where(Attempt.message == message.id).order_by(Attempt.n)


async def open_events() -> list[UUID]:
    rows = await inbox.ProviderEvent.select(inbox.ProviderEvent.id).where(inbox.ProviderEvent.handled_at.is_null())
    return [row["id"] for row in rows]


async def states() -> dict[str, int]:
    """state -> how many messages stand there."""
    rows = await Message.raw("SELECT state, count(*) AS n FROM message GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def put(message: Message, **values: Any) -> Message:
    """The message with these columns changed, as if something had happened to it."""
    await Message.update({getattr(Message, name): value for name, value in values.items()}).where(
        Message.id == message.id
    )
    return await again(message)


class Provider(Channel):
    """A provider in this process. `answer(outgoing)` says how each call ends; what it took is in `taken`."""

    kind = "simulator"
    channel = "text"
    name = "Provider"
    default_base_url = "http://127.0.0.1:9"
    fields = (Field("api_key", "API key", secret=True),)
    senders = "person"

    def __init__(
        self, base_url: str = "", credentials: Mapping[str, str] = {}, webhook_secret: str = "", **options: Any
    ) -> None:
        self.taken: list[Outgoing] = []
        self.senders: Mapping[str, Sender] = {}

    async def answer(self, outgoing: Outgoing) -> Accepted:
        return Accepted(f"p-{outgoing.message_id.hex}", from_address=OUR_NUMBER)

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        self.taken.append(outgoing)
        return await self.answer(outgoing)

    async def find_sender(self, email: str) -> Sender | None:
        return self.senders.get(email)

    async def check(self) -> None:
        return None


def _event(sent_from: str, sent_to: str, phone: str, text: str) -> dict[str, Any]:
    now = int(clock.now().timestamp() * 1000)
    return {
        "created_date": now,
        "event_timestamp": now,
        "from_number": sent_from,
        "to_number": [sent_to],
        "is_internal": False,
        "contact": {"id": 1, "name": "", "phone_number": phone},
        "target": {"id": int(SENDER), "name": "Robin", "phone_number": OUR_NUMBER, "type": "user"},
        "text": text,
        "message_status": "pending",
        "message_delivery_result": None,
    }


def _number() -> int:
    return ids.new().int % 2**53
