"""Piccolo's SQLite engine with connections that stay open: one writer, a few readers once they are needed, fair queues.

The stock engine opens a connection and a thread for every query and begins transactions DEFERRED, so that two
writers meet in "database is locked". Here a write transaction is IMMEDIATE, waits its turn first come first served,
and survives cancellation at any point: a cancelled transaction may have committed, but never half.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any
from uuid import UUID

import aiosqlite
from piccolo.engine.sqlite import (
    ADAPTERS,
    CONVERTERS,
    SQLiteEngine,
    SQLiteTransaction,
    TransactionType,
)

from domain.errors import Unavailable

NOT_OPEN = "The database is not open: call domain.db.start() first."

PATIENCE = 30.0  # seconds that a statement waits for what another process writes
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)
LOOK = 2  # milliseconds of one wait of SQLite's own, see `_begun`

COMMON = ("journal_mode=WAL", "foreign_keys=1", f"busy_timeout={PATIENCE * 1000:.0f}", "temp_store=MEMORY")
# FULL: a power cut forgets no attempt row. The last, since the first may have to wait for others.
WRITER = (*COMMON, "synchronous=FULL", "cache_size=-8000", f"busy_timeout={LOOK}")
READER = (*COMMON, "synchronous=NORMAL", "cache_size=-4000")

# The rows of a page or a handful repeat themselves: the account, who sends, the moment. Each of these conversions is
# Python that takes microseconds, and none of the values can change, so the same one is handed out again.
REMEMBERED = 4_096  # values of each type
for each in ("UUID", "INTEGER", "BOOLEAN", "TIMESTAMPTZ"):
    sqlite3.register_converter(each, lru_cache(REMEMBERED)(CONVERTERS[each]))
for kind in (UUID, datetime):
    sqlite3.register_adapter(kind, lru_cache(REMEMBERED)(ADAPTERS[kind]))


class PooledTransaction(SQLiteTransaction):
    __slots__ = ("_lease", "here")
    engine: "PooledSQLiteEngine"
    here: bool  # its statements run in the loop's own thread

    async def __aenter__(self) -> SQLiteTransaction:
        if self._parent is not None:
            return self._parent
        self._lease = self.engine._checkout(write=self.transaction_type is not TransactionType.deferred)
        self.connection = await self._lease.__aenter__()
        try:
            await self.begin()
        except BaseException as error:
            # Cancellation included: BEGIN may still be queued in the connection's thread, so roll back behind it.
            try:
                await _settle(self.connection)
            finally:
                await self._lease.__aexit__(None, None, None)
            _explain(error)
            raise
        self.context = self.engine.current_transaction.set(self)
        if self.here:
            self.engine.here.add(self.connection)
        return self

    async def begin(self) -> None:
        await _run(self.connection, f"BEGIN {self.transaction_type.value}", ())

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if self._parent:
            return kind is None
        try:
            if not kind and not self._committed and not self._rolled_back:
                try:
                    await self.commit()
                except sqlite3.OperationalError as failure:
                    _explain(failure)
                    raise
        finally:
            self.engine.here.discard(self.connection)
            try:
                if not self._committed:
                    await _settle(self.connection)
            finally:  # even when _settle passes a cancellation on, or the writer would stay taken for ever
                self.engine.current_transaction.reset(self.context)
                await self._lease.__aexit__(None, None, None)
        return kind is None


class PooledSQLiteEngine(SQLiteEngine):
    __slots__ = ("_connections", "_free_readers", "_free_writer", "_readers", "_reading", "_writing", "here")

    def __init__(self, path: str, readers: int = 3) -> None:
        super().__init__(path=path, timeout=30.0, cached_statements=512, check_same_thread=False)
        self._readers = readers
        self._connections: list[Any] = []
        self.here: set[Any] = set()  # connections of transactions that run in the loop's own thread
        self._free_readers: list[Any] | None = None  # of those that were needed so far
        self._free_writer: list[Any] | None = None

    async def start_connection_pool(self, **_: Any) -> None:
        """Opens the connections. A second call does nothing."""
        if self._free_writer is not None:
            return
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(self._readers)
        try:
            writer = await self._open(WRITER)
            self._free_readers = [await self._open(READER)]
        except BaseException:
            await self.close_connection_pool()  # the threads of those that did open would outlive us
            raise
        self._free_writer = [writer]

    async def close_connection_pool(self) -> None:
        """Closes them all; each holds a thread that would keep the process alive."""
        self._free_readers = self._free_writer = None
        while self._connections:
            await self._connections.pop().close()

    def transaction(
        self,
        transaction_type: TransactionType = TransactionType.immediate,
        allow_nested: bool = True,
        here: bool = False,
    ) -> PooledTransaction:
        """With `here` its statements run in the loop's own thread, between a BEGIN and a COMMIT that do not: the lock
        is ours by then, so nothing waits but the loop, for as long as each statement takes."""
        made = PooledTransaction(engine=self, transaction_type=transaction_type, allow_nested=allow_nested)
        made.here = here
        return made

    async def _open(self, pragmas: Sequence[str]) -> Any:
        connection = aiosqlite.connect(**self.connection_kwargs)
        try:
            await connection
            await connection._execute(_set_up, connection._conn, pragmas)
        except BaseException:  # cancellation included: nobody else would end its thread
            connection.stop()
            await asyncio.to_thread(connection._thread.join)  # its last word wants the loop still open
            raise
        self._connections.append(connection)
        return connection

    async def _another_reader(self) -> Any:
        try:
            connection = await self._open(READER)
        except sqlite3.OperationalError as error:
            _explain(error)
            raise
        if self._free_readers is None:  # closed meanwhile
            await self.close_connection_pool()
            raise RuntimeError(NOT_OPEN)
        return connection

    @asynccontextmanager
    async def _checkout(self, write: bool) -> AsyncIterator[Any]:
        if self._free_writer is None or self._free_readers is None:
            raise RuntimeError(NOT_OPEN)
        free, turn = (self._free_writer, self._writing) if write else (self._free_readers, self._reading)
        async with turn:  # asyncio's Lock and Semaphore are first come, first served; its Queue is not
            connection = free.pop() if free else await self._another_reader()
            try:
                yield connection
            finally:
                free.append(connection)

    async def _run_in_new_connection(
        self, query: str, args: Any = None, query_type: str = "generic", table: Any = None
    ) -> Any:
        write = query_type != "generic" or not query.lstrip()[:6].upper().startswith(("SELECT", "PRAGMA"))
        async with self._checkout(write) as connection:
            return await _run(connection, query, args or [])

    async def _run_in_existing_connection(
        self, connection: Any, query: str, args: Any = None, query_type: str = "generic", table: Any = None
    ) -> Any:
        if connection in self.here:
            try:
                return _execute(connection._conn, query, args or [])
            except sqlite3.OperationalError as error:
                _explain(error)
                raise
        return await _run(connection, query, args or [])


def _set_up(connection: sqlite3.Connection, pragmas: Sequence[str]) -> None:
    """All of it in one hop to the connection's thread."""
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


