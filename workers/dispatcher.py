"""The one that sends: sleeps until something is due, claims a handful, calls the provider, records how it ended."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from domain import clock, connections, delivery, logs
from domain.channels.base import Channel, ChannelError, Kind
from domain.connections import Connection, ConnectionState
from domain.delivery import News, Outcome, Started
from domain.errors import Unavailable
from domain.installations import freezing
from workers.pace import Pace
from workers.processes import is_dead

logger = logging.getLogger(__name__)

HANDFUL = 32  # messages of one transaction; all their calls start at once
OPEN_CALLS = 64
OPEN_OF_ONE = 48  # of one connection: a provider that hangs leaves room for the others
AT_ONCE = 200  # outcomes of one transaction
RECORD_EVERY = 0.02  # seconds outcomes gather before they are written together
LONGEST_SLEEP = 1.0  # seconds; only heals a lost wake-up
RENEW_EVERY = 20.0
TURN = 15.0  # seconds a dispatcher's turn lasts on SQLite unless renewed
PATIENCE = 12.0  # seconds open calls may take when the worker stops

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
        self._some_ended = asyncio.Event()
        self._open: Counter[UUID] = Counter()  # connection -> calls promised or begun whose outcome is not written yet
        self._in_hand: set[UUID] = set()  # messages whose leases we prolong
        self._room = delivery.Room()  # for the files of those
        self._closed: dict[UUID, float] = {}  # connection -> when (monotonic) to look at it again
        self._served: dict[UUID, float] = {}  # connection -> when (monotonic) it had its last handful
        self._adapters: dict[UUID, tuple[tuple[str, ...], Channel]] = {}
        self._turn_until = 0.0
        self._looked = clock.now()  # when a round last asked what is due

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
        self._looked = clock.now()
        if not await self._my_turn():
            return
        now = monotonic()
        self._closed = {connection: until for connection, until in self._closed.items() if until > now}
        if await freezing.is_frozen():
            return
        due = await delivery.due_connections(HANDFUL, {*self._closed, *self._handfuls})
        for connection, number in sorted(due.items(), key=lambda each: self._served.get(each[0], 0.0)):
            free = min(number, OPEN_CALLS - self._open.total(), OPEN_OF_ONE - self._open[connection])
            if free <= 0 or self._stopping:
                continue
            self._served[connection] = now
            self._open[connection] += free
            self._handfuls[connection] = asyncio.create_task(self._handful(connection, free))

    async def _handful(self, connection_id: UUID, wanted: int) -> None:
        claimed: list[UUID] = []
        kept: set[UUID] = set()  # begun, or on to have their files read
        try:
            connection = await connections.by_id(connection_id)
            if connection is None or connection.state != ConnectionState.CONNECTED:
                return
            channel = self._adapter(connection)
            turn = await self._pace.take(connection, wanted)
            if not turn.allowed:
                self._closed[connection_id] = monotonic() + turn.wait
                return
            claimed = await delivery.claim(self.owner, connection_id, turn.allowed)
            self._in_hand.update(claimed)
            ready, news = await delivery.look_up_senders(self.owner, claimed)
            await self._tell(news)
            if self._stopping:
                return
            started, news = await delivery.start(self.owner, ready)
            kept = self._begin(channel, started) | set(news.with_files)
            if news.with_files:
                self._keep(self._packing, self._with_files(connection_id, channel, news.with_files))
            await self._tell(news)
        except Exception as error:
            await self._fault(error, connection_id, claimed)
        finally:
            del self._handfuls[connection_id]
            self._let_go(connection_id, wanted - len(kept), set(claimed) - kept)
            if claimed or self._closed:
                self._wake.set()

    async def _with_files(self, connection_id: UUID, channel: Channel, ids: list[UUID]) -> None:
        """Reads the files of messages, then begins those. A task of its own: no text without a file waits for it."""
        begun: set[UUID] = set()
        try:
            packed, news = await delivery.pack(self.owner, ids, channel, self._room)
            await self._tell(news)
            if self._stopping:
                return
            started, news = await delivery.start(self.owner, list(packed), packed)
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

    async def _fault(self, error: Exception, connection_id: UUID, claimed: list[UUID]) -> None:
        logger.error("A handful could not be begun", exc_info=error, extra={"connection": str(connection_id)})
        self._closed[connection_id] = monotonic() + 1.0
        with suppress(Exception):  # else their leases run out
            await delivery.release(self.owner, claimed)

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
        self._some_ended.set()

    async def _record(self) -> None:
        """Writes outcomes together. What cannot be written is kept and tried again, never dropped; it goes to the end
        of the line and the next ones are written in small groups, so that it keeps no other waiting."""
        at_once = AT_ONCE
        while True:
            await self._some_ended.wait()
            await asyncio.sleep(RECORD_EVERY)
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
                for outcome in batch:
                    self._open[outcome.started.connection] -= 1
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

    async def _my_turn(self) -> bool:
        if monotonic() < self._turn_until:
            return True
        if not await delivery.take_turn(self.owner, TURN, is_dead):
            return False
        self._turn_until = monotonic() + TURN / 3
        return True

    async def _sleep(self) -> None:
        wait = LONGEST_SLEEP
        try:
            due = await delivery.next_due(self._looked)  # what came due since then would else be overslept
            if due is not None:
                wait = min(wait, max(0.0, (due - clock.now()).total_seconds()))
        except Exception:
            logger.exception("The next due message could not be read")
        if self._closed:
            wait = min(wait, max(0.0, min(self._closed.values()) - monotonic()))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait)

    async def _drain(self) -> None:
        """Waits for open calls; what is still open after that ends as unknown by its lease."""
        until = monotonic() + PATIENCE
        # Outcomes are written by another task, in batches.
        while self._open.total() and monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await _end(*self._handfuls.values(), *self._packing)
        await delivery.give_back(self.owner)

    def _adapter(self, connection: Connection) -> Channel:
        """The provider, made once for the same credentials."""
        made_of = (connection.secret, connection.base_url, connection.options)
        kept = self._adapters.get(connection.id)
        if kept is None or kept[0] != made_of:
            kept = (made_of, connections.adapter(connection))
            self._adapters[connection.id] = kept
        return kept[1]


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
