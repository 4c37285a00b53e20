"""PDF: whole, nothing but a PDF, and without what acts by itself.

Refused is what ISO 32000 lets a document do on its own: scripts, starting programs, forms that bring scripts (XFA),
players, and files inside. It is looked for by name, also in names written with #xx. A name can lie in the file as it
is, or packed in a stream of objects (7.5.7), which programs pack by Flate alone: what looks like Flate is unpacked
whatever its stream says, and where a file names another filter that could hide words, each of its streams is tried with
it. Nothing depends on which stream says what, because programs read that differently in a file made to deceive.
"""

import io
import re
import zipfile
from collections.abc import Iterator

from domain.file_contents import pdf_filters
from domain.file_contents.base import OVERLAP, PIECE, Looked, Unfit, search
from domain.file_contents.pdf_filters import BOMB, FLATE, LZW, NAMES, PICTURES, Budget, may_be_objects

MOST_UNPACKED = 300_000_000  # bytes, of all streams together
MOST_STREAMS = 50_000
MOST_CHAINS, LONGEST_CHAIN = 8, 4  # different ways of packing in one file, filters one after another
NOTHING_BEHIND = b"\r\n\t \0\x1a"

SCRIPT = "carries a script. Print it to a new PDF and send that one."
PROGRAM = "starts a program. Print it to a new PDF and send that one."
FILE = "carries another file inside. Print it to a new PDF and send that one."
MEDIA = "carries a film or sound. Print it to a new PDF and send that one."
LOCKED = "is locked with a password, so nobody can look inside. Save a copy without one and send that."
BROKEN = "is broken or cut short. Save it again and send that."
TWO_KINDS = "is two kinds of file at once. Print it to a new PDF and send that one."
TRICK = "is packed in a way that hides what is in it. Print it to a new PDF and send that one."

ACTIVE = {
    "JavaScript": SCRIPT,
    "XFA": SCRIPT,
    "Launch": PROGRAM,
    "EmbeddedFile": FILE,  # and EmbeddedFiles
    "GoToE": FILE,
    "RichMedia": MEDIA,
    "Rendition": MEDIA,
}


def _name(word: str) -> str:
    """A pattern for /word in which any letter may be written as #xx."""
    ways = (f"{letter}|#{ord(letter) >> 4:x}[{ord(letter) & 15:x}{ord(letter) & 15:X}]" for letter in word)
    return "".join(f"(?:{way})" for way in ways)


_END = r"(?=[\s\0()<>\[\]{}/%]|$)"
# Begun with a plain slash and plain words, or a search would take many times as long.
_PLAIN = f"(?P<plain>{'|'.join(ACTIVE)})"
_WRITTEN = f"(?=[A-Za-z]{{0,13}}#)(?:{'|'.join(f'(?P<{word}>{_name(word)})' for word in ACTIVE)})"
_ACTIVE = re.compile(f"/(?:{_PLAIN}|{_WRITTEN})s?{_END}".encode())
_ENCRYPT = re.compile(f"/{_name('Encrypt')}{_END}".encode())
# The filters of a stream: a name, some names, or nothing that is understood, such as a reference to another object.
_ONE = r"/[^\s\0()<>\[\]{}/%]{1,46}"
_FILTER = re.compile(
    rf"/(?:(?P<long>Filter)|F|(?=[A-Za-z]{{0,5}}#)(?:(?P<written>{_name('Filter')})|{_name('F')})){_END}[\s\0]{{0,8}}"
    rf"(?P<value>{_ONE}|\[(?:[\s\0]{{0,12}}{_ONE}){{0,4}}[\s\0]{{0,12}}\]|null)?".encode()
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_PREDICTED = re.compile(f"/{_name('Predictor')}{_END}".encode())
_OBJECTS = re.compile(f"/{_name('ObjStm')}{_END}".encode())
_STREAM = re.compile(rb"stream[ \t]*\r?\n?")
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe|body)\b", re.IGNORECASE)


