"""A line over which a provider tells its events: kept open, renewed before its address runs out, none lost between."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp

from domain.channels import http
from domain.channels.base import ChannelError, Kind

HEARTBEAT = 20.0  # seconds between two pings; a line that answers none is dead
SIGN = 30.0  # seconds between two signs of life to the house
SHORT = 5.0  # a line that lived no longer was refused rather than broken
OVERLAP = 2.0  # seconds that the old line is heard beside the new one
LARGEST = 1_000_000  # bytes of one event

log = logging.getLogger(__name__)

Take = Callable[[bytes], Awaitable[None]]


async def hear(
    address: Callable[[], Awaitable[str]], take: Take, well: Callable[[], Awaitable[None]], renew_after: float
) -> None:
    """Hears one line after another until cancelled. `address` asks for a fresh one; the next line is open before the
    one whose time is over is closed. Raises ChannelError when none comes about, or one breaks at once."""
    try:
        async with asyncio.TaskGroup() as group:
            await _one_after_another(group, address, take, well, renew_after)
    except ExceptionGroup as errors:
        raise _first_of(errors) from errors


async def _one_after_another(
    group: asyncio.TaskGroup,
    address: Callable[[], Awaitable[str]],
    take: Take,
    well: Callable[[], Awaitable[None]],
    renew_after: float,
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        opened, began = asyncio.Event(), loop.time()
        line = group.create_task(_line(await address(), take, opened))
        await _opens(opened, line)
        while not line.done() and (left := began + renew_after - loop.time()) > 0:
            await well()
            await asyncio.wait({line}, timeout=min(SIGN, left))
        if not line.done():
            group.create_task(_let_go(line))
        elif loop.time() - began < SHORT:
            raise ChannelError("The line for incoming messages broke at once.", Kind.NEVER_CONNECTED, code="line")


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


async def _line(url: str, take: Take, opened: asyncio.Event) -> None:
    async with _connected(url) as socket:
        opened.set()
        async for said in socket:
            if said.type is aiohttp.WSMsgType.TEXT:
                await take(said.data.encode("utf-8", "replace"))
            elif said.type is aiohttp.WSMsgType.BINARY:
                await take(said.data)


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
