"""The engine for SQLite or PostgreSQL, and the one way each to open, write, miss, and meet a duplicate."""

import asyncio
import contextlib
import fcntl
import io
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.engine.sqlite import convert_datetime_in as _as_kept

from domain.errors import NotFound, Unavailable
from domain.settings import settings
from domain.sqlite_engine import NOT_OPEN, PooledSQLiteEngine

ACQUIRE_SECONDS = 10  # how long a query waits for a free PostgreSQL connection
COMMAND_SECONDS = 60
MIGRATION_LOCK = 0x4C6F7477  # "Lotw"
AWAY = "The database did not answer. Wait a moment and try again."
WENT_AWAY = "The database went away for a moment. Look whether this was stored, then try again."
# What a query raises whose server went or was stopped: classes 08 and 57P of PostgreSQL's error codes, the socket's,
# asyncpg's where it has read the farewell of a server and not yet the end of the line.
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,
    ConnectionError,
)


class _PatientTransaction(PostgresTransaction):
    """Piccolo's, but its connection goes back to the pool however the block ends: a BEGIN or COMMIT that failed,
    or a request that was cancelled in the middle, would keep one of the few for ever."""

    engine: "PooledPostgresEngine"

    async def __aenter__(self) -> PostgresTransaction:
        if self._parent is not None:
            return self._parent
        if self.engine.pool is None:
            raise RuntimeError(NOT_OPEN)
        self.connection = await _free_connection(self.engine.pool)
        try:
            self.transaction = self.connection.transaction()
            with _told():
                await self.begin()
        except BaseException:
            await self._settle()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        if self._parent:
            return kind is None
        try:
            if not kind and not self._committed and not self._rolled_back:
                with _told():
                    await self.commit()
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._settle()
        if error is not None and is_gone(error):
            raise Unavailable(WENT_AWAY) from error
        return kind is None

    async def _settle(self) -> None:
        """Rolls back what is still open and gives the connection back, then passes a cancellation on."""
        task = asyncio.ensure_future(self._give_back())
        cancelled = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                cancelled = error
        task.result()
        if cancelled:
            raise cancelled

    async def _give_back(self) -> None:
        try:
            if not self._committed and not self._rolled_back:
                async with asyncio.timeout(ACQUIRE_SECONDS):
                    await self.rollback()
        except (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError, OSError, TimeoutError):
            with contextlib.suppress(asyncpg.InterfaceError):  # it is gone already
                self.connection.terminate()  # cut off within BEGIN or COMMIT: nobody knows its state
        finally:
            if self.engine.pool is not None:
                await self.engine.pool.release(self.connection)


class PooledPostgresEngine(PostgresEngine):
    """Piccolo's engine, but a query that finds every connection taken gives up after ten seconds."""

    async def start_connection_pool(self, **kwargs: Any) -> None:
        """Opens the pool. A second call does nothing."""
        if self.pool is None:
            ways = {"min_size": 1, "max_size": 8, "init": _compile_nothing, "reset": _leave_as_it_is, **kwargs}
            self.pool = await asyncpg.create_pool(**self.config, **ways)

    def transaction(self, allow_nested: bool = True) -> PostgresTransaction:
        return _PatientTransaction(engine=self, allow_nested=allow_nested)

    async def check_version(self) -> None:
        """Not on import, as Piccolo does it: a command that needs no database shall not wait for one."""

    async def _run_in_new_connection(self, query: str, args: Any = None) -> Any:
        return await self._run_in_pool(query, args)  # which says so when the database is not open

    async def _run_in_pool(self, query: str, args: Any = None) -> Any:
        if self.pool is None:
            raise RuntimeError(NOT_OPEN)
        connection = await _free_connection(self.pool)
        try:
            with _told():
                return await connection.fetch(query, *(args or []))
        finally:
            await self.pool.release(connection)


async def _compile_nothing(connection: Any) -> None:
    """A statement of ours looks many small things up by their indexes. PostgreSQL takes the sum for much work and
    spends a third of a second, each time anew, on compiling what then runs for a hundredth. Said here and not when
    connecting, where a pooler between us would refuse it."""
    await connection.execute("SET jit = off")


async def _leave_as_it_is(connection: Any) -> None:
    """What asyncpg would reset when a connection goes back (settings, locks, cursors of the session) nobody here sets,
    and each query outside a transaction would wait for a second answer. An open one is rolled back all the same."""


async def _free_connection(pool: Any) -> Any:
    try:
        return await pool.acquire(timeout=ACQUIRE_SECONDS)
    except (TimeoutError, OSError, asyncpg.PostgresError) as error:
        raise Unavailable(AWAY) from error


