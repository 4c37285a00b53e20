"""Word and Excel files: ZIP packages of XML (ECMA-376), unpacked within bounds, looked through and packed anew.

Only the parts themselves are carried over. Whatever else the container held (what lies before, between and behind the
parts, comments, links, lying sizes) is gone, and so is every trick that a second program could read differently.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

from domain.file_contents import foreign
from domain.file_contents.base import Looked, Unfit

MOST_PARTS = 5_000
MOST_UNPACKED = 100_000_000  # bytes, of all parts together
SUSPICIOUS, MOST_RATIO = 5_000_000, 150  # a part above so many bytes is packed to no less than a 150th of them
LARGEST_MAP = 5_000_000  # bytes of what lists types or relations

TYPES = "[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = {  # of the main part -> of the file
    f"{_OFFICE}wordprocessingml.document.main+xml": f"{_OFFICE}wordprocessingml.document",
    f"{_OFFICE}spreadsheetml.sheet.main+xml": f"{_OFFICE}spreadsheetml.sheet",
}

BROKEN = "is broken or cut short. Save it again and send that."
BOMB = "unpacks to far more than a document holds. Save it as PDF and send that."
TRICK = "is packed in a way no Office program packs. Save it as PDF and send that."
LOCKED = "is locked with a password, so nobody can look inside. Save a copy without one and send that."
MACROS = "carries macros. Save it without them, or as PDF, and send that."
FILE = "carries another file inside. Save it as PDF and send that."
OUTSIDE = "loads something from elsewhere when it is opened. Save it as PDF and send that."
OTHER_KIND = "is no Word or Excel document as they are usually saved. Save it as .docx, .xlsx or PDF and send that."

_PART = re.compile(
    r"\.(?:xml|rels|vml|png|jpe?g|jfif|gif|bmp|tiff?|emf|wmf|wdp|svg|webp|odttf|psmdcp)$"
    r"|(?:printersettings|customproperty)\d*\.bin$",
    re.IGNORECASE,
)
_MACROS = re.compile(r"vba|macro|activex", re.IGNORECASE)
_XML = (".xml", ".rels", ".vml", ".svg", ".psmdcp")


def look(data: bytes) -> Looked:
    """The document packed anew. Raises Unfit."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _looked(package)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError, OSError):
        raise Unfit(BROKEN) from None


def _looked(package: zipfile.ZipFile) -> Looked:
    parts = [part for part in package.infolist() if not part.is_dir()]
    _check_container(parts)
    packed, media_type = io.BytesIO(), ""
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as anew:
        for name, content in _contents(package, parts):
            _check_part(name, content)
            if name == TYPES:
                media_type = _media_type(content)
            anew.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # of 1980: the same bytes each time
    return Looked("", media_type, packed.getvalue())


def _check_container(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if TYPES not in names:
        raise Unfit(OTHER_KIND if "mimetype" in names else foreign.ARCHIVE)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unfit(BOMB)
    if any(part.file_size > max(SUSPICIOUS, MOST_RATIO * part.compress_size) for part in parts):
        raise Unfit(BOMB)
    if len({name.lower() for name in names}) < len(names) or any(_is_trick(part) for part in parts):
        raise Unfit(TRICK)
    if any(part.flag_bits & 1 for part in parts):
        raise Unfit(LOCKED)


def _is_trick(part: zipfile.ZipInfo) -> bool:
    """A name that leads out of its folder, a link, or packed as only an archive would be."""
    name = part.orig_filename
    leads_out = name.startswith("/") or ".." in name.split("/") or any(char in name for char in "\\:\0")
    return (
        leads_out
        or stat.S_ISLNK(part.external_attr >> 16)
        or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    )


def _contents(package: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    """Each part; never more of it than its size says, which was counted before."""
    for part in parts:
        with package.open(part) as opened:
            yield part.filename, opened.read(part.file_size + 1)


def _check_part(name: str, content: bytes) -> None:
    if _MACROS.search(name):
        raise Unfit(MACROS)
    if not _PART.search(name) or foreign.is_something(content):
        raise Unfit(FILE)
    if name.lower().endswith(_XML):
        _check_xml(content)
    if name.lower().endswith(".rels"):
        _check_relations(content)


def _check_xml(content: bytes) -> None:
    """No part may declare entities (ECMA-376 part 2, 6.2.5): they could grow without end or name other files."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode()
    if b"\0" in content or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Unfit(TRICK)


def _check_relations(content: bytes) -> None:
    for relation in _parsed(content):
        kind = relation.get("Type", "").rpartition("/")[2]
        if relation.get("TargetMode") == "External" and kind != "hyperlink":
            raise Unfit(OUTSIDE)
        if kind == "aFChunk":
            raise Unfit(FILE)


def _media_type(content: bytes) -> str:
    types = [entry.get("ContentType", "") for entry in _parsed(content)]
    if any("macroenabled" in each.lower() or "vbaproject" in each.lower() for each in types):
        raise Unfit(MACROS)
    found = [KINDS[each] for each in types if each in KINDS]
    if len(found) != 1:
        raise Unfit(OTHER_KIND)
    return found[0]


def _parsed(content: bytes) -> ElementTree.Element:
    if len(content) > LARGEST_MAP:
        raise Unfit(BOMB)
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise Unfit(BROKEN) from None
