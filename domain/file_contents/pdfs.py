"""PDF: whole, nothing but a PDF, and without what acts by itself.

Refused is what ISO 32000 lets a document do on its own: scripts, starting programs, forms that bring scripts (XFA),
players, and files inside. It is looked for by name, also in names written with #xx and in streams packed by Flate.
"""

import io
import re
import zipfile
import zlib

from domain.file_contents.base import Looked, Unfit, search

MOST_UNPACKED = 300_000_000  # bytes, of all streams together
MOST_STREAMS = 50_000
READ, PIECE = 1 << 14, 1 << 20  # bytes of a stream taken and unpacked at a time
NOTHING_BEHIND = b"\r\n\t \0\x1a"

SCRIPT = "carries a script. Print it to a new PDF and send that one."
PROGRAM = "starts a program. Print it to a new PDF and send that one."
FILE = "carries another file inside. Print it to a new PDF and send that one."
MEDIA = "carries a film or sound. Print it to a new PDF and send that one."
LOCKED = "is locked with a password, so nobody can look inside. Save a copy without one and send that."
BROKEN = "is broken or cut short. Save it again and send that."
TWO_KINDS = "is two kinds of file at once. Print it to a new PDF and send that one."
BOMB = "unpacks to far more than a document holds. Print it to a new PDF and send that one."

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
    left = MOST_UNPACKED
    for number, stream in enumerate(_STREAM.finditer(data)):
        if data[stream.start() - 3 : stream.start()] != b"end":
            left = _check_stream(data, stream.end(), left)
        if number >= MOST_STREAMS or left <= 0:
            raise Unfit(BOMB)


def _check_stream(data: bytes, at: int, left: int) -> int:
    """How much may still be unpacked after this one. A name may lie across two pieces."""
    unpacking, waiting, seen = zlib.decompressobj(), b"", b""
    try:
        while left > 0 and not unpacking.eof and (waiting or at < len(data)):
            if not waiting:
                waiting, at = data[at : at + READ], at + READ
            piece = unpacking.decompress(waiting, PIECE)
            waiting = unpacking.unconsumed_tail
            left -= len(piece)
            _check(seen + piece)
            seen = piece[-64:]
    except zlib.error:
        pass  # not Flate, or what follows is not
    return left
