"""A backup put back, and a copy started beside the original: nothing leaves a second time until the owner says so.

Real workers, a real Valkey, the real simulator; the database is a file that is put back while nothing runs.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from domain import db, installations
from domain.installations import freezing
from domain.messages import State
from domain.settings import settings
from tests import make
from tests.client import Client
from tests.sending import Shop, again, shop
from tests.simulator import KEY, ROOT, RunningSimulator, running_simulator

AS_FAST_AS_IT_GOES = '{"per_minute": 0, "per_second": 0}'
LONG_ENOUGH = 2.5  # seconds in which a worker that may send has sent

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path / "simulator") as running:
        yield running


@pytest.fixture
async def dealer(client: Client, clock, simulator: RunningSimulator) -> Shop:
    clock.set(datetime.now(UTC))  # the worker knows no other time
    return await shop(base_url=simulator.url, secret=KEY, options=AS_FAST_AS_IT_GOES)


async def test_what_left_before_a_backup_was_put_back_leaves_no_second_time(
    client: Client, dealer: Shop, simulator: RunningSimulator, tmp_path: Path
) -> None:
    with worker(tmp_path):
        await ready(tmp_path, 1)
    first = await dealer.text(body="Is it still for sale?")
    backup = await copied(tmp_path / "backup.sqlite3")
    with worker(tmp_path):
        await until_state(first, State.ACCEPTED)
    assert [each["text"] for each in simulator.messages()] == ["Is it still for sale?"]

    await put_back(backup)
    assert (await again(first)).state == State.QUEUED, "the backup does not know that it left"
    async with await client.signed_in(await make.user(role="admin", owner=True)) as owner:
        with worker(tmp_path):
            await ready(tmp_path, 3)
            await asyncio.sleep(LONG_ENOUGH)
            assert len(simulator.messages()) == 1, "it left a second time"
            page = (await owner.get("/release")).text
            assert "a backup was put back" in page
            assert f"overdue-{first.id}" in page
            told = json.loads(await lotwire("release", "--look", "--json"))
            assert (told["frozen"], [each["number"] for each in told["overdue"]]) == (True, [1])
            assert json.loads(await lotwire("release", "--cancel-overdue", "--json"))["cancelled"] == 1
            second = await dealer.text(body="I could come tomorrow.")
            await until_state(second, State.ACCEPTED)
            assert (await again(first)).state == State.CANCELLED
    with worker(tmp_path):  # released once, it starts as usual
        third = await dealer.text(body="Or on Friday.")
        await until_state(third, State.ACCEPTED)
    assert [each["text"] for each in simulator.messages()] == [
        "Is it still for sale?",
        "I could come tomorrow.",
        "Or on Friday.",
    ]


@pytest.mark.parametrize("whole", [True, False], ids=["the whole data directory", "the database alone"])
async def test_a_copy_beside_the_original_sends_nothing(
    dealer: Shop, simulator: RunningSimulator, tmp_path: Path, configure, whole: bool
) -> None:
    with worker(tmp_path):
        await ready(tmp_path, 1)
    await dealer.text(body="Is it still for sale?")
    clone = tmp_path / "clone"
    if whole:
        await copied(tmp_path / "settled.sqlite3")  # so that the file alone is all of it
        shutil.copytree(settings().data_dir, clone)
    else:
        clone.mkdir()
        await copied(clone / "lotwire.sqlite3")
    with worker(tmp_path, data=clone, database=f"sqlite:///{clone / 'lotwire.sqlite3'}"):
        await ready(tmp_path, 2)
        await asyncio.sleep(LONG_ENOUGH)
    assert simulator.messages() == []
    with worker(tmp_path):
        await until(lambda: len(simulator.messages()) == 1)
    assert not (await installations.here()).frozen_at, "the original sends as before"


async def test_a_worker_that_was_killed_starts_as_usual(
    dealer: Shop, simulator: RunningSimulator, tmp_path: Path
) -> None:
    for n in range(3):
        with worker(tmp_path, farewell=signal.SIGKILL):
            await until_state(await dealer.text(body=f"Text {n}"), State.ACCEPTED)
    assert not (await installations.here()).frozen_at
    assert len(simulator.messages()) == 3


@contextmanager
def worker(
    tmp_path: Path, *, data: Path | None = None, database: str = "", farewell: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    environ = environment()
    if data:
        environ |= {"LOTWIRE_DATA_DIR": str(data), "LOTWIRE_DATABASE_URL": database}
    with (tmp_path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.cli", "worker"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
    try:
        yield
        process.send_signal(farewell)
        assert process.wait(30) in (0, -signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    return {**os.environ, "LOTWIRE_DATABASE_URL": settings().database_url, "LOTWIRE_REDIS_URL": settings().redis_url}


async def lotwire(*command: str) -> str:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.cli", *command), cwd=ROOT, env=environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await running.communicate()
    assert running.returncode == 0
    return out.decode()


async def ready(tmp_path: Path, times: int) -> None:
    """Until a worker has started that often."""
    await until(lambda: (tmp_path / "worker.log").read_text().count("Worker ready") >= times)


async def until_state(message, state: State) -> None:
    end = monotonic() + 30
    while (await again(message)).state != state:
        assert monotonic() < end, f"it is {(await again(message)).state}"
        await asyncio.sleep(0.05)


async def until(true) -> None:
    end = monotonic() + 30
    while not true():
        assert monotonic() < end
        await asyncio.sleep(0.05)


async def copied(to: Path) -> Path:
    """The database as it is, as one file; nothing runs."""
    path = settings().sqlite_path
    assert path is not None
    await db.stop()
    shutil.copyfile(path, to)
    await db.start()
    return to


async def put_back(backup: Path) -> None:
    path = settings().sqlite_path
    assert path is not None
    await db.stop()
    for part in ("-wal", "-shm"):
        path.with_name(path.name + part).unlink(missing_ok=True)
    shutil.copyfile(backup, path)
    await db.start()
    freezing.forget()
