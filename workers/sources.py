"""Events that come by no hook: for each connection with a websocket or a mailbox one worker listens, and again when
the line broke."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID

from domain import connections, inbox, mails, turns
from domain.channels.base import Channel, ChannelError, HookCall, HookEvent, Kind, Listening
from domain.connections import Connection
from domain.errors import Refused, Unavailable
from domain.installations import freezing
from workers.processes import is_dead
from workers.providers import Providers

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # seconds: for connections that came, changed or went, and for turns
TURN = 20.0  # seconds a turn lasts unless prolonged at each look
SHORTEST_WAIT = 1.0  # after the line broke
LONGEST_WAIT = 300.0
STEADY = 60.0  # seconds a line stood that broke by chance: we do not wait longer each time

Wake = Callable[[], Awaitable[None]]  # something was stored


class Sources:
    """Runs in one task from a worker's start to its end."""

    def __init__(self, owner: str, wake: Wake) -> None:
        self._owner = owner
        self._wake = wake
        self._lines: dict[UUID, tuple[Connection, asyncio.Task[None]]] = {}
        self._waits: dict[UUID, tuple[float, float]] = {}  # connection -> (monotonic time to begin again, next wait)
        self._providers = Providers()

    async def run(self) -> None:
        """Until it is cancelled; then every line is let go, for another worker."""
        try:
            while True:
                try:
                    await self.look()
                except Exception:
                    logger.exception("The event sources could not be looked at")
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for each in list(self._lines):
                await self._end(each)

    async def look(self) -> None:
        """Begins and ends lines as they ought to be."""
        wanted = {} if await freezing.is_frozen() else await self._wanted()
        for each, (connection, task) in list(self._lines.items()):
            if task.done() or each not in wanted or wanted[each][0] is not connection:
                await self._end(each)
        for each, (connection, channel) in wanted.items():
            if not await turns.take(_turn(each), self._owner, TURN, is_dead):
                await self._end(each)  # it took too long to prolong: somebody else has it
            elif each not in self._lines and self._waits.get(each, (0.0, 0.0))[0] <= monotonic():
                self._lines[each] = connection, asyncio.create_task(self._line(connection, channel))

    async def _wanted(self) -> dict[UUID, tuple[Connection, Channel]]:
        found = {}
        for each in await connections.heard_by_listening():
            with suppress(Refused, Unavailable):  # its credentials are not whole, or cannot be unsealed
                made = await self._providers.of(each)
                if made and made[1].listens():
                    found[each] = made
        return found

    async def _line(self, connection: Connection, channel: Channel) -> None:
        began = monotonic()
        try:
            await channel.listen(_House(connection, self._wake))
            logger.info("A line to a provider ended", extra={"connection": str(connection.id)})
        except ChannelError as error:
            logger.warning("A line to a provider broke: %s", error.reason, extra={"connection": str(connection.id)})
            if error.kind is Kind.CONNECTION_BROKEN:
                await connections.broken(connection.id, error.reason)
            elif not self._by_chance(connection, began):
                await connections.failed(connection.id, error.reason)
        except Exception:
            logger.exception("Listening ended in a fault of ours", extra={"connection": str(connection.id)})
        _, wait = self._waits.get(connection.id, (0.0, SHORTEST_WAIT))
        wait = SHORTEST_WAIT if self._by_chance(connection, began) else wait
        self._waits[connection.id] = monotonic() + wait, min(wait * 2, LONGEST_WAIT)

    def _by_chance(self, connection: Connection, began: float) -> bool:
        """Whether a line broke for the first time, or after it stood for long: it is back in a moment, and nobody has
        to look."""
        return connection.id not in self._waits or monotonic() - began > STEADY

    async def _end(self, connection: UUID) -> None:
        if connection not in self._lines:
            return
        _, task = self._lines.pop(connection)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with suppress(Exception):  # else the turn runs out
            await turns.leave(_turn(connection), self._owner)


class _House(Listening):
    """Where one line's events go."""

    def __init__(self, connection: Connection, wake: Wake) -> None:
        self._connection = connection.id
        self._whole = connection
        self._wake = wake

    async def keep(self, events: Sequence[HookEvent]) -> None:
        if await inbox.store(self._connection, *events):
            await self._wake()

    def verified(self, channel: Channel, call: HookCall) -> Sequence[HookEvent]:
        return connections.verified(self._whole, call)

    async def well(self) -> None:
        try:
            await connections.worked({self._connection})
        except Exception as error:  # no reason to hang up: what is heard is held until it can be stored
            logger.warning("That a line stands could not be noted: %s", error)

    async def hears(self, anew: bool) -> None:
        await self.well()
        try:
            await connections.hears(self._connection, anew)
        except Exception as error:
            logger.warning("Since when a line stands could not be noted: %s", error)

    async def failed(self, reason: str) -> None:
        await connections.failed(self._connection, reason)

    async def position(self, folder: str) -> tuple[int, int] | None:
        return await mails.position(self._connection, folder)

    async def move_to(self, folder: str, validity: int, last: int) -> None:
        await mails.move_to(self._connection, folder, validity, last)


def _turn(connection: UUID) -> str:
    return f"source:{connection.hex}"
