"""Kijiji's mail over a real mailbox: only what the relay passed on is heard, and each once."""

import asyncio
from pathlib import Path

import pytest

from domain.channels.base import Incoming
from domain.channels.kijiji import Kijiji
from tests.domain.channels.test_email_mailbox import House, mail, until
from tests.mail_server import MailServer

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kijiji"


@pytest.fixture
def server(mail_server: MailServer) -> MailServer:
    return mail_server


async def test_what_the_relay_passed_on_is_heard_and_nothing_else(server: MailServer) -> None:
    kijiji = Kijiji("", server.fields(trusted_authserv="mx.lots.example"))
    await kijiji.check()
    house = House()
    listening = asyncio.create_task(kijiji.listen(house))
    try:
        await until(lambda: house.stood or listening.done())
        for name in ("promotion", "forged", "first"):
            server.deliver((PAYLOADS / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n"))
        server.deliver(mail("of somebody else"))
        server.deliver((PAYLOADS / "answer.eml").read_bytes().replace(b"\n", b"\r\n"))
        await until(lambda: len(house.events) > 1 or listening.done())
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    said = [each for event in house.events for each in kijiji.parse(event.payload)]
    assert [each.body.split("\n")[0] for each in said if isinstance(each, Incoming)] == [
        "Yes, it is still for sale. When would you like to see it?",
        "Tomorrow at five is good.",
    ]
    assert any("not vouched for by mx.lots.example" in each for each in house.faults)  # the forged one


async def test_answers_lost_by_a_slip_in_the_servers_name_are_told_of(server: MailServer) -> None:
    kijiji = Kijiji("", server.fields(trusted_authserv="mx.lost.example"))
    house = House()
    listening = asyncio.create_task(kijiji.listen(house))
    try:
        await until(lambda: house.stood or listening.done())
        server.deliver(mail("of somebody else"))
        server.deliver((PAYLOADS / "first.eml").read_bytes().replace(b"\n", b"\r\n"))
        await until(lambda: house.faults or listening.done())
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert not house.events
    assert ["not vouched for by mx.lost.example" in each for each in house.faults] == [True]
