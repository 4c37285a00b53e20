"""Composing one message: what surrounds a listing, what the gate says of it, and the write that starts it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from domain import (
    clock,
    connections,
    db,
    drafts,
    enclosures,
    file_rules,
    gate,
    listings,
    messages,
    offers,
    plans,
    sellers,
    suppressions,
    text,
    wildcards,
    wordings,
)
from domain.accounts import Account
from domain.channels.base import ChannelError, FileRules, Kind
from domain.connections import Connection, ConnectionState, SenderLink
from domain.enclosures import Enclosures
from domain.errors import Refused, Unavailable
from domain.gate import SenderState
from domain.listings import Listing
from domain.messages import Message
from domain.offers import Offer
from domain.sellers import Reach, Seller
from domain.users import User
from domain.wordings import Letter

PATIENCE = 3.0  # seconds a person waits for the provider to say who they are there

Alongside = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Draft:
    """What a person or program wants to send, before anything is checked."""

    body: str
    channel: str = "text"
    subject: str = ""
    to_field: str = ""  # mobile | phone, of a text; empty: mobile, else phone
    template_version: UUID | None = None
    files: tuple[UUID, ...] = ()
    links: tuple[UUID, ...] = ()
    nonce: str | None = None
    origin: str = "window"  # window | api


@dataclass(frozen=True)
class Scene:
    """A listing with all that surrounds it, as composing needs it."""

    account: Account
    user: User
    listing: Listing
    seller: Seller
    reach: Reach
    carriers: Mapping[str, Connection]  # channel -> the connection that carries it, broken or not
    link: SenderLink | None  # the user's account at the provider of texts
    sender_state: str
    features: frozenset[str]  # of the account's plan
    threads: Mapping[str, str] = field(default_factory=dict)  # channel -> where the seller wrote to us from

    def values(self) -> dict[str, str]:
        return wordings.values(self.listing, self.seller, self.reach.source, self.account, self.user)

    def number(self, to_field: str = "") -> tuple[str, str]:
        """The field and number a text goes to: the one asked for, else mobile, else phone; empty when there is none."""
        for name in (to_field,) if to_field else ("mobile", "phone"):
            if number := {"mobile": self.seller.mobile, "phone": self.seller.phone}.get(name, ""):
                return name, number
        return to_field or "mobile", ""

    def address(self, channel: str, to_field: str = "") -> str:
        """Where a message of this channel goes; empty when the seller cannot be reached by it."""
        if channel == "text":
            return self.number(to_field)[1]
        if channel == "form":
            return self.listing.url if self.reach.form_transport else ""
        return self.seller.email if channel == "email" else self.threads.get(channel, "")

    def connected(self, channel: str) -> bool:
        """Whether the integration is installed, in the plan, and its key accepted."""
        carrier = self.carriers.get(channel)
        return (
            carrier is not None
            and carrier.state == ConnectionState.CONNECTED
            and connections.included(carrier.kind, self.features)
        )

    def offers(self, to_field: str = "") -> dict[str, Offer]:
        """The channels of the menu, in its order: those that are not the dealership's at all are left out."""
        shown = {
            "text": True,
            "email": True,
            "form": bool(self.reach.form_transport),
            "facebook": self.account.facebook,
            "kijiji": self.account.kijiji and self.account.country == "CA",
        }
        return {
            channel: Offer(channel, self.address(channel, to_field), "" if self.connected(channel) else _off(channel))
            for channel in offers.LABELS
            if shown[channel]
        }

    def file_rules(self, channel: str) -> FileRules | None:
        """What may go along with a message of this channel; None: no files."""
        carrier = self.carriers.get(channel)
        if carrier is None:
            return file_rules.DEFAULTS.get(channel)
        try:
            return connections.adapter(carrier).files
        except Unavailable:  # its credentials cannot be unsealed: nothing leaves through it anyway
            return None


