"""Listings from a CSV file: read with tolerance, every row accounted for.

An import goes uploaded, queued, running, done or failed. A worker takes it 500 rows at a time; rows, counts and how
far it got are written together, so that another worker goes on where one was killed.
"""

import asyncio
import csv
import errno
import itertools
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import asyncpg
from piccolo.columns import JSON, BigInt, Integer, Text, Varchar
from piccolo.table import Table

from domain import ads, audit, clock, csv_files, db, ids
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, found
from domain.errors import Refused, Unavailable
from domain.settings import settings
from domain.sources import WELL_KNOWN, Source
from domain.users import User

LARGEST_FILE = 200_000_000  # bytes
CHUNK = 500  # rows in one transaction: about a tenth of a second
LEASE = timedelta(seconds=60)
SHOWN_REFUSALS = 1000  # in the table; the file beside the upload holds them all
PREVIEW_ROWS = 5
KEPT_UPLOAD = timedelta(days=1)  # of an import that nobody started
KEPT_REFUSALS = timedelta(days=30)

log = logging.getLogger(__name__)


class Import(Table, db=DB, tablename="listing_import"):
    id = key()
    account = parent(Account)
    user = parent(User, null=True, index=False)
    source = Text(default="")  # for rows that name none
    file_name = Text()
    path = Text(default="")  # below the data directory
    size = BigInt(default=0)  # bytes
    # columns: the field of each, empty: left out; rows: how many there are; filtered: how many of them were hidden
    mapping = JSON(default="{}")
    state = Varchar(10, default="uploaded")  # uploaded | queued | running | done | failed
    problem = Text(default="")
    done_bytes = BigInt(default=0)
    done_rows = Integer(default=0)
    created = Integer(default=0)
    updated = Integer(default=0)
    refused = Integer(default=0)
    owner = Text(default="")
    lease_until = moment()
    created_at = made()
    finished_at = moment()


class RefusedRow(Table, db=DB, tablename="refused_row"):
    id = key()
    listing_import = parent(Import)
    line = Integer()
    reason = Text()
    row = JSON(default="[]")


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, the field each of its columns is taken for (empty: left out), and how many rows."""

    header: tuple[str, ...]
    columns: list[str]
    samples: list[list[str]]
    rows: int

    @property
    def unknown(self) -> list[str]:
        """The columns that are left out, by name."""
        return [name for name, column in zip(self.header, self.columns, strict=True) if name and not column]


async def upload(account: UUID, user: UUID | None, file_name: str, stream: IO[bytes], source: str = "") -> Import:
    """Keeps a copy of the file and guesses its columns. `source` is for rows that name none.

    Raises Refused (field `file`) when it is too large or no CSV, Unavailable when the disk is full.
    """
    job = Import(id=ids.new(), account=account, user=user, source=source, file_name=_base_name(file_name))
    job.path = f"imports/{job.id}.csv"
    job.size, columns, rows = await asyncio.to_thread(_keep, stream, upload_path(job))
    job.mapping = _mapping(columns, rows)
    await Import.insert(job)
    return job


async def preview(job: Import) -> Preview:
    """What the mapping page shows."""
    return await asyncio.to_thread(_preview, upload_path(job), columns_of(job), total_rows(job))


async def start(job: Import, columns: Sequence[str], owner: str = "") -> Import:
    """Lets a worker take it, with the field of each column; or takes it at once for `owner`.

    Raises Refused when the columns do not make listings, or when it was started before.
    """
    _check_columns(columns, len(columns_of(job)))
    values: dict[Any, Any] = {Import.mapping: _mapping(columns, total_rows(job)), Import.state: "queued"}
    if owner:
        values |= {Import.state: "running", Import.owner: owner, Import.lease_until: clock.now() + LEASE}
    async with db.writing():
        update = Import.update(values).where((Import.id == job.id) & (Import.state == "uploaded"))
        if not await update.returning(Import.id):
            raise Refused("This import was started already.")
        await audit.record(job.account, job.user, "listings.imported", job.id, file=job.file_name)
    return await of(job.account, job.id)


async def sources_of(account: UUID) -> list[tuple[str, str]]:
    """The sites rows can come from, as (slug, name): those the account has and those everybody knows."""
    rows = await Source.select(Source.slug, Source.name).where(Source.account == account)
    known = {**WELL_KNOWN, **{row["slug"]: row["name"] for row in rows}}
    return sorted(known.items(), key=lambda slug_and_name: slug_and_name[1].casefold())


async def discard(job: Import) -> None:
    """Forgets an upload that is not wanted after all. Does nothing once it is started."""
    if await Import.delete().where((Import.id == job.id) & (Import.state == "uploaded")).returning(Import.id):
        upload_path(job).unlink(missing_ok=True)


async def of(account: UUID, import_id: UUID) -> Import:
    """The account's import of that id. Raises NotFound."""
    return await found(Import.objects().get((Import.id == import_id) & (Import.account == account)))


