"""A batch and planned messages while everything that can break does: processes killed, the queue wiped, the database
restarted, the provider hanging, resetting and refusing. The suite runs a short one, `./lotwire bench chaos` a long one.

Real processes as `./lotwire up` starts them, the real simulator, a database of the run's own. A seed repeats the run.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
from redis import asyncio as redis

from domain import clock, delivery
from domain.attempts import Attempt
from domain.batches import choosing, drafts, looking, starting
from domain.batches.drafts import Words
from domain.batches.tables import Batch
from domain.connections import Connection
from domain.errors import Unavailable
from domain.listings import Listing
from domain.messages import Message, State
from domain.sellers import Seller
from domain.users import User
from tests import make
from tests.postgres import Cluster
from tests.simulator import DANA, KEY
from tests.site import Site

WORDING = "Hi {{seller.first_name}}, is the {{vehicle.title}} still for sale? {{agent.first_name}}"
OPTIONS = '{"per_minute": 0, "per_second": %d}'
UNDER_WAY = ("pending", "queued", "claimed", "sending")
CHUNK = 200
AREA = "+1520"


@dataclass
class Story:
    """What happened: each fault by name, the messages whose calls were open in a killed worker, and the ends."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: set[UUID] = field(default_factory=set)
    states: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    twice: int = 0
    unexplained: int = 0  # of unknown fate although no call of theirs was open at a kill or misanswered
    seconds: float = 0.0