async def scene(account: Account, user: User, listing: Listing) -> Scene:
    """Reads the surroundings of a listing; asks the provider for the sender when the last look is old.

    A provider that does not answer leaves the sender unchecked: it is asked again before the call.
    """
    seller, reach = await sellers.with_reach(listing.id)
    carriers = await connections.carriers(account.id, user.id)
    link, sender_state = await _sender(user, *carriers.get("text", (None, None)))
    threads = {
        channel: await messages.wrote_from(listing.id, channel)
        for channel, on in (("facebook", account.facebook), ("kijiji", account.kijiji))
        if on and channel in carriers
    }
    return Scene(
        account=account,
        user=user,
        listing=listing,
        seller=seller,
        reach=reach,
        carriers={channel: connection for channel, (connection, _) in carriers.items()},
        link=link,
        sender_state=sender_state,
        features=(await plans.table()).get(account.tier, frozenset()),
        threads=threads,
    )


async def _sender(user: User, connection: Connection | None, known: SenderLink | None) -> tuple[SenderLink | None, str]:
    if connection is None or connection.state != ConnectionState.CONNECTED:
        return None, SenderState.UNLINKED
    try:
        async with asyncio.timeout(PATIENCE):
            link = await connections.sender(connection, user, known=known)
        return link, sender_state_of(link)
    except TimeoutError:
        return None, SenderState.UNCHECKED
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            await connections.broken(connection.id, error.reason)
            connection.state = ConnectionState.BROKEN
        return None, SenderState.UNCHECKED


def sender_state_of(link: SenderLink | None) -> str:
    if link is None or not link.provider_id:
        return str(SenderState.UNLINKED)
    return str(SenderState.LINKED if link.numbers else SenderState.NO_NUMBER)


async def judge(
    scene: Scene,
    channel: str,
    to_field: str = "",
    missing: tuple[str, ...] = (),
    enclosed: Enclosures = Enclosures(),  # noqa: B008 - frozen
) -> gate.Decision:
    """What the gate says of a one-to-one message of this channel, from this user to this listing, now."""
    to = scene.address(channel, to_field)
    return gate.decide(
        gate.Facts(
            message_id=None,
            channel=channel,
            kind="one_to_one",
            to=to,
            address_valid=bool(to) and offers.can_exist(channel, to),
            opted_out=bool(to) and await _stopped(scene, channel, to),
            stage=scene.listing.stage,
            plan_has_messaging="messaging" in scene.features,
            connected=scene.connected(channel),
            sender=scene.link.provider_id if scene.link and channel == "text" else "",
            sender_state=scene.sender_state,
            missing=missing,
            files=file_problems(scene, channel, enclosed),
        ),
        clock.now(),
    )


async def _stopped(scene: Scene, channel: str, to: str) -> bool:
    if channel in ("text", "email"):  # read with the seller
        return to in scene.reach.stopped
    return channel in scene.threads and await suppressions.opted_out(scene.account.id, to, channel)


def file_problems(scene: Scene, channel: str, enclosed: Enclosures) -> tuple[str, ...]:
    """Why the channel cannot take the files, a sentence each."""
    if not enclosed.files:
        return ()
    found = file_rules.problems(enclosed.files, scene.file_rules(channel), offers.LABELS[channel])
    return tuple(each.message for each in found)


async def send(scene: Scene, draft: Draft, alongside: Alongside | None = None) -> Message:
    """Writes a message to leave now (after the undo window, from the window) and returns it; a repeated nonce returns
    the first one. `alongside` writes what stands or falls with the message, in its transaction. Raises Refused with
    the sentence, the field and the code of the first thing that stands against it.
    """
    if draft.nonce and (first := await messages.by_nonce(scene.account.id, draft.nonce)):
        return first
    enclosed = await enclosures.read(scene.account.id, draft.files, draft.links)
    letter = checked(scene, draft, enclosed)
    decision = await judge(scene, draft.channel, draft.to_field, letter.missing, enclosed)
    if not decision.allowed:
        raise GateRefused(decision.refusals)
    message = _message(scene, draft, letter)
    async with db.writing():
        stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
        if stored:
            await listings.become_main_user(scene.listing.id, scene.user.id)
            if enclosed:
                await enclosures.enclose(message, enclosed)
            if draft.origin == "window":
                await drafts.sent(scene.user.id, scene.listing.id)
            if alongside is not None:
                await alongside(message)
    if not stored:
        first = await messages.by_nonce(scene.account.id, draft.nonce or "")
        if first is None:  # another account's nonce: as good as a random collision, and never shown
            raise Refused("This form was used before. Open the window again.", field="nonce")
        return first
    return message


