"""Files for the tests, made on the spot: honest ones, and such as somebody with bad intentions would make."""

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from domain import file_store

PAYLOADS = Path(__file__).parent / "payloads" / "files"

# 96 x 64 before it is turned by 90 degrees, written by an encoder of HEVC; its EXIF names a place and a camera.
PHONE_HEIC = (PAYLOADS / "phone.heic").read_bytes()

OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX = f"{OFFICE}.wordprocessingml.document", f"{OFFICE}.spreadsheetml.sheet"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


async def stored(sha256: str, *, thumb: bool = False) -> bool:
    """Whether the file store holds it."""
    try:
        await file_store.get(sha256, thumb=thumb)
    except FileNotFoundError:
        return False
    return True


def picture(size: tuple[int, int] = (640, 480), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Noise, which packs badly, so that its bytes are many."""
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(file, kind, **options)
    return file.getvalue()


def animation(kind: str = "GIF", size: tuple[int, int] = (80, 60), frames: int = 5, clear: bool = False) -> bytes:
    """A square that wanders, each frame as long as its number says; on nothing when `clear`."""
    ground = (0, 0, 0, 0) if clear else (255, 255, 255, 255)
    made = []
    for number in range(frames):
        frame = Image.new("RGBA", size, ground)
        frame.paste((220, 40, 40, 255), (number * 10 % size[0], 10, number * 10 % size[0] + 20, 30))
        made.append(frame)
    file = io.BytesIO()
    durations = [100 + 50 * (number % 10) for number in range(frames)]
    more = {"disposal": 2} if kind == "GIF" else {"lossless": True}
    made[0].save(file, kind, save_all=True, append_images=made[1:], duration=durations, loop=0, **more)
    return file.getvalue()


def archive(parts: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def office(kind: str = DOCX, more: Mapping[str, bytes | str] | None = None, types: str = "") -> bytes:
    """A Word or Excel file; `more` parts beside its own (or in their place), `types` of parts beside the main one's."""
    main = "word/document.xml" if kind == DOCX else "xl/workbook.xml"
    own = {
        "[Content_Types].xml": '<?xml version="1.0"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{kind}.main+xml"/>{types}</Types>',
        "_rels/.rels": relations(("officeDocument", main, "Internal")),
        main: '<?xml version="1.0"?><document>Hello</document>',
    }
    return archive({**own, **(more or {})})


def relations(*entries: tuple[str, str, str]) -> str:
    """What lists the relations of a part: (kind, target, Internal or External)."""
    rows = "".join(
        f'<Relationship Id="r{number}" Type="{RELATION}/{kind}" Target="{target}" TargetMode="{mode}"/>'
        for number, (kind, target, mode) in enumerate(entries)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def pdf(catalog: str = "", packed: bytes = b"", trailer: str = "", more: bytes = b"") -> bytes:
    """A page with nothing on it; `catalog` is more of its catalog, `packed` what lies in an object stream, `more` one
    more object."""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ]
    if packed:
        stream = zlib.compress(packed)
        head = f"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {len(stream)} >>\nstream\n"
        objects.append(head.encode() + stream + b"\nendstream")
    objects += [more] if more else []
    made, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    made += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)


def pdf_stream(stream: bytes, head: str) -> bytes:
    """An object of a PDF: a stream, and what is said of it."""
    return f"<< {head} /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"


def hexed(data: bytes) -> bytes:
    return data.hex().encode() + b">"


def ascii85(data: bytes) -> bytes:
    return base64.a85encode(data, wrapcol=60) + b"~>"


def in_runs(data: bytes) -> bytes:
    """Packed by RunLengthDecode: each byte alone, but the last two of a kind."""
    return b"".join(bytes([0, byte]) for byte in data[:-1]) + bytes([255, data[-1], 128])


def lzw(data: bytes, *, early: int = 1) -> bytes:
    """Packed by LZWDecode, as ISO 32000-1, 7.4.4 tells it."""
    table = {bytes([byte]): byte for byte in range(256)}
    codes, following, held = [(256, 9)], 258, b""

    def width() -> int:
        return max(9, (following - 1 + early).bit_length())

    for byte in data:
        longer = held + bytes([byte])
        if longer in table:
            held = longer
            continue
        codes.append((table[held], width()))
        table[longer] = following
        following += 1
        held = bytes([byte])
        if following == 4095:
            codes.append((256, width()))
            table, following = {bytes([each]): each for each in range(256)}, 258
    codes += [(table[held], width()), (257, max(9, (following + early).bit_length()))]
    bits = "".join(f"{code:0{size}b}" for code, size in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Robin Person\r\nTEL:+15205550117\r\nEND:VCARD\r\n"
