"""What the emoji panel shows: a search, the groups, the recent ones, the skin tones."""

from typing import Any

from domain import emojis
from domain.users import User
from web.forms import Form
from web.render import url_for

# For somebody who has not put in any yet.
HANDY = "👍 🙂 😊 😄 👋 🙏 🤝 👌 🙌 🎉 🚗 🛻 🔑 💵 📅 📞 ✅ ❤️"
TONES = ("None", "Light", "Medium-light", "Medium", "Medium-dark", "Dark")
PAGE_FORM = "emoji-field"  # of the emoji page, in which emoji are gathered; in the window's dialog there is none


async def panel(
    user: User,
    words: str = "",
    group: str = "",
    tone: int | None = None,
    *,
    opening: bool = False,
    form: str = PAGE_FORM,
    action: str = "",
) -> dict[str, Any]:
    """The panel with what the words find, else with the group, else with recent ones and smileys.

    `opening` puts the caret into the search. `form` is the id of the form that a button posts where htmx does not,
    `action` the place it posts it to, if not the form's own.
    """
    await emojis.ready(user.language)
    words = " ".join(words[: emojis.LONGEST].split())
    tone = user.skin_tone if tone is None else tone
    chosen = next((each for each in emojis.groups() if each.slug == group), emojis.groups()[0])
    sections = [] if words or group == chosen.slug else [_recent(user)]
    if words:
        found = emojis.search(words, user.language)
        sections, said = [("Found", found)], _said(words, len(found))
    else:
        sections.append((chosen.name, list(chosen.emoji)))
        said = f"{chosen.name}, {len(chosen.emoji)} emoji."
    return {
        "q": words,
        "group": "" if words else group and chosen.slug,
        "said": said,
        "none": bool(words) and not sections[0][1],
        "sections": [(title, [_shown(user, emoji, tone) for emoji in found]) for title, found in sections],
        "groups": [
            {"slug": each.slug, "name": each.name, "face": each.emoji[0], "current": each == chosen and not words}
            for each in emojis.groups()
        ],
        "tones": [
            {"value": value, "label": label, "face": emojis.toned("✋", value), "current": value == tone}
            for value, label in enumerate(TONES)
        ],
        "language": user.language if user.language in emojis.LANGUAGES else emojis.ENGLISH,
        "opening": opening,
        "form": form,
        "action": action,
    }


async def in_window(user: User, form: Form, listing_id: Any) -> dict[str, Any]:
    """The panel inside the Send Message window where there is no JavaScript: every button posts the window."""
    group = form.value("do").removeprefix("emoji-") if form.value("do").startswith("emoji-") else form.value("group")
    words = "" if form.value("do").startswith("emoji-") else form.value("q")
    action = url_for("sends.compose", listing_id=listing_id)
    return await panel(user, words, group, form="send-window", action=action)


def _recent(user: User) -> tuple[str, list[str]]:
    recent = emojis.recent(user)
    return ("Recently used", recent) if recent else ("Handy", HANDY.split())


def _shown(user: User, emoji: str, tone: int) -> tuple[str, str]:
    """(emoji in the user's tone, its name in the user's language)"""
    return emojis.toned(emoji, tone), emojis.names(emojis.untoned(emoji), user.language)[0]


def _said(words: str, count: int) -> str:
    return f"{count or 'No'} emoji found for “{words}”."
