"""What a text costs: its alphabet, its segments, the characters that make it dear and what they look like."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

Encoding = Literal["GSM-7", "UCS-2"]


@dataclass(frozen=True, slots=True)
class Cost:
    """How a text travels.

    characters   code points, as the API, the database and the limit of 1,600 count them
    units        septets in GSM-7, where `^{}[]~\\|€` take two; UTF-16 units in UCS-2, where most emoji take two or more
    segments     the SMS it is cut into and paid as; 0 for an empty text
    per_segment  units in each segment: 160 or 70 alone, 153 or 67 when several carry a header to be joined by
    left         units free in the last segment
    over         characters to take from the end to save a segment; 0 when there is one segment or none
    culprits     what forces UCS-2, each once, in order, as a person sees it (an accent with its letter, a whole emoji)
    """

    encoding: Encoding
    characters: int
    units: int
    segments: int
    per_segment: int
    left: int
    over: int
    culprits: tuple[str, ...]


def measure(body: str) -> Cost:
    """What it costs to send this text; an estimate where a provider cuts differently."""
    if _ONE_SEPTET_EACH.fullmatch(body):  # as nearly all English texts
        return _of_length(len(body))
    encoding = _encoding(body)
    split = _parts(body, encoding)
    units = _weigher(encoding)(body)
    per_segment = _limit(encoding, len(split))
    used = _weigher(encoding)(split[-1]) if split else 0
    return Cost(
        encoding=encoding,
        characters=len(body),
        units=units,
        segments=len(split),
        per_segment=per_segment,
        left=per_segment - used,
        over=len(body) - _kept(body, encoding, split) if len(split) > 1 else 0,
        culprits=() if encoding == "GSM-7" else _culprits(body),
    )


def parts(body: str) -> list[str]:
    """The text as it is cut for the air; joined again it is the text.

    What a person sees as one character (an emoji of several code points, a letter with its accents) stays in one part
    unless it alone is longer than a part.
    """
    return _parts(body, _encoding(body))


def plain(body: str) -> str:
    """The same words in the GSM alphabet where a GSM character looks alike or says the same.

    Quotes, dashes, spaces, fractions, ligatures, fancy letters and what nobody sees are replaced; emoji, other scripts
    and accents that change the spelling (ê, ç) stay as they were typed.
    """
    if _GSM_TEXT.fullmatch(body):
        return body
    body = unicodedata.normalize("NFC", body)
    simpler = unicodedata.normalize("NFC", _IDLE_JOINERS.sub("", _FOREIGN.sub(_replacement, body)))
    # What was taken away may have kept a letter from its accent, or a joiner from being idle: look once more.
    return body if simpler == body else plain(simpler)


def storable(body: str) -> str:
    """The text without what PostgreSQL (NUL) or UTF-8 (half a surrogate pair) cannot hold. Providers and browsers send
    such things when they are broken."""
    return body.replace("\0", "").encode("utf-8", "replace").decode()


# Letters and marks that are drawn as nothing: fillers of Hangul, a joiner, the Braille pattern without dots, and the
# selectors of another shape.
_UNSEEN = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}


def is_blank(text: str) -> bool:
    """Whether nobody sees anything in it: spaces of any kind, controls, and what joins or turns letters that are not
    there."""
    return all(each in _UNSEEN or unicodedata.category(each) in ("Cc", "Cf", "Zs", "Zl", "Zp") for each in text)


def one_line(typed: str) -> str:
    """What was typed on one line, in Unicode's composed form, without what nobody sees: controls, and marks that turn
    the direction of the words after it."""
    line = " ".join(storable(typed).split())
    line = "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cf") or char in _SHAPING)
    return unicodedata.normalize("NFC", " ".join(line.split()))


def number(typed: str, most: int) -> int | None:
    """The whole number from 0 to `most` that was typed in ASCII digits; None for anything else, however long it is."""
    digits = typed.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(most)) and int(digits) <= most else None


def is_gsm(char: str) -> bool:
    """Whether one character stands in the GSM alphabet, its extension included."""
    return char in _GSM


# What names need that are written in Persian or with emoji: joiners, and the letters of the flags of regions.
_SHAPING = frozenset("\u200c\u200d" + "".join(map(chr, range(0xE0020, 0xE0080))))

# GSM 03.38 (3GPP TS 23.038, 6.2.1 and 6.2.1.1). Escape is no character of its own: it announces the extension.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENSION

_SET = re.escape("".join(sorted(_GSM)))
_GSM_TEXT = re.compile(f"[{_SET}]*")
_SINGLE = _BASIC - {"\r"}  # one septet, and never one with its neighbour
_ONE_SEPTET_EACH = re.compile(f"[{re.escape(''.join(sorted(_SINGLE)))}]*")
_FOREIGN = re.compile(f"[^{_SET}]")
_EXTENDED = re.compile(f"[{re.escape(''.join(sorted(_EXTENSION)))}]")
_CLUSTER = regex.compile(r"\X")  # UAX 29: what a person sees as one character
_CRLF_OR_ONE = re.compile(r"\r\n|.", re.DOTALL)  # the only cluster of two that GSM can write

# Characters for one segment alone, then for each of several: 140 octets, less a header of 6 that joins them.
_LIMITS: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@lru_cache(maxsize=2_000)
def _of_length(length: int) -> Cost:
    """What so many characters cost that are one septet each."""
    alone, each = _LIMITS["GSM-7"]
    segments = -(-length // (alone if length <= alone else each))
    per_segment = _limit("GSM-7", segments)
    fewer = (segments - 1) * _limit("GSM-7", segments - 1)
    return Cost(
        encoding="GSM-7",
        characters=length,
        units=length,
        segments=segments,
        per_segment=per_segment,
        left=(segments or 1) * per_segment - length,
        over=length - fewer if segments > 1 else 0,
        culprits=(),
    )


def _encoding(body: str) -> Encoding:
    return "GSM-7" if _GSM_TEXT.fullmatch(body) else "UCS-2"


def _limit(encoding: Encoding, segments: int) -> int:
    return _LIMITS[encoding][segments > 1]


def _weigher(encoding: Encoding) -> Callable[[str], int]:
    return _septets if encoding == "GSM-7" else _utf16_units


def _septets(body: str) -> int:
    if len(body) == 1:
        return 2 if body in _EXTENSION else 1
    return len(body) + len(_EXTENDED.findall(body))


def _utf16_units(body: str) -> int:
    if len(body) == 1:
        return 1 if body <= "\uffff" else 2
    return len(body.encode("utf-16-le", "surrogatepass")) // 2


def _parts(body: str, encoding: Encoding) -> list[str]:
    alone, each = _LIMITS[encoding]
    if _weigher(encoding)(body) <= alone:
        return [body] if body else []
    return _cut(body, encoding, each)


def _cut(body: str, encoding: Encoding, limit: int) -> list[str]:
    """The fewest pieces of at most `limit` units."""
    weigh = _weigher(encoding)
    clusters = _clusters(body, encoding)
    if len(clusters) == weigh(body):  # every cluster is one unit wide, as in nearly all English texts
        return [body[start : start + limit] for start in range(0, len(body), limit)]
    return _pack(clusters, weigh, limit)


def _clusters(body: str, encoding: Encoding) -> list[str]:
    if encoding == "UCS-2":
        found: list[str] = _CLUSTER.findall(body)
        return found
    return _CRLF_OR_ONE.findall(body) if "\r\n" in body else list(body)


def _pack(clusters: Iterable[str], weigh: Callable[[str], int], limit: int) -> list[str]:
    packed: list[str] = []
    current: list[str] = []
    used = 0
    for cluster in clusters:
        weight = weigh(cluster)
        # A cluster longer than a part has to be cut, between its code points.
        for piece, width in [(cluster, weight)] if weight <= limit else [(char, weigh(char)) for char in cluster]:
            if used + width > limit:
                packed.append("".join(current))
                current, used = [], 0
            current.append(piece)
            used += width
    packed.append("".join(current))
    return packed


def _kept(body: str, encoding: Encoding, split: list[str]) -> int:
    """How many characters, counted from the start, fit into one segment fewer."""
    fewer = len(split) - 1
    kept = sum(map(len, split[:fewer])) if fewer > 1 else _fitting(body, encoding, 1)
    first = _FOREIGN.search(body)
    if first and kept < first.start():
        # Without its foreign end the text is GSM again, and more of it fits.
        kept = max(kept, _fitting(body[: first.start()], "GSM-7", fewer))
    return kept


def _fitting(body: str, encoding: Encoding, segments: int) -> int:
    return sum(map(len, _cut(body, encoding, _limit(encoding, segments))[:segments]))


def _culprits(body: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cluster for cluster in _CLUSTER.findall(body) if not _GSM_TEXT.fullmatch(cluster)))


_LOOKALIKES = {
    char: plain_char
    for plain_char, chars in {
        "'": "‘’‚‛′‵‹›ʹʻʼʽˈˊˋ´`",
        '"': "“”„‟″‶«»〝〞",
        "-": "‐‑‒–—―−⁃•‣◦∙·●■▪",
        "...": "⋯",
        "*": "∗⁎",
        "/": "⁄∕",
        "^": "ˆ",
        "~": "˜∼〜≈",
        "|": "¦",
        "x": "×",
        "(C)": "©",
        "(R)": "®",
        "->": "→",
        "<-": "←",
        " ": "\t\u1680",
        "\n": "\v\x85\u2028\u2029",
        # Soft hyphen, zero-width spaces, byte order mark, and the marks that turn the direction of writing.
        "": "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
        "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff",
    }.items()
    for char in chars
}

# Joiners, emoji and text presentation, and the keycap ring: they only do something after what is not a GSM character.
_IDLE_JOINERS = re.compile(f"(?:\\A|(?<=[{_SET}]))[\u200c\u200d\ufe0e\ufe0f\u20e3]+")


def _replacement(found: re.Match[str]) -> str:
    char = found[0]
    plain_char = _LOOKALIKES.get(char)
    if plain_char is None:
        category = unicodedata.category(char)
        if category == "Cc":
            return ""
        plain_char = unicodedata.normalize("NFKC", char).replace("\u2044", "/")
        if not _GSM_TEXT.fullmatch(plain_char):
            return char
        if category == "No" and found.string[max(found.start() - 1, 0) : found.start()].isdecimal():
            return " " + plain_char  # 5½ is 5 1/2, not 51/2
    return plain_char
