"""The emoji people put into messages: groups, search, skin tones, `:shortcodes:`, and what somebody used last.

Emoji and names are those of the package `emoji`. The first question that needs it imports it and builds the English
index (150 ms, 6 MB in all); a language is read when somebody searches in it (30 ms, 1.5 MB). `ready()` does both beside
the event loop.
"""

from domain.emojis.catalog import ENGLISH, LANGUAGES, TONES, Group, groups, is_emoji, names, toned, untoned
from domain.emojis.searching import LONGEST, ready, search
from domain.emojis.shortcodes import expand
from domain.errors import Refused
from domain.users import User

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "LONGEST",
    "MOST_RECENT",
    "TONES",
    "Group",
    "choose_tone",
    "expand",
    "groups",
    "is_emoji",
    "names",
    "ready",
    "recent",
    "search",
    "toned",
    "untoned",
    "used",
]

MOST_RECENT = 24


def recent(user: User) -> list[str]:
    """What the user put in last, newest first, at most MOST_RECENT, in the tones they had."""
    return [emoji for emoji in user.recent_emoji.split() if is_emoji(emoji)][:MOST_RECENT]


async def used(user: User, emoji: str) -> None:
    """Makes it the user's most recent one, in place of itself in another tone. Raises Refused for what is no emoji."""
    await ready(ENGLISH)
    if not is_emoji(emoji):
        raise Refused("This is no emoji that Lotwire knows. Choose one from the list.", field="insert_emoji")
    others = [other for other in recent(user) if untoned(other) != untoned(emoji)]
    latest = " ".join([emoji, *others][:MOST_RECENT])
    if latest != user.recent_emoji:
        await User.update({User.recent_emoji: latest}).where(User.id == user.id)
        user.recent_emoji = latest


async def choose_tone(user: User, tone: str) -> None:
    """The skin tone in which emoji are offered to the user, "0" (none) to "5" (dark). Raises Refused."""
    if tone not in {"0", "1", "2", "3", "4", "5"}:
        raise Refused("Choose one of the skin tones.", field="tone")
    await User.update({User.skin_tone: int(tone)}).where(User.id == user.id)
    user.skin_tone = int(tone)
