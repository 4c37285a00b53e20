"""The new words of an email: without the mails it quotes and without its signature. Pure."""

import re
from dataclasses import dataclass

# "On Mon, 23 Nov 2026 at 11:02, Sam Lee <sam@lots.example> wrote:", in one to three lines.
_ATTRIBUTION = re.compile(
    r"^(?:on|le|el|am|il|op|em|den)\b.{0,300}(?:wrote|a écrit|écrit|escribió|schrieb|ha scritto|schreef|escreveu|skrev)"
    r"\s{0,9}(?:\S{1,80}@\S{1,120}\s{0,9})?:\s{0,9}$",
    re.IGNORECASE,
)
_ATTRIBUTION_START = re.compile(r"^(?:on|le|el|am|il|op|em|den)\b.{0,500}\d", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^[-_\s]{0,40}-{2,40}\s{0,9}(?:original message|reply message|forwarded message|message d'origine"
    r"|message d’origine|message transféré|mensaje original|mensaje reenviado|ursprüngliche nachricht)\s{0,9}-{2,40}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"^begin forwarded message:|^début du message réexpédié", re.IGNORECASE)
_FROM = re.compile(r"^\*?(?:from|de|von|da)\s?:\*?\s*\S", re.IGNORECASE)
_BESIDE_FROM = re.compile(
    r"^\*?(?:sent|date|to|cc|subject|reply-to|envoyé|à|objet|enviado|fecha|para|asunto|gesendet|an|betreff)\s?:\*?",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[_-]{10,}\s*$")
_MOBILE = re.compile(
    r"^\W{0,3}(?:sent from (?:my|the|mail|outlook|yahoo|proton|samsung)\b|get outlook for|sent via |envoyé de mon"
    r"|envoyé à partir|enviado desde mi|von meinem .{0,30}gesendet|yahoo mail\s?:).{0,120}$",
    re.IGNORECASE,
)
LOOKED_AT = 500  # characters of a line: strangers write them, and what is matched takes their square in time
HEADERS_NEAR = 6  # lines below "From:" in which the rest of a quoted mail's head stands


@dataclass(frozen=True)
class Parted:
    """`folded`: whether anything of the text is not among the new words."""

    new: str
    folded: bool


def parted(text: str) -> Parted:
    """Answers between the lines of a quote stay; a quote alone leaves no new words."""
    lines = [line.rstrip() for line in text.split("\n")]
    kept = _without_quotes(lines[: _end(lines)])
    kept = _without_signature(kept)
    new = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return Parted(new, _bare(new) != _bare(text))


def _end(lines: list[str]) -> int:
    """Where somebody else's mail begins that is quoted without a mark on each line."""
    for n, line in enumerate(lines):
        plain = _start(line)
        if _ORIGINAL.match(plain) or _FORWARDED.match(plain):
            return n
        if _is_head(lines, n):
            return n - 1 if n and _RULE.match(_start(lines[n - 1])) else n
        length = _attribution(lines, n)
        if length and not _quoted(_next(lines, n + length)):
            return n
    return len(lines)


def _is_head(lines: list[str], n: int) -> bool:
    if not _FROM.match(_start(lines[n])):
        return False
    below = [_start(line) for line in lines[n + 1 : n + 1 + HEADERS_NEAR]]
    return sum(bool(_BESIDE_FROM.match(line)) for line in below) >= 2


def _attribution(lines: list[str], n: int) -> int:
    """How many lines from here say who wrote what follows; 0: none."""
    if not _ATTRIBUTION_START.match(_start(lines[n])):
        return 0
    for length in (1, 2, 3):
        said = _start(" ".join(map(_start, lines[n : n + length])))
        if len(lines) >= n + length and _ATTRIBUTION.match(said):
            return length
    return 0


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    n = 0
    while n < len(lines):
        length = _attribution(lines, n)
        if length:
            n += length
        elif _quoted(lines[n]):
            n += 1
        else:
            kept.append(lines[n])
            n += 1
    return kept


def _without_signature(lines: list[str]) -> list[str]:
    for n, line in enumerate(lines):
        if line in ("--", "-- ") or line == "—":
            lines = lines[:n]
            break
    return [line for line in lines if not _MOBILE.match(_start(line))]


def _start(line: str) -> str:
    """As much of a line as tells what it is."""
    return line[:LOOKED_AT].strip()


def _next(lines: list[str], n: int) -> str:
    return next((line for line in lines[n:] if line.strip()), "")


def _quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "|>"))


def _bare(text: str) -> str:
    return "".join(text.split())
