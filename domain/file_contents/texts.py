"""Plain text, CSV and contact cards: readable from end to end, in Unicode, and nothing that a browser would run."""

import codecs
import re

from domain.file_contents import foreign
from domain.file_contents.base import Looked, Unfit, search

STRANGE = (
    "is of a kind that Lotwire does not take. "
    "Choose a picture, a PDF, a Word, Excel or text file, or a contact card (.vcf)."
)
_PAGE = re.compile(r"<[a-z!?%/]", re.IGNORECASE)  # at the beginning
_BATCH = re.compile(r"@?echo[ \t]+o(?:ff|n)\b", re.IGNORECASE)  # at the beginning
_MARKUP = re.compile(r"<\s{0,20}(?:html|script|svg|iframe|!doctype|\?xml|\?php)\b", re.IGNORECASE)  # anywhere
_VISIBLE = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060\ufeff]")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


# Endings of names by which a system runs a text: batch files and scripts of Windows, then those of other systems.
_PROGRAM = re.compile(
    r"\.(?:bat|cmd|ps1|psm1|psd1|vbs|vbe|js|jse|mjs|wsf|wsh|wsc|hta|reg|inf|url|scf|sct"
    r"|sh|bash|zsh|csh|ksh|command|desktop|applescript|scpt|py|pyw|pl|rb|php|phtml|jsp|asp|aspx)$",
    re.IGNORECASE,
)


def look(name: str, data: bytes) -> Looked:
    """The text as UTF-8; `name`, cleaned, tells a table from a text and a program from both. Raises Unfit."""
    text, is_unicode = _read(data)
    if not search(_VISIBLE, text):
        raise Unfit("is empty. Choose another file.")
    if search(_UNREADABLE, text):
        raise Unfit(STRANGE)
    if "%PDF-" in text[:1024]:  # where programs for PDF look for it
        raise Unfit("is two kinds of file at once. Save it again as one of them.")
    start = text[:1024].lstrip("\ufeff \r\n\t\f")
    if markup := _PAGE.match(start) or search(_MARKUP, text):
        what = "a drawing that can carry programs" if "svg" in text[: markup.end() + 200].lower() else "a web page"
        raise Unfit(f"is {what}. Send a picture or a PDF of it.")
    if _PROGRAM.search(name) or start.startswith("#!") or _BATCH.match(start):
        raise Unfit(foreign.PROGRAM)
    if start[:11].upper() == "BEGIN:VCARD":
        return _card(text, data if is_unicode else text.encode())
    if name.lower().endswith(".csv"):
        # Excel takes a table for Unicode only when it begins with the mark.
        return Looked("", "text/csv", data if is_unicode else text.encode("utf-8-sig"))
    return Looked("", "text/plain", data if is_unicode else text.encode())


def _read(data: bytes) -> tuple[str, bool]:
    """The text, and whether the bytes are UTF-8 already; else it is UTF-16 by its mark, or what Windows writes."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), False
        return data.decode(), True
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), False
    except UnicodeDecodeError:
        raise Unfit(STRANGE) from None


def _card(text: str, data: bytes) -> Looked:
    lines = [line.strip().upper() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if lines[-1] != "END:VCARD" or lines.count("BEGIN:VCARD") != lines.count("END:VCARD"):
        raise Unfit("is cut short. Save the contact again and send that.")
    return Looked("", "text/vcard", data)