def look(data: bytes) -> Looked:
    """The PDF as it came. Raises Unfit."""
    end = data.rfind(b"%%EOF")
    if end < 0 or data.rfind(b"startxref", 0, end) < 0:
        raise Unfit(BROKEN)
    if data[end + 5 :].strip(NOTHING_BEHIND) or _MARKUP.search(data, 0, 1024) or zipfile.is_zipfile(io.BytesIO(data)):
        raise Unfit(TWO_KINDS)
    if search(_ENCRYPT, data):
        raise Unfit(LOCKED)
    _check(data)
    _check_streams(data)
    return Looked("", "application/pdf", data)


def _check(text: bytes) -> None:
    if found := search(_ACTIVE, text):
        raise Unfit(ACTIVE[(found["plain"] or b"").decode() or found.lastgroup or ""])


def _check_streams(data: bytes) -> None:
    """Objects may lie packed in streams, so each is looked into, whatever it says it is."""
    chains = _chains(data)
    budget = Budget(pdf_filters.MOST_WORK, MOST_UNPACKED)
    for number, stream in enumerate(_STREAM.finditer(data)):
        if number >= MOST_STREAMS:
            raise Unfit(BOMB)
        if data[stream.start() - 3 : stream.start()] != b"end":
            _check_head(data, stream.start())
            _check_all(pdf_filters.undone(data, stream.end(), (FLATE,), budget))
            for chain in chains:
                _check_objects(data, stream.end(), chain, budget)


def _check_head(data: bytes, at: int) -> None:
    """No program takes differences of the bytes of objects before it packs them."""
    head = data[max(0, at - 1000) : at].rpartition(b"endobj")[2]
    if _OBJECTS.search(head) and _PREDICTED.search(head):
        raise Unfit(TRICK)


def _check_objects(data: bytes, at: int, chain: tuple[str, ...], budget: Budget) -> None:
    """Looks into a stream unpacked by a chain when what comes out can be objects: mostly it begins as something else,
    and nobody reads on."""
    for early in (True, False)[: 1 + (LZW in chain)]:
        pieces = pdf_filters.undone(data, at, chain, budget, early=early)
        begun = pdf_filters.beginning(pieces)
        if may_be_objects(begun):
            _check(begun)
            _check_all(pieces, begun)


def _check_all(pieces: Iterator[bytes], before: bytes = b"") -> None:
    """A name may lie across two pieces."""
    for piece in pieces:
        before = before[-64:]
        _check(before + piece)
        before += piece


def _chains(data: bytes) -> set[tuple[str, ...]]:
    """The ways of packing that the file names and that could hide words, but for Flate alone. Raises Unfit when they
    are told in a way that no program does, or are too many to try."""
    chains = set()
    for found in _every(_FILTER, data):
        value = found["value"]
        if value is None:
            if found["long"] or found["written"]:
                raise Unfit(TRICK)
            continue  # /F is much else
        chain = _chain(value)
        if len(chain) > LONGEST_CHAIN:
            raise Unfit(TRICK)
        if chain not in ((), (FLATE,)):
            chains.add(chain)
    if len(chains) > MOST_CHAINS:
        raise Unfit(TRICK)
    return chains


def _chain(value: bytes) -> tuple[str, ...]:
    """The filters up to one whose outcome are pixels. One that is unknown changes nothing, as some readers take it."""
    plain = _ESCAPED.sub(lambda escaped: bytes([int(escaped[1], 16)]), value)
    chain: list[str] = []
    for name in re.findall(r"/([^\s\0\[\]/]+)", plain.decode("latin-1")):
        if name in PICTURES:
            break
        if name in NAMES:
            chain.append(NAMES[name])
    return tuple(chain)


def _every(pattern: re.Pattern[bytes], text: bytes) -> Iterator[re.Match[bytes]]:
    """All matches, of at most 128 bytes each. As `search`, in pieces."""
    for start in range(0, len(text), PIECE):
        for found in pattern.finditer(text, start, start + PIECE + OVERLAP):
            if found.start() < start + PIECE:
                yield found
