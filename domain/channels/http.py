"""One aiohttp session for every call to a provider; network faults become ChannelError."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from domain.channels.base import ChannelError, Kind
from domain.public_addresses import Address, NotPublic, connector, is_public

CONNECT_TIMEOUT = 5.0  # seconds
TOTAL_TIMEOUT = 20.0  # seconds, from asking for a connection to the last byte of the answer
CONNECTIONS = 192  # at once, of this process
LARGEST_BODY = 1_000_000  # bytes; what an answer has beyond this is left unread

log = logging.getLogger(__name__)


class _Door:
    """Where the bytes of one call go out: `left` from the moment they may have."""

    left = False


_door: ContextVar[_Door] = ContextVar("door")
_session: aiohttp.ClientSession | None = None
_session_loop: asyncio.AbstractEventLoop | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: `headers` by names in any case, `body` unpacked and at most LARGEST_BODY bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON, or None when it is not JSON."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError):
            return None


async def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    json: Any = None,
    form: Sequence[tuple[str, str]] | None = None,
    data: bytes | None = None,
    params: Mapping[str, str] | None = None,
    timeout: float | None = None,
    largest: int = LARGEST_BODY,
    through: aiohttp.ClientSession | None = None,
) -> Answer:
    """One request and its answer, whatever its status; redirects are handed back, not followed. Its body is `json`, a
    `form` whose names may come several times, or `data` as it is, whose type the headers say.

    `timeout` is the whole call in seconds, `largest` how much of the answer is read, `through` another session than the
    process's own, such as one of `outside`. Raises ChannelError: NEVER_CONNECTED while no byte of the request can
    have left, UNKNOWN from then on, PERMANENT when the URL itself is wrong.
    """
    door = _Door()
    _door.set(door)
    body = data if json is None else dumps(json).encode()
    if json is not None:
        headers = {**headers, "Content-Type": "application/json"}
    elif form is not None:
        body, headers = urlencode(form).encode(), {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    started = time.monotonic()
    try:
        async with (through or session()).request(
            method,
            url,
            data=body,
            params=params,
            headers=headers,
            timeout=_timeout(TOTAL_TIMEOUT if timeout is None else timeout),
            allow_redirects=False,
        ) as response:
            answer = Answer(
                response.status,
                response.headers,
                await _read(response, largest),
            )
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        log.info(
            "%s %s: %s after %.2f s", method, _without_query(url), type(error).__name__, time.monotonic() - started
        )
        raise _fault(error, urlsplit(url).hostname or url, door.left) from error
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s %s: %d after %.2f s", method, _without_query(url), answer.status, time.monotonic() - started)
    return answer


async def websocket(url: str, *, heartbeat: float, largest: int) -> aiohttp.ClientWebSocketResponse:
    """An open line, pinged every `heartbeat` seconds, whose messages have `largest` bytes at most. Whoever asks for it
    closes it. Raises what aiohttp raises: its address may be a secret, so it stands in no error of ours."""
    _door.set(_Door())
    async with asyncio.timeout(TOTAL_TIMEOUT):
        return await session().ws_connect(
            url, heartbeat=heartbeat, max_msg_size=largest, timeout=aiohttp.ClientWSTimeout(ws_close=CONNECT_TIMEOUT)
        )


def session() -> aiohttp.ClientSession:
    """The session of this process, made on first use in the running loop."""
    global _session, _session_loop
    loop = asyncio.get_running_loop()
    if _session is None or _session.closed or _session_loop is not loop:
        _session_loop = loop
        _session = aiohttp.ClientSession(
            # A connection kept long is one the other side may close just as it is used again, and a text written
            # into it becomes `unknown`: idle ones are dropped early.
            timeout=aiohttp.ClientTimeout(total=TOTAL_TIMEOUT, sock_connect=CONNECT_TIMEOUT),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=10, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "Lotwire"},
            request_class=_Request,
        )
    return _session


def outside(allowed: Callable[[Address], bool] = is_public) -> aiohttp.ClientSession:
    """A session that connects to addresses out on the internet alone, for calls to where somebody else said. Whoever
    asks for it closes it."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TOTAL_TIMEOUT, sock_connect=CONNECT_TIMEOUT),
        connector=connector(allowed, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a packed answer could be a thousand times what came over the wire
        headers={"User-Agent": "Lotwire", "Accept-Encoding": "identity"},
        request_class=_Request,
    )


async def close() -> None:
    """Close the session; the next call makes another."""
    global _session
    gone, _session = _session, None
    if gone is not None and _session_loop is asyncio.get_running_loop():
        await gone.close()


class _Request(aiohttp.ClientRequest):
    """Notes on the call's own door that its bytes are about to leave: the one sure line between the two faults. Tracing
    would tell it, too, at a tenth of what a call costs."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        _door.get().left = True
        return await super().send(conn)


@lru_cache(maxsize=64)
def _timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=min(CONNECT_TIMEOUT, total))


async def _read(response: aiohttp.ClientResponse, largest: int) -> bytes:
    if (response.content_length or largest) < largest and "Content-Encoding" not in response.headers:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(65536):
        parts.append(part[: largest - size])
        size += len(parts[-1])
        if size == largest:
            response.close()  # not back to the pool: the rest of the body is still in it
            break
    return b"".join(parts)


def _fault(error: Exception, host: str, left: bool) -> ChannelError:
    if left:
        if isinstance(error, TimeoutError):
            return ChannelError(f"{host} took too long to answer.", Kind.UNKNOWN, code="timeout")
        return ChannelError(f"The connection to {host} broke before an answer came.", Kind.UNKNOWN, code="broken")
    if isinstance(error, aiohttp.NonHttpUrlClientError | ValueError) and not isinstance(error, ssl.SSLError):
        return ChannelError(f"The call to {host} could not be made. Check its address.", Kind.PERMANENT, code="address")
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotPublic):
        return ChannelError(f"{host} leads into a private network. Nothing was sent.", Kind.PERMANENT, code="private")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ChannelError(f"{host} was not found. Nothing was sent.", Kind.NEVER_CONNECTED, code="dns")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return ChannelError(
            f"{host} could not prove who it is, so nothing was sent.", Kind.NEVER_CONNECTED, code="certificate"
        )
    return ChannelError(f"{host} could not be reached. Nothing was sent.", Kind.NEVER_CONNECTED, code="unreachable")


def _without_query(url: str) -> str:
    """The URL as it may stand in a log: people's addresses travel in the query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
