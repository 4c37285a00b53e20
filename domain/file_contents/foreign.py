"""Files that are never taken, known by how they begin, so that the refusal can say what they are."""

from domain.file_contents.base import Unfit

PROGRAM = "is a program. Send a picture or a document instead."
ARCHIVE = "is an archive. Send the files in it one by one."
VIDEO = "is a video. Put a link to it into the text, or send a picture."
OLD_OFFICE = "is from an old version of Office. Save it as .docx, .xlsx or PDF and send that."
OTHER_PICTURE = "is a picture that many phones cannot show. Save it as JPG or PNG and send that."

# offset, bytes, what to say. From file(1)'s descriptions of the formats.
_BEGINNINGS = (
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xfe\xed\xfa\xce", PROGRAM),  # Mach-O, either byte order and word size
    (0, b"\xfe\xed\xfa\xcf", PROGRAM),
    (0, b"\xce\xfa\xed\xfe", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),
    (0, b"\xca\xfe\xba\xbe", PROGRAM),  # Mach-O for several processors, Java class
    (0, b"\x00asm", PROGRAM),
    (0, b"dex\n", PROGRAM),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", PROGRAM),  # Windows shortcut
    (0, b"#!", PROGRAM),
    (0, b"PK\x05\x06", ARCHIVE),  # an empty ZIP
    (0, b"PK\x07\x08", ARCHIVE),
    (0, b"Rar!\x1a\x07", ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (0, b"\x1f\x8b", ARCHIVE),
    (0, b"BZh", ARCHIVE),
    (0, b"\xfd7zXZ\x00", ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", ARCHIVE),
    (0, b"MSCF", ARCHIVE),
    (257, b"ustar", ARCHIVE),
    (32769, b"CD001", ARCHIVE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_OFFICE),
    (0, b"{\\rtf", "is rich text. Save it as .docx or PDF and send that."),
    (4, b"ftypavi", OTHER_PICTURE),
    (4, b"ftyp", VIDEO),
    (0, b"\x1aE\xdf\xa3", VIDEO),
    (0, b"BM", OTHER_PICTURE),
    (0, b"II*\x00", OTHER_PICTURE),
    (0, b"MM\x00*", OTHER_PICTURE),
    (0, b"8BPS", OTHER_PICTURE),
)


def check(data: bytes) -> None:
    """Raises Unfit when the bytes begin like something known. A few of the beginnings are words, too."""
    if data.startswith(b"MZ") and b"\0" in data[:1024]:
        raise Unfit(PROGRAM)
    for offset, beginning, reason in _BEGINNINGS:
        if data.startswith(beginning, offset) and (beginning != b"BM" or b"\0" in data[:64]):
            raise Unfit(reason)


def is_something(data: bytes) -> bool:
    """Whether the bytes begin like a whole file of a kind that has no business inside another."""
    try:
        check(data)
    except Unfit as unfit:
        return unfit.reason != OTHER_PICTURE
    return data.startswith((b"PK\x03\x04", b"%PDF-"))
