"""A scanner that is set decides: what it finds is refused, and so is what it cannot look at."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain import virus_scan
from domain.errors import Refused
from domain.settings import Settings
from tests import clamd
from tests.children import free_port

Configure = Callable[..., Settings]
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NOT_SCANNED = "“car.jpg” could not be scanned for malware, so it was not kept. Try again in a moment."


@pytest.fixture(scope="module")
def addresses() -> Iterator[list[str]]:
    with clamd.running() as listening:
        yield listening


@pytest.fixture(params=[0, 1], ids=["unix", "tcp"])
def scanner(request: pytest.FixtureRequest, addresses: list[str], data_dir: Path, configure: Configure) -> None:
    """A real clamd, which the settings name; the test runs once for each kind of address."""
    configure(LOTWIRE_CLAMD=addresses[request.param])


@asynccontextmanager
async def stub(configure: Configure, answer: Answer) -> AsyncIterator[None]:
    """Something that is no clamd where the settings expect one."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    configure(LOTWIRE_CLAMD=f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        yield


async def passes(data: bytes) -> bool:
    await virus_scan.check("car.jpg", data)
    return True


async def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        await virus_scan.check("car.jpg", data)
    assert refused.value.field == "file"
    return refused.value


async def test_without_a_scanner_nothing_is_asked(data_dir: Path) -> None:
    assert await passes(clamd.MALWARE)


@pytest.mark.parametrize("size", [0, 1, virus_scan.CHUNK, virus_scan.CHUNK + 1, clamd.LARGEST])
async def test_what_is_clean_passes(scanner: None, size: int) -> None:
    assert await passes(os.urandom(size))


async def test_what_is_found_is_refused_by_its_name(scanner: None) -> None:
    refused = await refusal(b"before " + clamd.MALWARE + b" after")
    assert refused.message == f"“car.jpg” holds malware ({clamd.SIGNATURE}). It was not kept."
    assert refused.code == "malware"


async def test_what_lies_across_two_chunks_is_found(scanner: None) -> None:
    refused = await refusal(bytes(virus_scan.CHUNK - 20) + clamd.MALWARE)
    assert refused.code == "malware"


async def test_what_is_larger_than_the_scanner_takes_is_refused(scanner: None) -> None:
    """clamd answers and hangs up while the file is still being sent."""
    refused = await refusal(bytes(clamd.LARGEST * 12))
    assert refused.message == "“car.jpg” is too large for the malware scan. Send a smaller file."


async def test_many_at_once_each_get_their_own_answer(scanner: None) -> None:
    files = [b"clean", clamd.MALWARE] * 8
    answers = await asyncio.gather(*(virus_scan.check("x", file) for file in files), return_exceptions=True)
    assert [isinstance(answer, Refused) for answer in answers] == [False, True] * 8


@pytest.mark.parametrize("address", ["tcp", "unix"])
async def test_a_scanner_that_is_gone_lets_nothing_through(data_dir: Path, configure: Configure, address: str) -> None:
    configure(LOTWIRE_CLAMD=f"tcp://127.0.0.1:{free_port()}" if address == "tcp" else f"unix://{data_dir}/nothing")
    assert (await refusal(b"x")).message == NOT_SCANNED


async def test_a_scanner_that_hangs_is_given_up_and_nobody_else_waits(
    data_dir: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virus_scan, "SCAN_SECONDS", 0.5)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async with stub(configure, hang):
        started = time.monotonic()
        asking = asyncio.create_task(refusal(bytes(20_000_000)))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert (await asking).message == NOT_SCANNED
        assert 0.4 < time.monotonic() - started < 1.5
    assert turns > 10


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"stream: OK",  # and hangs up in the middle of its words
        b"UNKNOWN COMMAND\0",
        b"stream: Can't allocate memory ERROR\0",
        b"COMMAND READ TIMED OUT\0",
        b"stream: FOUND\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xfe\0",
        b"stream: not OK\0",
        b"x" * 1_000_000,
    ],
)
async def test_an_odd_answer_lets_nothing_through(data_dir: Path, configure: Configure, said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(bytes(4))
        writer.write(said)
        await writer.drain()

    async with stub(configure, answer):
        assert (await refusal(b"x")).message == NOT_SCANNED


async def test_what_a_signature_is_called_cannot_break_the_sentence(data_dir: Path, configure: Configure) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(bytes(4))
        writer.write("stream: Odd\r\n\u202ename FOUND\0".encode())
        await writer.drain()

    async with stub(configure, answer):
        assert (await refusal(b"x")).message == "“car.jpg” holds malware (Oddname). It was not kept."
