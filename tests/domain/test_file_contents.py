"""A file is what its bytes are, whatever it is called, and nothing hostile that came with it is kept."""

import io
import itertools
import re
import struct
import zipfile
import zlib

import pytest
from PIL import Image, ImageSequence

from domain.errors import Refused
from domain.file_contents import LARGEST, Looked, look, shrunk
from tests import files
from tests.files import (
    CARD,
    DOCX,
    PHONE_HEIC,
    XLSX,
    animation,
    archive,
    ascii85,
    hexed,
    in_runs,
    lzw,
    office,
    pdf,
    pdf_stream,
    picture,
    relations,
)


def refusal(data: bytes, name: str = "file.bin") -> str:
    with pytest.raises(Refused) as refused:
        look(name, data)
    assert refused.value.field == "file"
    assert refused.value.message.startswith("“")
    return refused.value.message


def opened(looked: Looked | bytes) -> Image.Image:
    return Image.open(io.BytesIO(looked if isinstance(looked, bytes) else looked.data))


def frames(data: bytes) -> list[bytes]:
    return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(opened(data))]


# What is taken


TAKEN = {
    "image/jpeg": (picture(), "jpg"),
    "image/png": (picture(kind="PNG"), "png"),
    "image/gif": (picture(kind="GIF", mode="P"), "gif"),
    "image/webp": (picture(kind="WEBP"), "webp"),
    "application/pdf": (pdf(), "pdf"),
    "text/vcard": (CARD, "vcf"),
    DOCX: (office(DOCX), "docx"),
    XLSX: (office(XLSX), "xlsx"),
    "text/plain": (b"Meet at 5 PM.\n", "txt"),
}


@pytest.mark.parametrize("name", ["offer", "offer.exe", "offer.csv.html", "offer.jpg"])
@pytest.mark.parametrize("media_type", TAKEN)
def test_the_content_decides_and_the_name_gets_its_ending(media_type: str, name: str) -> None:
    data, ending = TAKEN[media_type]
    looked = look(name, data)
    assert looked.media_type == media_type
    assert looked.name == {"offer.csv.html": "offer.csv"}.get(name, "offer") + f".{ending}"


def test_between_text_and_csv_the_name_decides() -> None:
    assert look("cars.CSV", b"year,make\n2019,Honda\n").media_type == "text/csv"
    assert look("cars.txt", b"year,make\n2019,Honda\n").media_type == "text/plain"


def test_heic_becomes_jpeg_turned_and_bare() -> None:
    assert b"Testphone" in PHONE_HEIC
    looked = look("IMG_0001.HEIC", PHONE_HEIC)
    assert (looked.name, looked.media_type) == ("IMG_0001.jpg", "image/jpeg")
    assert (looked.width, looked.height) == (64, 96)
    red, blue = opened(looked).getpixel((60, 5)), opened(looked).getpixel((5, 5))
    assert red[0] > 180 > 80 > red[2]
    assert blue[2] > 130 > 80 > blue[0]
    assert b"Testphone" not in looked.data


def test_a_picture_has_a_thumbnail_and_a_document_has_none() -> None:
    thumb = look("a.png", picture((1200, 800), "PNG")).thumb
    assert thumb is not None
    assert opened(thumb).format == "JPEG"
    assert opened(thumb).size == (240, 160)
    assert look("a.pdf", pdf()).thumb is None


def test_where_and_with_what_it_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Testphone"
    exif[0x0112] = 6  # turned by 90 degrees
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (32.0, 13.0, 0.0), "W", (110.0, 58.0, 0.0)
    for kind in ("JPEG", "PNG", "WEBP"):
        data = picture((64, 48), kind, exif=exif)
        assert opened(data).getexif().get_ifd(0x8825)[1] == "N"
        looked = look("a", data)
        assert not opened(looked).getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(opened(looked).info)
        assert b"Testphone" not in looked.data
        assert (looked.width, looked.height) == (48, 64)


def test_comments_and_texts_in_a_picture_are_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("Comment", "<script>alert(1)</script>")
    for data in (picture(kind="PNG", pnginfo=said), picture(kind="JPEG", comment=b"<script>alert(1)</script>")):
        assert b"<script>" in data
        assert b"<script>" not in look("a", data).data


