"""Bytes of a mail as words, whatever its headers say of them. Pure; nothing here raises."""

import binascii
import codecs
import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Any

from domain.email_addresses import is_address
from domain.text import one_line, storable

LONGEST_HEADER = 10_000  # characters that are looked at
MOST_ADDRESSES = 100
# Not charsets of text, though Python has them; and UTF-7, by which plain words could hide other ones.
NEVER = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7", "mbcs", "oem"}
LATIN = {"ascii", "us-ascii", "iso-8859-1", "latin-1", "latin1", "iso8859-1", "windows-1252", "cp1252", ""}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def text(data: bytes, charset: str) -> str:
    """Words in the charset that they are said to be in, or the one they are in: UTF-8 where it can be, what Windows
    calls Latin-1 where nothing else fits. Line feeds alone end lines."""
    charset = charset.strip().strip("\"'").lower()
    tried = ("utf-8",) if charset in LATIN else (charset, "utf-8")
    for each in tried:
        try:
            kind = codecs.lookup(each)
            if kind.name.replace("_", "-") not in NEVER and kind._is_text_encoding:
                return _clean(data.decode(kind.name))
        except (LookupError, ValueError, TypeError, AttributeError):
            continue
    return _clean(data.decode("cp1252", "replace"))


def header(message: Message, name: str) -> str:
    """The first header of that name in words, on one line; empty when there is none."""
    return next(iter(headers(message, name)), "")


def headers(message: Message, name: str) -> list[str]:
    return [words(value) for value in raw(message, name)]


def raw(message: Message, name: str) -> list[str]:
    """Headers of that name as they came, unfolded: where something is looked for that no encoding hides."""
    found = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    return [" ".join(_unmasked(str(value)[:LONGEST_HEADER]).split()) for value in found]


def words(value: str) -> str:
    """A header in words."""
    parts = []
    try:
        for piece, charset in decode_header(value):
            parts.append(text(piece, charset or "utf-8") if isinstance(piece, bytes) else piece)
    except (MessageError, ValueError, LookupError, AttributeError):
        parts = [value]
    return one_line("".join(parts))


def addresses(message: Message, *names: str) -> list[tuple[str, str]]:
    """(name, address in lower case) of everybody in these headers; what is no address is left out."""
    found = []
    for name in names:
        for person, address in _parsed(raw(message, name)):
            address = address.strip().strip("<>").lower()
            if is_address(address):
                found.append((words(person)[:200], storable(address)))
    return found[:MOST_ADDRESSES]


def _parsed(values: list[str]) -> list[tuple[str, str]]:
    try:
        return getaddresses(values)
    except (ValueError, IndexError, TypeError, RecursionError):
        return []


def body(part: Message) -> bytes:
    """What a part holds, unpacked."""
    try:
        held: Any = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError, TypeError, binascii.Error):
        held = None
    if isinstance(held, bytes):
        return held
    plain = held_as_is(part)
    if not isinstance(plain, str):
        return b""
    try:
        return plain.encode("ascii", "surrogateescape")  # bytes beyond ASCII as they came
    except ValueError:
        return plain.encode("utf-8", "replace")


def held_as_is(part: Message) -> Any:
    """What a part holds, still packed: parts, or a text. Python reads one with bytes beyond ASCII in the charset that
    the mail names, and some of those are none at all: such a text stays as it came."""
    try:
        return part.get_payload()
    except (ValueError, LookupError, TypeError, AttributeError):
        return part._payload  # type: ignore[attr-defined]


def charset(part: Message) -> str:
    try:
        return str(part.get_param("charset", "") or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _unmasked(value: str) -> str:
    """What stood in a header in bytes beyond ASCII, which Python hides behind surrogates."""
    try:
        data = value.encode("ascii", "surrogateescape")
    except ValueError:
        return storable(value)
    return text(data, "")


def _clean(found: str) -> str:
    return _CONTROLS.sub("", storable(found.replace("\r\n", "\n").replace("\r", "\n")))
