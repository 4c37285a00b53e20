"""Composing one message: what surrounds a listing, what the gate says of it, and the write that starts it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain import (
    clock,
    connections,
    db,
    gate,
    listings,
    messages,
    phones,
    plans,
    sellers,
    suppressions,
    text,
    wildcards,
    wordings,
)
from domain.accounts import Account
from domain.channels.base import ChannelError, Kind
from domain.connections import Connection, ConnectionState, SenderLink
from domain.errors import Refused
from domain.gate import SenderState
from domain.listings import Listing
from domain.messages import Message
from domain.sellers import Seller
from domain.users import User

PATIENCE = 3.0  # seconds a person waits for the provider to say who they are there

Alongside = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Draft:
    """What a person or program wants to send, before anything is checked."""

    body: str
    channel: str = "text"
    to_field: str = ""  # mobile | phone; empty: mobile, else phone
    template_version: UUID | None = None
    nonce: str | None = None
    origin: str = "window"  # window | api


@dataclass(frozen=True)
class Scene:
    """A listing with all that surrounds it, as composing needs it."""

    account: Account
    user: User
    listing: Listing
    seller: Seller
    source_name: str
    connection: Connection | None
    link: SenderLink | None
    sender_state: str

    def values(self) -> dict[str, str]:
        return wordings.values(self.listing, self.seller, self.source_name, self.account, self.user)

    def address(self, to_field: str = "") -> tuple[str, str]:
        """The field and number a text goes to: the one asked for, else mobile, else phone; empty when there is none."""
        for field in (to_field,) if to_field else ("mobile", "phone"):
            if number := {"mobile": self.seller.mobile, "phone": self.seller.phone}.get(field, ""):
                return field, number
        return to_field or "mobile", ""


async def scene(account: Account, user: User, listing: Listing) -> Scene:
    """Reads the surroundings of a listing; asks the provider for the sender when the last look is old.

    A provider that does not answer leaves the sender unchecked: it is asked again before the call.
    """
    seller, source_name = await sellers.with_source(listing.id)
    connection = await connections.carrying(account.id, "text")
    link, sender_state = None, str(SenderState.UNLINKED)
    if connection is not None and connection.state == ConnectionState.CONNECTED:
        try:
            async with asyncio.timeout(PATIENCE):
                link = await connections.sender(connection, user)
            sender_state = sender_state_of(link)
        except TimeoutError:
            sender_state = str(SenderState.UNCHECKED)
        except ChannelError as error:
            sender_state = str(SenderState.UNCHECKED)
            if error.kind is Kind.CONNECTION_BROKEN:
                await connections.broken(connection.id, error.reason)
                connection.state = ConnectionState.BROKEN
    return Scene(account, user, listing, seller, source_name, connection, link, sender_state)


def sender_state_of(link: SenderLink | None) -> str:
    if link is None or not link.provider_id:
        return str(SenderState.UNLINKED)
    return str(SenderState.LINKED if link.numbers else SenderState.NO_NUMBER)


async def judge(scene: Scene, to_field: str, missing: tuple[str, ...] = ()) -> gate.Decision:
    """What the gate says of a one-to-one text from this user to this listing now."""
    _, to = scene.address(to_field)
    connection = scene.connection
    features = (await plans.table()).get(scene.account.tier, frozenset())
    facts = gate.Facts(
        message_id=None,
        channel="text",
        kind="one_to_one",
        to=to,
        address_valid=bool(to) and phones.is_valid(to),
        opted_out=bool(to) and await suppressions.opted_out(scene.account.id, to),
        stage=scene.listing.stage,
        plan_has_messaging="messaging" in features,
        connected=connection is not None
        and connection.state == ConnectionState.CONNECTED
        and connections.included(connection.kind, features),
        sender=scene.link.provider_id if scene.link else "",
        sender_state=scene.sender_state,
        missing=missing,
    )
    return gate.decide(facts, clock.now())


async def send(scene: Scene, draft: Draft, alongside: Alongside | None = None) -> Message:
    """Writes a message to leave now (after the undo window, from the window) and returns it; a repeated nonce returns
    the first one. `alongside` writes what stands or falls with the message, in its transaction. Raises Refused with
    the sentence, the field and the code of the first thing that stands against it.
    """
    if draft.nonce and (first := await messages.by_nonce(scene.account.id, draft.nonce)):
        return first
    rendered = checked(scene, draft)
    decision = await judge(scene, draft.to_field, rendered.missing)
    if not decision.allowed:
        raise GateRefused(decision.refusals)
    field, to = scene.address(draft.to_field)
    now = clock.now()
    undo = scene.user.undo_seconds if draft.origin == "window" else 0
    assert scene.connection is not None  # or the gate would have said no_connection
    message = Message(
        account=scene.account.id,
        listing=scene.listing.id,
        channel=draft.channel,
        direction="out",
        author_kind="agent",
        user=scene.user.id,
        origin=draft.origin,
        body=rendered.body,
        template_version=draft.template_version,
        to_field=field,
        to_address=to,
        encoding=rendered.cost.encoding,
        segments=rendered.cost.segments,
        nonce=draft.nonce,
        connection=scene.connection.id,
        not_before=now + timedelta(seconds=undo),
        undoable=undo > 0,
        at=now,
        changed_at=now,
    )
    async with db.writing():
        stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
        if stored:
            await listings.become_main_user(scene.listing.id, scene.user.id)
            if alongside is not None:
                await alongside(message)
    if not stored:
        first = await messages.by_nonce(scene.account.id, draft.nonce or "")
        if first is None:  # another account's nonce: as good as a random collision, and never shown
            raise Refused("This form was used before. Open the window again.", field="nonce")
        return first
    return message


def checked(scene: Scene, draft: Draft) -> wordings.Rendered:
    """The final text of a draft. Raises Refused when it is no text, empty, too long, or holds a token that does not
    exist."""
    if draft.channel != "text":
        raise Refused("Only texts can be sent yet. Choose Text.", field="channel", code="channel")
    problems = wildcards.problems(draft.body)
    if not problems and scene.account.plain_texts:  # full-width braces are look-alikes too
        problems = wildcards.problems(text.plain(draft.body))
    if problems:
        raise Refused(problems[0].message, field="body", code="unknown_wildcard")
    rendered = wordings.render(draft.body, scene.values(), plain=scene.account.plain_texts)
    if not rendered.body:
        raise Refused("Write a message first.", field="body", code="required")
    if len(rendered.body) > wordings.LONGEST_TEXT:
        raise Refused(
            f"A text holds {wordings.LONGEST_TEXT:,} characters; this one has {len(rendered.body):,}. Shorten it.",
            field="body",
            code="too_long",
        )
    return rendered


class GateRefused(Refused):
    """The gate said no; `refusals` holds every reason."""

    def __init__(self, refusals: tuple[gate.Refusal, ...]) -> None:
        first = refusals[0]
        field = "body" if first.code.startswith("missing_wildcard") else ""
        super().__init__(f"{first.message} {first.next_step}".strip(), field=field, code=first.code)
        self.refusals = refusals
