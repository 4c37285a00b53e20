"""The filters of PDF streams (ISO 32000-1, 7.4), undone piece by piece and within bounds. Pure.

Undone as leniently as readers do it: what they pass over is passed over here, or words could hide behind it.
"""

import binascii
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence

from domain.file_contents.base import Unfit

PIECE = 1 << 20  # bytes unpacked at a time
FIRST_READ, MOST_READ = 1 << 9, 1 << 14  # bytes of a stream taken at first, when most turn out to be something else
MOST_WORK = 60_000_000  # steps for one file, of which a byte takes one and a byte of LZW ten: some seconds
BOMB = "unpacks to far more than a document holds. Print it to a new PDF and send that one."

HEX, A85, LZW, RUNS, FLATE = "ASCIIHexDecode", "ASCII85Decode", "LZWDecode", "RunLengthDecode", "FlateDecode"
# The names of ISO 32000-1, table 6, and those of table 94, which are meant for inline images and taken anywhere.
NAMES = {
    **{name: name for name in (HEX, A85, LZW, RUNS, FLATE)},
    "AHx": HEX,
    "A85": A85,
    "LZW": LZW,
    "RL": RUNS,
    "Fl": FLATE,
}
PICTURES = {"DCTDecode", "DCT", "CCITTFaxDecode", "CCF", "JBIG2Decode", "JPXDecode"}  # what comes out are pixels

_NOT_HEX = bytes(byte for byte in range(256) if byte not in b"0123456789abcdefABCDEF")
_WHITE = b"\0\t\n\f\r "
_POWERS = 85**4 + 85**3 + 85**2 + 85 + 1

Pieces = Iterator[bytes]


class Budget:
    """What one file may still cost to look into."""

    def __init__(self, work: int, unpacked: int) -> None:
        self.work, self.unpacked = work, unpacked

    def spend(self, work: int, unpacked: int = 0) -> None:
        """Raises Unfit when it is used up."""
        self.work -= work
        self.unpacked -= unpacked
        if min(self.work, self.unpacked) < 0:
            raise Unfit(BOMB)


def undone(data: bytes, at: int, chain: Sequence[str], budget: Budget, *, early: bool = True) -> Pieces:
    """What lies in a stream that begins at a byte and was packed by a chain of filters, in their order.

    It ends where the filters say, whatever the file says. `early` is the EarlyChange of LZW. Raises Unfit when the
    budget is used up.
    """
    pieces = _read(data, at)
    for name in chain:
        pieces = _counted(pieces, budget, 10 if name == LZW else 1)
        pieces = _lzw(pieces, int(early)) if name == LZW else _UNDOING[name](pieces)
    for piece in pieces:
        budget.spend(0, len(piece))
        yield piece


def _read(data: bytes, at: int) -> Pieces:
    size = FIRST_READ
    while at < len(data):
        yield data[at : at + size]
        at, size = at + size, min(size * 4, MOST_READ)


def _counted(pieces: Iterable[bytes], budget: Budget, weight: int) -> Pieces:
    for piece in pieces:
        budget.spend(weight * len(piece))
        yield piece


def _flate(pieces: Pieces) -> Pieces:
    unpacking = zlib.decompressobj()
    try:
        for piece in pieces:
            while piece and not unpacking.eof:
                yield unpacking.decompress(piece, PIECE)
                piece = unpacking.unconsumed_tail
            if unpacking.eof:
                return
    except zlib.error:
        return  # no Flate, or what follows is none


def _hex(pieces: Pieces) -> Pieces:
    odd = b""
    for piece in pieces:
        body, end, _ = piece.partition(b">")
        digits = odd + body.translate(None, _NOT_HEX)
        if end and len(digits) % 2:
            digits += b"0"
        whole = len(digits) // 2 * 2
        odd = digits[whole:]
        yield binascii.unhexlify(digits[:whole])
        if end:
            return


def _ascii85(pieces: Pieces) -> Pieces:
    rest, begins = b"", True
    for piece in pieces:
        if begins and (stripped := piece.lstrip(_WHITE)):
            piece, begins = stripped.removeprefix(b"<~"), False
        body, end, _ = piece.partition(b"~")
        chars = rest + body.translate(None, _WHITE).replace(b"z", b"!!!!!")
        whole = len(chars) // 5 * 5
        rest = chars[whole:]
        yield _words(chars[:whole])
        if end:
            if rest:
                yield _words(rest.ljust(5, b"u"))[: len(rest) - 1]
            return


def _words(chars: bytes) -> bytes:
    """Five characters each are four bytes."""
    fives = zip(*(chars[first::5] for first in range(5)), strict=True)
    numbers = [((((a * 85 + b) * 85 + c) * 85 + d) * 85 + e - 33 * _POWERS) & 0xFFFFFFFF for a, b, c, d, e in fives]
    made = array("I", numbers)
    if sys.byteorder == "little":
        made.byteswap()
    return made.tobytes()


def _runs(pieces: Pieces) -> Pieces:
    waiting = b""
    for piece in pieces:
        waiting += piece
        made, at = bytearray(), 0
        while at < len(waiting) and (length := waiting[at]) != 128:
            end = at + 2 + (length if length < 128 else 0)
            if end > len(waiting):
                break
            made += waiting[at + 1 : end] * (1 if length < 128 else 257 - length)
            at = end
        yield bytes(made)
        if waiting[at : at + 1] == b"\x80":
            return
        waiting = waiting[at:]
    yield waiting[1:]  # a run that was cut short


def _lzw(pieces: Pieces, early: int) -> Pieces:
    start = [bytes([byte]) for byte in range(256)] + [b"", b""]  # and what clears the table, and the end
    table, width, held, bits = list(start), 9, 0, 0
    before, made = b"", bytearray()
    for piece in pieces:
        for byte in piece:
            held, bits = held << 8 | byte, bits + 8
            if bits < width:
                continue
            bits -= width
            code, held = held >> bits, held & ((1 << bits) - 1)
            if code == 256:
                table, width, before = list(start), 9, b""
                continue
            if code == 257 or code > len(table) or (code == len(table) and not before):
                yield bytes(made)
                return
            entry = table[code] if code < len(table) else before + before[:1]
            if before and len(table) < 4096:
                table.append(before + entry[:1])
                width = min(12, (len(table) + early).bit_length())
            before = entry
            made += entry
            if len(made) >= PIECE:
                yield bytes(made)
                made.clear()
        yield bytes(made)
        made.clear()


_UNDOING: dict[str, Callable[[Pieces], Pieces]] = {HEX: _hex, A85: _ascii85, RUNS: _runs, FLATE: _flate}


def beginning(pieces: Pieces) -> bytes:
    """The rest of the first piece that is not all white, from its first byte that is not; empty when there is none."""
    return next((begun for piece in pieces if (begun := piece.lstrip(_WHITE))), b"")


def may_be_objects(begun: bytes) -> bool:
    """Whether a stream that begins so can hold objects: first come their numbers (ISO 32000-1, 7.5.7), or a comment."""
    return begun[:1] in tuple(b"%c" % byte for byte in b"0123456789+-%")
