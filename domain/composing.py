"""Composing one message: what the gate says of it, how it reads when it is final, and the write that starts it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain import (
    clock,
    db,
    departures,
    drafts,
    enclosures,
    facts,
    file_rules,
    gate,
    imprints,
    introductions,
    listings,
    messages,
    newest,
    offers,
    seller_hours,
    suppressions,
    text,
    users,
    wildcards,
    wordings,
)
from domain.departures import Departure, Plan
from domain.enclosures import Enclosures
from domain.errors import Refused
from domain.messages import Message, State
from domain.scenes import Scene
from domain.suppressions.first_contacts import APART
from domain.wordings import Letter

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
    nonce: str | None = None
    origin: str = "window"  # window | api
    revision: int = 0  # of the draft that is sent
    plan: Plan | None = None  # when it leaves; None: now
    stays_on_reply: bool = False  # of a plan: it leaves although the seller wrote meanwhile


async def judge(
    scene: Scene,
    channel: str,
    to_field: str = "",
    missing: tuple[str, ...] = (),
    enclosed: Enclosures = Enclosures(),  # noqa: B008 - frozen
    kind: str = "one_to_one",
    at: datetime | None = None,
) -> gate.Decision:
    """What the gate says of a message of this channel, from this user to this listing, now, or by the seller's clock
    `at` another moment."""
    to = scene.address(channel, to_field)
    seller, listing, reach = scene.seller, scene.listing, scene.reach
    country, postal_code = scene.account.country, seller.postal_code
    return gate.decide(
        facts.of(
            None,
            channel,
            kind,
            to,
            facts.About(
                listing.stage,
                reach.hidden,
                reach.reported,
                reach.messageable,
                reach.slug == facts.FACEBOOK and not (seller.mobile or seller.phone),
                facts.ad(listing.url, listing.description),
            ),
            facts.Means(
                scene.features,
                scene.connected(channel),
                scene.link.provider_id if scene.link and channel == "text" else "",
                scene.sender_state,
                users.may(scene.user, users.sending(kind)),
                scene.user.role == users.Role.AGENT,
                scene.provider(channel),
                not imprints.is_known(scene.account),
            ),
            scene.standing(channel, to),
            reach.person,
            await seller_hours.at(scene.account.id, country, postal_code, (seller.mobile, seller.phone), at),
            missing=missing,
            files=file_problems(scene, channel, to, enclosed),
            recent_contact=_recent_contact(scene, to, at or clock.now()),
            window_open=scene.window_open(channel, kind == "one_to_one", at),
            over_quota=scene.day.over(scene.user.id, at or clock.now()) if scene.day and channel == "text" else None,
        ),
        at or clock.now(),
    )


def _recent_contact(scene: Scene, to: str, at: datetime) -> str:
    """Who wrote to this person about another listing not long before `at`, when this would be the first message about
    this one."""
    known = {address: each for address, each in scene.newest.elsewhere.items() if each.at > at - APART}
    there = known.get(to) or next(iter(known.values()), None)  # another address of theirs is the same person
    if there is None or not scene.newest.nothing_yet:
        return ""
    return there.sentence(scene.account)


def file_problems(scene: Scene, channel: str, to: str, enclosed: Enclosures) -> tuple[str, ...]:
    """Why the channel cannot take the files to this address, a sentence each."""
    if not enclosed.files:
        return enclosed.problems
    found = file_rules.problems(enclosed.files, scene.file_rules(channel), offers.ONE[channel], to)
    return (*enclosed.problems, *(each.message for each in found))


async def send(scene: Scene, draft: Draft, alongside: Alongside | None = None) -> Message:
    """Writes a message to leave now (after the undo window, from the window) or as planned, and returns it; a repeated
    nonce returns the first one. `alongside` writes what stands or falls with the message, in its transaction. Raises
    Refused with the sentence, the field and the code of the first thing that stands against it; from the window also
    newest.Overtaken.
    """
    if draft.nonce and (first := await messages.by_nonce(scene.account.id, draft.nonce)):
        return first
    if is_endless(draft):
        raise Refused(endless(draft.channel), field="body", code="too_long")
    enclosed = await enclosures.read(scene.account.id, draft.files, draft.body)
    letter = checked(scene, draft, enclosed)
    departure = await departures.of(scene, draft.plan) if draft.plan else None
    if refusals := await refusals_of(scene, draft, letter, enclosed, departure):
        raise GateRefused(refusals)
    message = _message(scene, draft, letter) if departure is None else _planned(scene, draft, letter, departure)
    async with db.writing():
        stored = await Message.insert(message).on_conflict(target=Message.nonce, action="DO NOTHING")
        if stored:
            if departure is None:
                await claim_first_contact(scene, message)
            if draft.origin == "window":
                await newest.still(scene.newest, message)
            await listings.become_main_user(scene.listing.id, scene.user.id)
            if enclosed:
                await enclosures.enclose(message, enclosed)
            if draft.origin == "window":
                below = introductions.parted(draft.body, scene.values())[1]
                await drafts.sent(scene.user.id, scene.listing.id, draft.revision, draft.body, below)
            if alongside is not None:
                await alongside(message)
    if not stored:
        first = await messages.by_nonce(scene.account.id, draft.nonce or "")
        if first is None:  # another account's nonce: as good as a random collision, and never shown
            raise Refused("This form was used before. Open the window again.", field="nonce")
        return first
    return message


async def refusals_of(
    scene: Scene, draft: Draft, letter: Letter, enclosed: Enclosures, departure: Departure | None = None
) -> tuple[gate.Refusal, ...]:
    """What stands against a draft that was made final; of a planned one only what will not have passed by then."""
    if departure is None:
        return (await judge(scene, draft.channel, draft.to_field, letter.missing, enclosed)).refusals
    asked = (scene, draft.channel, draft.to_field, letter.missing, enclosed)
    return departures.against(await judge(*asked, kind="scheduled", at=departure.at))


async def claim_first_contact(scene: Scene, message: Message) -> None:
    """Of many who write to a person for the first time at the same moment one gets through. Call it in the transaction
    that writes the message; raises GateRefused."""
    if scene.newest.nothing_yet and not await suppressions.claim_first_contact(
        scene.account.id,
        (message.to_address, scene.seller.mobile, scene.seller.phone, scene.seller.email),
        scene.listing.id,
        scene.user.id,
        message.id,
    ):
        raise GateRefused((gate.refusal("recent_contact", "Somebody wrote to this seller a moment ago."),))


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


def is_empty(scene: Scene, letter: Letter) -> bool:
    """Whether nothing is written: who writes and how to stop is no message by itself."""
    return introductions.is_nothing(letter.rendered.body, scene.values())


def checked(scene: Scene, draft: Draft, enclosed: Enclosures = Enclosures()) -> Letter:  # noqa: B008 - frozen
    """The draft made final. Raises Refused when its channel does not exist here, it is empty or too long, holds a token
    that does not exist, or lost a file."""
    if draft.channel not in scene.offers():
        raise Refused("This seller cannot be written to this way. Choose another channel.", field="channel")
    if enclosed.problems:
        raise Refused(enclosed.problems[0], field="attachment", code="attachment_unsupported")
    found = problems(scene, draft)
    if found:
        raise Refused(found[0].message, field=found[0].field, code="unknown_wildcard")
    letter = composed(scene, draft)
    if is_empty(scene, letter) and not enclosed.files:
        raise Refused("Write a message first.", field="body", code="required")
    if len(letter.body) > letter.longest:
        raise Refused(
            f"{offers.ONE[draft.channel]} holds {letter.longest:,} characters; this one has {len(letter.body):,}. "
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


def is_endless(draft: Draft) -> bool:
    """More words than any draft may have: nothing is made of them, because that would hold up everybody."""
    return len(draft.body) > drafts.LONGEST or len(draft.subject) > drafts.LONGEST


def endless(channel: str) -> str:
    """What is said of more words than any draft may have."""
    return f"{offers.ONE[channel]} holds {wordings.LONGEST[channel]:,} characters; this is far more. Shorten it."


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


def _planned(scene: Scene, draft: Draft, letter: Letter, departure: Departure) -> Message:
    """Its blanks are filled again at the moment it leaves. It stands in the history at that moment, at the end."""
    message = _message(scene, draft, letter)
    message.kind = "scheduled"
    message.state = State.PENDING
    message.wording = text.storable(draft.body)
    message.wording_subject = text.storable(draft.subject)
    message.scheduled_at = message.at = departure.at
    message.schedule_zone = departure.zone
    message.schedule_wall = departure.wall
    message.stays_on_reply = draft.stays_on_reply
    message.revision = 1
    message.not_before = None
    message.undoable = False
    return message


class GateRefused(Refused):
    """The gate said no; `refusals` holds every reason."""

    def __init__(self, refusals: tuple[gate.Refusal, ...]) -> None:
        first = refusals[0]
        field = "body" if first.code.startswith("missing_wildcard") else ""
        super().__init__(f"{first.message} {first.next_step}".strip(), field=field, code=first.code)
        self.refusals = refusals
