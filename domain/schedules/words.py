"""What a plan says: as its author would write it now, judged, and as it is written down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import composing, enclosures, introductions, listings, scenes, text, users
from domain.accounts import Account
from domain.batches import drafts
from domain.composing import Draft, GateRefused
from domain.departures import Departure
from domain.enclosures import Enclosures
from domain.errors import Refused
from domain.messages import Message
from domain.scenes import Scene
from domain.wordings import Letter

WITHOUT_LINE = (
    f"With {drafts.LOCKED_FROM} texts in a day the opt-out line stays on: end this one with "
    f"“{introductions.OPT_OUT_LINE}”."
)


@dataclass(frozen=True)
class Words:
    """What a planned message says, with its blanks, and whether it leaves although the seller wrote meanwhile."""

    body: str
    subject: str = ""
    stays_on_reply: bool = False

    @classmethod
    def of(cls, message: Message) -> "Words":
        return cls(message.wording, message.wording_subject, message.stays_on_reply)

    def stand_in(self, message: Message) -> bool:
        """Whether the plan says just this already."""
        return Words.of(message) == Words(text.storable(self.body), text.storable(self.subject), self.stays_on_reply)


async def reads(account: Account, message: Message, words: Words) -> Letter:
    """How a plan would read now with these words, whatever stands against them; Refused only for endless ones."""
    surroundings = await scene(account, message)
    return composing.composed(surroundings, await _draft(message, words))


async def scene(account: Account, message: Message) -> Scene:
    """As its author would write it now. Raises NotFound where the listing is hidden."""
    assert message.user is not None  # somebody planned it
    sender = await users.of(account.id, message.user)
    return await scenes.of(account, sender, await listings.of(account.id, message.listing))


async def checked(around: Scene, message: Message, words: Words) -> tuple[Draft, Enclosures, Letter]:
    """The letter as it reads now, with what it is made of. Raises Refused for its words."""
    draft = await _draft(message, words)
    enclosed = await enclosures.read(around.account.id, draft.files, draft.body)
    return draft, enclosed, composing.checked(around, draft, enclosed)


async def judged(around: Scene, message: Message, words: Words, departure: Departure | None) -> Letter:
    """The letter as it reads now. Raises Refused for its words, GateRefused for what will not have passed by then."""
    draft, enclosed, letter = await checked(around, message, words)
    at = departure or Departure(message.scheduled_at, message.schedule_zone, message.schedule_wall)
    if refusals := await composing.refusals_of(around, draft, letter, enclosed, at):
        raise GateRefused(refusals)
    return letter


async def require_line(around: Scene, message: Message, words: Words, at: datetime) -> None:
    """Raises Refused for a text of a batch without the opt-out line, on a day that holds too many of its sender's."""
    if message.kind != "batch" or message.channel != "text" or introductions.with_opt_out(words.body) == words.body:
        return
    if await drafts.is_locked(around.account, around.user, at):
        raise Refused(WITHOUT_LINE, field="body", code="opt_out_line")


def written(words: Words, letter: Letter) -> dict[Any, Any]:
    """The columns of a plan that says this."""
    return {
        **as_read(letter),
        Message.wording: text.storable(words.body),
        Message.wording_subject: text.storable(words.subject),
        Message.stays_on_reply: words.stays_on_reply,
    }


def as_read(letter: Letter) -> dict[Any, Any]:
    """The columns of what the seller reads."""
    cost = letter.rendered.cost
    is_text = letter.channel == "text"
    return {
        Message.body: letter.body,
        Message.subject: letter.subject,
        Message.encoding: cost.encoding if is_text else "",
        Message.segments: cost.segments if is_text else 0,
    }


async def _draft(message: Message, words: Words) -> Draft:
    """Raises Refused for more words than anything is made of."""
    draft = Draft(
        body=words.body,
        channel=message.channel,
        subject=words.subject,
        to_field=message.to_field,
        files=await enclosures.of_message(message.id),
    )
    if composing.is_endless(draft):
        raise Refused(composing.endless(draft.channel), field="body", code="too_long")
    return draft
