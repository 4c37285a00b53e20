"""CSV files as people have them: any usual encoding and separator, any header, every row on its physical line."""

import codecs
import csv
import io
import unicodedata
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from domain.errors import Refused

LONGEST_CELL = 131_072  # characters
LONGEST_LINE = 1_000_000  # characters; a longer one is no CSV, and reading it would fill the memory
SAMPLE = 65_536  # bytes that are looked at to find separator and header
MOST_COLUMNS = 500  # a page asks what each of them holds
HEADER_WITHIN = 15  # rows: exports put a title and a date above the header
DELIMITERS = ",;\t|"

csv.field_size_limit(LONGEST_CELL)  # of the whole process, which reads CSV nowhere else


@dataclass(frozen=True)
class Shape:
    """How a file is written. `header` holds the column names as typed, with single spaces; a name may stand twice."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    line_of_header: int


@dataclass(frozen=True)
class Row:
    """One row below the header. `line` is where it begins in an editor, counted from 1; `end_offset` how many bytes of
    the file are read with it. `problem` is empty, or the sentence why the row cannot be read at all."""

    line: int
    cells: list[str]
    end_offset: int
    problem: str = ""


def sniff(path: Path) -> Shape:
    """Encoding, separator and header of a file. Raises Refused (field `file`) with what to do when it is no CSV."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe cannot be read twice, /dev/zero never ends
            raise Refused("This is no file. Choose a CSV file.", field="file")
        with path.open("rb") as file:
            start = file.read(SAMPLE)
            _refuse_what_is_no_csv(path, start)
            encoding = _encoding(start, file)
    except IsADirectoryError:
        raise Refused("This is a folder. Choose a CSV file.", field="file") from None
    except FileNotFoundError:
        raise Refused("There is no such file. Check its name.", field="file") from None
    except OSError as error:
        raise Refused(f"The file cannot be read: {error.strerror}.", field="file") from None
    found = [_header(start, encoding, delimiter) for delimiter in DELIMITERS]
    _, shape = max(found, key=lambda score_and_shape: score_and_shape[0])
    if not shape.header:
        raise Refused("This file is empty. Choose a CSV file with a header and rows.", field="file")
    if len(shape.header) > MOST_COLUMNS:
        sentence = f"This file has {len(shape.header):,} columns. Keep those Lotwire needs, {MOST_COLUMNS} at most."
        raise Refused(sentence, field="file")
    return shape


def rows(path: Path, shape: Shape) -> Iterator[Row]:
    """The rows below the header, one at a time; blank ones are passed over.

    A row whose quotation mark is never closed comes with a `problem`, and reading goes on at the line below it.
    Raises Refused (field `file`) for a line that no CSV has.
    """
    with path.open(encoding=shape.encoding, errors="replace", newline="") as text:
        for row in _records(_lines(text), shape.delimiter, shape.encoding):
            if row.line > shape.line_of_header and (row.problem or any(map(str.strip, row.cells))):
                yield row


def guess_mapping(header: Sequence[str]) -> list[str]:
    """The field each column holds, in the order of the columns; empty for one that is not known.

    Case, accents, spaces and punctuation do not matter. Of two columns that hold the same, the first is taken.
    """
    taken: set[str] = set()
    fields = []
    for name in header:
        field = _field_of(name)
        fields.append("" if field in taken else field)
        taken.add(field)
    return fields


def odometer_unit(name: str) -> str:
    """`km` or `mi` when a column's name says which, as in `Kms` or `Mileage (miles)`; else empty."""
    plain = folded(name)
    if plain in ("km", "kms") or "kilomet" in plain or plain.endswith(("inkm", "kms", "agekm", "eterkm")):
        return "km"
    return "mi" if plain in ("mi", "miles") or plain.endswith(("miles", "inmi", "agemi", "etermi")) else ""


def folded(name: str) -> str:
    """Letters and digits only: `E-Mail Address:` and `email address` are one name, `Modèle` and `modele` too."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. Reading it again gives the cell back."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def unsafe(cell: str) -> str:
    """What a cell held before `safe` or a spreadsheet put an apostrophe before it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "\t", "\r") else cell


_EXCEL = "This is an Excel workbook. In Excel choose File, Save As, “CSV UTF-8”, and import that file."
_NOT_CSV = (
    (b"\xd0\xcf\x11\xe0", _EXCEL),
    (b"%PDF", "This is a PDF. Ask for the same list as CSV, or copy it into a spreadsheet and save that as CSV."),
    (b"\x89PNG", "This is a picture. Choose a CSV file."),
    (b"\xff\xd8\xff", "This is a picture. Choose a CSV file."),
    (b"GIF8", "This is a picture. Choose a CSV file."),
    (b"RIFF", "This is a picture or a sound. Choose a CSV file."),
    (b"\x1f\x8b", "This file is packed (gzip). Unpack it and import the CSV file inside."),
    (b"7z\xbc\xaf", "This file is packed (7-Zip). Unpack it and import the CSV file inside."),
    (b"Rar!", "This file is packed (RAR). Unpack it and import the CSV file inside."),
    (b"SQLite format 3", "This is a database. Choose a CSV file."),
    (b"{\\rtf", "This is a text document. Choose a CSV file."),
)
_MARKUP = (
    (("<!doctype html", "<html", "<table", "<head", "<body"), "This is a web page. Download the list as CSV instead."),
    (("<",), "This is an XML file. Ask for the same list as CSV."),
    (("{", "["), "This is a JSON file. Ask for the same list as CSV, or send it to the API."),
)