@dataclass
class Run:
    """One run on a site. `cluster` is its PostgreSQL, None on SQLite."""

    site: Site
    seed: int
    recipients: int
    planned: int
    faults: int
    a_second: int  # calls at most, so that the run outlasts the faults
    cluster: Cluster | None = None
    within: float = 240.0  # seconds until everything must have ended, after the last fault

    async def go(self) -> Story:
        """Raises AssertionError with the seed where an invariant does not hold."""
        story, began = Story(self.seed), monotonic()
        self._chance = random.Random(self.seed)
        async with self.site.opened():
            self._batch = await self._begin()
            await self._until_under_way()
            for _ in range(self.faults):
                name = self._chance.choice(list(self._kinds()))
                story.faults[name] += 1
                story.in_flight |= await self._kinds()[name]() or set()
                await asyncio.sleep(self._chance.uniform(0.2, 1.2))
                await self._patiently(self._holds)
            self.site.simulator.as_usual()
            await self._patiently(self._let_everything_go)
            await self._settled()
            await self._patiently(self._holds)
            await self._ends(story)
        story.seconds = monotonic() - began
        return story

    # What is sent

    async def _begin(self) -> UUID:
        """A batch that was started, and as many plans that come due while the faults do."""
        simulator = self.site.simulator
        simulator.switch(slow=0.05)
        account = await make.account(timezone="America/New_York")
        manager = await make.user(account, role="manager", name="Dana Reyes")
        connection = await make.connection(
            account, kind="simulator", base_url=simulator.url, secret=KEY, options=OPTIONS % self.a_second
        )
        number = DANA["phone_numbers"][0]
        await make.sender_link(
            connection, manager, provider_id=str(DANA["id"]), numbers=number, checked_at=clock.now() + timedelta(days=1)
        )
        listings = await self._listings(account, self.recipients + self.planned)
        batch = await choosing.choose(account, manager, [each.id for each in listings[: self.recipients]])
        batch = await drafts.change(batch, account, manager, Words(WORDING))
        summary = await looking.look(batch, account, manager)
        assert summary.sendable == self.recipients, summary
        assert await starting.start(batch, account, manager, batch.revision, summary)
        await Batch.update({Batch.canary: 0}).where(Batch.id == batch.id)
        await self._plans(listings[self.recipients :], manager, connection)
        return batch.id

    async def _listings(self, account: Any, number: int) -> list[Listing]:
        source = await make.source(account)
        made: list[Listing] = []
        for first in range(0, number, CHUNK):
            ads = [
                Listing(
                    account=account.id, source=source.id, external_id=f"c-{n}", year=2019, make="Kia", model=f"No {n}"
                )
                for n in range(first, min(first + CHUNK, number))
            ]
            people = [
                Seller(account=account.id, listing=ad.id, first_name="Dana", mobile=f"{AREA}{2000000 + first + n:07}")
                for n, ad in enumerate(ads)
            ]
            await Listing.insert(*ads)
            await Seller.insert(*people)
            made += ads
        return made

    async def _plans(self, listings: list[Listing], sender: User, connection: Connection) -> None:
        now = clock.now()
        for n, listing in enumerate(listings):
            at = now + timedelta(seconds=5 + self._chance.uniform(0, 2 * self.faults))
            await make.message(
                listing,
                kind="scheduled",
                state=State.PENDING,
                body="",
                wording=f"Planned {n}: {WORDING}",
                scheduled_at=at,
                not_before=at,
                user=sender,
                connection=connection.id,
                at=at,
            )

    async def _until_under_way(self) -> None:
        end = monotonic() + 60
        while await Attempt.count() < 20:
            assert monotonic() < end, f"seed {self.seed}: nothing leaves: {await _states()}\n{self.site.log[-3000:]}"
            await asyncio.sleep(0.05)

    # What breaks

    def _kinds(self) -> dict[str, Callable[[], Awaitable[set[UUID] | None]]]:
        kinds: dict[str, Callable[[], Awaitable[set[UUID] | None]]] = {
            "worker killed": self._kill_worker,
            "web killed": lambda: self._kill("web"),
            "Valkey killed": lambda: self._kill("valkey"),
            "queue wiped": self._wipe,
            "provider hangs": lambda: self._provider(hang={"calls": 2}),
            "provider resets after accepting": lambda: self._provider(reset_after={"calls": 5}),
            "provider resets before": lambda: self._provider(reset_before={"calls": 5}),
            "provider fails after accepting": lambda: self._provider(server_error_after={"calls": 3}),
            "provider refuses in a storm": lambda: self._provider(too_many_requests={"value": 1, "calls": 40}),
        }
        if self.cluster is not None:
            kinds["database restarted"] = self._restart_database
        return kinds

    async def _kill_worker(self) -> set[UUID]:
        """Stopped first, so that what it had in flight can be read while nothing changes any more."""
        pids = self.site.pids("worker")
        if not pids:
            return set()  # the one before is just being replaced
        pid = self._chance.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.05)  # a COMMIT that the database has already got is done by then
        rows = await self._patiently(
            lambda: Message.select(Message.id, Message.owner).where(Message.state == State.SENDING)
        )
        os.kill(pid, signal.SIGKILL)
        return {row["id"] for row in rows if f":{pid}:" in row["owner"]}

    async def _kill(self, part: str) -> None:
        for pid in self.site.pids(part)[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _wipe(self) -> None:
        socket = next(self.site.directory.glob("data/valkey/*.s*"), None) or self.site.directory / "data/valkey/v.sock"
        client = redis.Redis(unix_socket_path=str(socket), socket_timeout=5)
        with suppress(Exception):  # it may be down at this very moment, which is as good
            await client.flushall()
        await client.aclose()

    async def _provider(self, **wanted: Any) -> None:
        self.site.simulator.switch(**wanted)

    async def _restart_database(self) -> None:
        assert self.cluster is not None
        # In this very thread, which nothing else needs meanwhile: a server ends with the thread that began it.
        self.cluster.restart()

    # What must hold

    async def _holds(self) -> None:
        """After every fault: nothing twice at the provider, never two open calls of one message, no one forgotten."""
        arrived = Counter((each["to"], each["text"]) for each in self.site.simulator.messages())
        twice = [key for key, times in arrived.items() if times > 1]
        assert not twice, f"seed {self.seed}: these left twice: {twice[:3]}"
        rows = await Message.raw(
            "SELECT message, COUNT(*) AS number FROM attempt WHERE outcome = '' GROUP BY message HAVING COUNT(*) > 1"
        )
        assert not rows, f"seed {self.seed}: two calls of one message are open"
        batch = await Batch.objects().get(Batch.id == self._batch)
        assert batch is not None
        made = await Message.count().where(Message.batch == self._batch)
        assert made == batch.expanded <= batch.size, f"seed {self.seed}: {made} messages of {batch.expanded} listings"

    async def _let_everything_go(self) -> None:
        await Connection.update({Connection.options: OPTIONS % 0, Connection.state: "connected"}).where(
            Connection.kind == "simulator"
        )

    async def _settled(self) -> None:
        end = monotonic() + self.within
        while True:
            with suppress(Exception):  # the database may still be coming back
                if not await Message.exists().where(Message.state.is_in(list(UNDER_WAY))) and await self._all_made():
                    return
            assert monotonic() < end, f"seed {self.seed}: {await _states()} stayed behind\n{self.site.log[-4000:]}"
            await asyncio.sleep(0.25)

    async def _all_made(self) -> bool:
        return await Batch.exists().where((Batch.id == self._batch) & (Batch.expanded == self.recipients))

    async def _ends(self, story: Story) -> None:
        """Accepted and arrived are the same, but for those of unknown fate, each of which is explained."""
        arrived = Counter((each["to"], each["text"]) for each in self.site.simulator.messages())
        rows = await Message.select(Message.id, Message.to_address, Message.body, Message.state, Message.code)
        story.states = dict(Counter(row["state"] for row in rows))
        story.twice = sum(times > 1 for times in arrived.values())
        accepted = [row for row in rows if row["state"] in (State.ACCEPTED, State.SENT, State.DELIVERED)]
        story.lost = sum((row["to_address"], row["body"]) not in arrived for row in accepted)
        unknown = [row["id"] for row in rows if row["state"] == State.UNKNOWN]
        reasons = await Attempt.select(Attempt.message, Attempt.reason).where(Attempt.outcome == "unknown")
        said = {row["message"]: row["reason"] for row in reasons}
        story.unexplained = sum(
            each not in story.in_flight and said.get(each, delivery.LOST) == delivery.LOST for each in unknown
        )
        ended = set(story.states)
        assert ended <= {"accepted", "sent", "delivered", "unknown"}, f"seed {self.seed}: {story.states}"
        assert sum(story.states.values()) == self.recipients + self.planned, f"seed {self.seed}: {story.states}"
        assert (story.lost, story.twice, story.unexplained) == (0, 0, 0), (
            f"seed {self.seed}: {story}\n{self.site.log[-4000:]}"
        )

    async def _patiently(self, work: Callable[[], Awaitable[Any]], within: float = 60.0) -> Any:
        """Again while the database is coming back."""
        end = monotonic() + within
        while True:
            try:
                return await work()
            except (Unavailable, OSError, *db_gone()) as error:
                if monotonic() > end:
                    raise AssertionError(f"seed {self.seed}: {error}") from error
                await asyncio.sleep(0.2)


def db_gone() -> tuple[type[Exception], ...]:
    """What a query raises whose server has just gone."""
    return (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError)


async def _states() -> dict[str, int]:
    rows = await Message.select(Message.state)
    return dict(Counter(row["state"] for row in rows))