def is_gone(error: BaseException) -> bool:
    """Whether a query failed because its connection or its server did."""
    if isinstance(error, asyncpg.InterfaceError):  # which also says that it was used in a wrong way
        return "is closed" in str(error) or "released back" in str(error)
    return isinstance(error, GONE)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Raises Unavailable with a sentence where the database went away meanwhile."""
    try:
        yield
    except Exception as error:
        if is_gone(error):
            raise Unavailable(WENT_AWAY) from error
        raise


def engine() -> PooledSQLiteEngine | PooledPostgresEngine:
    """An engine for the database the settings name, not opened yet."""
    path = settings().sqlite_path
    if path is not None:
        return PooledSQLiteEngine(str(path))
    return PooledPostgresEngine({"dsn": settings().database_url, "timeout": 10, "command_timeout": COMMAND_SECONDS})


# Bound into the tables (`db=DB`) when they are imported. Everything else says `db.DB` or `on_postgres()`,
# so that the tests can bind another database.
DB = engine()


def on_postgres() -> bool:
    """Whether this is PostgreSQL, where a query must say things differently than on SQLite."""
    return isinstance(DB, PooledPostgresEngine)


async def start() -> None:
    """Opens the database for this process. Raises Unavailable with a sentence when it cannot."""
    try:
        await DB.start_connection_pool()
    except (OSError, TimeoutError, sqlite3.Error, asyncpg.PostgresError) as error:
        where = settings().sqlite_path or "LOTWIRE_DATABASE_URL"
        raise Unavailable(f"The database at {where} cannot be opened: {error}.") from error


async def stop() -> None:
    """Closes it; an open SQLite connection would keep the process alive."""
    if not isinstance(DB, PooledPostgresEngine) or DB.pool is not None:
        await DB.close_connection_pool()


async def answers() -> None:
    """Asks the database the smallest question; raises whatever it raises when it does not answer."""
    await peek("SELECT 1")


async def peek(query: str) -> Sequence[Any]:
    """The rows of a small question without values, asked beside whatever transaction is under way here."""
    ask = DB._run_in_pool if isinstance(DB, PooledPostgresEngine) else DB._run_in_new_connection
    rows: Sequence[Any] = await ask(query)
    return rows


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[None]:
    """The database, open for the length of a block: for commands and start-up work."""
    await start()
    try:
        yield
    finally:
        await stop()


def writing(*, here: bool = False) -> Any:
    """One short write transaction: immediate on SQLite. No network call inside. In another it is a part of that.

    `here` is for a worker that writes hundreds of rows while it does other things: on SQLite they are handed to no
    other thread, with which it would take turns row by row, since each row waits for the interpreter's lock.
    """
    return DB.transaction(here=True) if here and isinstance(DB, PooledSQLiteEngine) else DB.transaction()


def among(column: str) -> str:
    """SQL: the column is one of those that `listed` makes an argument of. The text does not change with their number,
    so that the database knows it again."""
    return column + (" = ANY({})" if on_postgres() else " IN (SELECT value FROM json_each({}))")  # noqa: S608 - fixed


def listed(values: Iterable[Any]) -> Any:
    """The argument that `among` takes."""
    return list(values) if on_postgres() else msgspec.json.encode(list(values)).decode()


def given(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """SQL: rows as a table called `given` with the columns column1, column2 …, and its arguments. Its text, too, does
    not change with their number. The types are PostgreSQL's."""
    columns = [f"column{n}" for n in range(1, len(types) + 1)]
    if on_postgres():
        arrays = ", ".join(f"{{}}::{each}[]" for each in types)
        values = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in types]
        return f"unnest({arrays}) AS given({', '.join(columns)})", values
    picked = ", ".join(f"json_extract(value, '$[{n}]') AS {column}" for n, column in enumerate(columns))
    table = f"(SELECT {picked} FROM json_each({{}})) AS given"  # noqa: S608 - fixed words
    if "timestamptz" in types:
        rows = [[_as_kept(value) if isinstance(value, datetime) else value for value in row] for row in rows]
    return table, [msgspec.json.encode(rows).decode()]


async def found(query: Awaitable[Any]) -> Any:
    """The one record of a query, or NotFound."""
    record = await query
    if not record:
        raise NotFound
    return record


def is_duplicate(error: BaseException) -> bool:
    """True for a broken UNIQUE rule, whichever the database."""
    return isinstance(error, asyncpg.UniqueViolationError) or (
        isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error)
    )


DUPLICATE = (asyncpg.UniqueViolationError, sqlite3.IntegrityError)


async def migrate() -> int:
    """Brings the database to this version's tables; how many migrations ran. Safe with several processes at once."""
    from piccolo.apps.migrations.commands.forwards import run_forwards
    from piccolo.apps.migrations.tables import Migration

    if path := settings().sqlite_path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with opened(), _migration_lock():
        await Migration.create_table(if_not_exists=True)
        before = await Migration.count()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                result = await run_forwards("domain")
            except (sqlite3.Error, asyncpg.PostgresError) as error:  # each migration is a transaction of its own
                raise Unavailable(f"The database could not be brought up to date: {error}.") from error
        if not result.success:
            raise Unavailable(f"The database could not be brought up to date: {result.message or said.getvalue()}")
        return await Migration.count() - before


@contextlib.asynccontextmanager
async def _migration_lock() -> AsyncIterator[None]:
    if isinstance(DB, PooledPostgresEngine):
        connection = await DB.get_new_connection()  # its own session: the lock goes with it if we die
        try:
            await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
            yield
        finally:
            await connection.close()
    else:
        with open(f"{DB.path}.migrate.lock", "w") as file:  # noqa: ASYNC230 - an empty file
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
            yield
