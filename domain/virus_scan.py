"""Asks the ClamAV of the dealership, when there is one, before a file is kept."""

import asyncio
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from domain.errors import Refused
from domain.settings import settings

CONNECT_SECONDS = 3.0
SCAN_SECONDS = 30.0  # from the first byte to the answer
CHUNK = 64 * 1024  # bytes
LONGEST_ANSWER = 1000  # bytes

log = logging.getLogger(__name__)


async def check(name: str, data: bytes) -> None:
    """Nothing when no scanner is set or it finds nothing.

    `name` is what people call the file. Raises Refused for the field `file`: `malware`, `too_large_to_scan`, or
    `not_scanned` when a scanner is set and gives no answer to rely on.
    """
    if not settings().clamd:
        return
    try:
        answer = await _scan(data)
    except OSError as error:
        answer = repr(error)
    if answer == "stream: OK":
        return
    if found := re.fullmatch(r"stream: (.+) FOUND", answer):
        log.warning("malware was refused", extra={"found": found[1]})
        raise Refused(f"“{name}” holds malware ({found[1]}). It was not kept.", "file", "malware")
    log.warning("clamd gave no answer to rely on", extra={"answer": answer})
    if answer == "INSTREAM size limit exceeded. ERROR":
        raise Refused(f"“{name}” is too large for the malware scan. Send a smaller file.", "file", "too_large_to_scan")
    raise Refused(
        f"“{name}” could not be scanned for malware, so it was not kept. Try again in a moment.", "file", "not_scanned"
    )


async def _scan(data: bytes) -> str:
    """clamd's answer, without its end. The protocol is INSTREAM in https://manpages.debian.org/clamd.8.

    On a bare socket: clamd answers and hangs up when it has had enough, and a stream that fails to send more would lose
    what has come in. Raises OSError, a TimeoutError included.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS):
        connection = await _connect(loop)
    with connection:
        async with asyncio.timeout(SCAN_SECONDS):
            with suppress(OSError):  # why it hung up is in the answer
                for piece in _request(data):
                    await loop.sock_sendall(connection, piece)
            answer = b""
            while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
                if not (more := await loop.sock_recv(connection, LONGEST_ANSWER)):
                    raise ConnectionError("clamd hung up without an answer.")
                answer += more
    return "".join(character for character in answer.decode(errors="replace") if character.isprintable())


async def _connect(loop: asyncio.AbstractEventLoop) -> socket.socket:
    clamd = urlsplit(settings().clamd)
    if clamd.scheme == "unix":
        return await _connected(loop, socket.AF_UNIX, clamd.path)
    faults = []
    for family, _, _, _, address in await loop.getaddrinfo(clamd.hostname, clamd.port, type=socket.SOCK_STREAM):
        try:
            return await _connected(loop, family, address)
        except OSError as error:
            faults.append(str(error))
    raise ConnectionError("; ".join(faults))


async def _connected(loop: asyncio.AbstractEventLoop, family: int, address: Any) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await loop.sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _request(data: bytes) -> Iterator[bytes]:
    """The command, then each chunk behind its length in four bytes, most significant first; an empty one is the end."""
    yield b"zINSTREAM\0"
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        yield len(chunk).to_bytes(4, "big") + chunk
    yield bytes(4)
