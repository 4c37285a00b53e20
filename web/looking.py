"""One look at the Send Message window: what it is written for, who wrote meanwhile, which files go along."""

from dataclasses import dataclass

from domain import enclosures, offers
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

    @property
    def type(self) -> str:
        """Whose templates and rules are shown: those of texts where no channel works."""
        return self.channel or "text"


async def look(scene: Scene, typed: Typed) -> Look:
    """Reads what the window shows beside the scene. A channel that is not offered here counts as none chosen."""
    news = scene.newest
    offered = scene.offers(typed.to)
    choice = offers.choose(news.channel, offered)
    channel = typed.channel if typed.channel in offered else choice.channel
    return Look(scene, typed, channel, choice, news, await enclosures.read(scene.account.id, typed.files, typed.links))


def wrote(looked: Look) -> str | None:
    """Who else wrote since the window was opened; None when nobody did."""
    news, seen, scene = looked.news, looked.typed.seen, looked.scene
    if not seen or news.id is None or str(news.id) == seen:
        return None
    when = filters.clock_time(news.at, scene.account.timezone)
    if news.direction == "in":
        return f"{scene.seller.first_name or 'The seller'} wrote at {when}. Read it before you send."
    if news.user != scene.user.id:
        return f"{news.person or 'Somebody'} wrote to this seller at {when}."
    return None


def unread(looked: Look) -> str | None:
    """What `wrote` says and the window has not said yet."""
    return None if str(looked.news.id) == looked.typed.told else wrote(looked)
