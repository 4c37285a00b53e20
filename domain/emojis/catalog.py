"""Every emoji: its group, its names in fourteen languages, its skin tones."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.emojis.table import GROUPS

ENGLISH = "en"
LANGUAGES = {
    "en": "English",
    "id": "Bahasa Indonesia",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "pt": "Português",
    "tr": "Türkçe",
    "ru": "Русский",
    "ar": "العربية",
    "fa": "فارسی",
    "zh": "中文",
    "ja": "日本語",
    "ko": "한국어",
}
TONES = ("", "\U0001f3fb", "\U0001f3fc", "\U0001f3fd", "\U0001f3fe", "\U0001f3ff")  # none, light to dark

_FULLY_QUALIFIED = 2
_VARIATION = "\ufe0f"  # asks for the coloured shape; an emoji in a tone goes without


@dataclass(frozen=True)
class Group:
    slug: str
    name: str
    emoji: tuple[str, ...]  # without skin tones, in the order of keyboards


@cache
def groups() -> tuple[Group, ...]:
    """The nine groups, in the order of keyboards."""
    return tuple(Group(slug, name, tuple(listed.split())) for slug, name, listed in GROUPS)


@cache
def everything() -> tuple[str, ...]:
    """Every emoji without skin tone, group after group."""
    return tuple(emoji for group in groups() for emoji in group.emoji)


def is_emoji(text: str) -> bool:
    """Whether it is one emoji, skin tone and all, as keyboards write it, and nothing else."""
    return text in qualified()


def names(emoji: str, language: str = ENGLISH) -> tuple[str, ...]:
    """What it is called: in the language, then in English, then its aliases. Empty for what is no emoji.

    A language that LANGUAGES does not have is English.
    """
    if not is_emoji(emoji):
        return ()
    _read(known(language))
    data = qualified()[emoji]
    called = [data.get(known(language), ""), data["en"], *data.get("alias", [])]
    spoken = [name.strip(":").replace("_", " ") for name in called if name]
    if _is_bare_country(emoji, data):
        spoken = [f"flag: {name}" if name == data["en"].strip(":").replace("_", " ") else name for name in spoken]
    return tuple(dict.fromkeys(spoken))


def toned(emoji: str, tone: int) -> str:
    """The emoji in a skin tone (1 light to 5 dark; 0 none). What has no tones comes back as it is."""
    plain = untoned(emoji)
    return _tones().get((plain, tone), plain)


def untoned(emoji: str) -> str:
    """The emoji without its skin tone. What mixes tones, or is no emoji, comes back as it is."""
    return _plain().get(emoji, (emoji, 0))[0]


@cache
def qualified() -> dict[str, dict[str, Any]]:
    """Emoji -> what the package knows: `en`, `alias` (if any), `E` (version). Names look like `:thumbs_up:`."""
    import emoji  # here, because most processes and most tests never need it

    return {text: data for text, data in emoji.EMOJI_DATA.items() if data["status"] == _FULLY_QUALIFIED}


@cache
def _read(language: str) -> None:
    """Puts the names of the language beside the English ones."""
    import emoji

    emoji.config.load_language(language)


def known(language: str) -> str:
    return language if language in LANGUAGES else ENGLISH


def _is_bare_country(emoji: str, data: dict[str, Any]) -> bool:
    """Whether English calls a flag by its country alone."""
    return "flag" not in data["en"].lower() and emoji in groups()[-1].emoji


@cache
def _plain() -> dict[str, tuple[str, int]]:
    """Emoji in one skin tone -> the emoji without, and the tone."""
    bare = {emoji.replace(_VARIATION, ""): emoji for emoji in everything()}
    found = {}
    for emoji in qualified():
        tones = set(emoji).intersection(TONES)
        if len(tones) == 1:
            [tone] = tones
            if plain := bare.get(emoji.replace(tone, "").replace(_VARIATION, "")):
                found[emoji] = (plain, TONES.index(tone))
    return found


@cache
def _tones() -> dict[tuple[str, int], str]:
    return {plain_and_tone: emoji for emoji, plain_and_tone in _plain().items()}
