"""The least that a sender must do which neither loses a text nor sends it twice: due rows taken and their attempts
written before the calls, how they ended written after them, in handfuls, on the tables and indexes of the house. No
gate, no wording, no reason for the record, no first contact, nothing told to a listing: what all of that costs is what
the house's own worker takes beyond this. `python -m tests.bench.least SIMULATOR KEY SENDER MESSAGES` in a house, prints
JSON {accepted, seconds, cpu}."""

import argparse
import asyncio
import json
import sys
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp

from domain import clock, db, ids
from domain.messages import Message
from tests import make
from tests.bench import queueing
from tests.bench.bare_client import SECONDS, asked
from workers.processes import identity

CALLS = 128  # open at once, as a worker has of one connection
HANDFUL = 64
GATHERED = 0.04  # seconds in which outcomes gather
LEASE = timedelta(seconds=60)


def main() -> int:
    args = asked("tests.bench.least", __doc__)
    print(json.dumps(asyncio.run(_open(args))))
    return 0


async def _open(args: argparse.Namespace) -> dict[str, float]:
    async with db.opened():
        return await send(args.url, args.key, args.sender, args.messages)


async def send(simulator: str, key: str, sender: int, messages: int) -> dict[str, float]:
    """Queues them and sends them all; how many were accepted, in how long, with how much processor time."""
    agent = await make.user(await make.account())  # a dealership beside the one for which the worker sends
    # That worker takes nothing of it while it rests.
    connection = await make.connection(agent.account, rests_until=clock.now() + timedelta(hours=1))
    await queueing.queue(messages, agent, connection)
    await Message.update({Message.not_before: clock.now()}).where(Message.connection == connection.id)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLS), timeout=timeout) as session:
        line = _Line(session, f"{simulator}/api/v2/sms", key, sender, connection.id)
        began, cpu = time.perf_counter(), time.process_time()
        accepted = await line.run()
        return {
            "accepted": accepted,
            "seconds": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
        }


class _Line:
    def __init__(self, session: aiohttp.ClientSession, url: str, key: str, sender: int, connection: UUID) -> None:
        self._session, self._url, self._sender, self._connection = session, url, sender, connection
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._places = asyncio.Semaphore(CALLS)
        self._ended: list[tuple[UUID, int, str, str]] = []
        self._accepted = 0
        self._taken = 0
        self._all_taken = False

    async def run(self) -> int:
        recording = asyncio.create_task(self._record())
        calls: set[asyncio.Task[None]] = set()
        while True:
            for _ in range(HANDFUL):
                await self._places.acquire()
            if not (rows := await self._take()):
                break
            self._taken += len(rows)
            for row in rows:
                call = asyncio.create_task(self._call(row))
                calls.add(call)
                call.add_done_callback(calls.discard)
            for _ in range(HANDFUL - len(rows)):
                self._places.release()
        self._all_taken = True
        await recording
        return self._accepted

    async def _take(self) -> list[dict[str, Any]]:
        skip = "FOR UPDATE SKIP LOCKED" if db.on_postgres() else ""
        now = clock.now()
        async with db.writing(here=True):
            rows: list[dict[str, Any]] = await Message.raw(
                f"""SELECT id, to_address, body, attempts FROM message WHERE connection = {{}} AND state = 'queued'
                    AND not_before <= {{}} ORDER BY not_before, id LIMIT {HANDFUL} {skip}""",
                self._connection,
                now,
            )
            if rows:
                attempts, arguments = db.given(
                    ("uuid", "uuid", "int"), [(ids.new(), row["id"], row["attempts"] + 1) for row in rows]
                )
                await Message.raw(
                    f"""INSERT INTO attempt (id, message, n, connection, provider, sender, decision, started_at,
                                             finished_at, outcome, reason, provider_id)
                        SELECT column1, column2, column3, {{}}, 'dialpad', '', {{}}, {{}}, null, '', '', ''
                        FROM {attempts}""",
                    self._connection,
                    "{}",
                    now,
                    *arguments,
                )
                await Message.raw(
                    f"""UPDATE message SET state = 'sending', rank = 1, attempts = attempts + 1, changed_at = {{}},
                               owner = {{}}, lease_until = {{}} WHERE {db.among("id")}""",
                    now,
                    identity(),
                    now + LEASE,
                    db.listed(row["id"] for row in rows),
                )
        return rows

    async def _call(self, row: dict[str, Any]) -> None:
        words = {
            "user_id": self._sender,
            "to_numbers": [row["to_address"]],
            "text": row["body"],
            "infer_country_code": False,
        }
        data = json.dumps(words).encode()
        async with self._session.post(self._url, data=data, headers=self._headers) as response:
            answer = json.loads(await response.read())
            self._accepted += response.status == 200 and bool(answer["id"])
        self._ended.append((row["id"], row["attempts"] + 1, "accepted", str(answer["id"])))
        self._places.release()

    async def _record(self) -> None:
        written = 0
        while not self._all_taken or written < self._taken:
            await asyncio.sleep(GATHERED)
            ended, self._ended = self._ended, []
            if not ended:
                continue
            rows, arguments = db.given(("uuid", "int", "text", "text"), ended)
            now = clock.now()
            async with db.writing(here=True):
                await Message.raw(
                    f"""UPDATE attempt SET finished_at = {{}}, outcome = column3, provider_id = column4
                        FROM {rows} WHERE message = column1 AND n = column2""",
                    now,
                    *arguments,
                )
                await Message.raw(
                    f"""UPDATE message SET state = column3, rank = 3, provider_id = column4, changed_at = {{}},
                               owner = '', lease_until = NULL
                        FROM {rows} WHERE id = column1 AND attempts = column2 AND rank < 3""",
                    now,
                    *arguments,
                )
            written += len(ended)


if __name__ == "__main__":
    sys.exit(main())
