"""The bare programs do what they are compared for: the same bytes, the same calls."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from domain.attempts import Attempt
from domain.messages import State
from tests.bench import bare_client, least, load
from tests.bench.bare_page import application
from tests.bench.imports import write
from tests.client import Transport
from tests.sending import states
from tests.simulator import DANA, running_simulator


async def test_the_bare_page_has_exactly_the_bytes_asked_for() -> None:
    async with httpx.AsyncClient(transport=Transport(application(49_214, 50)), base_url="http://bare.test") as visitor:
        answer = await visitor.get("/")

    assert len(answer.content) == 49_214
    assert answer.text.count("<li ") == 50


async def test_the_bare_client_has_each_text_accepted_once(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        result = await bare_client.send(simulator.url, simulator.key, DANA["id"], 70)

        assert result["accepted"] == 70
        assert simulator.counts() == {"accepted": 70, "distinct": 70, "repeated": 0}
        assert result["seconds"] > 0


async def test_the_least_loop_writes_each_attempt_and_its_end_once(house: None, tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        result = await least.send(simulator.url, simulator.key, DANA["id"], 70)

        assert result["accepted"] == 70
        assert simulator.counts() == {"accepted": 70, "distinct": 70, "repeated": 0}
    assert await states() == {State.ACCEPTED: 70}
    assert await Attempt.count().where((Attempt.outcome == "accepted") & (Attempt.n == 1)) == 70


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """Answers pages of ten bytes, and /gone with 404."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()).strip():
                pass
            status = b"404 Not Found" if b"/gone" in request else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 10\r\n\r\n0123456789")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def test_pages_are_counted_and_timed(server: str) -> None:
    result = await load.ask(f"{server}/", "session=x", connections=3, seconds=0.2)

    assert result["pages"] >= 3
    assert result["bytes"] == 10
    assert 0.2 <= result["seconds"] < 5
    assert 0 < result["p50"] <= result["p95"]


async def test_a_form_is_posted_with_its_token_again_and_again() -> None:
    posted: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            head = await reader.readuntil(b"\r\n\r\n")
            posted.append(head + await reader.readexactly(len(b"body=caf%C3%A9")))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/preview?x=1"
        result = await load.ask(url, "session=x", 1, 0.2, form="body=caf%C3%A9", token="t")

    assert result["pages"] == len(posted) > 1
    assert set(posted) == {posted[0]}
    assert posted[0].startswith(b"POST /preview?x=1 HTTP/1.1\r\n")
    assert posted[0].endswith(b"\r\n\r\nbody=caf%C3%A9")
    for header in (b"Content-Length: 14", b"Cookie: session=x", b"X-CSRFToken: t", b"HX-Request: true"):
        assert b"\r\n" + header + b"\r\n" in posted[0]


async def test_an_answer_that_is_no_page_ends_the_measurement(server: str) -> None:
    with pytest.raises(RuntimeError, match="404"):
        await load.ask(f"{server}/gone", "", connections=1, seconds=0.2)


def test_made_up_listings_are_the_same_each_time(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 40)
    write(tmp_path / "b.csv", 40)

    text = (tmp_path / "a.csv").read_text()
    assert text == (tmp_path / "b.csv").read_text()
    assert len(text.splitlines()) == 41