async def _run(connection: Any, query: str, args: Any) -> Any:
    """Execute and fetch in one hop to the connection's thread."""
    try:
        return await connection._execute(_execute, connection._conn, query, args)
    except sqlite3.OperationalError as error:
        _explain(error)
        raise


def _execute(connection: sqlite3.Connection, query: str, args: Any) -> list[dict[str, Any]]:
    """The rows by the names of their columns, which are asked for once: Piccolo's way asks anew for each row."""
    cursor = _begun(connection, query, args)
    try:
        rows = cursor.fetchall()
        if not rows:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]
    finally:
        cursor.close()


def _begun(connection: sqlite3.Connection, query: str, args: Any) -> sqlite3.Cursor:
    """Of a write it looks every millisecond whether the other process has ended its own. SQLite would sleep longer
    each time, at last for a tenth of a second, and whoever writes all the time is never found idle so rarely."""
    give_up = monotonic() + PATIENCE
    while True:
        try:
            return connection.execute(query, args)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in BUSY or monotonic() > give_up:
                raise


async def _settle(connection: Any) -> None:
    """Rolls back what is still open, behind any statement queued before, and passes a cancellation on afterwards."""
    task = asyncio.ensure_future(connection._execute(_roll_back, connection._conn))
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled:
        raise cancelled


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _explain(error: BaseException) -> None:
    """Raises Unavailable with a sentence where SQLite's own words name a fault of the machine."""
    said = str(error)
    if "full" in said:
        raise Unavailable("The disk is full, so nothing was stored. Free some space and try again.") from error
    if "disk I/O" in said or "readonly" in said or "unable to open" in said:
        raise Unavailable("The database file cannot be written. Check the data directory and try again.") from error