def _refuse_what_is_no_csv(path: Path, start: bytes) -> None:
    if start.startswith(b"PK\x03\x04"):
        raise Refused(_of_archive(path), field="file")
    for magic, sentence in _NOT_CSV:
        if start.startswith(magic):
            raise Refused(sentence, field="file")
    if not start.startswith(_UTF_16) and sum(map(start.count, _CONTROLS)) * 20 > len(start):
        raise Refused("This file holds no text. Choose a CSV file.", field="file")
    text = start[:512].decode("utf-16" if start.startswith(_UTF_16) else "utf-8-sig", "ignore").lstrip().casefold()
    for beginnings, sentence in _MARKUP:
        if text.startswith(beginnings):
            raise Refused(sentence, field="file")


def _of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:50]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return _EXCEL
    if any(name.startswith("word/") for name in names):
        return "This is a Word document. Choose a CSV file."
    if "content.xml" in names:
        return "This is an OpenDocument file. Open it, save the sheet as CSV, and import that file."
    if any(name.startswith("Index/") for name in names):
        return "This is a Numbers document. Export it as CSV, and import that file."
    return "This is a ZIP archive. Unpack it and import the CSV file inside."


# Bytes that no text holds, NUL aside: some programs pad with it. In random bytes they are a tenth.
_CONTROLS = tuple(bytes([code]) for code in range(1, 32) if code not in b"\t\n\v\f\r\x1a")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _encoding(start: bytes, rest: io.BufferedReader) -> str:
    """UTF-16 by its mark, UTF-8 when the whole file reads as that, else Windows-1252.

    A file of UTF-8 in which a few bytes are broken stays UTF-8: those few show as �, not every accent as two signs.
    """
    if start.startswith(_UTF_16):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = beyond_ascii = 0
    chunk = start
    while chunk:
        text = decoder.decode(chunk)
        if not text.isascii():
            broken += text.count("\ufffd")
            beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
        chunk = rest.read(1 << 20)
    if broken * 10 > beyond_ascii - broken:
        return "cp1252"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


def _header(start: bytes, encoding: str, delimiter: str) -> tuple[tuple[int, int, int], Shape]:
    """The likeliest header with this separator, and how likely: fields known, then width, then the earlier line."""
    best = ((0, 0, 0), Shape(encoding, delimiter, (), 0))
    sample = io.StringIO(start.decode(encoding, "replace"), newline="")
    records = _records(_lines(sample), delimiter, encoding)
    for row in islice((row for row in records if any(map(str.strip, row.cells))), HEADER_WITHIN):
        if row.cells[0].casefold().startswith("sep=") and len(row.cells) <= 2:
            continue  # Excel's own way to say which separator follows
        names = tuple(" ".join(cell.split()) for cell in row.cells)
        score = (sum(map(bool, guess_mapping(names))), len(names), -row.line)
        # A row of data may be wider than the header, so a later line must name more of the fields.
        if not best[1].header or score[0] > best[0][0]:
            best = (score, Shape(encoding, delimiter, names, row.line))
    return best


def _lines(text: TextIO) -> Iterator[str]:
    """Physical lines with their ends, whichever those are: the text was opened with newline=""."""
    number = 1
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\r", "\n")):
            raise Refused(f"Line {number} is too long for a CSV file. Check that this is the right file.", field="file")
        yield line
        number += 1