def test_wide_colours_are_brought_to_those_of_every_screen() -> None:
    from PIL import ImageCms

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    same = picture((64, 48), icc_profile=lab.tobytes())
    assert "icc_profile" in opened(same).info
    assert look("a.jpg", same).media_type == "image/jpeg"
    broken = picture((64, 48), icc_profile=b"not a profile")
    assert "icc_profile" in opened(broken).info
    assert look("a.jpg", broken).media_type == "image/jpeg"


@pytest.mark.parametrize("clear", [True, False])
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_stays_one(kind: str, clear: bool) -> None:
    data = animation(kind, clear=clear)
    looked = look("a", data)
    made, before = opened(looked), opened(data)
    assert made.n_frames == before.n_frames == 5
    assert made.info.get("loop") == before.info.get("loop") == 0
    durations = [frame.load() and frame.info["duration"] for frame in ImageSequence.Iterator(made)]
    assert durations == [100, 150, 200, 250, 300]
    if kind == "GIF":
        assert frames(looked.data) == frames(data)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_stays_so(mode: str) -> None:
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    image.paste((220, 40, 40, 255), (10, 10, 20, 20))
    file = io.BytesIO()
    image.convert(mode).save(file, "PNG", **({"transparency": 0} if mode == "P" else {}))
    made = opened(look("logo.png", file.getvalue())).convert("RGBA")
    before = opened(file.getvalue()).convert("RGBA")
    assert before.getpixel((0, 0))[3] == 0
    assert made.tobytes() == before.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_a_png_of_any_depth_is_taken(mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (40, 30), 1).save(file, "PNG")
    assert look("scan.png", file.getvalue()).width == 40


def test_text_becomes_unicode() -> None:
    assert look("a.txt", "Grüße".encode("cp1252")).data.decode() == "Grüße"
    assert look("a.txt", "Grüße".encode("utf-16")).data.decode() == "Grüße"
    assert look("a.csv", "Größe;1\n".encode("cp1252")).data == b"\xef\xbb\xbf" + "Größe;1\n".encode()
    untouched = "\ufeffGröße;1\r\n".encode()
    assert look("a.csv", untouched).data == untouched


def test_the_same_file_is_kept_as_the_same_bytes() -> None:
    for data, _ in TAKEN.values():
        assert look("a", data).data == look("b", data).data


# Names


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("..\\..\\windows\\system.ini", "system.txt"),
        ("C:\\Users\\Dana\\note.txt", "note.txt"),
        ("/absolute/note.txt", "note.txt"),
        ("..", "file.txt"),
        ("", "file.txt"),
        (".htaccess", "htaccess.txt"),
        ("CON", "CON_.txt"),
        ("lpt1.txt", "lpt1_.txt"),
        ("Console.txt", "Console.txt"),
        ("a\x00b\r\nX-Evil: 1.txt", "ab X-Evil 1.txt"),
        ("photo\u202egpj.exe", "photogpj.txt"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("  spaces   and\ttabs .txt", "spaces and tabs.txt"),
        ('we"ird<na>me|?*.txt', "we ird na me.txt"),
        ("Überführung.txt", "Überführung.txt"),
        ("U\u0308.txt", "Ü.txt"),
        ("2019 report.2024", "2019 report.2024.txt"),
        ("v1.2", "v1.2.txt"),
        ("x" * 300 + ".txt", "x" * 96 + ".txt"),
        ("dots....txt", "dots.txt"),
    ],
)
def test_a_name_is_only_a_name(given: str, shown: str) -> None:
    assert look(given, b"hello").name == shown


def test_a_refusal_names_the_file_by_its_cleaned_name() -> None:
    assert refusal(b"", "/tmp/\u202eoffer.pdf") == "“offer.pdf” is empty. Choose another file."


# What is refused


