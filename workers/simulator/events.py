"""Hands events to whoever subscribed: signed, in time, and again a few times when they are not taken."""

import asyncio
import base64
import hashlib
import hmac
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from json import dumps
from typing import Any

import aiohttp
from aiohttp import web

HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
TIMEOUT = aiohttp.ClientTimeout(total=10)
AT_ONCE = 16  # deliveries

log = logging.getLogger(__name__)


@dataclass
class Delivery:
    """One event on its way to one hook."""

    hook_url: str
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    attempt: int = 0


class Events:
    """The queue of events. `counts`: planned, delivered, retried, dropped."""

    def __init__(self, retry_delays: tuple[float, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self._retry_delays = retry_delays
        self.lines: dict[str, list[web.WebSocketResponse]] = {}  # that stand, by the name of their websocket
        self._gone: set[str] = set()  # hooks that were taken away
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def waiting(self) -> int:
        """Events planned that are neither delivered nor given up."""
        return self.counts["planned"] - self.counts["delivered"] - self.counts["dropped"]

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        self._tasks = [asyncio.create_task(self._work(self._session)) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def plan(self, after: float, hook_url: str, secret: str, payload: dict[str, Any]) -> None:
        """Deliver `payload` to the hook in `after` seconds: as a JWT when the webhook has a secret, else as JSON."""
        body = dumps(payload).encode()
        kind = "application/jwt" if secret else "application/json"
        self.hand(after, Delivery(hook_url, signed(body, secret) if secret else body, kind))

    def hand(self, after: float, delivery: Delivery) -> None:
        """Deliver it in `after` seconds."""
        self._gone.discard(delivery.hook_url)
        self.counts["planned"] += 1
        self._later(after, delivery)

    def forget(self, hook_url: str) -> None:
        """Nobody listens there any more: what is still on its way to it is dropped."""
        self._gone.add(hook_url)

    def _later(self, after: float, delivery: Delivery) -> None:
        asyncio.get_running_loop().call_later(after, self._queue.put_nowait, delivery)

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            delivery = await self._queue.get()
            if delivery.hook_url in self._gone:
                self.counts["dropped"] += 1
            elif await self._deliver(session, delivery):
                self.counts["delivered"] += 1
            elif delivery.attempt < len(self._retry_delays):
                self.counts["retried"] += 1
                delivery.attempt += 1
                self._later(self._retry_delays[delivery.attempt - 1], delivery)
            else:
                self.counts["dropped"] += 1
                log.warning("Gave up on %s after %d tries", delivery.hook_url, delivery.attempt + 1)

    async def _deliver(self, session: aiohttp.ClientSession, delivery: Delivery) -> bool:
        if delivery.hook_url.startswith("socket:"):
            return await self._tell(delivery)
        headers = {"Content-Type": delivery.content_type, **delivery.headers}
        try:
            async with session.post(
                delivery.hook_url, data=delivery.body, headers=headers, allow_redirects=False
            ) as response:
                return 200 <= response.status < 300
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.info("%s did not take an event: %s", delivery.hook_url, type(error).__name__)
            return False

    async def _tell(self, delivery: Delivery) -> bool:
        """By every line that stands; False when there is none."""
        told = False
        for line in list(self.lines.get(delivery.hook_url, [])):
            with suppress(ConnectionError, RuntimeError):
                await line.send_str(delivery.body.decode())
                told = True
        return told


def signed(body: bytes, secret: str) -> bytes:
    """The body as a JWT (RFC 7519) signed with HS256."""
    message = HEADER + b"." + base64.urlsafe_b64encode(body).rstrip(b"=")
    mac = hmac.digest(secret.encode(), message, hashlib.sha256)
    return message + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")
