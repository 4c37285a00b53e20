"""The engine underneath: pooled, fair, atomic whatever is cancelled, honest about a full disk, quick to leave."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent
from typing import Any

import asyncpg
import pytest
from piccolo.columns import Integer, Text
from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction
from piccolo.table import Table

from domain import db, ids, sqlite_engine
from domain.accounts import Account
from domain.errors import NotFound, Unavailable
from domain.history import Event
from domain.listings import Listing
from domain.settings import ROOT
from domain.sources import Source
from domain.sqlite_engine import PooledSQLiteEngine
from tests import make

# Opening


async def test_a_query_before_the_database_is_open_says_what_to_call(database: str) -> None:
    with pytest.raises(RuntimeError, match=r"call domain\.db\.start\(\) first"):
        await Account.count()


async def test_starting_twice_opens_once_and_stopping_twice_closes_once(database: str) -> None:
    await db.start()
    threads = threading.active_count()
    await db.start()
    assert threading.active_count() == threads
    assert await Account.count() == 0
    await db.stop()
    await db.stop()


async def test_closing_ends_every_thread_so_that_the_process_can_end(database: str) -> None:
    before = set(threading.enumerate())
    async with db.opened():
        await make.account()
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith("asyncio_"):  # the loop's own executor, which ends with the loop
            thread.join(2)
            assert not thread.is_alive(), thread


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_reading_at_once_opens_further_readers_up_to_three_and_they_stay(house: None) -> None:
    for _ in range(3):
        await Account.count()
    assert len(db.DB._connections) == 2  # the writer and one
    for _ in range(2):
        assert await asyncio.gather(*[Account.count() for _ in range(16)]) == [0] * 16
        assert len(db.DB._connections) == 4


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_who_is_cancelled_while_a_reader_opens_leaves_no_thread_and_no_turn(house: None) -> None:
    for steps in range(12):  # of the loop, after each of which it may be cut off
        async with db.DB._checkout(write=False):
            before = set(threading.enumerate())
            reading = asyncio.create_task(_apart(Account.count))
            for _ in range(steps):
                await asyncio.sleep(0.0005)
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            opened = len(db.DB._connections) - 2
            left = {thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio_")}
            assert len(left) == opened <= 1
        async with asyncio.timeout(5):
            assert await asyncio.gather(*[Account.count() for _ in range(4)]) == [0] * 4
        await db.stop()
        await db.start()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_further_reader_that_cannot_be_opened_is_told_in_a_sentence(house: None, data_dir: Path) -> None:
    async with db.DB._checkout(write=False):
        (data_dir / "lotwire.sqlite3").rename(data_dir / "away")
        (data_dir / "lotwire.sqlite3").mkdir()
        with pytest.raises(Unavailable, match="The database file cannot be written"):
            await Account.count()
        (data_dir / "lotwire.sqlite3").rmdir()
        (data_dir / "away").rename(data_dir / "lotwire.sqlite3")
        assert await Account.count() == 0


async def test_a_database_that_cannot_be_opened_is_named_in_a_sentence(
    database: str, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    if db.on_postgres():
        monkeypatch.setattr(
            db, "DB", db.PooledPostgresEngine({"dsn": "postgresql://nobody@127.0.0.1:1/x", "timeout": 2})
        )
        expected = r"The database at LOTWIRE_DATABASE_URL cannot be opened: .+\."
    else:
        (data_dir / "lotwire.sqlite3").unlink()
        (data_dir / "lotwire.sqlite3").mkdir()
        expected = r"The database at .+/lotwire\.sqlite3 cannot be opened: unable to open database file\."
    with pytest.raises(Unavailable, match=expected):
        await db.start()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("damage", ["a directory", "not a database"])
def test_a_process_that_cannot_open_its_database_says_so_and_ends(damage: str, database: str, data_dir: Path) -> None:
    path = data_dir / "lotwire.sqlite3"
    path.unlink()
    if damage == "a directory":
        path.mkdir()
    else:
        path.write_bytes(b"This is a letter to the dealership. " * 200)
    done = _run("""
        import asyncio
        from domain import db
        from domain.errors import Unavailable

        async def main():
            try:
                await db.start()
            except Unavailable as error:
                print(error)

        asyncio.run(main())
    """)
    assert done.stdout.startswith(f"The database at {path} cannot be opened: ")
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("how", ["a failed query", "a failed begin", "a cancelled transaction"])
def test_a_process_that_met_an_error_still_ends_by_itself(how: str, database: str) -> None:
    program = """
        import asyncio, sys
        from domain import db, piccolo_app
        from domain.accounts import Account

        async def fail():
            match sys.argv[1]:
                case "a failed query":
                    await Account.raw("SELECT nonsense FROM nowhere")
                case "a failed begin":
                    async with db.writing(), db.DB.transaction(allow_nested=False):
                        pass
                case _:
                    async with asyncio.timeout(0.01), db.writing():
                        await asyncio.sleep(5)

        async def main():
            async with db.opened():
                for _ in range(3):
                    try:
                        await fail()
                    except Exception as error:
                        print(type(error).__name__)

        asyncio.run(main())
    """
    done = _run(program, how)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3


# Writing


async def test_a_transaction_that_fails_leaves_nothing(house: None) -> None:
    async def fail_half_way() -> None:
        async with db.writing():
            await make.account(name="Half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    assert await Account.count() == 0


async def test_what_a_transaction_wrote_is_seen_by_others_only_afterwards(house: None) -> None:
    written, looked = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with db.writing():
            await make.account()
            assert await Account.count() == 1
            written.set()
            await looked.wait()

    writer = asyncio.create_task(write())
    await written.wait()
    assert await Account.count() == 0
    looked.set()
    await writer
    assert await Account.count() == 1


async def test_reading_goes_on_while_somebody_writes(house: None) -> None:
    async with asyncio.timeout(5):
        async with db.writing():
            await make.account()
            counts = await asyncio.gather(*[asyncio.create_task(_apart(Account.count)) for _ in range(8)])
    assert counts == [0] * 8


async def test_sixteen_read_then_write_transactions_at_once_lose_no_update(house: None) -> None:
    account = await make.account(name="0")

    async def add_one() -> None:
        async with db.writing():
            # Half of them would read an old value, or meet "database is locked", if BEGIN were deferred.
            row = await Account.raw("SELECT name FROM account WHERE id = {}" + _for_update(), str(account.id))
            await asyncio.sleep(0)
            await Account.update({Account.name: str(int(row[0]["name"]) + 1)}).where(Account.id == account.id)

    await asyncio.gather(*[add_one() for _ in range(16)])
    assert (await _again(account)).name == "16"


async def test_two_processes_of_sixteen_writers_each_meet_no_lock(house: None) -> None:
    account = await make.account(name="0")
    program = """
        import asyncio, sys
        from domain import db, piccolo_app
        from domain.accounts import Account

        async def add_one():
            async with db.writing():
                row = await Account.raw("SELECT name FROM account WHERE id = {}" + sys.argv[2], sys.argv[1])
                await Account.update({Account.name: str(int(row[0]["name"]) + 1)}).where(Account.slug == "counted")

        async def main():
            async with db.opened():
                for _ in range(5):
                    await asyncio.gather(*[add_one() for _ in range(16)])

        asyncio.run(main())
    """
    await Account.update({Account.slug: "counted"}).where(Account.id == account.id)
    both = [asyncio.to_thread(_run, program, str(account.id), _for_update()) for _ in range(2)]
    for done in await asyncio.gather(*both):
        assert done.returncode == 0, done.stderr[-2000:]
    assert (await _again(account)).name == str(2 * 5 * 16)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("alone", [True, False], ids=["one statement", "a transaction"])
async def test_a_write_looks_again_and_again_whether_another_process_has_ended_its_own(
    house: None, monkeypatch: pytest.MonkeyPatch, data_dir: Path, alone: bool
) -> None:
    account = await make.account()
    other = sqlite3.connect(data_dir / "lotwire.sqlite3", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    looks = 0

    class Looked(tuple[int, ...]):
        __slots__ = ()

        def __contains__(self, code: object) -> bool:
            nonlocal looks
            if (looks := looks + 1) == 50:
                other.execute("COMMIT")
            return super().__contains__(code)

    monkeypatch.setattr(sqlite_engine, "BUSY", Looked(sqlite_engine.BUSY))
    change = Account.update({Account.name: "changed"}).where(Account.id == account.id)
    if alone:
        await change
    else:
        async with db.writing():
            await change
    other.close()
    assert looks == 50
    assert (await _again(account)).name == "changed"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_write_that_another_process_never_lets_through_gives_up_and_the_next_one_works(
    house: None, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    account = await make.account()
    monkeypatch.setattr(sqlite_engine, "PATIENCE", 0.05)
    other = sqlite3.connect(data_dir / "lotwire.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        async with db.writing():
            pytest.fail("Two wrote at once.")
    other.execute("ROLLBACK")
    other.close()
    async with db.writing():
        await Account.update({Account.name: "changed"}).where(Account.id == account.id)
    assert (await _again(account)).name == "changed"


async def test_writers_get_their_turn_first_come_first_served(house: None) -> None:
    if db.on_postgres():
        # There the server orders them; what is promised is that everybody has a turn.
        await _take_turns(30)
    else:
        assert await _take_turns(30) == list(range(30))


async def test_a_cancelled_transaction_is_whole_or_absent_and_the_engine_goes_on(house: None) -> None:
    account = (await make.account()).id
    outcomes: Counter[str] = Counter()

    async def pair(n: int) -> None:
        async with db.writing():
            await Source.insert(Source(account=account, slug=f"{n}-a", name="first half"))
            await asyncio.sleep(random.random() * 0.002)
            await Source.insert(Source(account=account, slug=f"{n}-b", name="second half"))

    async def cut_short(n: int, seconds: float) -> None:
        try:
            await asyncio.wait_for(pair(n), seconds)
            outcomes["done"] += 1
        except TimeoutError:
            outcomes["cancelled"] += 1

    numbers = iter(range(4000))
    patience = 0.02  # seconds; follows the machine, so that some are cut short and some are not however busy it is
    for _ in range(900):
        seen = outcomes.copy()
        await asyncio.gather(*[cut_short(next(numbers), random.random() * patience) for _ in range(4)])
        patience *= 0.9 if outcomes["done"] - seen["done"] > 2 else 1.1
        if outcomes.total() >= 300 and min(outcomes["done"], outcomes["cancelled"]) >= 20:
            break
    assert outcomes["done"] >= 20, outcomes
    assert outcomes["cancelled"] >= 20, outcomes

    rows = await Source.select(Source.slug)
    halves = Counter(row["slug"].split("-")[0] for row in rows)
    assert set(halves.values()) == {2}  # a cancelled one may have been stored, but never half
    assert len(halves) >= outcomes["done"]
    await asyncio.wait_for(pair(5000), 5)
    assert await Source.count() == len(rows) + 2


async def test_waiting_writers_that_are_cancelled_leave_the_turn_to_the_next(house: None) -> None:
    async with db.writing():
        waiting = [asyncio.create_task(_apart(make.account)) for _ in range(5)]
        await asyncio.sleep(0.02)
        if not db.on_postgres():
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(make.account(), 5)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_full_disk_is_told_in_a_sentence_and_stores_nothing(house: None) -> None:
    [writer] = db.DB._free_writer
    [pages] = await Account.raw("SELECT page_count AS n FROM pragma_page_count")
    await writer.execute(f"PRAGMA max_page_count = {pages['n']}")

    async def fill() -> None:
        async with db.writing():
            for _ in range(200):
                await make.account(name="x" * 4000)

    with pytest.raises(Unavailable, match="The disk is full, so nothing was stored"):
        await fill()
    assert await Account.count() == 0
    await writer.execute("PRAGMA max_page_count = 1000000")
    await make.account()
    assert await Account.count() == 1


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_database_whose_connections_are_all_taken_says_so_instead_of_waiting_for_ever(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "ACQUIRE_SECONDS", 0.2)
    busy = [await db.DB.pool.acquire() for _ in range(8)]
    with pytest.raises(Unavailable, match="The database did not answer"):
        await Account.count()
    with pytest.raises(Unavailable, match="The database did not answer"):
        async with db.writing():
            await make.account()
    for connection in busy:
        await db.DB.pool.release(connection)
    assert await Account.count() == 0


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_commit_that_fails_gives_its_connection_back(house: None) -> None:
    await Account.raw("CREATE TABLE late (id int PRIMARY KEY, other int REFERENCES late DEFERRABLE INITIALLY DEFERRED)")
    for _ in range(20):  # more often than there are connections
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.writing():
                await Account.raw("INSERT INTO late VALUES (1, 2)")
    assert await asyncio.wait_for(Account.count(), 5) == 0


END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("within", ["COMMIT", "a statement", "a query"])
async def test_a_database_that_goes_away_is_told_in_a_sentence_and_what_comes_after_is_served(
    house: None, within: str
) -> None:
    other = await asyncpg.connect(db.DB.config["dsn"])

    async def work() -> None:
        if within == "a query":
            await Account.raw(END_MYSELF)
        async with db.writing():
            await make.account()
            if within == "a statement":
                await Account.raw(END_MYSELF)
            [row] = await Account.raw("SELECT pg_backend_pid() AS pid")
            await other.execute("SELECT pg_terminate_backend($1)", row["pid"])
            await asyncio.sleep(0.2)

    try:
        for _ in range(20):  # more often than there are connections
            with pytest.raises(Unavailable, match="The database went away for a moment"):
                await work()
    finally:
        await other.close()
    assert await asyncio.wait_for(Account.count(), 5) == 0


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_connection_that_broke_while_nobody_used_it_is_told_or_not_even_noticed(house: None) -> None:
    other = await asyncpg.connect(db.DB.config["dsn"])
    said: list[int | str] = []
    for _ in range(40):
        connection = await db.DB.pool.acquire()
        pid = connection.get_server_pid()
        await db.DB.pool.release(connection)
        await other.execute("SELECT pg_terminate_backend($1)", pid)
        try:  # it depends on how much of the end was heard by then
            said.append(await Account.count())
        except Unavailable as error:
            said.append(str(error))
    await other.close()
    assert set(said) <= {0, db.WENT_AWAY}
    assert await Account.count() == 0


# Missing and meeting


async def test_rows_given_as_a_table_keep_every_kind_of_value(house: None) -> None:
    account, listing = await make.account(), await make.listing()
    zone = timezone(timedelta(hours=-7))
    moments = [datetime(2026, 1, 1, 12, 0, 0, 1, UTC), datetime(2026, 1, 2, 5, 0, 0, 2, zone)]
    rows = [(ids.new(), account.id, listing.id, at, None, f'it\'s "day" {at.day} {{}}', at.day) for at in moments]
    given, arguments = db.given(("uuid", "uuid", "uuid", "timestamptz", "uuid", "text", "int"), rows)
    columns = 'id, account, listing, at, "user", kind, detail'
    values = "column1, column2, column3, column4, column5, column6, {}"
    await Event.raw(f"INSERT INTO event ({columns}) SELECT {values} FROM {given} WHERE column7 > 0", "{}", *arguments)
    events = await Event.objects().order_by(Event.at)
    found = [(each.id, each.account, each.listing, each.at, each.user, each.kind, each.at.day) for each in events]
    assert (found, {each.detail for each in events}) == (rows, {"{}"})


async def test_of_given_rows_all_are_written_or_none(house: None) -> None:
    given, arguments = db.given(("text", "text"), [("a", "x"), ("b", "y"), ("a", "z")])
    with pytest.raises(db.DUPLICATE):
        await Account.raw(f"INSERT INTO lease (name, owner) SELECT column1, column2 FROM {given}", *arguments)
    assert await Account.raw("SELECT name FROM lease") == []


async def test_found_hands_over_the_record_or_says_not_found(house: None) -> None:
    account = await make.account()
    assert (await db.found(Account.objects().get(Account.id == account.id))).slug == account.slug
    with pytest.raises(NotFound):
        await db.found(Account.objects().get(Account.slug == "nobody"))


async def test_a_duplicate_is_told_from_every_other_broken_rule(house: None) -> None:
    account = await make.account(slug="one")
    with pytest.raises(db.DUPLICATE) as duplicate:
        await make.account(slug="one")
    assert db.is_duplicate(duplicate.value)
    with pytest.raises((sqlite3.IntegrityError, asyncpg.NotNullViolationError)) as missing:
        await Account.raw("UPDATE account SET name = NULL")
    assert not db.is_duplicate(missing.value)
    with pytest.raises((sqlite3.IntegrityError, asyncpg.ForeignKeyViolationError)) as orphan:
        await Source.insert(Source(account=ids.new(), slug="x", name="x"))
    assert not db.is_duplicate(orphan.value)
    assert await Account.count() == 1
    assert (await _again(account)).name == account.name


async def test_a_row_that_is_referred_to_cannot_be_deleted(house: None) -> None:
    listing = await make.listing()
    with pytest.raises((sqlite3.IntegrityError, asyncpg.ForeignKeyViolationError)):
        await Listing.delete().where(Listing.id == listing.id)


# What Lotwire leans on inside Piccolo


def test_piccolo_still_has_the_inside_that_the_pooled_engine_replaces() -> None:
    for name in ("_run_in_new_connection", "_run_in_existing_connection", "transaction", "connection_kwargs"):
        assert name in dir(SQLiteEngine) or name in SQLiteEngine.__slots__, name
    for name in ("begin", "commit", "rollback"):
        assert callable(getattr(SQLiteTransaction, name))


async def test_piccolo_asks_the_pooled_engine_for_every_kind_of_query(tmp_path: Path) -> None:
    engine = PooledSQLiteEngine(str(tmp_path / "contract.sqlite3"))

    class Thing(Table, db=engine):
        name = Text()
        number = Integer(default=0)

    await engine.start_connection_pool()
    try:
        await Thing.create_table()
        await Thing.insert(Thing(name="a"), Thing(name="b"))
        assert await Thing.update({Thing.number: 3}).where(Thing.name == "a").returning(Thing.number) == [{"number": 3}]
        assert [thing.name for thing in await Thing.objects().order_by(Thing.name)] == ["a", "b"]
        assert await Thing.raw("WITH x AS (SELECT 1 AS one) SELECT one FROM x") == [{"one": 1}]
        async with engine.transaction():
            await Thing.delete().where(Thing.name == "a")
            assert await Thing.count() == 1
        assert [mode["journal_mode"] for mode in await Thing.raw("PRAGMA journal_mode")] == ["wal"]
        assert await Thing.exists().where(Thing.name == "b")
    finally:
        await engine.close_connection_pool()


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process in the checkout, on the test's database; it must end within half a minute."""
    return subprocess.run(
        [sys.executable, "-c", dedent(program), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


async def _apart(verb: Any) -> Any:
    """Outside of the transaction whose context this task inherited."""
    db.DB.current_transaction.set(None)
    return await verb()


def _for_update() -> str:
    return " FOR UPDATE" if db.on_postgres() else ""


async def _again(account: Account) -> Account:
    return await db.found(Account.objects().get(Account.id == account.id))


async def _take_turns(writers: int) -> list[int]:
    order: list[int] = []

    async def write(n: int) -> None:
        async with db.writing():
            order.append(n)
            await make.account()

    await asyncio.gather(*[write(n) for n in range(writers)])
    assert await Account.count() == writers
    return order


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_nothing_is_compiled_for_what_takes_milliseconds(house):
    [row] = await db.peek("SHOW jit")
    assert row["jit"] == "off"