class _Lines:
    """Lines for csv.reader that remember the row being read, so that a bad one can be taken back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.of_row: list[str] = []
        self.ended_inside = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        try:
            line = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self.ended_inside = bool(self.of_row)
            raise
        self.of_row.append(line)
        return line.replace("\0", "")

    def take_back_all_but_the_first(self) -> None:
        self._again.extendleft(reversed(self.of_row[1:]))
        del self.of_row[1:]
        self.ended_inside = False


_LENGTH_OF_MARK = {"utf-16": 2, "utf-8-sig": 3}


def _records(lines: Iterable[str], delimiter: str, encoding: str) -> Iterator[Row]:
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
    line, offset = 1, _LENGTH_OF_MARK.get(encoding, 0)
    while True:
        problem = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
            problem = f"A cell is longer than {LONGEST_CELL:,} characters."
            if len(source.of_row) > 1:
                problem = _never_closed(line)
        if source.ended_inside:
            problem = _never_closed(line)
        if problem:
            source.take_back_all_but_the_first()
            cells = source.of_row[0].strip().split(delimiter) if len(source.of_row[0]) <= LONGEST_CELL else []
        offset += sum(_size(text, encoding) for text in source.of_row)
        yield Row(line, cells, offset, problem)
        line += len(source.of_row)
        source.of_row.clear()


def _never_closed(line: int) -> str:
    return f"The quotation mark that opens on line {line} is never closed. Close it, or take it out."


def _size(text: str, encoding: str) -> int:
    if encoding == "cp1252" or (text.isascii() and encoding != "utf-16"):
        return len(text)
    return len(text.encode("utf-16-le" if encoding == "utf-16" else "utf-8"))


def _field_of(name: str) -> str:
    plain = folded(name)
    if plain in _FIELD_OF:
        return _FIELD_OF[plain]
    for prefix in _PREFIXES:
        if plain.startswith(prefix) and plain.removeprefix(prefix) in _FIELD_OF:
            return _FIELD_OF[plain.removeprefix(prefix)]
    return ""


# `vehicle.make`, `Seller City`, `Listing Price`
_PREFIXES = ("vehicle", "seller", "listing", "contact", "customer", "owner", "asking", "veh", "car", "ad")

_SYNONYMS = {
    "external_id": (
        "external id, listing id, ad id, id, stock, stock no, stock number, stock id, listing number, listing no, "
        "ad number, ad no, advert id, advertisement id, item id, item number, post id, posting id, reference, "
        "ref, reference number, reference id, no annonce, numero d'annonce, numero d'inventaire"
    ),
    "source": "source, site, website name, listing source, lead source, marketplace, portal, channel, provider",
    "year": "year, yr, model year, année, année modèle",
    "make": "make, brand, manufacturer, marque",
    "model": "model, model name, modèle",
    "trim": "trim, trim level, series, version, submodel, sub model, finition",
    "vin": (
        "vin, vin number, vin no, vehicle identification number, vehicle id number, serial number, niv, numero de serie"
    ),
    "odometer": (
        "odometer, odometer reading, mileage, miles, mi, km, kms, kilometers, kilometres, kilometrage, "
        "kilométrage, mileage km, mileage in km, mileage mi, mileage miles, odometer km, odometer mi, odometer "
        "miles, odometre"
    ),
    "body_style": "body style, body, body type, bodystyle, style, carrosserie, type de carrosserie",
    "color": (
        "color, colour, exterior color, exterior colour, ext color, ext colour, paint, couleur, couleur exterieure"
    ),
    "interior_color": "interior color, interior colour, int color, int colour, interior, couleur interieure",
    "engine": "engine, motor, engine description, engine size, engine type, moteur",
    "fuel": "fuel, fuel type, gas type, carburant, type de carburant",
    "transmission": "transmission, trans, gearbox, transmission type, boite de vitesses",
    "drivetrain": (
        "drivetrain, drive train, drive, drive type, driveline, wheel drive, transmission drive, rouage, "
        "entrainement, motricite"
    ),
    "price": (
        "price, asking price, list price, listed price, current price, sale price, amount, ask, price usd, price "
        "cad, price us, price ca, prix, prix demande"
    ),
    "url": (
        "url, link, listing url, ad url, ad link, web address, web link, page, page url, permalink, listing link, "
        "href, lien, vdp url, vdp link, vdp"
    ),
    "description": (
        "description, desc, text, ad text, body text, comments, comment, details, notes, seller notes, seller "
        "comments, listing description, title and description, texte, remarques"
    ),
    "posted_on": (
        "posted on, posted, date posted, posting date, post date, listed, listed on, list date, date listed, "
        "date, listing date, ad date, created, created on, created at, date created, first seen, publie le, date "
        "de publication"
    ),
    "pictures": (
        "pictures, picture, photos, photo, images, image, picture urls, picture url, photo urls, photo url, image "
        "urls, image url, pics, pic, photo links, image links, gallery, photos url, images url, media, "
        "photographies"
    ),
    "name": (
        "name, seller name, full name, contact name, owner name, customer name, seller, contact, owner, nom "
        "complet, vendeur"
    ),
    "first_name": "first name, firstname, first, given name, fname, forename, prenom",
    "last_name": "last name, lastname, last, surname, family name, lname, nom, nom de famille",
    "phone": (
        "phone, phone number, phone no, telephone, telephone number, tel, home phone, landline, land line, work "
        "phone, business phone, phone 1, day phone, evening phone, primary phone, main phone, home, telephone "
        "domicile"
    ),
    "mobile": (
        "mobile, mobile phone, mobile number, mobile no, cell, cell phone, cellphone, cell number, cell no, "
        "cellular, text number, sms, phone 2, mobile telephone, cellulaire, portable, telephone cellulaire"
    ),
    "email": "email, e mail, email address, e mail address, mail, courriel, adresse courriel",
    "street": (
        "street, street address, address, address 1, address line 1, address line, street 1, mailing address, "
        "adresse, rue"
    ),
    "city": "city, town, municipality, locality, location city, ville",
    "state": "state, province, region, prov, st, state province, province state, state or province, location state",
    "postal_code": (
        "postal code, zip, zip code, zipcode, postal, postcode, post code, zip postal, zip postal code, postal "
        "zip, zip or postal code, postal code zip, code postal"
    ),
}
_FIELD_OF = {folded(name): field for field, names in _SYNONYMS.items() for name in names.split(",")}
