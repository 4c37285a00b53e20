"""Asks the ClamAV of the dealership, when there is one, before a file is kept."""

import asyncio
import logging
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from domain.errors import Refused
from domain.settings import settings

CONNECT_SECONDS = 3.0
SCAN_SECONDS = 30.0  # from the first byte to the answer
CHUNK = 64 * 1024  # bytes

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
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:  # a TimeoutError is an OSError
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
    """clamd's answer, without its end. The protocol is INSTREAM in https://manpages.debian.org/clamd.8."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await _connect()
    try:
        async with asyncio.timeout(SCAN_SECONDS):
            # Side by side: clamd may have answered and hung up before it got everything.
            sending = asyncio.create_task(_send(writer, data))
            try:
                answer = await reader.readuntil(b"\0")
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
    finally:
        writer.close()
    return "".join(character for character in answer[:-1].decode(errors="replace") if character.isprintable())[:300]


async def _connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    clamd = urlsplit(settings().clamd)
    if clamd.scheme == "unix":
        return await asyncio.open_unix_connection(clamd.path)
    return await asyncio.open_connection(clamd.hostname, clamd.port)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    for piece in _request(data):
        writer.write(piece)
        await writer.drain()


def _request(data: bytes) -> Iterator[bytes]:
    """The command, then each chunk behind its length in four bytes, most significant first; an empty one is the end."""
    yield b"zINSTREAM\0"
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        yield len(chunk).to_bytes(4, "big") + chunk
    yield bytes(4)
