"""Workers killed outright in the middle of a run, and Valkey wiped: nothing is lost, nothing leaves twice.

Real worker processes, a real Valkey, the real simulator over HTTP and without hooks, so that nothing tells what became
of a call whose worker died. `CHAOS_SEED=7 pytest tests/chaos` repeats a run; a failure prints its seed.
"""

import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from domain import file_store
from domain.attachments import MessageAttachment
from domain.attempts import Attempt
from domain.connections import Connection
from domain.messages import Message, State
from domain.settings import settings
from tests import make, valkey_server
from tests.sending import Shop, shop, states
from tests.simulator import KEY, ROOT, RunningSimulator, running_simulator

MESSAGES = 300
KILLS = 20
WIPES = 2
WORKERS = 3
SLOWLY = '{"per_minute": 0, "per_second": 7, "mms": true}'  # so that the run outlasts the kills
AS_FAST_AS_IT_GOES = '{"per_minute": 0, "per_second": 0, "mms": true}'
PICTURE = b"GIF89a what a camera saw"


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path / "simulator") as running:
        running.switch(slow=0.25)
        yield running


async def test_workers_killed_in_the_middle_lose_nothing_and_send_nothing_twice(
    house, clock, queue, simulator, tmp_path, seed
):
    print(f"CHAOS_SEED={seed}")
    chance = random.Random(seed)
    clock.set(datetime.now(UTC))  # the workers know no other time
    dealer = await shop(base_url=simulator.url, secret=KEY, options=SLOWLY)
    listing = await make.listing(dealer.account)
    bodies = {(await dealer.text(listing, body=f"Text {n}")).id: f"Text {n}" for n in range(MESSAGES)}
    await enclose_picture(dealer, list(bodies)[::3])
    wipes = set(chance.sample(range(KILLS), WIPES))
    in_flight: set = set()
    with workers(tmp_path / "worker.log") as crew:
        for n in range(KILLS):
            await busy()
            await asyncio.sleep(chance.uniform(0, 0.6))
            if n in wipes:
                valkey_server.flush(queue)
            in_flight |= await killed(crew, chance)
        await Connection.update({Connection.options: AS_FAST_AS_IT_GOES}).where(Connection.id == dealer.connection.id)
        await settled(within=60)
        assert await ended(crew) == [0] * WORKERS, "a worker did not end in order"
    assert in_flight, "no kill met a call: the run proves nothing"
    await nothing_lost_and_nothing_twice(dealer, simulator, bodies, in_flight)


async def nothing_lost_and_nothing_twice(dealer: Shop, simulator: RunningSimulator, bodies, in_flight) -> None:
    arrived = Counter(each["text"] for each in simulator.messages())
    assert [body for body, times in arrived.items() if times > 1] == [], "these left twice"
    rows = await Message.select(Message.id, Message.state, Message.attempts, Message.owner, Message.lease_until)
    accepted = {row["id"] for row in rows if row["state"] == State.ACCEPTED}
    unknown = {row["id"] for row in rows if row["state"] == State.UNKNOWN}
    assert len(rows) == len(bodies) == len(accepted) + len(unknown), await states()
    assert unknown == in_flight, "what was in flight at a kill, and only that, is of unknown fate"
    assert {bodies[each] for each in accepted} <= set(arrived), "these were lost"
    assert set(arrived) <= set(bodies.values())
    assert {(row["attempts"], row["owner"], row["lease_until"]) for row in rows} == {(1, "", None)}
    outcomes = Counter(row["outcome"] for row in await Attempt.select(Attempt.outcome))
    assert outcomes == {"accepted": len(accepted), "unknown": len(unknown)}
    assert simulator.counts()["repeated"] == 0
    with_picture = {each["text"] for each in simulator.messages() if "picture" in each}
    assert with_picture == set(list(bodies.values())[::3]) & set(arrived), "these lost their picture, or found one"


async def enclose_picture(dealer: Shop, ids: list) -> None:
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    await file_store.put(sha256, PICTURE)
    file = await make.attachment(dealer.account, sha256=sha256, size=len(PICTURE), media_type="image/gif")
    await MessageAttachment.insert(*(MessageAttachment(message=each, attachment=file.id) for each in ids))


async def killed(crew: "list[subprocess.Popen[bytes]]", chance: random.Random) -> set:
    """One worker, ended with -9 and replaced; the messages whose calls were open in it.

    It is stopped first, so that what it had in flight can be read while nothing changes any more.
    """
    rows = await Message.select(Message.owner).where(Message.state.is_in([State.CLAIMED, State.SENDING]))
    owners = {row["owner"].split(":")[2] for row in rows}
    working = [each for each in crew if str(each.pid) in owners]
    victim = chance.choice(working or crew) if chance.random() < 0.9 else chance.choice(crew)
    victim.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.05)  # a COMMIT that PostgreSQL has already got is done by then
    rows = await Message.select(Message.id, Message.owner).where(Message.state == State.SENDING)
    victim.kill()
    victim.wait()
    crew[crew.index(victim)] = worker(crew.log)  # type: ignore[attr-defined]
    return {row["id"] for row in rows if row["owner"].split(":")[2] == str(victim.pid)}


async def busy(within: float = 30) -> None:
    """Until a worker has calls open."""
    end = monotonic() + within
    while not await Message.exists().where(Message.state == State.SENDING):
        assert monotonic() < end, f"nobody works: {await states()}"
        await asyncio.sleep(0.02)


async def settled(within: float) -> None:
    end = monotonic() + within
    while set(await states()) & {State.QUEUED, State.CLAIMED, State.SENDING}:
        assert monotonic() < end, f"something stayed behind: {await states()}"
        await asyncio.sleep(0.1)


async def ended(crew: "Crew") -> list[int]:
    """Told to stop once all are up: one that still starts would die of the signal."""
    end = monotonic() + 30
    while not all(f":{each.pid}:" in crew.log.read_text() for each in crew):
        assert monotonic() < end, "a worker did not start"
        await asyncio.sleep(0.1)
    for each in crew:
        each.terminate()
    return [await asyncio.to_thread(each.wait, 30) for each in crew]


class Crew(list):
    log: Path


@contextmanager
def workers(log: Path) -> Iterator[Crew]:
    crew = Crew()
    crew.log = log
    try:
        for _ in range(WORKERS):
            crew.append(worker(log))
        yield crew
    finally:
        for each in crew:
            each.kill()
            each.wait()


def worker(log: Path) -> "subprocess.Popen[bytes]":
    """`./lotwire worker` on this test's database and queue."""
    environ = {**os.environ, "LOTWIRE_DATABASE_URL": settings().database_url, "LOTWIRE_REDIS_URL": settings().redis_url}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "workers.cli", "worker"], cwd=ROOT, env=environ, stdout=output, stderr=output
        )