PE = b"MZ\x90\x00" + bytes(56) + struct.pack("<I", 128) + bytes(64) + b"PE\x00\x00" + bytes(200)
REFUSED = {
    "empty": (b"", "is empty"),
    "windows program": (PE, "is a program"),
    "linux program": (b"\x7fELF\x02\x01\x01" + bytes(100), "is a program"),
    "mac program": (b"\xcf\xfa\xed\xfe" + bytes(100), "is a program"),
    "fat mac program": (b"\xca\xfe\xba\xbe\x00\x00\x00\x02" + bytes(100), "is a program"),
    "script": (b"#!/bin/sh\nrm -rf /\n", "is a program"),
    "shortcut": (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(100), "is a program"),
    "zip": (archive({"a.txt": "hello"}), "is an archive"),
    "empty zip": (archive({}), "is an archive"),
    "jar": (
        archive({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0", "A.class": b"\xca\xfe\xba\xbe"}),
        "is an archive",
    ),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(50), "is an archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "is an archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "is an archive"),
    "tar": (b"a.txt" + bytes(252) + b"ustar\x0000" + bytes(300), "is an archive"),
    "html": (b"<!DOCTYPE html><p>Hi", "is a web page"),
    "html after a mark": ("\ufeff  \n<HTML>".encode(), "is a web page"),
    "html in utf-16": ("<html><script>1</script>".encode("utf-16"), "is a web page"),
    "html further down": (b"Hello\n\n<script src=//evil.example></script>", "is a web page"),
    "comment first": (b"<!-- --><p>", "is a web page"),
    "php": (b"Hi <?php system('x'); ?>", "is a web page"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a drawing that can carry programs"),
    "svg as xml": (b'<?xml version="1.0"?>\n<svg onload="alert(1)"/>', "a drawing that can carry programs"),
    "xml": (b'<?xml version="1.0"?><a/>', "is a web page"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old version of Office"),
    "rich text": (b"{\\rtf1 hello}", "is rich text"),
    "video": (b"\x00\x00\x00\x18ftypmp42" + bytes(50), "is a video"),
    "avif": (b"\x00\x00\x00\x18ftypavif" + bytes(50), "many phones cannot show"),
    "bmp": (picture((8, 8), "BMP"), "many phones cannot show"),
    "tiff": (picture((8, 8), "TIFF"), "many phones cannot show"),
    "noise": (bytes(range(256)) * 4, "is of a kind that Lotwire does not take"),
    "text with a zero": (b"hello\x00world", "is of a kind that Lotwire does not take"),
    "zip behind a text": (b"hello\n" + archive({"a": "b"}), "is of a kind that Lotwire does not take"),
    "pdf behind a text": (b"hello\n" + pdf().replace(b"\xe2\xe3\xcf\xd3", b"abcd"), "two kinds of file"),
    "half a card": (CARD[:40], "is cut short"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", ["holiday.jpg", "notes.txt"])
def test_what_no_seller_should_get_is_refused_whatever_its_name(kind: str, name: str) -> None:
    data, sentence = REFUSED[kind]
    assert sentence in refusal(data, name)


def test_a_file_above_the_limit_is_refused() -> None:
    assert "is larger than 25 MB" in refusal(b"a" * (LARGEST + 1))
    assert len(look("a.txt", b"a" * LARGEST).data) == LARGEST


def test_words_that_only_look_like_the_beginning_of_a_program_are_text() -> None:
    for words in (b"MZ is short for Mazda.", b"BMW 320i, 2016", b"BM"):
        assert look("a.txt", words).media_type == "text/plain"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "HEIF"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_a_picture_that_is_cut_short_is_refused(kind: str, part: float) -> None:
    data = PHONE_HEIC if kind == "HEIF" else picture(kind=kind)
    assert "is broken or cut short" in refusal(data[: int(len(data) * part)], "a.jpg")


# Polyglots


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_archive_behind_a_picture_does_not_survive(kind: str) -> None:
    data = picture(kind=kind) + archive({"evil.exe": PE})
    assert zipfile.is_zipfile(io.BytesIO(data))
    looked = look("a", data)
    assert not zipfile.is_zipfile(io.BytesIO(looked.data))
    assert PE not in looked.data


def test_a_page_in_a_picture_does_not_survive() -> None:
    script = b"GIF89a/*<script>alert(1)</script>*/"
    assert "is broken or cut short" in refusal(script)
    head = picture(kind="GIF", mode="P")
    assert b"<script>" not in look("a.gif", head + b"<html><script>alert(1)</script>").data


def test_a_pdf_that_is_also_an_archive_is_refused() -> None:
    zipped = archive({"evil.exe": PE})
    behind = pdf() + zipped
    before_the_end = pdf().replace(b"%%EOF", zipped + b"\n%%EOF")
    assert zipfile.is_zipfile(io.BytesIO(behind))
    assert zipfile.is_zipfile(io.BytesIO(before_the_end))
    for data in (behind, before_the_end):
        assert "is two kinds of file at once" in refusal(data, "a.pdf")


@pytest.mark.parametrize("extra", [b"<html><script>alert(1)</script>", b"#!/bin/sh\n", PE])
def test_a_pdf_with_something_behind_its_end_is_refused(extra: bytes) -> None:
    assert "is two kinds of file at once" in refusal(pdf() + extra)


def test_a_pdf_that_begins_as_a_page_is_refused() -> None:
    assert "two kinds" in refusal(pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%<script>alert(1)</script>"))


@pytest.mark.parametrize("before", [b"\n", b"MZ\x00", b"<html>", b"junk "])
def test_a_pdf_that_does_not_begin_at_its_beginning_is_refused(before: bytes) -> None:
    assert refusal(before + pdf(), "a.pdf")


# Texts


@pytest.mark.parametrize(
    "blank", [b"   ", b"\r\n\r\n", b"\xef\xbb\xbf", "\ufeff \u200b\u2003\n".encode(), b"\xff\xfe \0"]
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_a_text_with_nothing_to_read_is_empty(blank: bytes, name: str) -> None:
    assert "is empty" in refusal(blank, name)


@pytest.mark.parametrize(
    "name", ["setup.bat", "SETUP.CMD", "a.ps1", "a.vbs", "a.js", "a.sh", "offer.txt.bat", "a.bat. ", "a\u202e.bat"]
)
def test_a_text_that_a_system_runs_is_a_program(name: str) -> None:
    assert "is a program. Send a picture or a document instead." in refusal(b"del C:\\", name)


@pytest.mark.parametrize(
    "start", ["@echo off\r\n", "\ufeff@ECHO OFF\n", "\r\n  @echo off&cls\n", "echo off\n", "\ufeff#!/bin/sh\n"]
)
def test_a_program_kept_as_a_text_is_still_one(start: str) -> None:
    assert "is a program" in refusal(start.encode() + b"del C:\\", "notes.txt")


def test_a_picture_is_a_picture_and_words_about_programs_are_words() -> None:
    assert look("a.js", picture((20, 20))).name == "a.jpg"
    for name in ("bat", "a bat", "notes", "setup.bat.txt", "list.sheet"):
        assert look(name, b"To stop it, type echo off.").media_type == "text/plain"
    assert look("echo.txt", b"Echoes of the offer").media_type == "text/plain"


# PDF


def test_a_pdf_is_kept_as_it_came() -> None:
    data = pdf("/OpenAction [3 0 R /Fit]", packed=b"4 0 << /Type /Font >>")
    assert look("a.pdf", data).data == data
    assert look("a.pdf", data + b"\r\n\0\0").media_type == "application/pdf"


ACTIVE = {
    "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>": "carries a script",
    "/OpenAction << /S /J#61va#53cript /JS (app.alert(1)) >>": "carries a script",
    "/OpenAction << /S /#4A#61#76#61#53#63#72#69#70#74 /JS (x) >>": "carries a script",
    "/Names << /JavaScript 5 0 R >>": "carries a script",
    "/AcroForm << /XFA [(a) 5 0 R] >>": "carries a script",
    "/OpenAction << /S /Launch /F (cmd.exe) >>": "starts a program",
    "/Names << /EmbeddedFiles 5 0 R >>": "carries another file",
    "/AF [<< /Type /Filespec /EF << /F << /Type /EmbeddedFile >> >> >>]": "carries another file",
    "/Annots [<< /Subtype /RichMedia >>]": "carries a film",
}


@pytest.mark.parametrize("catalog", ACTIVE)
def test_a_pdf_that_acts_by_itself_is_refused(catalog: str) -> None:
    assert ACTIVE[catalog] in refusal(pdf(catalog), "offer.pdf")
    assert ACTIVE[catalog] in refusal(pdf(packed=b"4 0 " + catalog.encode()), "offer.pdf")


def test_a_script_across_two_pieces_of_a_stream_is_found() -> None:
    for shift in range(0, 12, 3):
        packed = b"4 0 ".ljust((1 << 20) - shift, b" ") + b"/JavaScript 5 0 R"
        assert "carries a script" in refusal(pdf(packed=packed))


def test_words_about_scripts_are_no_script() -> None:
    assert look("a.pdf", pdf("/Title (JavaScript and /JavaScripting)")).media_type == "application/pdf"


def test_a_locked_pdf_is_refused() -> None:
    assert "is locked with a password" in refusal(pdf(trailer="/Encrypt 9 0 R"))


def test_half_a_pdf_is_refused() -> None:
    assert "is broken or cut short" in refusal(pdf()[:-20])
    assert "is broken or cut short" in refusal(b"%PDF-1.7\n%%EOF")


def test_a_pdf_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.file_contents.pdfs.MOST_UNPACKED", 5_000_000)
    data = pdf(packed=bytes(20_000_000))
    assert len(data) < 100_000
    assert "unpacks to far more" in refusal(data)


FILTERS = {
    "/ASCIIHexDecode": hexed,
    "/AHx": hexed,
    "/ASCII#48exDecode": hexed,
    "/ASCII85Decode": ascii85,
    "[/A85]": lambda data: b"<~" + ascii85(data),
    "/LZWDecode": lzw,
    "/LZWDecode /DecodeParms << /EarlyChange 0 >>": lambda data: lzw(data, early=0),
    "/RunLengthDecode": in_runs,
    "[/ASCII85Decode /FlateDecode]": lambda data: ascii85(zlib.compress(data)),
    "[/ASCIIHexDecode /LZWDecode /RunLengthDecode]": lambda data: hexed(lzw(in_runs(data))),
    "[/FlateDecode /FlateDecode]": lambda data: zlib.compress(zlib.compress(data)),
    "[/Crypt /ASCIIHexDecode]": hexed,
}
OBJECTS = "/Type /ObjStm /N 1 /First 4"


def objects(action: bytes = b"/JavaScript", filling: int = 0) -> bytes:
    """What lies in a stream of objects, its action behind some more of them."""
    between = b"".join(b"(%d)" % number for number in range(filling))
    return b"4 0 [" + between + b"] << /S " + action + b" /JS (app.alert(1)) >>"


@pytest.mark.parametrize("filling", [0, 4000])
@pytest.mark.parametrize("filters", FILTERS)
def test_a_script_packed_by_any_filter_is_found(filters: str, filling: int) -> None:
    pack = FILTERS[filters]
    stream = pdf_stream(pack(objects(filling=filling)), f"{OBJECTS} /Filter {filters}")
    assert b"/JavaScript" not in stream
    assert "carries a script" in refusal(pdf(more=stream))
    harmless = pdf_stream(pack(objects(b"/GoTo", filling)), f"{OBJECTS} /Filter {filters}")
    assert look("a.pdf", pdf(more=harmless)).media_type == "application/pdf"


def test_a_script_behind_loose_hex_and_a_dictionary_that_deceives_is_found() -> None:
    loose = b" ".join(b"%02X" % byte for byte in objects()) + b" g >"
    deceiving = f"{OBJECTS} /Filter /ASCIIHexDecode /X (stream endstream endobj 9 0 obj <<) %{'x' * 5000}\n"
    assert "carries a script" in refusal(pdf(more=pdf_stream(loose, deceiving)))
    assert "carries a script" in refusal(pdf(more=pdf_stream(loose, f"{OBJECTS} /F /AHx")))


@pytest.mark.parametrize(
    "filters",
    [
        "9 0 R",
        "[9 0 R 10 0 R]",
        "[/ASCIIHexDecode % here\n /ASCIIHexDecode]",
        "% here\n/ASCIIHexDecode",
        "[/AHx /AHx /AHx /AHx /AHx]",
        "/FlateDecode /DecodeParms << /Predictor 12 /Columns 4 >>",
    ],
)
def test_packing_that_no_program_does_is_refused(filters: str) -> None:
    stream = pdf_stream(hexed(objects()), f"{OBJECTS} /Filter {filters}")
    assert "is packed in a way that hides what is in it" in refusal(pdf(more=stream))


def test_more_ways_of_packing_than_can_be_tried_are_refused() -> None:
    ways = itertools.product(("AHx", "A85", "RL"), repeat=2)
    some = b"".join(pdf_stream(b"x", f"/Filter [/{one} /{other}]") for one, other in ways)
    assert "is packed in a way that hides what is in it" in refusal(pdf(more=some))


def test_what_takes_too_long_to_unpack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.file_contents.pdf_filters.MOST_WORK", 500_000)
    long = pdf_stream(lzw(objects(filling=40_000)), f"{OBJECTS} /Filter /LZWDecode")
    assert "unpacks to far more than a document holds" in refusal(pdf(more=long))
    many = pdf_stream(b"stream\n" * 5_000, f"{OBJECTS} /Filter /RL")
    assert "unpacks to far more than a document holds" in refusal(pdf(more=many))


def test_runs_that_unpack_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.file_contents.pdfs.MOST_UNPACKED", 5_000_000)
    runs = b"\x034 0 " + b"\x81 " * 50_000
    stream = pdf_stream(runs, f"{OBJECTS} /Filter /RunLengthDecode")
    assert "unpacks to far more than a document holds" in refusal(pdf(more=stream))
    assert "unpacks to far more than a document holds" in refusal(
        pdf(more=pdf_stream(zlib.compress(zlib.compress(b"4 0 " + bytes(9_000_000))), "/Filter [/Fl /Fl]"))
    )


IMAGE = "/Type /XObject /Subtype /Image /Width 640 /Height 480 /ColorSpace /DeviceGray /BitsPerComponent 8"
HONEST = {
    "scan": (picture(), "/DCTDecode"),
    "scan in letters": (ascii85(picture()), "[ /ASCII85Decode /DCTDecode ]"),
    "fax": (bytes(range(256)) * 40, "/CCITTFaxDecode /DecodeParms << /K -1 /Columns 1728 >>"),
    "scan of two colours": (bytes(range(255, -1, -1)) * 40, "/JBIG2Decode /DecodeParms << /JBIG2Globals 9 0 R >>"),
    "wavelets": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(500), "/JPXDecode"),
    "pixels": (zlib.compress(bytes(640 * 480)), "/FlateDecode /DecodeParms << /Predictor 15 /Columns 640 >>"),
    "pixels in letters": (ascii85(zlib.compress(b"4" * 640 * 480)), "[/ASCII85Decode\r\n    /FlateDecode]"),
    "old pixels": (lzw(bytes(640 * 48)), "/LZWDecode"),
    "page in letters": (ascii85(zlib.compress(b"1 0 0 1 0 0 cm BT /F1 12 Tf (Hello) Tj ET")), "[/A85 /Fl]"),
}


@pytest.mark.parametrize("kind", HONEST)
def test_what_honest_programs_write_is_taken(kind: str) -> None:
    stream, filters = HONEST[kind]
    data = pdf(packed=objects(b"/GoTo"), more=pdf_stream(stream, f"{IMAGE} /Filter {filters}"))
    assert look("scan.pdf", data).data == data


def test_a_signed_pdf_is_taken() -> None:
    data = pdf(more=b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /Contents <00> >>")
    assert look("a.pdf", data).data == data


# Word and Excel


def test_an_office_file_is_packed_anew_with_the_same_parts() -> None:
    data = office(DOCX, {"word/media/image1.png": picture((10, 10), "PNG")})
    made = zipfile.ZipFile(io.BytesIO(look("a.docx", data).data))
    before = zipfile.ZipFile(io.BytesIO(data))
    assert made.namelist() == before.namelist()
    assert [made.read(name) for name in made.namelist()] == [before.read(name) for name in before.namelist()]


def test_what_lies_around_the_parts_is_left_behind() -> None:
    plain = office(DOCX)
    file = io.BytesIO(plain)
    with zipfile.ZipFile(file, "a") as package:
        package.comment = b"<script>alert(1)</script>"
    between = file.getvalue()
    assert b"<script>" in between
    assert b"<script>" not in look("a.docx", between).data
    assert look("a.docx", between).data == look("a.docx", plain).data


@pytest.mark.parametrize(
    "name", ["word/vbaProject.bin", "xl/vbaProject.bin", "word/activeX/activeX1.xml", "word/vbaData.xml"]
)
def test_macros_are_refused(name: str) -> None:
    assert "carries macros" in refusal(office(DOCX, {name: b"x"}), "a.docx")


def test_macros_under_another_name_are_refused() -> None:
    kind = "application/vnd.ms-word.document.macroEnabled.main+xml"
    types = f'<Override PartName="/word/a.xml" ContentType="{kind}"/>'
    assert "carries macros" in refusal(office(DOCX, types=types), "a.docx")
    project = '<Default Extension="xml2" ContentType="application/vnd.ms-office.vbaProject"/>'
    assert "carries macros" in refusal(office(XLSX, types=project), "a.xlsx")


@pytest.mark.parametrize(
    "part",
    [
        {"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)},
        {"word/embeddings/book.xlsx": office(XLSX)},
        {"word/media/image1.png": archive({"a": "b"})},
        {"word/media/image1.emf": PE},
        {"word/a.html": b"<script>"},
        {"evil.exe": PE},
    ],
)
def test_a_file_in_a_file_is_refused(part: dict[str, bytes]) -> None:
    assert "carries another file inside" in refusal(office(DOCX, part), "a.docx")


def test_what_is_fetched_when_opened_is_refused_and_a_link_is_not() -> None:
    for kind in ("attachedTemplate", "oleObject", "image", "frame"):
        part = {"word/_rels/document.xml.rels": relations((kind, "https://evil.example/a", "External"))}
        assert "loads something from elsewhere" in refusal(office(DOCX, part), "a.docx")
    part = {"word/_rels/document.xml.rels": relations(("hyperlink", "https://harbor.example/", "External"))}
    assert look("a.docx", office(DOCX, part)).media_type == DOCX


@pytest.mark.parametrize(
    "name",
    ["../evil.xml", "word/../../evil.xml", "/etc/passwd.xml", "C:/evil.xml", "word\\..\\evil.xml", "word/..\\x.xml"],
)
def test_a_part_that_leads_out_of_the_file_is_refused(name: str) -> None:
    assert "packed in a way no Office program packs" in refusal(office(DOCX, {name: "<a/>"}), "a.docx")


def test_a_link_and_two_parts_of_one_name_are_refused() -> None:
    link = zipfile.ZipInfo("word/link.xml")
    link.external_attr = 0o120777 << 16
    for entry in (link, zipfile.ZipInfo("WORD/document.xml")):
        file = io.BytesIO(office(DOCX))
        with zipfile.ZipFile(file, "a") as package:
            package.writestr(entry, "/etc/passwd")
        assert "packed in a way no Office program packs" in refusal(file.getvalue(), "a.docx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    laughs = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    part = {"word/document.xml": laughs.encode(encoding)}
    assert "packed in a way no Office program packs" in refusal(office(DOCX, part), "a.docx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = office(XLSX, {"xl/worksheets/sheet1.xml": b"<a>" + bytes(90_000_000)})
    assert len(bomb) < 150_000
    assert len(zipfile.ZipFile(io.BytesIO(bomb)).read("xl/worksheets/sheet1.xml")) > 90_000_000
    assert "unpacks to far more" in refusal(bomb, "a.xlsx")


def test_many_small_bombs_are_one_large_one() -> None:
    part = bytes(4_900_000)
    bomb = office(XLSX, {f"xl/worksheets/sheet{number}.xml": part for number in range(25)})
    assert sum(info.file_size for info in zipfile.ZipFile(io.BytesIO(bomb)).infolist()) > 120_000_000
    assert "unpacks to far more" in refusal(bomb, "a.xlsx")
    crowd = office(XLSX, {f"xl/{number}.xml": "" for number in range(5001)})
    assert "unpacks to far more" in refusal(crowd, "a.xlsx")


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    true = office(DOCX, {"word/big.xml": bytes(20_000_000)})
    assert zipfile.ZipFile(io.BytesIO(true)).getinfo("word/big.xml").file_size == 20_000_000
    lying = true.replace(struct.pack("<I", 20_000_000), struct.pack("<I", 1000))
    assert zipfile.ZipFile(io.BytesIO(lying)).getinfo("word/big.xml").file_size == 1000
    assert "is broken or cut short" in refusal(lying, "a.docx")


def test_a_large_honest_sheet_is_taken() -> None:
    rows = "".join(f"<row><c>{number}</c><c>{zlib.crc32(str(number).encode())}</c></row>" for number in range(200_000))
    assert len(rows) > 5_000_000
    assert look("a.xlsx", office(XLSX, {"xl/worksheets/sheet1.xml": f"<a>{rows}</a>"})).media_type == XLSX


def test_a_locked_or_broken_office_file_is_refused() -> None:
    locked = bytearray(office(DOCX))
    for found in re.finditer(b"PK\x01\x02", bytes(locked)):
        locked[found.start() + 8] |= 1
    assert "is locked with a password" in refusal(bytes(locked), "a.docx")
    for part in (0.3, 0.7, 0.99):
        assert "is broken or cut short" in refusal(office(DOCX)[: int(len(office(DOCX)) * part)], "a.docx")


def test_other_packages_are_told_apart() -> None:
    slides = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    assert "is no Word or Excel document" in refusal(office(slides), "a.pptx")
    assert "is no Word or Excel document" in refusal(archive({"mimetype": "application/vnd.oasis"}), "a.odt")


# Pictures that are too much


def png_that_says(width: int, height: int) -> bytes:
    """A small file that claims to be a large picture, as a decompression bomb does."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused() -> None:
    bomb = png_that_says(12_000, 10_000)
    assert len(bomb) < 200_000
    assert "has more than 40 million pixels" in refusal(bomb, "a.png")
    assert "has more than 40 million pixels" in refusal(png_that_says(7_000, 6_000), "a.png")
    assert look("a.png", png_that_says(6_000, 6_000)).width == 6_000


def test_an_animation_without_end_is_refused() -> None:
    file = io.BytesIO()
    flat = [Image.new("L", (3000, 3000), shade) for shade in range(6)]
    flat[0].save(file, "GIF", save_all=True, append_images=flat[1:])
    assert len(file.getvalue()) < 500_000
    assert "is too long an animation" in refusal(file.getvalue(), "a.gif")
    assert "is too long an animation" in refusal(animation(size=(20, 20), frames=501), "a.gif")


# Made smaller


def test_a_picture_is_made_smaller_until_it_fits() -> None:
    data = look("a.png", picture((1500, 1000), "PNG")).data
    made = shrunk(data, 200_000)
    assert made is not None
    assert len(made[0]) <= 200_000 < len(data)
    assert made[1] == "image/jpeg"
    assert opened(made[0]).width > 300
    assert shrunk(data, 500) is None


def test_an_animation_made_smaller_stays_one() -> None:
    noise = [Image.effect_noise((400, 300), 60).convert("P") for _ in range(4)]
    file = io.BytesIO()
    noise[0].save(file, "GIF", save_all=True, append_images=noise[1:], duration=80)
    made = shrunk(look("a.gif", file.getvalue()).data, 200_000)
    assert made is not None
    assert len(made[0]) <= 200_000 < len(file.getvalue())
    assert made[1] == "image/gif"
    assert opened(made[0]).n_frames == 4
    assert shrunk(file.getvalue(), 500) is None


def test_files_of_the_tests_are_what_they_say() -> None:
    assert zipfile.ZipFile(io.BytesIO(office())).testzip() is None
    assert files.PHONE_HEIC[4:12] == b"ftypheic"
