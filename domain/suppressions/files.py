"""Files of addresses go into a list: kept as uploaded, read by a worker, every row accounted for.

A worker stores a few thousand rows at a time, with how far it got; another goes on where one was killed. Who holds the
lock on the uploaded file is at it, and the count of rows in the database lets only one of two store the next ones.
"""

import asyncio
import contextlib
import errno
import fcntl
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import asyncpg

from domain import ad_values, audit, clock, db, ids, users
from domain.accounts import Account
from domain.db import found
from domain.errors import Refused, Unavailable
from domain.settings import settings
from domain.suppressions.putting import Kind, put
from domain.suppressions.reading import Chunk, Reading, RefusedRow, check
from domain.suppressions.tables import ListImport
from domain.users import Permission, User

LARGEST_FILE = 200_000_000  # bytes
CHUNK = 2_500  # rows in one transaction, in which no message of the account can begin to leave
SHOWN_REFUSALS = 1000
KEPT_REFUSALS = timedelta(days=30)
FIRST_PUBLIC_LIST = 1985  # Florida kept its own from 1987; the federal one is of 2003

log = logging.getLogger(__name__)


async def upload(
    account: Account, user: User | None, kind: str, file_name: str, stream: IO[bytes], scrubbed_on: str = ""
) -> ListImport:
    """Keeps a copy of the file for a worker to read into a list.

    `scrubbed_on` is the day a public do-not-call list was fetched, as typed; empty for any other. Raises Refused when
    the file is too large or holds no addresses (field `file`), for a list there is not or a day to come, and for who
    may not import; Unavailable when the disk is full.
    """
    if user is not None:
        users.require(user, Permission.IMPORT)
    if kind not in list(Kind):
        raise Refused("Choose the list that these addresses go into.", field="kind")
    job = ListImport(id=ids.new(), account=account.id, kind=kind, name=_base_name(file_name), at=clock.now())
    job.by, job.scrubbed_at = user.id if user else None, _moment(scrubbed_on, account.country)
    await asyncio.to_thread(_keep, stream, upload_path(job), account.country)
    async with db.writing():
        await ListImport.insert(job)
        await audit.record(account.id, job.by, "list.imported", job.id, file=job.name, list=kind)
    return job


async def of(account_id: UUID, import_id: UUID) -> ListImport:
    """The account's import of that id. Raises NotFound."""
    return await found(ListImport.objects().get((ListImport.id == import_id) & (ListImport.account == account_id)))


async def newest(account_id: UUID, limit: int = 5) -> list[ListImport]:
    """The last imports into any of the lists."""
    query = ListImport.objects().where(ListImport.account == account_id)
    return await query.order_by(ListImport.at, ListImport.id, ascending=False).limit(limit)


async def due() -> list[UUID]:
    """Imports that are not at their end, the oldest first; whoever runs one that is in hand is sent away."""
    rows = await ListImport.select(ListImport.id).where(ListImport.state == "running").order_by(ListImport.at)
    return [row["id"] for row in rows]


