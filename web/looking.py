"""One look at the Send Message window: what it is written for, who wrote meanwhile, which files go along."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain import enclosures, offers, wildcards
from domain.enclosures import Enclosures
from domain.newest import Newest
from domain.offers import Choice
from domain.scenes import Scene
from web import filters
from web.typed import Typed


@dataclass(frozen=True)
class Look:
    """What one answer of the window needs, read once.

    channel   the one it is written for: chosen by the person, else preselected; empty when there is none
    choice    the preselection and its reason
    """

    scene: Scene
    typed: Typed
    channel: str
    choice: Choice
    news: Newest
    enclosed: Enclosures
    mark: "Mark"

    @property
    def type(self) -> str:
        """Whose templates and rules are shown: those of texts where no channel works."""
        return self.channel or "text"


async def look(scene: Scene, typed: Typed) -> Look:
    """Reads what the window shows beside the scene. A channel that is not offered here counts as none chosen."""
    channel, choice = chosen(scene, typed)
    enclosed = await enclosures.read(scene.account.id, typed.files, typed.body)
    return Look(scene, typed, channel, choice, scene.newest, enclosed, Mark.of(scene))


def chosen(scene: Scene, typed: Typed) -> tuple[str, Choice]:
    """The channel it is written for, and the one it begins with."""
    offered = scene.offers(typed.to)
    choice = offers.choose(scene.newest.channel, offered)
    return (typed.channel if typed.channel in offered else choice.channel), choice


@dataclass(frozen=True)
class Mark:
    """How things stood around the window: the newest message, the newest of the seller's, where the seller can be
    reached, and what the wildcards stand for. It travels in the form, so that a change is told before anything leaves.
    """

    newest: str
    inbound: str
    reach: str
    values: str

    @classmethod
    def of(cls, scene: Scene) -> "Mark":
        seller = scene.seller
        threads = (each.address for each in scene.threads.values())
        reach = (seller.mobile, seller.phone, seller.email, scene.listing.url, *threads)
        return cls(
            str(scene.newest.id or "none"),
            str(scene.newest.inbound or "none"),
            _digest(reach),
            _digest(scene.values().values()),
        )

    @classmethod
    def read(cls, written: str) -> "Mark | None":
        """The mark a form sent back; None when it is not one."""
        parts = written.split(".")
        return cls(*parts) if len(parts) == 4 else None

    def __str__(self) -> str:
        return f"{self.newest}.{self.inbound}.{self.reach}.{self.values}"


def wrote(looked: Look) -> str | None:
    """Who wrote since the window was opened, the seller before anybody else; None when nobody did."""
    seen = Mark.read(looked.typed.seen)
    return _wrote(looked, [seen]) if seen else None


def unread(looked: Look) -> tuple[str, str] | None:
    """What changed since the window last showed it, as (field, sentence): nothing leaves before it was read."""
    seen, told = Mark.read(looked.typed.seen), Mark.read(looked.typed.told)
    if seen is None:
        return None
    if news := _wrote(looked, [mark for mark in (seen, told) if mark]):
        return "", news
    shown = told or seen
    if shown.reach != looked.mark.reach:
        return "to", "The seller’s number or address was changed meanwhile. Look where this goes."
    if shown.values != looked.mark.values and wildcards.tokens(looked.typed.body + looked.typed.subject):
        return "body", "What the blanks are filled with was changed meanwhile. Look at the preview."
    return None


def _wrote(looked: Look, known: Sequence[Mark]) -> str | None:
    news, scene = looked.news, looked.scene
    if news.inbound and str(news.inbound) not in {mark.inbound for mark in known}:
        when = filters.clock_time(news.inbound_at, scene.account.timezone)
        return f"{scene.seller.first_name or 'The seller'} wrote at {when}. Read it before you send."
    if news.id is None or str(news.id) in {mark.newest for mark in known} or news.direction == "in":
        return None
    when = filters.clock_time(news.at, scene.account.timezone)
    if news.user == scene.user.id:
        return f"You wrote to this seller at {when}, in another window."
    return f"{news.person or 'Somebody'} wrote to this seller at {when}."


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
