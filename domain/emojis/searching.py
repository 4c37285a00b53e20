"""Finding emoji by words, in English and one more language."""

import asyncio
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from domain.emojis.catalog import ENGLISH, everything, is_emoji, known, names, qualified, toned, untoned
from domain.emojis.shortcodes import expand
from domain.emojis.synonyms import SYNONYMS

LONGEST = 100  # characters of a search; what follows is not read
MOST_WORDS = 8
NAMED, ABOUT, REST = 100, 200, 500  # how far off what is found is at least
LATEST = 17  # many phones lack the emoji of this version (2025) and later ones, so they come after their equals


async def ready(language: str) -> None:
    """Loads what `search`, `names`, `toned` and `expand` need for the language, off the event loop; the second time at
    once."""
    if known(language) not in _ready:
        await asyncio.to_thread(_load, known(language))


def search(words: str, language: str = ENGLISH, limit: int = 60) -> list[str]:
    """Emoji without skin tone whose names, in English or the language, have words that begin so; the best first.

    Every word must match; case and accents do not matter. When nothing begins so, what has it inside is found.
    An emoji finds itself.
    """
    words = words[:LONGEST].strip()
    wanted = _words(words)[:MOST_WORDS]
    if not wanted:
        return [untoned(words)] if is_emoji(words) else []
    indexes = [_index(code) for code in dict.fromkeys((ENGLISH, known(language)))]
    singular = [_singular(word) for word in wanted]
    found = _beginnings(wanted, indexes) or _beginnings(singular, indexes) or _everywhere(wanted, indexes, _inside)
    best = sorted(found, key=lambda place: (found[place], _order()[place]))
    return [everything()[place] for place in best[:limit]]


def _beginnings(wanted: list[str], indexes: list["_Index"]) -> dict[int, int]:
    """The places where every word begins a word, or all of them one ("hand shake"), and how far they are off: first
    what people mean by it, then whole names, then the two best of what they may be about to type, then the rest."""
    whole = "".join(wanted)
    found = {place: off + REST for place, off in _everywhere([whole], indexes, _beginning).items()}
    found |= {place: off + REST for place, off in _everywhere(wanted, indexes, _beginning).items()}
    if len(whole) > 1:
        typing = sorted((typed for typed in _meant() if typed.startswith(whole)), key=len, reverse=True)
        found |= {place: ABOUT + 2 * len(typed) + n for typed in typing for n, place in enumerate(_meant()[typed][:2])}
    found |= {place: NAMED for index in indexes for place in index.names.get(whole, ())}
    return found | {place: n for n, place in enumerate(_meant().get(whole, ()))}


@dataclass(frozen=True)
class _Index:
    """Where the words of one language are. A place is the position of an emoji in `everything()`."""

    words: list[str]  # folded and sorted, without repetition
    places: dict[str, tuple[int, ...]]  # of a word
    names: dict[str, tuple[int, ...]]  # of a whole name, folded and without blanks
    texts: list[str]  # of each place, its names, folded


Look = Callable[[_Index, str], Iterator[tuple[int, int]]]  # the places of a word, and how far each is off


def _everywhere(wanted: Iterable[str], indexes: list[_Index], look: Look) -> dict[int, int]:
    """The places that every word finds, and how far they are off together."""
    total: dict[int, int] | None = None
    for word in wanted:
        best: dict[int, int] = {}
        for index in indexes:
            for place, off in look(index, word):
                best[place] = min(off, best.get(place, off))
        total = best if total is None else {place: total[place] + off for place, off in best.items() if place in total}
    return total or {}


def _beginning(index: _Index, word: str) -> Iterator[tuple[int, int]]:
    for at in range(bisect_left(index.words, word), len(index.words)):
        if not index.words[at].startswith(word):
            break
        yield from ((place, int(index.words[at] != word)) for place in index.places[index.words[at]])
    if _is_unspaced(word):
        yield from _inside(index, word)


def _inside(index: _Index, word: str) -> Iterator[tuple[int, int]]:
    """Two Latin letters would find half of everything."""
    if len(word) > 2 or _is_unspaced(word):
        yield from ((place, 2) for place, text in enumerate(index.texts) if word in text)


@cache
def _index(language: str) -> _Index:
    places: dict[str, list[int]] = defaultdict(list)
    wholes: dict[str, list[int]] = defaultdict(list)
    texts = []
    for place, emoji in enumerate(everything()):
        called = [_words(name) for name in _names(emoji, language)]
        for word in {word for name in called for word in name}:
            places[word].append(place)
        for whole in {"".join(name) for name in called}:
            wholes[whole].append(place)
        texts.append("\n".join(" ".join(name) for name in called))
    if language == ENGLISH:
        for typed, meant in SYNONYMS.items():
            for word in _words(typed):
                places[word] = list(dict.fromkeys([*places[word], *(everything().index(one) for one in meant.split())]))
    return _Index(sorted(places), _fixed(places), _fixed(wholes), texts)


def _names(emoji: str, language: str) -> tuple[str, ...]:
    return names(emoji) if language == ENGLISH else names(emoji, language)[:1]


def _fixed(found: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {word: tuple(places) for word, places in found.items()}


@cache
def _meant() -> dict[str, tuple[int, ...]]:
    """What people type, folded and without blanks -> the places it means, best first."""
    place = {emoji: n for n, emoji in enumerate(everything())}
    return {"".join(_words(typed)): tuple(place[one] for one in meant.split()) for typed, meant in SYNONYMS.items()}


@cache
def _order() -> list[int]:
    """The rank of each place among its equals: what most phones have, then short names, then the order of keyboards."""

    def rank(place: int) -> tuple[bool, int, int]:
        emoji = everything()[place]
        return qualified()[emoji]["E"] >= LATEST, min(len(name.split()) for name in names(emoji)), place

    order = [0] * len(everything())
    for n, place in enumerate(sorted(range(len(order)), key=rank)):
        order[place] = n
    return order


_WORD = re.compile(r"(?<!\w)[+-]\d+|[^\W_]+")
_OWNING = re.compile(r"[’']s\b")  # "men’s" is one word
_SAME = str.maketrans(
    {"ı": "i", "œ": "oe", "æ": "ae", "ø": "o", "ي": "ی", "ى": "ی", "ك": "ک", "\u0640": "", "\u200c": ""}
)
_VOICING = "\u3099\u309a"  # part of a kana, no accent


def _words(text: str) -> list[str]:
    """The words without case and accents. Letters that Arabic and Persian write in two ways are one."""
    apart = unicodedata.normalize("NFKD", _OWNING.sub("s", text.casefold())).translate(_SAME)
    kept = (char for char in apart if char in _VOICING or unicodedata.category(char) != "Mn")
    return _WORD.findall(unicodedata.normalize("NFC", "".join(kept)))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _is_unspaced(word: str) -> bool:
    """Whether its script joins words without blanks: kana, Han, Hangul."""
    return any("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3" for char in word)


_ready: set[str] = set()


def _load(language: str) -> None:
    search("a", language)
    toned("👍", 1)
    expand(":a:")
    _ready.add(language)