async def run(import_id: UUID, progress: Callable[[ListImport], None] | None = None) -> bool:
    """Imports until done; True when it is (or has failed), False when it was over or somebody else is at it.

    `progress` is called after every chunk. Raises Unavailable and the database's own errors when the rows cannot be
    stored now: the import stays, and whoever runs it next goes on where this one stopped.
    """
    job = await _running(import_id)
    if job is None:
        return False
    try:
        with _held(upload_path(job)) as ours:
            now = await _running(import_id) if ours else None  # it may have gone on before the file was ours
            if now is None:
                return False
            await _run(now, progress)
    except _TakenOver:
        return False
    except FileNotFoundError:
        await _finish(job, "The uploaded file is gone. Upload it again.")
    except Refused as error:
        await _finish(job, error.message)
    except (Unavailable, OSError, sqlite3.OperationalError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        raise
    except Exception:
        log.exception("Import %s into a list stopped", import_id)
        await _finish(job, "Lotwire met a fault of its own. The rows up to here are in; please report it.")
    return True


def refusals(job: ListImport) -> list[RefusedRow]:
    """The first rows that could not be read, by line."""
    try:
        return [RefusedRow(*row) for row in json.loads(_refused_path(job).read_text())]
    except FileNotFoundError:
        return []


def lines(job: ListImport) -> int:
    """How many lines the file has: about as many rows as will come. 0 once it is over."""
    try:
        return _lines(upload_path(job), upload_path(job).stat().st_mtime_ns)
    except FileNotFoundError:
        return 0


async def tidy() -> None:
    """Deletes the rows of people's data that nobody will ask for again."""
    old = ListImport.objects().where(
        ListImport.finished_at.is_not_null() & (ListImport.finished_at < clock.now() - KEPT_REFUSALS)
    )
    for job in await old:
        _refused_path(job).unlink(missing_ok=True)


def upload_path(job: ListImport) -> Path:
    return settings().data_dir / "lists" / f"{job.id}.csv"


def too_large() -> str:
    return f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Split it and import the parts."


class _TakenOver(Exception):
    """Somebody else stored the next rows."""


def _base_name(file_name: str) -> str:
    """The name without folders, as browsers and people give it."""
    return " ".join(file_name.replace("\\", "/").rsplit("/", 1)[-1].split())[:200] or "addresses.csv"


def _moment(scrubbed_on: str, country: str) -> datetime | None:
    if not scrubbed_on.strip():
        return None
    day = ad_values.day(scrubbed_on, country, "scrubbed_on")
    if day is None or day > clock.now().date():
        raise Refused("This day is still to come. Give the day the list was fetched.", field="scrubbed_on")
    if day.year < FIRST_PUBLIC_LIST:
        raise Refused(f"No do-not-call list is from {day.year}. Look at the year.", field="scrubbed_on")
    return datetime.combine(day, time(), UTC)


def _keep(stream: IO[bytes], path: Path, country: str) -> None:
    """Copies the file and looks whether it can be read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "xb", opener=_private) as copy:
            size = 0
            while part := stream.read(1 << 20):
                size += len(part)
                if size > LARGEST_FILE:
                    raise Refused(too_large(), field="file", code="too_large")
                copy.write(part)
        check(path, country)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable("The disk is full, so the file was not kept. Free some space and try again.") from error
        raise


async def _running(import_id: UUID) -> ListImport | None:
    where = (ListImport.id == import_id) & (ListImport.state == "running")
    return await ListImport.objects(ListImport.account).get(where)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Whether the file is ours until the block ends, or this process does. Raises FileNotFoundError."""
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


async def _run(job: ListImport, progress: Callable[[ListImport], None] | None) -> None:
    account: Any = job.account
    why = f"Imported from {job.name}"
    reading = await asyncio.to_thread(Reading, upload_path(job), account.country, why)
    await asyncio.to_thread(reading.skip, job.rows)
    told = [row for row in refusals(job) if row.line <= reading.line]  # later ones were written and never committed
    upcoming = asyncio.create_task(asyncio.to_thread(reading.next_chunk, CHUNK))
    try:
        while (chunk := await upcoming).rows:
            upcoming = asyncio.create_task(asyncio.to_thread(reading.next_chunk, CHUNK))  # while these are stored
            if chunk.refused and len(told) < SHOWN_REFUSALS:
                told = [*told, *chunk.refused][:SHOWN_REFUSALS]
                _write_refusals(_refused_path(job), told)
            await _store(job, account.id, chunk)
            if progress is not None:
                progress(job)
    finally:
        await asyncio.gather(upcoming, return_exceptions=True)
    await _finish(job, "")


async def _store(job: ListImport, account_id: UUID, chunk: Chunk) -> None:
    """A chunk and how far it brings the import, all or nothing."""
    entries = list({each.address: each for each in reversed(chunk.entries)}.values())
    async with db.writing():
        new = await put(Kind(job.kind), account_id, entries, source="import", by=job.by) if entries else []
        now = {
            ListImport.rows: job.rows + chunk.rows,
            ListImport.added: job.added + len(new),
            ListImport.known: job.known + len(chunk.entries) - len(new),
            ListImport.refused: job.refused + len(chunk.refused),
        }
        ours = (ListImport.id == job.id) & (ListImport.state == "running") & (ListImport.rows == job.rows)
        if not await ListImport.update(now).where(ours).returning(ListImport.id):  # type: ignore[arg-type]
            raise _TakenOver
    for column, value in now.items():
        setattr(job, column._meta.name, value)


async def _finish(job: ListImport, problem: str) -> None:
    state = "failed" if problem else "done"
    values = {ListImport.state: state, ListImport.problem: problem, ListImport.finished_at: clock.now()}
    mine = (ListImport.id == job.id) & (ListImport.state == "running")
    if await ListImport.update(values).where(mine).returning(ListImport.id):  # type: ignore[arg-type]
        job.state, job.problem = state, problem
        upload_path(job).unlink(missing_ok=True)


def _refused_path(job: ListImport) -> Path:
    return upload_path(job).with_suffix(".refused.json")


def _write_refusals(path: Path, rows: Sequence[RefusedRow]) -> None:
    aside = path.with_suffix(".part")
    with open(aside, "w", encoding="utf-8", errors="replace", opener=_private) as file:
        json.dump(rows, file)
    aside.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@lru_cache(maxsize=64)
def _lines(path: Path, _: int) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
