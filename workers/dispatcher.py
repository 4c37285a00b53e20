"""The one that sends: sleeps until something is due, begins a handful, calls the provider, records how it ended."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from domain import clock, delivery, logs
from domain.channels import http
from domain.channels.base import Channel, ChannelError, Kind
from domain.delivery import News, Outcome, Started
from domain.errors import Unavailable
from domain.installations import freezing
from workers.pace import Pace
from workers.providers import Providers
from workers.turn import Turn

logger = logging.getLogger(__name__)

# A transaction costs the same however few it is for: most of what a small handful costs is that.
# Half of a connection's places: one half is begun while the calls of the other are open.
HANDFUL = 64  # messages begun in one transaction; all their calls start at once
WORTH_IT = 64  # places that should come free before a transaction begins calls in them
OPEN_CALLS = http.CONNECTIONS
OPEN_OF_ONE = 128  # of one connection: a provider that hangs leaves room for the others
AT_ONCE = 200  # outcomes of one transaction
UNWRITTEN = 400  # outcomes that may wait to be written before no more calls begin
RECORD_EVERY = 0.04  # seconds outcomes gather while other calls are open
SOON = 0.02  # seconds until places are used although few came free
LONGEST_SLEEP = 1.0  # seconds; only heals a lost wake-up
RENEW_EVERY = 20.0
PATIENCE = 12.0  # seconds open calls may take when the worker stops
LAST = 2.0  # more in which what was begun unheard may be taken back

Hint = Callable[[Iterable[UUID]], Awaitable[None]]


class Dispatcher:
    """Runs in one task from a worker's start to its end. `hint` tells live pages of listings that changed."""

    def __init__(self, owner: str, pace: Pace, hint: Hint) -> None:
        self.owner = owner
        self._pace = pace
        self._hint = hint
        self._wake = asyncio.Event()
        self._stopping = False
        self._handfuls: dict[UUID, asyncio.Task[None]] = {}  # connection -> what claims and starts for it just now
        self._packing: set[asyncio.Task[None]] = set()  # what reads files
        self._calls: set[asyncio.Task[None]] = set()
        self._ended: list[Outcome] = []
        self._unwritten = 0  # outcomes, those that are being written included
        self._some_ended = asyncio.Event()
        # Connection -> calls promised or open, and those that ended in no yes until that is written: it may close the
        # connection, so nothing begins in their places before.
        self._open: Counter[UUID] = Counter()
        self._in_hand: set[UUID] = set()  # messages whose leases we prolong
        self._room = delivery.Room()  # for the files of those
        self._unheard = delivery.Unheard()  # begun for all we know, but never called: to be taken back
        self._closed: dict[UUID, float] = {}  # connection -> when (monotonic) to look at it again
        self._served: dict[UUID, float] = {}  # connection -> when (monotonic) it had its last handful
        self._providers = Providers()
        self._turn = Turn(owner)
        self._asked = True  # whether the last round did
        self._looked = clock.now()  # when a round last asked what is due
        self._ask_at = 0.0  # when (monotonic) the next one does although handfuls are begun

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Survives whatever the database or a provider does."""
        recorder = asyncio.create_task(self._record())
        renewer = asyncio.create_task(self._renew())
        try:
            while not self._stopping:
                try:
                    await self._round()
                except Unavailable as error:  # the disk is full, say: twice a second, so no trace
                    logger.warning("The dispatcher waits: %s", error)
                    await asyncio.sleep(0.5)
                except Exception:
                    logger.exception("A round of the dispatcher failed")
                    await asyncio.sleep(0.5)
                await self._sleep()
            await self._drain()
        finally:
            await _end(recorder, renewer, *self._handfuls.values(), *self._packing, *self._calls)

    def stop(self) -> None:
        """Takes nothing new on; `run` ends once the open calls have been recorded."""
        self._stopping = True
        self._wake.set()

    async def _round(self) -> None:
        """Begins a handful of every connection that has something due, in a task of its own: none waits for another's
        provider. Who waited longest comes first."""
        self._wake.clear()
        await self._take_back()
        now = monotonic()
        self._closed = {connection: until for connection, until in self._closed.items() if until > now}
        if not await self._turn.is_mine() or await freezing.is_frozen():
            self._asked, self._looked = True, clock.now()
            return
        self._asked = now >= self._ask_at or not self._handfuls
        if not self._asked:
            return
        self._ask_at, self._looked = now + SOON, clock.now()
        due = await delivery.due_connections(HANDFUL, {*self._closed, *self._handfuls})
        for connection, number in sorted(due.items(), key=lambda each: self._served.get(each[0], 0.0)):
            free = min(number, HANDFUL, OPEN_CALLS - self._open.total(), OPEN_OF_ONE - self._open[connection])
            if free <= 0 or self._stopping or self._unwritten >= UNWRITTEN:
                continue
            if free < min(number, WORTH_IT) and now < self._served.get(connection, 0.0) + SOON:
                asyncio.get_running_loop().call_later(SOON, self._wake.set)
                continue
            self._served[connection] = now
            self._open[connection] += free
            self._handfuls[connection] = asyncio.create_task(self._handful(connection, free))

    async def _handful(self, connection_id: UUID, wanted: int) -> None:
        found = News()
        claimed: set[UUID] = set()
        begun: set[UUID] = set()
        reading: list[UUID] = []  # whose files are read now
        try:
            provider = await self._providers.of(connection_id)
            if provider is None:
                return
            connection, channel = provider
            turn = await self._pace.take(connection, wanted)
            if not turn.allowed:
                self._closed[connection_id] = monotonic() + turn.wait
            if not turn.allowed or self._stopping:
                return
            if turn.shares is None:
                started, found = await delivery.take(self.owner, connection, turn.allowed, self._unheard)
            else:
                started, found.to_look_up = [], await self._pace.claim(self.owner, connection, turn)
            claimed = {*found.to_look_up, *found.with_files}
            begun = self._begin(channel, started)
            self._in_hand |= claimed | begun
            await self._tell(found)
            reading = found.with_files
            if found.to_look_up:
                started, news = await self._looked_up(found.to_look_up)
                begun |= self._begin(channel, started)
                reading = reading + news.with_files
                await self._tell(news)
            if reading:
                self._keep(self._packing, self._with_files(connection_id, channel, reading))
        except Exception as error:
            reading = []
            await self._fault(error, connection_id, claimed)
        finally:
            del self._handfuls[connection_id]
            self._let_go(connection_id, wanted - len(begun) - len(reading), claimed - begun - set(reading))
            if begun or claimed or self._closed:
                self._wake.set()
            elif found.looked_at:  # none of them left, and what stays due must not be looked at without a pause
                asyncio.get_running_loop().call_later(SOON, self._wake.set)

    async def _looked_up(self, claimed: list[UUID]) -> tuple[list[Started], News]:
        """Begins those whose senders are known by then."""
        known, news = await delivery.look_up_senders(self.owner, claimed)
        await self._tell(news)
        if self._stopping:
            return [], News()
        return await delivery.start(self.owner, known, unheard=self._unheard)

    async def _with_files(self, connection_id: UUID, channel: Channel, ids: list[UUID]) -> None:
        """Reads the files of messages, then begins those. A task of its own: no text without a file waits for it."""
        begun: set[UUID] = set()
        try:
            packed, news = await delivery.pack(self.owner, ids, channel, self._room)
            await self._tell(news)
            if self._stopping:
                return
            started, news = await delivery.start(self.owner, list(packed), packed, self._unheard)
            begun = self._begin(channel, started)
            await self._tell(news)
        except Exception as error:
            await self._fault(error, connection_id, ids)
        finally:
            self._let_go(connection_id, len(ids) - len(begun), set(ids) - begun)
            self._wake.set()

    def _begin(self, channel: Channel, started: list[Started]) -> set[UUID]:
        """Makes the calls; the messages they are for."""
        for each in started:
            self._keep(self._calls, self._call(channel, each))
        return {each.outgoing.message_id for each in started}

    async def _fault(self, error: Exception, connection_id: UUID, claimed: Iterable[UUID]) -> None:
        logger.error("A handful could not be begun", exc_info=error, extra={"connection": str(connection_id)})
        self._closed[connection_id] = monotonic() + 1.0
        with suppress(Exception):  # else their leases run out
            await delivery.release(self.owner, list(claimed))

    async def _take_back(self) -> None:
        try:
            await self._tell(await delivery.take_back(self.owner, self._unheard))
        except Unavailable as error:
            logger.warning("What was begun unheard waits: %s", error)
        except Exception:
            logger.exception("What was begun unheard could not be taken back yet")

    def _let_go(self, connection_id: UUID, places: int, messages: set[UUID]) -> None:
        """No calls are made in these places, and these messages are not ours any more."""
        self._open[connection_id] -= places
        self._in_hand.difference_update(messages)
        self._room.leave(messages)

    def _keep(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _call(self, channel: Channel, started: Started) -> None:
        logs.message_id.set(str(started.outgoing.message_id))
        try:
            accepted = await channel.send(started.outgoing, started.permit)
            outcome = Outcome(started, accepted=accepted)
        except ChannelError as error:
            outcome = Outcome(started, error=error)
            logger.info("Not accepted", extra={"kind": str(error.kind), "attempt": started.n})
        except Exception:
            # A fault of ours, after which nobody knows whether bytes have left.
            logger.exception("A call ended in a fault of ours")
            outcome = Outcome(started, error=ChannelError(delivery.LOST, Kind.UNKNOWN))
        self._ended.append(outcome)
        self._unwritten += 1
        self._some_ended.set()
        if outcome.accepted:
            self._open[started.connection] -= 1
            if OPEN_OF_ONE - self._open[started.connection] >= WORTH_IT and started.connection not in self._handfuls:
                self._wake.set()

    async def _record(self) -> None:
        """Writes outcomes together. What cannot be written is kept and tried again, never dropped; it goes to the end
        of the line and the next ones are written in small groups, so that it keeps no other waiting."""
        at_once = AT_ONCE
        while True:
            await self._some_ended.wait()
            await asyncio.sleep(RECORD_EVERY if self._open.total() else 0)
            self._some_ended.clear()
            while self._ended:
                batch, self._ended = self._ended[:at_once], self._ended[at_once:]
                try:
                    news = await delivery.record(batch)
                except Exception:
                    logger.exception("Outcomes could not be written yet", extra={"outcomes": len(batch)})
                    self._ended += batch
                    at_once = 1
                    await asyncio.sleep(0.5)
                    continue
                at_once = min(at_once * 4, AT_ONCE)
                self._unwritten -= len(batch)
                for outcome in batch:
                    self._open[outcome.started.connection] -= not outcome.accepted
                    self._in_hand.discard(outcome.started.outgoing.message_id)
                self._room.leave(outcome.started.outgoing.message_id for outcome in batch)
                self._wake.set()
                await self._tell(news)

    async def _tell(self, news: News) -> None:
        for connection, seconds in news.closed.items():
            self._closed[connection] = monotonic() + seconds
        try:
            await self._hint(news.listings)
        except Exception:
            logger.exception("News could not be told")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await delivery.renew(self.owner, list(self._in_hand))
            except Exception:
                logger.exception("Leases could not be renewed")

    async def _sleep(self) -> None:
        if self._wake.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(await self._until_due() if self._asked else SOON):
                await self._wake.wait()

    async def _until_due(self) -> float:
        wait = LONGEST_SLEEP
        try:
            due = await delivery.next_due(self._looked)  # what came due since then would else be overslept
            if due is not None:
                wait = min(wait, max(0.0, (due - clock.now()).total_seconds()))
        except Exception:
            logger.exception("The next due message could not be read")
        if self._closed:
            wait = min(wait, max(0.0, min(self._closed.values()) - monotonic()))
        return wait

    async def _drain(self) -> None:
        """Waits for open calls; what is still open after that ends as unknown by its lease."""
        until = monotonic() + PATIENCE
        while (self._open.total() or self._unwritten) and monotonic() < until:  # noqa: ASYNC110 - another task writes
            await asyncio.sleep(0.02)
        await _end(*self._handfuls.values(), *self._packing)
        while self._unheard and monotonic() < until + LAST:
            await self._take_back()
            await asyncio.sleep(0.2)
        await delivery.give_back(self.owner)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