def composed(scene: Scene, draft: Draft) -> Letter:
    """The draft made final, whatever stands against it: what is previewed, stored and sent."""
    return wordings.compose(
        draft.channel,
        draft.subject,
        draft.body,
        scene.values(),
        plain=scene.account.plain_texts,
        signature=scene.user.signature,
    )


def checked(scene: Scene, draft: Draft, enclosed: Enclosures = Enclosures()) -> Letter:  # noqa: B008 - frozen
    """The draft made final. Raises Refused when its channel does not exist here, it is empty or too long, holds a token
    that does not exist, or lost a file."""
    if draft.channel not in scene.offers():
        raise Refused("This seller cannot be written to this way. Choose another channel.", field="channel")
    if len(enclosed.files) < len(draft.files):
        raise Refused("A file was removed meanwhile. Look at the files once more, then send.", field="attachment")
    found = problems(scene, draft)
    if found:
        raise Refused(found[0].message, field=found[0].field, code="unknown_wildcard")
    letter = composed(scene, draft)
    if not letter.rendered.body and not enclosed.files:
        raise Refused("Write a message first.", field="body", code="required")
    if len(letter.body) > letter.longest:
        raise Refused(
            f"{_kind(draft.channel)} holds {letter.longest:,} characters; this one has {len(letter.body):,}. "
            "Shorten it.",
            field="body",
            code="too_long",
        )
    return letter


@dataclass(frozen=True)
class WordingProblem:
    """A token that does not exist or braces that do not pair, in the `field` body or subject."""

    field: str
    message: str
    position: int


def problems(scene: Scene, draft: Draft) -> list[WordingProblem]:
    """What is wrong with the words of a draft, from the subject to the end of the body."""
    found = [("body", each) for each in wildcards.problems(draft.body)]
    if not found and draft.channel == "text" and scene.account.plain_texts:  # full-width braces are look-alikes too
        found = [("body", each) for each in wildcards.problems(text.plain(draft.body))]
    if draft.channel == "email":
        found = [("subject", each) for each in wildcards.problems(draft.subject)] + found
    return [WordingProblem(name, each.message, each.position) for name, each in found]


def _message(scene: Scene, draft: Draft, letter: Letter) -> Message:
    now = clock.now()
    undo = scene.user.undo_seconds if draft.origin == "window" else 0
    field_name, _ = scene.number(draft.to_field)
    is_text = draft.channel == "text"
    return Message(
        account=scene.account.id,
        listing=scene.listing.id,
        channel=draft.channel,
        direction="out",
        author_kind="agent",
        user=scene.user.id,
        origin=draft.origin,
        subject=letter.subject,
        body=letter.body,
        template_version=draft.template_version,
        to_field=field_name if is_text else "",
        to_address=scene.address(draft.channel, draft.to_field),
        encoding=letter.rendered.cost.encoding if is_text else "",
        segments=letter.rendered.cost.segments if is_text else 0,
        nonce=draft.nonce,
        connection=scene.carriers[draft.channel].id,  # there is one, or the gate would have said no_connection
        not_before=now + timedelta(seconds=undo),
        undoable=undo > 0,
        at=now,
        changed_at=now,
    )


def _off(channel: str) -> str:
    """Why the integration cannot be used: the gate's words."""
    said = gate.refusal("no_connection", channel=channel)
    return said.message if channel == "text" else f"{said.message} {said.next_step}"


def _kind(channel: str) -> str:
    return {"text": "A text", "email": "An email"}.get(channel, "This message")


class GateRefused(Refused):
    """The gate said no; `refusals` holds every reason."""

    def __init__(self, refusals: tuple[gate.Refusal, ...]) -> None:
        first = refusals[0]
        field = "body" if first.code.startswith("missing_wildcard") else ""
        super().__init__(f"{first.message} {first.next_step}".strip(), field=field, code=first.code)
        self.refusals = refusals
