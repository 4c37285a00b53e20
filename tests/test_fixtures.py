"""The suite's own machinery: what every other test takes on trust."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain import clock as house_clock
from domain import db
from domain.accounts import Account
from domain.settings import ROOT, Settings, settings
from tests import databases, loop, make, postfix, postgres, scratch, shares
from tests.conftest import MORNING, Clock


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 7])
def test_every_process_begins_with_its_share_of_what_waits(processes: int) -> None:
    rooms = ["bench"] * 3 + ["browser"] * 20 + ["chaos"] * 7 + ["web"] * 60 + ["workers"] * 11
    files = [Path(room, f"test_{n // 2}.py") for n, room in enumerate(rooms)]
    order = shares.spread(list(enumerate(files)), files, processes)
    assert sorted(order) == list(enumerate(files))
    rest, homes = order, defaultdict(set)
    for number in range(processes):
        size = len(rest) // (processes - number)
        part, rest = [file.parts[0] for _, file in rest[:size]], rest[size:]
        waiting = [room for room in part if room not in ("bench", "web")]
        assert waiting
        assert part[: len(waiting)] == waiting, "what waits comes first"
        if processes > 1:
            assert ("browser" in waiting) == (number % 2 == 0)
        for _, file in order[len(order) - len(rest) - size : len(order) - len(rest)]:
            homes[file].add(number)
    assert all(len(homes[file]) == 1 for file in files if file.parts[0] in ("browser", "chaos", "workers"))


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_has_an_empty_database_of_its_own(turn: int, house: None) -> None:
    assert await Account.count() == 0
    await make.account(slug="the same in every turn")
    assert await Account.count() == 1


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_session_of_postgresql_stays_open_for_the_next_test_and_keeps_nothing_of_this_one(house: None) -> None:
    async with db.DB.pool.acquire() as session:
        pid = session.get_server_pid()
        await session.execute("SELECT pg_advisory_lock(7); SET timezone = 'Asia/Tokyo'; SET jit = on; LISTEN gossip")
    await db.stop()  # as a test ends, and the next one begins
    await db.start()
    async with db.DB.pool.acquire() as session:
        assert session.get_server_pid() == pid
        assert await session.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        assert await session.fetch("SELECT pg_listening_channels()") == []
        assert [await session.fetchval(f"SHOW {name}") for name in ("timezone", "jit")] == ["UTC", "off"]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_session_that_a_test_did_not_give_back_ends_with_it(house: None) -> None:
    account = await make.account()
    session = await db.DB.pool.acquire()
    await session.execute("BEGIN; UPDATE account SET name = 'Mine'")
    await db.stop()
    await db.start()
    await asyncio.wait_for(Account.update({Account.name: "New"}).where(Account.id == account.id), 5)
    assert (await Account.objects().get(Account.id == account.id)).name == "New"


async def test_what_a_test_leaves_running_ends_with_it() -> None:
    running = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    await loop.end_others()
    assert running.cancelled()


async def test_the_database_is_the_one_the_test_runs_for(database: str) -> None:
    assert db.on_postgres() == (database == "postgres")
    assert all(table._meta.db is db.DB for table in databases.TABLES)
    assert settings().database_url.startswith("postgresql:" if database == "postgres" else "sqlite:")


def test_without_a_fixture_there_is_no_open_database() -> None:
    assert db.DB is databases.UNOPENED


async def test_rows_made_without_an_account_belong_to_the_first_one(house: None) -> None:
    first = await make.account()
    await make.account()
    assert (await make.listing()).account == first.id
    assert (await make.user()).account == first.id


async def test_statements_are_counted_and_transactions_are_not(house: None, count_queries: Callable[[], Any]) -> None:
    account = await make.account()
    with count_queries() as queries:
        await Account.count()
        async with db.writing():
            await Account.update({Account.name: "New"}).where(Account.id == account.id)
    assert queries.count == 2
    assert queries.statements[1].startswith('UPDATE "account"')
    with count_queries() as none:
        pass
    assert none.count == 0


def test_the_clock_ticks_stands_and_moves(clock: Clock) -> None:
    assert timedelta(0) <= house_clock.now() - MORNING < timedelta(minutes=1)
    stands_at = clock.freeze()
    time.sleep(0.01)
    assert house_clock.now() == stands_at
    clock.advance(hours=2)
    assert house_clock.now() == stands_at + timedelta(hours=2)


def test_settings_are_changed_for_one_test_only(configure: Callable[..., Settings]) -> None:
    assert configure(LOTWIRE_PUBLIC_URL="https://lotwire.example").secure
    assert settings().public_url == "https://lotwire.example"


def test_settings_are_as_they_were_after_a_test_changed_them() -> None:
    assert settings().public_url == ""


def test_without_postgresql_the_tests_fail_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match=r"PostgreSQL is not installed.*apt-get install postgresql"):
        databases.Databases(tmp_path).cluster()


@pytest.mark.parametrize(
    ("ending", "processes"),
    [(signal.SIGINT, "0"), (signal.SIGKILL, "0"), (signal.SIGKILL, "1")],  # 1: the test runs beside what is ended
)
def test_a_run_that_is_broken_off_leaves_no_process_behind(
    ending: signal.Signals, processes: str, tmp_path: Path
) -> None:
    probe = tmp_path / "test_probe.py"
    probe.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "def below(pid):\n"
        "    pids = ' '.join(each.read_text() for each in Path(f'/proc/{pid}/task').glob('*/children')).split()\n"
        "    return pids + [each for pid in pids for each in below(pid)]\n"
        "def test_it(database, all_databases, queue, mail_server):\n"
        "    all_databases.cluster()\n"
        f"    Path({str(tmp_path / 'mail')!r}).write_text(str(mail_server.home))\n"
        f"    Path({str(tmp_path / 'pids')!r}).write_text(' '.join(below('self')))\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest"]
    command += ["--database", "postgres", str(probe)]
    command += ["-n", "2", "-n", processes]  # what is said last counts
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _until(
            lambda: (
                ((tmp_path / "pids").exists() and (tmp_path / "pids").read_text().strip()) or run.poll() is not None
            ),
            patience=90,  # a busy machine takes its time to start it
        )
        assert run.poll() is None, run.stdout and run.stdout.read()
        children = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in children if _runs(pid)}
        assert names >= {"postgres", "valkey-server", "dovecot", "master"}
        run.send_signal(ending)
        run.communicate(timeout=30)
        _until(lambda: not any(_runs(pid) for pid in children))
        shutil.rmtree((tmp_path / "mail").read_text(), ignore_errors=True)  # left by who was killed outright
    finally:
        run.kill()
        run.communicate()


def test_without_postfix_the_tests_fail_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as bare:
        bare.setattr(postfix, "postfix_programs", lambda: None)
        with (
            pytest.raises(postfix.Missing, match=r"Postfix is not here.*“\./lotwire test”"),
            postfix.running(tmp_path, {}),
        ):
            pass
    monkeypatch.setattr(postfix, "postfix_programs", lambda: tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(postfix.Missing, match="Run the tests as root"), postfix.running(tmp_path, {}):
        pass


def test_files_are_in_memory_only_where_that_has_room_and_runs_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scratch, "ROOM", 1)
    assert scratch.serves(tmp_path)
    assert not scratch.serves(tmp_path / "nothing")
    with monkeypatch.context() as small:
        small.setattr(scratch, "ROOM", 2**60)
        assert not scratch.serves(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_NOEXEC))
    assert not scratch.serves(tmp_path)


def _until(fact: Callable[[], Any], patience: float = 30) -> None:
    deadline = time.monotonic() + patience
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
