"""Sellers who say stop while a thousand texts are leaving: from the commit on nothing begins to them any more.

Real workers, a real Valkey and the real simulator. `CHAOS_SEED=7 pytest tests/chaos` repeats a run; a failure prints
its seed.
"""

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import UUID

from domain.attempts import Attempt
from domain.connections import Connection
from domain.messages import Message, State
from domain.suppressions import OptOut
from tests import make
from tests.chaos.test_kill import (  # noqa: F401 - fixtures
    AS_FAST_AS_IT_GOES,
    ended,
    seed,
    settled,
    simulator,
    workers,
)
from tests.sending import Shop, shop, states
from tests.simulator import KEY, RunningSimulator

MESSAGES = 1000
EACH = 4  # texts to one seller
STOPS = 60
STEADILY = '{"per_minute": 0, "per_second": 40}'  # so that the run outlasts the stops
BEGUN = 150  # texts that have begun before the first stop


async def test_from_the_commit_of_an_opt_out_on_nothing_begins_to_that_address(
    house,
    clock,
    queue,
    simulator: RunningSimulator,  # noqa: F811
    tmp_path: Path,
    seed: int,  # noqa: F811
):
    print(f"CHAOS_SEED={seed}")
    chance = random.Random(seed)
    clock.set(datetime.now(UTC))  # the workers know no other time
    simulator.switch(slow=0.02)
    dealer = await shop(base_url=simulator.url, secret=KEY, options=STEADILY)
    phones = [await _texts(dealer, n) for n in range(MESSAGES // EACH)]
    begun_at_commit: dict[str, set[UUID]] = {}
    with workers(tmp_path / "worker.log") as crew:
        await _begun(BEGUN)
        for phone in chance.sample(phones, STOPS):
            await dealer.hook(**dealer.inbound(phone, chance.choice(["STOP", "take me off your list", "stop. thanks"])))
            begun_at_commit[phone] = await _attempts(phone)
        in_flight = await Message.count().where(Message.state.is_in([State.QUEUED, State.CLAIMED, State.SENDING]))
        await Connection.update({Connection.options: AS_FAST_AS_IT_GOES}).where(Connection.id == dealer.connection.id)
        await settled(within=120)
        assert await ended(crew) == [0, 0, 0], "a worker did not end in order"
    assert in_flight > STOPS, "all had left before the last stop: the run proves nothing"
    assert {row["address"] for row in await OptOut.select(OptOut.address)} == set(begun_at_commit)
    for phone, begun in begun_at_commit.items():
        assert await _attempts(phone) == begun, f"something began to {phone} after its opt-out"
        arrived = [each["text"] for each in simulator.messages(to=phone)]
        rows = await Message.select(Message.id, Message.body, Message.state).where(
            (Message.to_address == phone) & (Message.kind == "one_to_one")
        )
        mine = [row for row in rows if row["body"].startswith("Text ")]
        assert set(arrived) & {row["body"] for row in mine} <= {row["body"] for row in mine if row["id"] in begun}
        assert {row["state"] for row in mine if row["id"] not in begun} <= {State.CANCELLED}
    assert any(len(begun) < EACH for begun in begun_at_commit.values()), await states()


async def _texts(dealer: Shop, n: int) -> str:
    """Four texts to one seller that are due; the seller's number."""
    listing = await make.listing(dealer.account)
    for each in range(EACH):
        await dealer.text(listing, body=f"Text {n}-{each}")
    return (await make.seller_of(listing)).mobile


async def _attempts(phone: str) -> set[UUID]:
    """The texts to this number whose calls have begun; answers to an opt-out are another matter."""
    rows = await Message.raw(
        """SELECT m.id FROM message m JOIN attempt a ON a.message = m.id
           WHERE m.to_address = {} AND m.kind = 'one_to_one'""",
        phone,
    )
    return {row["id"] for row in rows}


async def _begun(number: int) -> None:
    end = monotonic() + 60
    while await Attempt.count() < number:
        assert monotonic() < end, await states()
        await asyncio.sleep(0.02)
