"""Files of addresses, as scrubbing services, registries and spreadsheets write them: with a header or without one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from domain import csv_files
from domain.ad_values import BLANKS
from domain.csv_files import Row, Shape, folded
from domain.errors import Refused
from domain.suppressions.addresses import clean
from domain.suppressions.putting import LONGEST_REASON, Entry

SAMPLE = 200  # rows that are looked at where no header tells what a column holds
SHOWN = 200  # characters of a refused row
NOTHING_HERE = "This row has no phone number and no email address."
NO_COLUMN = (
    "This file names no column of phone numbers or email addresses. Call one “Phone” or “Email” in its first row."
)


class Columns(NamedTuple):
    """Where the addresses stand. `area` is the column of area codes where numbers come without: the National Do Not
    Call Registry writes `520,5550117` (telemarketing.donotcall.gov, "flat text file")."""

    addresses: tuple[int, ...]
    area: int | None = None
    reason: int | None = None


class RefusedRow(NamedTuple):
    """A row that could not be read whole; what of it could be, was taken."""

    line: int
    reason: str
    text: str


@dataclass
class Chunk:
    entries: list[Entry] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    rows: int = 0


class Reading:
    """A file on its way through: rows become entries or reasons. Slow work, for a thread.

    `why` is the reason of rows that give none. Raises Refused (field `file`) when it is no CSV, or holds no addresses.
    """

    def __init__(self, path: Path, country: str, why: str) -> None:
        self._country, self._why = country, why
        shape, self._columns = _understand(path, country)
        self._rows = csv_files.rows(path, shape)
        self.line = 0  # where the last row that was read begins

    def skip(self, rows: int) -> None:
        """Passes over what is in already."""
        for row in islice(self._rows, rows):
            self.line = row.line

    def next_chunk(self, size: int) -> Chunk:
        """Up to that many rows; none at the end."""
        chunk = Chunk()
        for row in islice(self._rows, size):
            self.line = row.line
            chunk.rows += 1
            if problem := self._read(row, chunk.entries):
                chunk.refused.append(RefusedRow(row.line, problem, ", ".join(filter(None, row.cells))[:SHOWN]))
        return chunk

    def _read(self, row: Row, entries: list[Entry]) -> str:
        """Adds what the row holds; empty, or the sentence about what of it cannot be read."""
        if row.problem:
            return row.problem
        found = False
        problem = ""
        for index in self._columns.addresses:
            cell = row.cells[index] if index < len(row.cells) else ""
            if cell.strip().casefold() in BLANKS:
                continue
            try:
                entries.append(Entry(clean(_whole(cell, row, self._columns.area), self._country), self._reason(row)))
                found = True
            except Refused as refused:
                problem = problem or refused.message
        return problem or ("" if found else NOTHING_HERE)

    def _reason(self, row: Row) -> str:
        index = self._columns.reason
        cell = row.cells[index] if index is not None and index < len(row.cells) else ""
        return " ".join(csv_files.unsafe(cell.strip()).split())[:LONGEST_REASON] or self._why


def check(path: Path, country: str) -> None:
    """Raises Refused (field `file`) for a file that cannot be read into a list."""
    _understand(path, country)


def _understand(path: Path, country: str) -> tuple[Shape, Columns]:
    """How the file is written and where its addresses stand; `line_of_header` is 0 when it has no header."""
    shape = csv_files.sniff(path)
    if _area_of([shape.header]) is not None or any(_is_address(cell, country) for cell in shape.header):
        shape = replace(shape, header=(), line_of_header=0)
    columns = _named(shape.header)
    if not columns.addresses:
        sample = [row.cells for row in islice(csv_files.rows(path, shape), SAMPLE)]
        columns = _by_content(sample, country)._replace(reason=columns.reason)
    if not columns.addresses:
        raise Refused(NO_COLUMN, field="file")
    return shape, columns


def _named(header: Sequence[str]) -> Columns:
    """By their names. A column “Address” counts where none is named better: it may hold streets."""
    fields = [_FIELD_OF.get(folded(name)) or csv_files.guess_mapping([name])[0] for name in header]
    found = _all(fields, "phone", "mobile", "email") or _all(fields, "address")
    return Columns(found, *(next(iter(_all(fields, name)), None) for name in ("area", "reason")))


def _all(fields: Sequence[str], *names: str) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(fields) if name in names)


def _by_content(rows: Sequence[Sequence[str]], country: str) -> Columns:
    """The columns in which at least half of what stands there is an address."""
    if (area := _area_of(rows)) is not None:
        return Columns((area + 1,), area)
    width = max(map(len, rows), default=0)
    return Columns(tuple(n for n in range(width) if _mostly(_cells(rows, n), lambda cell: _is_address(cell, country))))


def _area_of(rows: Sequence[Sequence[str]]) -> int | None:
    """The column of area codes, when the rest of the numbers stands in the next one."""
    for n in range(max(map(len, rows), default=0) - 1):
        if _mostly(_cells(rows, n), _AREA.fullmatch) and _mostly(_cells(rows, n + 1), _LOCAL.fullmatch):
            return n
    return None


def _cells(rows: Sequence[Sequence[str]], n: int) -> Iterator[str]:
    return (row[n].strip() for row in rows if n < len(row) and row[n].strip())


def _mostly(cells: Iterator[str], fits: object) -> bool:
    assert callable(fits)
    answers = [bool(fits(cell)) for cell in cells]
    return bool(answers) and sum(answers) * 2 >= len(answers)


def _is_address(cell: str, country: str) -> bool:
    try:
        return bool(clean(cell, country))
    except Refused:
        return False


def _whole(cell: str, row: Row, area: int | None) -> str:
    """The number with its area code."""
    if area is None or area >= len(row.cells) or not _LOCAL.fullmatch(cell.strip()):
        return cell
    return row.cells[area].strip() + cell.strip()


_AREA = re.compile(r"[2-9]\d\d", re.ASCII)
_LOCAL = re.compile(r"\d{3}[ .-]?\d{4}", re.ASCII)

_SYNONYMS = {
    "address": (
        "address, addresses, number, numbers, contact, recipient, recipients, to, phone or email, email or phone, "
        "identifier, suppressed, blocked number, dnc number, do not call, adresse, numero, numero de telephone"
    ),
    "area": "area code, area, areacode, npa, code regional, indicatif regional",
    "reason": "reason, why, note, notes, comment, comments, remark, remarks, raison, motif, remarque",
}
_FIELD_OF = {folded(name): field for field, names in _SYNONYMS.items() for name in names.split(",")}
