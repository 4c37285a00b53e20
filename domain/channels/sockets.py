"""A line over which a provider tells its events: kept open, renewed before its address runs out, none lost between,
nor while they cannot be stored."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import aiohttp

from domain.channels import http
from domain.channels.base import ChannelError, Kind

HEARTBEAT = 20.0  # seconds between two pings; a line that answers none is dead
SIGN = 30.0  # seconds between two signs of life to the house
SHORT = 5.0  # a line that lived no longer was refused rather than broken
OVERLAP = 2.0  # seconds that the old line is heard beside the new one
LARGEST = 1_000_000  # bytes of one event
MOST_WAITING = 1000  # events that were heard and are not kept yet; then the line is read no further
AGAIN = 0.5  # seconds until an event that could not be kept is tried again, each time twice as many
LONGEST_AGAIN = 30.0
GRACE = 3.0  # seconds for what was heard when somebody ends the line
OURS = (TypeError, ValueError, LookupError, AttributeError)  # faults that no waiting mends

log = logging.getLogger(__name__)

Take = Callable[[bytes], Awaitable[None]]


async def hear(
    address: Callable[[], Awaitable[str]], take: Take, hears: Callable[[bool], Awaitable[None]], renew_after: float
) -> None:
    """Hears one line after another until cancelled. `address` asks for a fresh one; the next line is open before the
    one whose time is over is closed. What `take` could not keep is given to it again until it did; a ChannelError of
    its own ends the line. `hears` is told every half minute that a line stands, with True when none did before. Raises
    ChannelError also when no line comes about, or one breaks at once."""
    told: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
    keeping = asyncio.create_task(_keep(told, take))
    try:
        async with asyncio.TaskGroup() as group:
            await _one_after_another(group, address, told, keeping, hears, renew_after)
    except ExceptionGroup as errors:
        await _kept(told, keeping)
        raise _first_of(errors) from errors
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await _kept(told, keeping)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _one_after_another(
    group: asyncio.TaskGroup,
    address: Callable[[], Awaitable[str]],
    told: asyncio.Queue[bytes],
    keeping: asyncio.Task[None],
    hears: Callable[[bool], Awaitable[None]],
    renew_after: float,
) -> None:
    loop = asyncio.get_running_loop()
    anew = True
    while True:
        opened, began = asyncio.Event(), loop.time()
        line = group.create_task(_line(await address(), told, opened))
        await _opens(opened, line)
        while not line.done() and (left := began + renew_after - loop.time()) > 0:
            await hears(anew)
            anew = False
            await asyncio.wait({line, keeping}, timeout=min(SIGN, left), return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
        anew = line.done()
        if not anew:
            group.create_task(_let_go(line))
        elif loop.time() - began < SHORT:
            raise ChannelError("The line for incoming messages broke at once.", Kind.NEVER_CONNECTED, code="line")


async def _keep(told: asyncio.Queue[bytes], take: Take) -> None:
    """One event after another, each until it is kept: the provider does not tell it twice. Beside the line, so that
    this goes on being heard and answers its pings meanwhile."""
    while True:
        said, wait = await told.get(), AGAIN
        while not await _took(said, take):
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_AGAIN)
        told.task_done()


async def _took(said: bytes, take: Take) -> bool:
    """Raises ChannelError."""
    try:
        await take(said)
    except ChannelError:
        raise
    except OURS:
        log.exception("An event that a line told could not be read")
    except Exception as error:
        log.warning("An event that a line told could not be kept yet: %s", error)
        return False
    return True


async def _kept(told: asyncio.Queue[bytes], keeping: asyncio.Task[None]) -> None:
    """Waits until all that was heard is kept, or never will be."""
    joined = asyncio.create_task(told.join())
    try:
        await asyncio.wait({joined, keeping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        joined.cancel()


def _first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _opens(opened: asyncio.Event, line: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({waiting, line}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _let_go(line: asyncio.Task[None]) -> None:
    """What was on its way when the next line opened still comes by the old one."""
    await asyncio.wait({line}, timeout=OVERLAP)
    line.cancel()


async def _line(url: str, told: asyncio.Queue[bytes], opened: asyncio.Event) -> None:
    async with _connected(url) as socket:
        opened.set()
        async for said in socket:
            if said.type is aiohttp.WSMsgType.TEXT:
                await told.put(said.data.encode("utf-8", "replace"))
            elif said.type is aiohttp.WSMsgType.BINARY:
                await told.put(said.data)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    host = urlsplit(url).hostname or "the provider"
    try:
        socket = await http.websocket(url, heartbeat=HEARTBEAT, largest=LARGEST)
    except aiohttp.WSServerHandshakeError as error:
        log.info("A line to %s was refused: %d", host, error.status)
        raise ChannelError(
            f"{host} refused the line for incoming messages.", Kind.NEVER_CONNECTED, code=str(error.status)
        ) from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        log.info("No line to %s: %s", host, type(error).__name__)
        raise ChannelError(f"{host} could not be reached for incoming messages.", Kind.NEVER_CONNECTED) from None
    try:
        yield socket
    finally:
        await socket.close()