async def due() -> list[UUID]:
    """Imports that wait for a worker, or whose worker is gone; the oldest first."""
    lost = (Import.state == "running") & (Import.lease_until < clock.now())
    query = Import.select(Import.id).where((Import.state == "queued") | lost)
    return [row["id"] for row in await query.order_by(Import.created_at)]


async def run(import_id: UUID, owner: str, progress: Callable[[Import], None] | None = None) -> bool:
    """Imports until done; True when it is (or has failed), False when it was over or another owner has it.

    `progress` is called after every chunk. Raises Unavailable and the database's own errors when the rows cannot be
    stored now: the import stays, and whoever runs it next goes on where this one stopped.
    """
    job = await _claim(import_id, owner)
    if job is None:
        return False
    owner = job.owner
    try:
        await _run(job, owner, progress)
    except _TakenOver:
        return False
    except Refused as error:
        await _finish(job, owner, error.message)
    except (Unavailable, OSError, sqlite3.OperationalError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        raise
    except Exception:
        log.exception("Import %s stopped", import_id)
        await _finish(job, owner, "Lotwire met a fault of its own. The rows up to here are in; please report it.")
    return True


async def stop(job: Import, reason: str) -> None:
    """Ends a running import, whoever runs it; what is in stays in."""
    await _finish(await of(job.account, job.id), None, reason)


async def refusals(job: Import, limit: int = 100) -> list[dict[str, Any]]:
    """The first refused rows: `line`, `reason` and `row`, the cells as they were."""
    query = RefusedRow.select(RefusedRow.line, RefusedRow.reason, RefusedRow.row)
    return (
        await query.where(RefusedRow.listing_import == job.id)
        .order_by(RefusedRow.line)
        .limit(limit)
        .output(load_json=True)
    )


async def tidy() -> None:
    """Deletes the files of people's data that nobody will ask for again."""
    stale = Import.objects().where((Import.state == "uploaded") & (Import.created_at < clock.now() - KEPT_UPLOAD))
    for job in await stale:
        await discard(job)
    old = Import.select(Import.id, Import.path).where(
        Import.finished_at.is_not_null() & (Import.finished_at < clock.now() - KEPT_REFUSALS)
    )
    for row in await old:
        (settings().data_dir / row["path"]).with_suffix(".refused.csv").unlink(missing_ok=True)
        await RefusedRow.delete().where(RefusedRow.listing_import == row["id"])


def upload_path(job: Import) -> Path:
    return settings().data_dir / job.path


def refused_path(job: Import) -> Path:
    """All refused rows, with line and reason before the cells; there when any was refused."""
    return upload_path(job).with_suffix(".refused.csv")


def columns_of(job: Import) -> list[str]:
    """The field of each column; empty for one that is left out."""
    return json.loads(job.mapping)["columns"]


def total_rows(job: Import) -> int:
    """How many rows the file has below its header, blank ones not counted."""
    return json.loads(job.mapping)["rows"]


def filtered_rows(job: Import) -> int:
    """How many of the rows that were created or updated are hidden: their sellers are reported as dealerships."""
    return json.loads(job.mapping).get("filtered", 0)


class _TakenOver(Exception):
    """The lease ran out and another owner has it."""


def _base_name(file_name: str) -> str:
    """The name without folders, as browsers and people give it."""
    return " ".join(file_name.replace("\\", "/").rsplit("/", 1)[-1].split())[:200] or "listings.csv"


def _mapping(columns: Sequence[str], rows: int, filtered: int = 0) -> str:
    return json.dumps({"columns": list(columns), "rows": rows, "filtered": filtered})


def _keep(stream: IO[bytes], path: Path) -> tuple[int, list[str], int]:
    """Copies the file; its size in bytes, the field of each column, and how many rows there are."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "xb", opener=_private) as copy:
            size = 0
            while part := stream.read(1 << 20):
                size += len(part)
                if size > LARGEST_FILE:
                    raise Refused(too_large(), field="file", code="too_large")
                copy.write(part)
        shape = csv_files.sniff(path)
        return size, csv_files.guess_mapping(shape.header), sum(1 for _ in csv_files.rows(path, shape))
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable("The disk is full, so the file was not kept. Free some space and try again.") from error
        raise


def too_large() -> str:
    return f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Split it and import the parts."


def _preview(path: Path, columns: list[str], total: int) -> Preview:
    shape = csv_files.sniff(path)
    width = len(shape.header)
    first = itertools.islice(csv_files.rows(path, shape), PREVIEW_ROWS)
    samples = [(row.cells + [""] * width)[:width] for row in first]
    return Preview(shape.header, columns, samples, total)


def _check_columns(columns: Sequence[str], width: int) -> None:
    if len(columns) != width:
        raise Refused(f"Say for each of the {width} columns what it holds.")
    used = [column for column in columns if column]
    for column in used:
        if column not in ads.FIELDS:
            raise Refused("Choose what each column holds from the list.")
        if used.count(column) > 1:
            raise Refused(f"Two columns are taken for {ads.FIELDS[column]}. Choose one of them.")
    missing = [ads.FIELDS[name] for name in ads.REQUIRED if name not in used]
    if missing:
        raise Refused(f"Choose the column for {_and(missing)}: no listing is without.")
    if not {"external_id", "url", "vin"} & set(used):
        raise Refused("Choose the column for Listing ID, Link to the ad or VIN, so that an ad is known again.")


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


async def _claim(import_id: UUID, owner: str) -> Import | None:
    """None when it is over, or somebody has it. Each run is an owner of its own, so that two of one worker differ."""
    now = clock.now()
    free = (Import.state == "queued") | (Import.lease_until < now) | (Import.owner == owner)
    claimed = await (
        Import.update({Import.state: "running", Import.owner: f"{owner} {ids.new()}", Import.lease_until: now + LEASE})
        .where((Import.id == import_id) & Import.state.is_in(["queued", "running"]) & free)
        .returning(Import.id)
    )
    return await Import.objects(Import.account).get(Import.id == import_id) if claimed else None


async def _run(job: Import, owner: str, progress: Callable[[Import], None] | None) -> None:
    account: Any = job.account
    reading = _Reading(upload_path(job), columns_of(job), account.country)
    await asyncio.to_thread(reading.skip, job.done_rows)
    await asyncio.to_thread(_cut_refusals, refused_path(job), reading.line)
    upcoming = asyncio.create_task(asyncio.to_thread(reading.next_chunk))
    try:
        while chunk := await upcoming:
            upcoming = asyncio.create_task(asyncio.to_thread(reading.next_chunk))  # read while these are stored
            await _store(job, owner, account.id, reading.header, chunk)
            if progress is not None:
                progress(job)
    finally:
        await asyncio.gather(upcoming, return_exceptions=True)
    await _finish(job, owner, "")


@dataclass
class _Chunk:
    accepted: list[ads.Ad] = field(default_factory=list)
    refused: list[tuple[int, str, list[str]]] = field(default_factory=list)
    rows: int = 0
    end_offset: int = 0


class _Reading:
    """The file on its way through: rows become ads or reasons. Works in a thread, so that nothing else waits."""

    def __init__(self, path: Path, columns: list[str], country: str) -> None:
        self._path, self._columns, self._country = path, columns, country
        self._rows: Iterator[csv_files.Row] = iter(())
        self.header: tuple[str, ...] = ()
        self.line = 0  # where the last row that was read begins

    def skip(self, rows: int) -> None:
        """Opens the file and passes over what is in already: a byte offset would not know the line."""
        if not self._path.exists():
            raise Refused("The uploaded file is gone. Upload it again.")
        shape = csv_files.sniff(self._path)
        self.header, self._separator = shape.header, shape.delimiter
        self._units = [
            csv_files.odometer_unit(name) if column == "odometer" else ""
            for name, column in zip(self.header, self._columns, strict=True)
        ]
        self._rows = csv_files.rows(self._path, shape)
        for row in itertools.islice(self._rows, rows):
            self.line = row.line

    def next_chunk(self) -> _Chunk | None:
        """Up to CHUNK rows; None at the end."""
        chunk = _Chunk()
        for row in itertools.islice(self._rows, CHUNK):
            self.line, chunk.end_offset = row.line, row.end_offset
            chunk.rows += 1
            ad, reason = self._read(row)
            if ad is None:
                chunk.refused.append((row.line, reason, row.cells))
            else:
                chunk.accepted.append(ad)
        return chunk if chunk.rows else None

    def _read(self, row: csv_files.Row) -> tuple[ads.Ad | None, str]:
        if row.problem:
            return None, row.problem
        width = len(self.header)
        if any(map(str.strip, row.cells[width:])):
            return None, (
                f"This row has {len(row.cells)} cells where the header has {width}. "
                f"Put quotation marks around a cell that holds {_SEPARATOR_NAMES[self._separator]}."
            )
        fields = {}
        for column, unit, cell in zip(self._columns, self._units, row.cells, strict=False):
            if column:
                value = csv_files.unsafe(cell.strip())
                fields[column] = f"{value} {unit}" if unit and value[-1:].isdigit() else value
        ad, problems = ads.check(fields, self._country)
        return ad, " ".join(map(self._sentence, problems))

    def _sentence(self, problem: Refused) -> str:
        """The reason with the column's own name before it."""
        if problem.field not in self._columns:
            return problem.message
        return f"{self.header[self._columns.index(problem.field)]}: {problem.message}"


_SEPARATOR_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


async def _store(job: Import, owner: str, account: UUID, header: Sequence[str], chunk: _Chunk) -> None:
    """A chunk and how far it brings the import, all or nothing."""
    async with db.writing():
        outcomes = await ads.put_many(account, chunk.accepted, job.source)
        created = sum(outcome.result == "created" for outcome in outcomes)
        filtered = filtered_rows(job) + sum(outcome.filtered for outcome in outcomes)
        now = {
            Import.done_bytes: chunk.end_offset,
            Import.done_rows: job.done_rows + chunk.rows,
            Import.created: job.created + created,
            Import.updated: job.updated + len(outcomes) - created,
            Import.refused: job.refused + len(chunk.refused),
            Import.mapping: _mapping(columns_of(job), total_rows(job), filtered),
            Import.lease_until: clock.now() + LEASE,
        }
        mine = (Import.id == job.id) & (Import.owner == owner) & (Import.state == "running")
        if not await Import.update(now).where(mine).returning(Import.id):  # type: ignore[arg-type]
            raise _TakenOver
        shown = [
            RefusedRow(listing_import=job.id, line=line, reason=reason, row=json.dumps([c[:500] for c in cells[:100]]))
            for line, reason, cells in chunk.refused[: max(0, SHOWN_REFUSALS - job.refused)]
        ]
        if shown:
            await RefusedRow.insert(*shown)
        if chunk.refused:  # while nobody else can have the import; more than is committed is cut off when it goes on
            _append_refusals(refused_path(job), header, chunk.refused)
    for column, value in now.items():
        setattr(job, column._meta.name, value)


async def _finish(job: Import, owner: str | None, problem: str) -> None:
    state = "failed" if problem else "done"
    values = {Import.state: state, Import.problem: problem, Import.finished_at: clock.now(), Import.lease_until: None}
    mine = (Import.id == job.id) & (Import.state == "running")
    if owner is not None:
        mine &= Import.owner == owner
    if await Import.update(values).where(mine).returning(Import.id):  # type: ignore[arg-type]
        job.state, job.problem = state, problem
        upload_path(job).unlink(missing_ok=True)


def _append_refusals(path: Path, header: Sequence[str], refused: Sequence[tuple[int, str, list[str]]]) -> None:
    with open(path, "a", encoding="utf-8", newline="", opener=_private) as file:
        writer = csv.writer(file)
        if file.tell() == 0:
            file.write("\ufeff")  # or Excel takes it for Windows-1252
            writer.writerow(map(csv_files.safe, ("Line", "Reason", *header)))
        for line, reason, cells in refused:
            writer.writerow((line, *map(csv_files.safe, (reason, *cells))))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _cut_refusals(path: Path, last_line: int) -> None:
    """Drops the refusals below the last line that counts: a worker wrote them and was killed before it committed."""
    if not path.exists():
        return
    if not last_line:
        path.unlink()
        return
    aside = path.with_suffix(".part")
    with (
        open(path, encoding="utf-8", errors="replace", newline="") as old,
        open(aside, "w", encoding="utf-8", newline="", opener=_private) as new,
    ):
        rows, writer, before = csv.reader(old), csv.writer(new), 0
        writer.writerow(next(rows, ()))
        for row in rows:
            if not (row and row[0].isdigit() and before < int(row[0]) <= last_line):
                break
            writer.writerow(row)
            before = int(row[0])
    aside.replace(path)
