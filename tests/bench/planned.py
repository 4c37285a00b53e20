"""What the bench plans in a house's own database: texts for one moment, or one after the other. A process of its own
that prints JSON: `python -m tests.bench.planned connect SIMULATOR SENDER` and `… leave MESSAGES SECONDS`."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain import clock, db
from domain.accounts import Account
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User
from tests import make
from tests.bench.inside import counted
from tests.bench.words import SAID
from tests.simulator import DANA, KEY

AHEAD = timedelta(seconds=12)  # they are pending when the wheel that queues them turns
WRITING = timedelta(milliseconds=10)  # one of them, on a busy machine
CHUNK = 200  # rows of one INSERT
LEAVES_WITHIN = 600.0  # seconds
ZONE = "America/New_York"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planned", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    connecting = verbs.add_parser("connect")
    connecting.add_argument("simulator")
    connecting.add_argument("sender", type=int)
    leaving = verbs.add_parser("leave")
    leaving.add_argument("messages", type=int)
    leaving.add_argument("seconds", type=float, help="from the first to the last; 0: one moment")
    leaving.add_argument("--by-hand", action="store_true", help="queued for their moment, as a person's are")
    print(json.dumps(asyncio.run(_open(parser.parse_args()))))
    return 0


async def _open(args: argparse.Namespace) -> Any:
    async with db.opened():
        if args.verb == "connect":
            return await connect(args.simulator, args.sender)
        return await leave(args.messages, args.seconds, by_hand=args.by_hand)


async def connect(simulator: str, sender: int) -> str:
    """A dealership that texts through the simulator, its pace not limited."""
    agent = await make.user(role="agent", email=DANA["emails"][0])  # whom the simulator knows
    options = json.dumps({"per_minute": 0, "per_second": 0, "hears": "hook"})
    connection = await make.connection(base_url=simulator, secret=KEY, options=options)
    await make.sender_link(connection, agent, provider_id=str(sender))
    return str(connection.id)


async def leave(messages: int, seconds: float, *, by_hand: bool = False) -> dict[str, str]:
    """The words of each text -> the moment it was to leave. Answers when all have left or ended otherwise."""
    async with db.writing():
        begins = clock.now() + AHEAD + messages * WRITING
        moments = [begins + timedelta(seconds=seconds * n / messages) for n in range(messages)]
        told = await _write(moments, by_hand)
    if clock.now() > begins - timedelta(seconds=10):
        raise RuntimeError("The plans were written too slowly.")
    await counted()
    await asyncio.sleep((moments[-1] - clock.now()).total_seconds())
    give_up = time.monotonic() + LEAVES_WITHIN
    while await _busy():
        if time.monotonic() > give_up:
            raise RuntimeError(f"Texts still waited {LEAVES_WITHIN:.0f} s after their time.")
        await asyncio.sleep(0.1)
    return told


async def _write(moments: Sequence[datetime], by_hand: bool) -> dict[str, str]:
    """Each to a listing and a number that nobody wrote to yet."""
    agent = await User.objects().order_by(User.created_at).first()
    connection = await Connection.objects().first()
    account = await Account.objects().first()
    assert agent is not None
    assert connection is not None
    assert account is not None
    source, before, told = await make.source(account), await Listing.count(), {}
    for start in range(0, len(moments), CHUNK):
        listings, people, texts = [], [], []
        for n, moment in enumerate(moments[start : start + CHUNK], before + start):
            listing = Listing(account=account.id, source=source.id, external_id=f"p-{n}", year=2019, make="Subaru")
            number = f"+1{make.AREA_CODES[n % 10]}{555 + n // 10_000}{n % 10_000:04}"
            person = Seller(account=account.id, listing=listing.id, first_name="Dana", last_name="Reyes", mobile=number)
            words = f"{SAID[0]} ({n})"
            text = Message(
                account=account.id,
                listing=listing.id,
                channel="text",
                direction="out",
                author_kind="agent",
                user=agent.id,
                body=words,
                to_field="mobile",
                to_address=number,
                encoding="GSM-7",
                segments=1,
                nonce=f"p-{n}",
                connection=connection.id,
                at=moment,
            )
            if by_hand:
                text.not_before = moment
            else:
                text.state, text.kind, text.wording = State.PENDING, "scheduled", words
                text.scheduled_at, text.schedule_zone, text.schedule_wall = moment, ZONE, "2026-11-30T09:00"
            listings.append(listing)
            people.append(person)
            texts.append(text)
            told[words] = moment.isoformat()
        await Listing.insert(*listings)
        await Seller.insert(*people)
        await Message.insert(*texts)
    return told


async def _busy() -> bool:
    """Whether anything still waits, is on its way, or has to be told to its listing."""
    rows = await Message.raw(
        # In the words of the indexes of what is open: looking must cost those who work nothing.
        """SELECT EXISTS (SELECT 1 FROM message WHERE state = 'pending')
               OR EXISTS (SELECT 1 FROM message WHERE state = 'queued')
               OR EXISTS (SELECT 1 FROM message WHERE state IN ('claimed', 'sending'))
               OR EXISTS (SELECT 1 FROM follow_up) AS busy"""
    )
    return bool(rows[0]["busy"])


if __name__ == "__main__":
    sys.exit(main())
