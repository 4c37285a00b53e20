"""`:thumbsup:` and its like in what people write."""

import re
import unicodedata
from functools import cache

from domain.emojis.catalog import qualified

# A wildcard, the rest of a web address, or codes that touch no word: times, paths and a:b:c are left alone.
_PLACES = re.compile(
    r"\{\{[^{}]*\}\}|://\S*|\bwww\.\S+|(?<![\w:/@#%&=~-])(?P<codes>(?::[^\s:{}/]{1,80}:)+)(?![\w:/])", re.IGNORECASE
)
_CODE = re.compile(r":([^:]+):")

# Shorter ones are the words and marks of plain writing, such as `:on:`, `:x:` or `:ok:`.
_SHORTEST = 3  # characters
_SHORT = frozenset({"+1", "-1"})


def expand(text: str) -> str:
    """The text with its shortcodes made emoji: English names and aliases of three letters or more, whole, in any case,
    and `:+1:` and `:-1:`.

    Nothing changes inside `{{wildcards}}` and web addresses, nor what no emoji is called. Expanding twice changes
    nothing more.
    """
    return _PLACES.sub(_expanded, text) if text.count(":") > 1 else text


def _expanded(found: re.Match[str]) -> str:
    return _CODE.sub(_emoji, found[0]) if found["codes"] else found[0]


def _emoji(code: re.Match[str]) -> str:
    return _codes().get(code[1]) or _codes().get(_folded(code[1])) or code[0]


@cache
def _codes() -> dict[str, str]:
    """Shortcode without its colons -> emoji: as the package writes it (`Turkey` is a flag, `turkey` a bird), then
    folded. Names win over aliases."""
    codes = {data["en"].strip(":"): emoji for emoji, data in qualified().items()}
    for emoji, data in qualified().items():
        for alias in data.get("alias", ()):
            codes.setdefault(alias.strip(":"), emoji)
    for code, emoji in list(codes.items()):
        codes.setdefault(_folded(code), emoji)
    return {code: emoji for code, emoji in codes.items() if len(code) >= _SHORTEST or code in _SHORT}


def _folded(code: str) -> str:
    return unicodedata.normalize("NFC", code).casefold()
