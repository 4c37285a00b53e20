"""Fills a house's queue and waits until all has left: what the bench of the delivery does in a process of its own.
`python -m tests.bench.queueing connect SIMULATOR SENDER` and `… send MESSAGES WORKER`; prints JSON."""

import argparse
import asyncio
import json
import sys
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, db, ids
from domain.accounts import Account
from domain.batches.tables import Batch
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User
from tests import make
from tests.bench import machine
from tests.bench.inside import conversation, counted
from tests.bench.words import SAID, WORDING
from tests.simulator import DANA, KEY

AHEAD = timedelta(seconds=3)  # from the filled queue to the first call: the worker waits for it asleep
# No limit of ours, and nothing is told of what became of a text: the leaving alone is measured.
UNHEARD = {"per_minute": 0, "per_second": 0, "hears": "hook"}
CHUNK = 200  # rows of one INSERT
SETTLED_WITHIN = 600.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.queueing", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    connecting = verbs.add_parser("connect")
    connecting.add_argument("simulator")
    connecting.add_argument("sender", type=int)
    sending = verbs.add_parser("send")
    sending.add_argument("messages", type=int)
    sending.add_argument("worker", type=int)
    sending.add_argument("--batch", action="store_true", help="one wording to all, filled in as each leaves")
    args = parser.parse_args()
    print(json.dumps(asyncio.run(_open(args))))
    return 0


async def _open(args: argparse.Namespace) -> Any:
    async with db.opened():
        if args.verb == "connect":
            return await connect(args.simulator, args.sender)
        return await send(args.messages, args.worker, batch=args.batch)


async def connect(simulator: str, sender: int) -> dict[str, str]:
    """A dealership that texts through the simulator, its pace not limited, and a page to read there: {path, cookie}."""
    # Who may send batches, and whom the simulator knows: what leaves by itself asks for its sender when its time comes.
    agent = await make.user(role="manager", email=DANA["emails"][0])
    connection = await make.connection(base_url=simulator, secret=KEY, options=json.dumps(UNHEARD))
    await make.sender_link(connection, agent, provider_id=str(sender))
    return await conversation(connection)


async def send(messages: int, worker: int, *, batch: bool = False) -> dict[str, float]:
    """Queues texts, each to a listing of its own, and waits until all have ended.

    Answers {accepted, other, seconds, cpu, memory}: how many were accepted and how many ended otherwise, from the
    moment they were due to the last answer, the processor time of the worker's process with all that follows from
    them, and the most megabytes it had meanwhile.
    """
    agent = await User.objects().order_by(User.created_at).first()
    connection = await Connection.objects().order_by(Connection.id).first()  # the one that `connect` made
    assert agent is not None
    assert connection is not None
    async with db.writing():
        queued = await queue(messages, agent, connection, batch=batch)
        due = clock.now() + AHEAD
        await Message.update({Message.not_before: due}).where(Message.state == State.QUEUED)
    if clock.now() > due:
        raise RuntimeError("The queue was filled too slowly.")
    await counted()
    await asyncio.sleep((due - clock.now()).total_seconds() - 0.05)
    cpu = machine.cpu_seconds(worker)
    memory = await _settled(worker)
    cpu = machine.cpu_seconds(worker) - cpu
    rows = await Message.raw(
        """SELECT count(*) AS number,
                  sum(CASE WHEN m.state IN ('accepted', 'sent', 'delivered') THEN 1 ELSE 0 END) AS accepted
           FROM message m WHERE m.id >= {} AND m.id <= {}""",
        queued[0],
        queued[-1],
    )
    last = await Message.raw(
        "SELECT finished_at FROM attempt WHERE message >= {} ORDER BY finished_at DESC LIMIT 1", queued[0]
    )
    if not last:
        raise RuntimeError("The gate let none of these texts leave.")
    accepted = int(rows[0]["accepted"] or 0)
    return {
        "accepted": accepted,
        "other": int(rows[0]["number"]) - accepted,
        "seconds": (last[0]["finished_at"] - due).total_seconds(),
        "cpu": cpu,
        "memory": memory,
    }


async def queue(messages: int, agent: User, connection: Connection, *, batch: bool = False) -> list[UUID]:
    """Texts to a listing each that nobody wrote to yet, due in an hour; their ids in order."""
    account = await Account.objects().get(Account.id == connection.account)
    assert account is not None
    source = await make.source(account)
    made: list[UUID] = []
    now = time.time_ns()
    before = await Listing.count()  # to whom nobody wrote yet: of two texts of a batch one would wait
    wording = Batch(account=account.id, user=agent.id, wording=WORDING, size=messages, expanded=messages)
    if batch:
        wording.state, wording.channel, wording.started_at = "running", "text", clock.now()
        await Batch.insert(wording)
    for start in range(before, before + messages, CHUNK):
        listings, people, texts = [], [], []
        for n in range(start, min(start + CHUNK, before + messages)):
            listing = Listing(
                account=account.id,
                source=source.id,
                external_id=f"{now}-{n}",
                year=2019,
                make="Subaru",
                model="Outback",
                price=2_190_000,
            )
            number = f"+1{make.AREA_CODES[n % 10]}{555 + n // 10_000}{n % 10_000:04}"
            person = Seller(account=account.id, listing=listing.id, first_name="Dana", last_name="Reyes", mobile=number)
            text = Message(
                id=ids.new(),
                account=account.id,
                listing=listing.id,
                channel="text",
                direction="out",
                author_kind="system" if batch else "agent",
                user=agent.id,
                kind="batch" if batch else "one_to_one",
                batch=wording.id if batch else None,
                wording=WORDING if batch else "",
                body="" if batch else f"{SAID[0]} ({now}-{n})",
                to_field="mobile",
                to_address=number,
                encoding="GSM-7",
                segments=1,
                nonce=f"{now}-{n}",
                connection=connection.id,
                not_before=clock.now() + timedelta(hours=1),
            )
            listings.append(listing)
            people.append(person)
            texts.append(text)
            made.append(text.id)
        await Listing.insert(*listings)
        await Seller.insert(*people)
        await Message.insert(*texts)
    return sorted(made)


async def _settled(worker: int) -> float:
    """Until nothing waits, is on its way, or has still to be told to its listing; the most MB of the worker."""
    give_up, most = time.monotonic() + SETTLED_WITHIN, 0.0
    while time.monotonic() < give_up:
        most = max(most, machine.memory(worker))
        rows = await Message.raw(
            # In the words of the indexes of what is open: looking must cost those who work nothing.
            """SELECT EXISTS (SELECT 1 FROM message WHERE state = 'queued')
                   OR EXISTS (SELECT 1 FROM message WHERE state IN ('claimed', 'sending'))
                   OR EXISTS (SELECT 1 FROM follow_up) AS busy"""
        )
        if not rows[0]["busy"]:
            return most
        await asyncio.sleep(0.1)
    raise RuntimeError(f"Texts still waited after {SETTLED_WITHIN:.0f} s.")


if __name__ == "__main__":
    sys.exit(main())
